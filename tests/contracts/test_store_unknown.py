"""What was unknown stays on record, and is counted by when it was due."""

from datetime import timedelta

from msgspec.structs import replace

from tests.contracts.kept import MINUTE, NOON, an_occurrence, committed, key, registered
from tocsin.jobs.occurrence import OccurrenceStatus
from tocsin.store.base import Store

DAY = timedelta(days=1)
UNKNOWN, MET = OccurrenceStatus.UNKNOWN, OccurrenceStatus.MET


def test_unknown_expected_runs_are_counted_by_when_they_were_due_until_they_turn_up(store: Store) -> None:
    with committed(store) as writing:
        one, other = registered(writing, "one", "other")
        for watch, instants in ((one, (NOON - MINUTE, NOON, NOON + MINUTE)), (other, (NOON, NOON + DAY))):
            due = [replace(an_occurrence(), nominal_at=at, status=UNKNOWN) for at in instants]
            writing.save_occurrences([(watch.job.id, occurrence) for occurrence in due])
        writing.save_occurrences(
            [(other.job.id, replace(an_occurrence(), nominal_at=NOON + MINUTE, status=MET))]
        )

    with store.reading() as reading:
        assert reading.unknown_count(NOON, NOON + DAY) == 3
        found = reading.most_unknown(NOON, NOON + DAY, 10)
        assert [(job.job, job.environment, job.count) for job in found] == [
            ("one", "production", 2),
            ("other", "production", 1),
        ]
        assert reading.most_unknown(NOON, NOON + DAY, 1) == found[:1]

    with committed(store) as writing:
        writing.save_occurrences([(one.job.id, replace(an_occurrence(), nominal_at=NOON, status=MET))])
    with store.reading() as reading:
        assert reading.unknown_count(NOON, NOON + DAY) == 2


def test_a_note_of_what_was_unknown_stays_with_when_the_job_was_heard_again(store: Store) -> None:
    with committed(store) as writing:
        one, other = registered(writing, "one", "other")
        writing.save_unknown(1, one.job.id, "no run was seen", NOON)
        writing.save_unknown(1, other.job.id, "run a has not reported an end", NOON + MINUTE)
        writing.clear_unknown(one.job.id, NOON + 9 * MINUTE)

    with store.reading() as reading:
        count, notes = reading.unknown_notes(NOON, NOON + DAY, 10)
        assert count == 2
        assert [(n.job, n.what, n.at, n.known_at) for n in notes] == [
            ("one", "no run was seen", NOON, NOON + 9 * MINUTE),
            ("other", "run a has not reported an end", NOON + MINUTE, None),
        ]
        assert reading.unknown_notes(NOON, NOON + DAY, 1) == (2, notes[:1])
        assert reading.unknown_notes(NOON + DAY, NOON + 2 * DAY, 10) == (0, [])
        assert reading.counts().unknown_jobs == 1


def test_a_job_of_which_something_is_unknown_once_more_is_listed_once_more(store: Store) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        writing.save_unknown(1, watch.job.id, "no run was seen", NOON)
        writing.clear_unknown(watch.job.id, NOON + MINUTE)
        assert writing.unknown(1, 10) == (0, [])

        writing.save_unknown(1, watch.job.id, "run a has not reported an end", NOON + 2 * MINUTE)

        assert writing.unknown(1, 10) == (1, [(key(), "run a has not reported an end")])
        assert writing.unknown_jobs() == {watch.job.id}


def test_blind_windows_are_told_as_far_as_they_overlap_a_span(store: Store) -> None:
    spans = [(NOON - DAY, NOON), (NOON - MINUTE, NOON + MINUTE), (NOON + DAY - MINUTE, NOON + 2 * DAY)]
    with committed(store) as writing:
        for from_at, to_at in (*spans, (NOON + DAY, NOON + 2 * DAY)):
            writing.save_blind(from_at, to_at, to_at)

    with store.reading() as reading:
        assert reading.blind_spans(NOON, NOON + DAY) == spans[1:]
