"""Runs, decided occurrences and the log, in every store."""

import pytest

from tests.contracts.kept import (
    MINUTE,
    NOON,
    SECOND,
    Place,
    a_check_in,
    a_run,
    an_occurrence,
    changed,
    committed,
    due,
    ended,
    registered,
)
from tocsin.errors import StoreError
from tocsin.jobs.occurrence import OccurrenceStatus
from tocsin.store.base import Reading, Store, Writing


def numbers(
    reading: Reading, job_id: int, *, before: int | None = None, limit: int = 100
) -> list[int | None]:
    return [line.check_in.seq for line in reading.log(job_id, before=before, limit=limit)]


def test_runs_are_found_by_job_and_key(writing: Writing) -> None:
    a, b = registered(writing, "a", "b")
    writing.save_runs([(a.job.id, a_run("x")), (b.job.id, a_run("x", NOON + MINUTE))])

    found = writing.runs([(a.job.id, "x"), (b.job.id, "x"), (a.job.id, "y")])

    assert found == {(a.job.id, "x"): a_run("x"), (b.job.id, "x"): a_run("x", NOON + MINUTE)}


def test_a_run_saved_again_is_one_run_in_its_newest_reading(store: Store) -> None:
    done = ended(a_run(), NOON + MINUTE)
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        writing.save_runs([(watch.job.id, a_run())])
        writing.save_runs([(watch.job.id, done), (watch.job.id, done)])

    with store.reading() as reading:
        assert reading.run(watch.job.id, "run-1") == done
        assert reading.recent_runs([watch.job.id], 10) == {watch.job.id: [done]}


def test_the_last_reading_of_a_run_in_one_call_counts(writing: Writing) -> None:
    (watch,) = registered(writing, "etl")
    done = ended(a_run(), NOON + MINUTE)

    writing.save_runs([(watch.job.id, a_run()), (watch.job.id, done)])

    assert writing.runs([(watch.job.id, "run-1")]) == {(watch.job.id, "run-1"): done}


def test_recent_runs_come_newest_first_by_the_instant_they_stand_for(store: Store) -> None:
    with committed(store) as writing:
        a, b = registered(writing, "a", "b")
        late = changed(a_run("late", NOON), occurrence_at=NOON + 2 * MINUTE)
        writing.save_runs(
            [(a.job.id, late), (a.job.id, a_run("early")), (a.job.id, a_run("mid", NOON + MINUTE))]
        )
        moved = changed(a_run("early"), occurrence_at=NOON + 3 * MINUTE)
        writing.save_runs([(a.job.id, moved)])

    with store.reading() as reading:
        recent = reading.recent_runs([a.job.id, b.job.id], 2)

    assert [run.key for run in recent[a.job.id]] == ["early", "late"]
    assert recent[b.job.id] == []


def test_occurrences_are_kept_once_for_each_nominal_instant(store: Store) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        missed = changed(an_occurrence(), status=OccurrenceStatus.MISSED)
        writing.save_occurrences([(watch.job.id, missed), (watch.job.id, an_occurrence(NOON + MINUTE))])
        late = changed(missed, status=OccurrenceStatus.LATE)
        writing.save_occurrences([(watch.job.id, late)])

    with store.reading() as reading:
        every = reading.recent_occurrences([watch.job.id], 10)
        newest = reading.recent_occurrences([watch.job.id], 1)

    assert every == {watch.job.id: [an_occurrence(NOON + MINUTE), late]}
    assert newest == {watch.job.id: [an_occurrence(NOON + MINUTE)]}


def test_the_log_of_a_job_is_read_newest_first_and_page_by_page(store: Store) -> None:
    with committed(store) as writing:
        a, b = registered(writing, "a", "b")
        writing.append([(watch.job.id, a_check_in(n)) for n in (1, 2, 3) for watch in (a, b)])
        writing.save([due(a, NOON)])
    with committed(store) as writing:
        writing.append([(a.job.id, a_check_in(n)) for n in (4, 5)])

    with store.reading() as reading:
        first = reading.log(a.job.id, before=None, limit=2)
        assert [line.check_in for line in first] == [a_check_in(5), a_check_in(4)]
        assert first[0].id > first[1].id
        assert {line.job_id for line in first} == {a.job.id}
        assert numbers(reading, a.job.id, before=first[-1].id, limit=2) == [3, 2]
        assert numbers(reading, a.job.id, before=first[-1].id) == [3, 2, 1]
        assert numbers(reading, b.job.id) == [3, 2, 1]
        ids = [line.id for line in reading.log(b.job.id, before=None, limit=10)]
        assert numbers(reading, a.job.id, before=ids[1]) == [2, 1]
        assert numbers(reading, a.job.id, before=1) == []


