"""Jobs and their watches, in every store."""

from datetime import timedelta

import pytest

from tests.contracts.kept import (
    MINUTE,
    NOON,
    SECOND,
    Place,
    a_check_in,
    a_job,
    a_run,
    an_alert,
    an_occurrence,
    changed,
    committed,
    due,
    ended,
    key,
    registered,
    running,
)
from tocsin.errors import StoreError
from tocsin.jobs.job import Definition, Rank
from tocsin.jobs.run import RunStatus
from tocsin.jobs.state import JobState, Outcome
from tocsin.store.base import Store, Writing
from tocsin.store.rows import Watch


def names(watches: list[Watch]) -> list[str]:
    return [watch.job.name for watch in watches]


def test_a_job_that_was_never_registered_is_not_found(writing: Writing) -> None:
    assert writing.watches([key()]) == {}
    assert writing.watches_by_id([1, 2]) == []


def test_a_registered_job_has_an_id_and_a_quiet_watch(writing: Writing) -> None:
    (watch,) = registered(writing, "etl")

    assert watch.job.id > 0
    assert watch == Watch(job=changed(a_job(), id=watch.job.id))
    assert writing.watches([key()]) == {key(): watch}
    assert writing.watches_by_id([watch.job.id]) == [watch]


def test_registering_again_changes_nothing_and_returns_what_is_there(writing: Writing) -> None:
    (watch,) = registered(writing, "etl")
    writing.save([due(watch, NOON)])

    again = writing.register([changed(a_job(), definition=Definition(owner="kim")), a_job("new")])

    assert again[key()] == due(watch, NOON)
    assert again[key("new")].job.id not in (0, watch.job.id)


def test_a_job_registered_twice_in_one_call_is_one_job(writing: Writing) -> None:
    found = writing.register([a_job(), a_job()])

    assert len(found) == 1
    assert len(writing.outdated(1, 10)) == 1


def test_the_same_name_in_two_environments_is_two_jobs(writing: Writing) -> None:
    found = writing.register([a_job(), a_job(environment="staging")])

    assert found[key()].job.id != found[key(environment="staging")].job.id


def test_watches_come_in_the_order_of_their_ids_asked_for(writing: Writing) -> None:
    a, b, c = registered(writing, "a", "b", "c")

    assert names(writing.watches_by_id([c.job.id, a.job.id, b.job.id])) == ["c", "a", "b"]


def test_what_is_saved_is_read_back_by_every_way(store: Store) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        outcome = Outcome(at=NOON, order_at=NOON, status=RunStatus.FAILED)
        state = JobState(open_runs=(a_run(),), recent=(outcome,), last=a_run("old"), last_seen_at=NOON)
        job = changed(
            watch.job, definition=Definition(owner="kim", rank=Rank.API), paused_at=NOON, paused_by="li"
        )
        saved = Watch(job=job, state=state, due_at=NOON, judged_under=7, alerting=True)
        writing.save([saved])

    with committed(store) as writing:
        assert writing.watches([key()]) == {key(): saved}
        assert writing.watches_by_id([job.id]) == [saved]
        assert writing.due(NOON, 10) == [saved]
        assert writing.register([a_job()]) == {key(): saved}
    with store.reading() as reading:
        assert reading.job(key()) == saved
        assert reading.jobs(after=None, limit=10) == [saved]


def test_each_part_of_a_watch_can_change_alone(place: Place) -> None:
    store = place.open()
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
    steps = [
        {"due_at": NOON},
        {"alerting": True},
        {"judged_under": 3},
        {"state": running(a_run())},
        {"state": JobState(last=a_run())},
        {"state": JobState(last=a_run(), failures_dropped=2)},
        {"state": JobState(failures=(a_run("bad"),))},
        {"job": changed(watch.job, paused_at=NOON, paused_by="kim")},
        {"job": changed(watch.job, definition=Definition(runbook="https://example.org"))},
        {"due_at": None},
        {"state": JobState(), "alerting": False},
    ]
    for step in steps:
        with committed(store) as writing:
            watch = changed(writing.watches([key()])[key()], **step)  # type: ignore[arg-type] # named above
            writing.save([watch])
        store.close()
        store = place.open()
        with store.reading() as reading:
            assert reading.job(key()) == watch
    store.close()


