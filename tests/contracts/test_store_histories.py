"""What was learned of jobs and what is kept of their past, in every store."""

import msgspec

from tests.contracts.kept import MINUTE, NOON, a_run, changed, committed, ended, registered
from tocsin.jobs.history import Point, packed
from tocsin.jobs.run import Meaning, Remark
from tocsin.jobs.state import HeldTo, JobState, Remarked
from tocsin.quality.learned import NOTHING_LEARNED, Judged, Learned, Shifted
from tocsin.quality.metrics import LearnedMetric
from tocsin.quality.normal import Normal
from tocsin.quality.series import Kind
from tocsin.store.base import Store, Writing

LEARNED = Learned(
    judged=(Judged("run-1", NOON, NOON, 60.0, "eu", 2.5),),
    shifted=Shifted("run-1", NOON, 60.0, 120.0),
    learned_at=NOON,
    metrics=(
        LearnedMetric(
            key="row_count",
            normal=Normal(kind=Kind.COUNT, n=12, level=9.2),
            values=11,
            until_at=NOON + MINUTE,
        ),
        LearnedMetric(key="email_null_rate"),
    ),
)


def test_what_was_learned_of_a_job_is_kept_with_it(store: Store) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        assert watch.learned == NOTHING_LEARNED
        writing.save([changed(watch, learned=LEARNED)])

    with store.reading() as reading:
        known = reading.job(watch.job.key)
    with committed(store) as writing:
        (locked,) = writing.watches_by_id([watch.job.id])
    assert known is not None
    assert known.learned == locked.learned == LEARNED


def test_a_check_in_leaves_what_was_learned_as_it_is(store: Store) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        writing.save([changed(watch, learned=LEARNED)])
    with committed(store) as writing:
        (watch,) = writing.watches_by_id([watch.job.id])
        writing.save([changed(watch, due_at=NOON)])

    with store.reading() as reading:
        known = reading.job(watch.job.key)
    assert known is not None
    assert (known.learned, known.due_at) == (LEARNED, NOON)


def test_the_past_of_several_jobs_is_read_at_once(writing: Writing) -> None:
    a, b, c = (watch.job.id for watch in registered(writing, "a", "b", "c"))
    first, second = packed([Point(1, seconds=2.0)]), packed([Point(3, seconds=4.0)])
    writing.save_histories([(a, "", first), (a, "row_count", second), (b, "", second), (c, "", first)])
    writing.save_histories([(a, "", second)])

    assert writing.histories([a, b]) == {(a, ""): second, (a, "row_count"): second, (b, ""): second}
    assert writing.histories([]) == {}


def test_a_series_that_is_gone_leaves_the_others_as_they_are(writing: Writing) -> None:
    a, b = (watch.job.id for watch in registered(writing, "a", "b"))
    points = packed([Point(1, seconds=2.0)])
    writing.save_histories([(a, "", points), (a, "row_count", points), (b, "row_count", b"")])

    writing.forget_histories([(a, "row_count"), (a, "never there")])
    writing.forget_histories([])

    assert writing.histories([a, b]) == {(a, ""): points, (b, "row_count"): b""}


def test_the_past_of_a_job_is_read_by_whoever_looks_at_it(store: Store) -> None:
    points = packed([Point(1, seconds=2.0)])
    with committed(store) as writing:
        a, b = (watch.job.id for watch in registered(writing, "a", "b"))
        writing.save_histories([(a, "", points)])

    with store.reading() as reading:
        assert [reading.past_of(*one) for one in ((a, ""), (a, "row_count"), (b, ""))] == [points, b"", b""]


def test_what_people_say_of_a_run_is_kept_with_it_and_with_the_job(store: Store) -> None:
    remark = Remark(meaning=Meaning.NEW_NORMAL, at=NOON, who="ann", note="twice the data")
    run = msgspec.structs.replace(ended(a_run("r", NOON), NOON + MINUTE), remark=remark)
    said = JobState(
        remarks=(Remarked(run="r", order_at=NOON, remark=remark),), held_to=HeldTo(most_failed=0.1)
    )
    with committed(store) as writing:
        (watch,) = registered(writing, "a")
        writing.save_runs([(watch.job.id, run)])
        writing.save([changed(watch, state=said)])

    with store.reading() as reading:
        known = reading.job(watch.job.key)
        assert reading.run(watch.job.id, "r") == run
    assert known is not None
    assert known.state == said


def test_runs_that_have_ended_are_found_from_an_instant_on_oldest_first(writing: Writing) -> None:
    a, b = (watch.job.id for watch in registered(writing, "a", "b"))
    runs = [ended(a_run(str(n), NOON + n * MINUTE), NOON + (n + 1) * MINUTE) for n in range(5)]
    writing.save_runs([(a, run) for run in runs])
    writing.save_runs([(b, runs[0]), (a, a_run("open", NOON + 9 * MINUTE))])

    found = writing.ended_runs({a: NOON + MINUTE, b: NOON, 999: NOON}, 3)

    assert found == {a: runs[2:], b: runs[:1], 999: []}


def test_a_deleted_job_leaves_no_past(store: Store) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        writing.save_histories([(watch.job.id, "", packed([Point(1, seconds=2.0)]))])
    with committed(store) as writing:
        writing.delete(watch.job.id)

    with committed(store) as writing:
        assert writing.histories([watch.job.id]) == {}