def test_the_log_goes_on_where_it_was_after_the_store_is_opened_again(place: Place) -> None:
    store = place.open()
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        writing.append([(watch.job.id, a_check_in(1))])
    store.close()
    store = place.open()
    with committed(store) as writing:
        writing.append([(watch.job.id, a_check_in(2))])
    writing = store.writing()
    writing.begin()
    writing.append([(watch.job.id, a_check_in(0))])
    writing.rollback()
    with committed(store) as writing:
        writing.append([(watch.job.id, a_check_in(3))])

    with store.reading() as reading:
        assert numbers(reading, watch.job.id) == [3, 2, 1]
    store.close()


def test_pruning_deletes_old_check_ins_a_bounded_number_at_a_time(store: Store) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        writing.append([(watch.job.id, a_check_in(n, NOON + n * SECOND)) for n in range(10)])

    gone = []
    for _ in range(4):
        with committed(store) as writing:
            gone.append(writing.prune(logs_before=NOON + 7 * SECOND, runs_before=NOON - MINUTE, limit=3))

    assert gone == [3, 3, 1, 0]
    with store.reading() as reading:
        assert numbers(reading, watch.job.id) == [9, 8, 7]
    with committed(store) as writing:
        writing.append([(watch.job.id, a_check_in(10, NOON + MINUTE))])
    with store.reading() as reading:
        assert numbers(reading, watch.job.id) == [10, 9, 8, 7]


def test_a_log_that_was_pruned_to_nothing_begins_anew(place: Place) -> None:
    store = place.open()
    with committed(store) as writing:
        a, b = registered(writing, "a", "b")
        writing.append([(watch.job.id, a_check_in(n)) for n in range(5) for watch in (a, b)])
        assert writing.prune(logs_before=NOON + SECOND, runs_before=NOON, limit=100) == 10
    store.close()
    store = place.open()
    with committed(store) as writing:
        writing.append([(a.job.id, a_check_in(n)) for n in range(5, 17)])
        writing.append([(b.job.id, a_check_in(n)) for n in range(5, 15)])

    with store.reading() as reading:
        assert numbers(reading, a.job.id) == list(range(16, 4, -1))
        assert numbers(reading, b.job.id) == list(range(14, 4, -1))
        assert numbers(reading, b.job.id, limit=3) == [14, 13, 12]
    store.close()


def test_the_check_ins_of_a_deleted_job_are_removed_in_slices(store: Store) -> None:
    with committed(store) as writing:
        gone, stays = registered(writing, "gone", "stays")
        writing.append([(w.job.id, a_check_in(n)) for n in range(7) for w in (gone, stays)])
    with committed(store) as writing:
        writing.append([(gone.job.id, a_check_in(7))])
        writing.delete(gone.job.id)

    left = []
    for _ in range(5):
        with committed(store) as writing:
            left.append(writing.prune(logs_before=NOON - MINUTE, runs_before=NOON - MINUTE, limit=3))

    assert sum(left) == 8
    assert max(left) <= 3
    with store.reading() as reading:
        assert len(reading.log(stays.job.id, before=None, limit=100)) == 7


def test_pruning_deletes_old_ended_runs_and_never_open_ones(store: Store) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        job = watch.job.id
        writing.save_runs(
            [(job, a_run("open", NOON - MINUTE)), (job, ended(a_run("old", NOON - MINUTE), NOON))]
        )
        writing.save_runs([(job, ended(a_run("young"), NOON + MINUTE))])
        writing.save_occurrences([(job, an_occurrence()), (job, an_occurrence(NOON + MINUTE))])

        gone = writing.prune(logs_before=NOON, runs_before=NOON + SECOND, limit=10)

    assert gone == 2
    with store.reading() as reading:
        assert [run.key for run in reading.recent_runs([job], 10)[job]] == ["young", "open"]
        assert reading.recent_occurrences([job], 10) == {job: [an_occurrence(NOON + MINUTE)]}


def test_a_check_in_of_a_job_that_is_not_there_is_refused(writing: Writing) -> None:
    with pytest.raises(StoreError):
        writing.append([(999, a_check_in())])


def test_decided_occurrences_are_found_up_to_an_instant(writing: Writing) -> None:
    a, b = registered(writing, "a", "b")
    first, second, third = (an_occurrence(NOON + n * MINUTE) for n in range(3))
    writing.save_occurrences([(a.job.id, one) for one in (first, second, third)])
    writing.save_occurrences([(b.job.id, third)])

    assert writing.decided(a.job.id, second.nominal_at, 10) == [second, first]
    assert writing.decided(a.job.id, third.nominal_at, 1) == [third]
    assert writing.decided(b.job.id, second.nominal_at, 10) == []