def test_a_job_that_is_not_there_cannot_be_saved(writing: Writing) -> None:
    with pytest.raises(StoreError):
        writing.save([Watch(job=changed(a_job(), id=99), due_at=NOON)])


def test_due_watches_come_earliest_first_and_not_before_their_time(writing: Writing) -> None:
    a, b, c, d = registered(writing, "a", "b", "c", "d")
    writing.save(
        [due(a, NOON), due(b, NOON - SECOND), due(c, NOON + timedelta(microseconds=1)), due(d, None)]
    )

    assert names(writing.due(NOON, 10)) == ["b", "a"]
    assert names(writing.due(NOON, 1)) == ["b"]
    assert names(writing.due(NOON - MINUTE, 10)) == []


def test_the_next_due_instant_is_the_earliest_of_all(writing: Writing) -> None:
    assert writing.next_due_at() is None
    a, b = registered(writing, "a", "b")
    assert writing.next_due_at() is None

    writing.save([due(a, NOON), due(b, NOON - SECOND)])

    assert writing.next_due_at() == NOON - SECOND


def test_due_before_sees_every_job_but_the_systems_own(writing: Writing) -> None:
    system = writing.register([a_job("server", "tocsin")])[key("server", "tocsin")]
    (watch,) = registered(writing, "etl")
    writing.save([due(system, NOON - MINUTE), due(watch, NOON)])

    assert not writing.due_before(NOON)
    assert writing.due_before(NOON + SECOND)


def test_marking_due_only_brings_forward(writing: Writing) -> None:
    later, sooner, never = registered(writing, "later", "sooner", "never")
    writing.save([due(later, NOON + MINUTE), due(sooner, NOON - MINUTE)])

    writing.mark_due([later.job.id, sooner.job.id, never.job.id, 999], NOON)

    marked = {
        w.job.name: w.due_at for w in writing.watches_by_id([later.job.id, sooner.job.id, never.job.id])
    }
    assert marked == {"later": NOON, "sooner": NOON - MINUTE, "never": NOON}
    assert names(writing.due(NOON, 10))[0] == "sooner"


def test_outdated_are_those_judged_under_another_version_older_or_newer(writing: Writing) -> None:
    a, b, c = registered(writing, "a", "b", "c")
    writing.save([changed(a, judged_under=1), changed(b, judged_under=2), changed(c, judged_under=3)])

    assert sorted(names(writing.outdated(2, 10))) == ["a", "c"]
    assert len(writing.outdated(2, 1)) == 1
    assert writing.outdated(2, 10) != []


def test_a_rollback_keeps_nothing_and_what_is_read_afterwards_is_what_was_before(store: Store) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        writing.save([due(watch, NOON)])
    writing = store.writing()
    writing.begin()
    loaded = writing.watches([key()])[key()]
    writing.save(
        [changed(loaded, due_at=None, state=running(a_run()), job=changed(loaded.job, paused_at=NOON))]
    )
    writing.mark_due([loaded.job.id], NOON - MINUTE)
    writing.register([a_job("new")])
    writing.append([(loaded.job.id, a_check_in())])
    writing.rename(loaded.job.id, "other")
    writing.rollback()

    with committed(store) as writing:
        assert writing.watches([key(), key("new"), key("other")]) == {key(): due(watch, NOON)}
        assert names(writing.due(NOON, 10)) == ["etl"]
    with store.reading() as reading:
        assert reading.log(watch.job.id, before=None, limit=10) == []
        assert reading.counts().jobs == 1


def test_rollback_without_a_transaction_is_harmless(store: Store) -> None:
    store.writing().rollback()
    with committed(store) as writing:
        registered(writing, "etl")
    store.writing().rollback()

    with store.reading() as reading:
        assert reading.job(key()) is not None


def test_a_renamed_job_is_found_by_its_new_name_only(store: Store) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        writing.save_runs([(watch.job.id, a_run())])
    with committed(store) as writing:
        writing.watches([key()])
        assert writing.rename(watch.job.id, "etl2")
        renamed = changed(watch, job=changed(watch.job, name="etl2"))
        assert writing.watches([key(), key("etl2")]) == {key("etl2"): renamed}
        writing.save([due(renamed, NOON)])
        again = writing.register([a_job()])[key()]

    assert again.job.id != watch.job.id
    with store.reading() as reading:
        assert reading.job(key("etl2")) == due(renamed, NOON)
        assert reading.run(watch.job.id, "run-1") == a_run()


