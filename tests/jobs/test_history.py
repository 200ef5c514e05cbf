"""The past of a job as it is kept: bounded, and exact enough to tell what is normal."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from tocsin.jobs.checkin import Detail
from tocsin.jobs.history import MAX_BYTES, MAX_POINTS, Counts, Point, before, packed, point_of, unpacked
from tocsin.jobs.run import Attempt, Phase, Run, RunStatus

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def run(key: str = "a", *, start: datetime = NOON, minutes: float = 10, **more: object) -> Run:
    known: dict[str, object] = {
        "key": key,
        "last_sign_at": start + minutes * MINUTE,
        "status": RunStatus.SUCCESS,
        "phase": Phase.COMPLETED,
        "started_at": start,
        "ended_at": start + minutes * MINUTE,
    }
    return replace(Run(key="", last_sign_at=start), **(known | more))


def test_a_point_says_of_a_run_what_is_asked_for_later() -> None:
    late = run(start=NOON + 3 * MINUTE, occurrence_at=NOON, records_ok=990, records_failed=10)

    (point,) = unpacked(packed([point_of(late)]))

    assert point.at == int(NOON.timestamp())
    assert point.seconds == 600
    assert point.records == pytest.approx(990, rel=0.001)
    assert point.delay_seconds == 180
    assert point.failed_share == pytest.approx(0.01, rel=0.001)
    assert point.started_at == NOON + 3 * MINUTE
    assert point.counts == Counts.GOOD | Counts.COMPARABLE


def test_what_is_not_known_of_a_run_is_never_nought() -> None:
    (point,) = unpacked(packed([point_of(run(started_at=None))]))

    assert (point.seconds, point.records, point.delay_seconds, point.failed_share) == (None,) * 4


@pytest.mark.parametrize("records", [0, 1, 2, 99, 1_000, 123_456, 10**9, 10**15])
def test_records_are_kept_to_a_two_thousandth_and_small_ones_exactly(records: int) -> None:
    (point,) = unpacked(packed([Point(0, records=records)]))

    assert point.records == pytest.approx(records, rel=0.0005)
    if records < 500:
        assert point.records == records


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        ({}, Counts.GOOD | Counts.COMPARABLE),
        ({"backfill": True}, Counts.GOOD),
        ({"attempt": 2}, Counts.GOOD),
        ({"attempts": (Attempt(number=1, ended_at=NOON),)}, Counts.GOOD),
        ({"started_at": None}, Counts.GOOD),
        ({"status": RunStatus.FAILED}, Counts.BAD),
        ({"status": RunStatus.TIMEOUT, "closed_by_us": True}, Counts.BAD),
        ({"status": RunStatus.SKIPPED}, Counts.NOTHING),
    ],
)
def test_only_a_good_run_that_was_due_at_its_first_attempt_is_comparable(
    more: dict[str, object], counts: Counts
) -> None:
    assert point_of(replace(run(), **more)).counts == counts


def test_the_history_of_a_job_is_as_long_after_ten_years_as_on_the_first_day() -> None:
    detail = Detail(log_tail="x" * 10_000)
    runs = (run(str(n), start=NOON + n * MINUTE, detail=detail) for n in range(5_000))

    kept = packed(point_of(one) for one in runs)

    assert len(kept) <= MAX_BYTES
    assert len(unpacked(kept)) == MAX_POINTS
    assert unpacked(kept)[-1].at == int((NOON + 4_999 * MINUTE).timestamp())


def test_what_came_since_a_run_is_told_anew_with_it() -> None:
    first, second, third = (run(str(n), start=NOON + n * MINUTE) for n in range(3))
    known = packed([point_of(first), point_of(third)])

    assert unpacked(before(known, second)) == (point_of(first),)
    assert before(known, first) == b""
    assert before(known, run(start=NOON + 3 * MINUTE)) == known


def test_a_damaged_history_is_read_up_to_the_damage() -> None:
    kept = packed([Point(1, seconds=1.0), Point(2, seconds=2.0)])

    assert [point.at for point in unpacked(kept[:-3])] == [1]
    assert unpacked(b"") == ()
