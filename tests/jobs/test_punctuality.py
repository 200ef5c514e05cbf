from datetime import UTC, datetime

from tocsin.jobs.occurrence import Occurrence, OccurrenceStatus
from tocsin.jobs.punctuality import punctuality_of

AT = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)


def many(**counts: int) -> list[Occurrence]:
    """Return so many expected runs of each status."""
    return [
        Occurrence(nominal_at=AT, opens_at=AT, status=OccurrenceStatus(word))
        for word, count in counts.items()
        for _ in range(count)
    ]


def test_what_is_unknown_or_left_out_counts_neither_way() -> None:
    found = punctuality_of(many(met=6, late=1, missed=1, unknown=5, skipped=3, expected=1, started=1))

    assert (found.met, found.late, found.missed, found.skipped, found.unknown) == (6, 1, 1, 3, 5)
    assert found.percent == 75.0


def test_of_nothing_but_unknown_runs_there_is_no_share() -> None:
    assert punctuality_of(many(unknown=4)).percent is None