def test_a_name_that_another_job_of_the_environment_has_is_refused(writing: Writing) -> None:
    a, _ = registered(writing, "a", "b")
    writing.register([a_job("c", "staging")])

    assert not writing.rename(a.job.id, "b")
    assert names(writing.watches_by_id([a.job.id])) == ["a"]
    assert writing.rename(a.job.id, "c")
    assert writing.rename(a.job.id, "c")


def test_a_deleted_job_is_gone_with_all_but_its_alerts(store: Store) -> None:
    with committed(store) as writing:
        gone, stays = registered(writing, "gone", "stays")
        for watch in (gone, stays):
            writing.append([(watch.job.id, a_check_in(n)) for n in range(3)])
            writing.save([due(watch, NOON, state=JobState(last=a_run()))])
            writing.save_runs([(watch.job.id, ended(a_run(), NOON))])
            writing.save_occurrences([(watch.job.id, an_occurrence())])
            writing.save_unknown(1, watch.job.id, "whether it ran", NOON)
        writing.save_alerts([an_alert(job_id=gone.job.id)])
    with committed(store) as writing:
        writing.watches([key("gone")])
        writing.delete(gone.job.id)
        assert writing.watches([key("gone")]) == {}
        assert names(writing.due(NOON, 10)) == ["stays"]
        assert writing.unknown(1, 10) == (1, [(key("stays"), "whether it ran")])

    with store.reading() as reading:
        assert reading.job(key("gone")) is None
        assert names(reading.jobs(after=None, limit=10)) == ["stays"]
        assert reading.run(gone.job.id, "run-1") is None
        assert reading.recent_runs([gone.job.id], 5) == {gone.job.id: []}
        assert reading.recent_occurrences([gone.job.id], 5) == {gone.job.id: []}
        assert reading.log(gone.job.id, before=None, limit=10) == []
        assert len(reading.log(stays.job.id, before=None, limit=10)) == 3
        assert reading.alert("alert-1") == an_alert(job_id=gone.job.id)
        assert reading.counts().jobs == 1


def test_a_job_of_a_deleted_ones_name_starts_from_nothing(store: Store) -> None:
    with committed(store) as writing:
        (old,) = registered(writing, "etl")
        writing.append([(old.job.id, a_check_in())])
        writing.save([due(old, NOON)])
    with committed(store) as writing:
        writing.delete(old.job.id)
    with committed(store) as writing:
        (new,) = registered(writing, "etl")

    assert new.job.id != old.job.id
    with store.reading() as reading:
        assert reading.job(key()) == Watch(job=changed(a_job(), id=new.job.id))
        assert reading.log(new.job.id, before=None, limit=10) == []


def test_a_page_of_jobs_goes_on_behind_the_last_of_the_one_before(store: Store) -> None:
    with committed(store) as writing:
        writing.register([a_job("b"), a_job("a"), a_job("Z"), a_job("é"), a_job("c", "dev")])

    with store.reading() as reading:
        first = reading.jobs(after=None, limit=2)
        rest = reading.jobs(after=first[-1].job.key, limit=10)

    assert [watch.job.key for watch in (*first, *rest)] == [
        key("c", "dev"),
        key("Z"),
        key("a"),
        key("b"),
        key("é"),
    ]


@pytest.mark.parametrize(
    ("search", "found"),
    [("load", ["a_load", "Load_b"]), ("_b", ["Load_b"]), ("%", ["100%"]), ("nothing", []), ("", None)],
)
def test_a_search_finds_names_that_contain_the_text(
    store: Store, search: str, found: list[str] | None
) -> None:
    every = ["100%", "a_load", "Load_b", "xyz"]
    with committed(store) as writing:
        writing.register([a_job(name) for name in every])

    with store.reading() as reading:
        seen = names(reading.jobs(after=None, limit=10, search=search))

    assert sorted(seen) == sorted(every if found is None else found)


def test_reading_sees_one_state_while_others_write(store: Store) -> None:
    with committed(store) as writing:
        registered(writing, "a")

    with store.reading() as reading:
        before = names(reading.jobs(after=None, limit=10))
        with committed(store) as writing:
            registered(writing, "b")
        again = names(reading.jobs(after=None, limit=10))
    with store.reading() as reading:
        after = names(reading.jobs(after=None, limit=10))

    assert (before, again, after) == (["a"], ["a"], ["a", "b"])
