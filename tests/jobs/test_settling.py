"""What time makes of expected runs, as tables."""

from datetime import UTC, datetime, time, timedelta

import pytest
from msgspec.structs import replace

from tocsin.jobs.expecting import expect
from tocsin.jobs.job import Definition, Job
from tocsin.jobs.occurrence import Occurrence, OccurrenceStatus
from tocsin.jobs.run import Run, RunStatus
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.settling import Settled, settle
from tocsin.jobs.sla import SLA
from tocsin.jobs.state import MAX_LINKED_WINDOWS, MAX_OCCURRENCES, BlindWindow, JobState, hidden_by

MIDNIGHT = datetime(2026, 3, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
S = OccurrenceStatus
PROMISES_NOTHING = SLA()


def at(text: str) -> datetime:
    return datetime.combine(MIDNIGHT, time.fromisoformat(text), UTC)


def job(schedule: str | None, sla: SLA = PROMISES_NOTHING) -> Job:
    definition = Definition(schedule=read_schedule(schedule, "UTC") if schedule else None, sla=sla)
    return Job(name="etl", environment="production", registered_at=MIDNIGHT, definition=definition)


def window(since: str, until: str, wait: int = 5, number: int = 1) -> BlindWindow:
    return BlindWindow(id=number, from_at=at(since), to_at=at(until), hold_until=at(until) + wait * MINUTE)


def settled(job: Job, now: str, *blind: BlindWindow, state: JobState = JobState()) -> Settled:
    known = settle(job, state, MIDNIGHT, blind=blind, abandon_after=WEEK).state
    return settle(job, known, at(now), blind=blind, abandon_after=WEEK)


def fates(found: Settled) -> list[tuple[str, str]]:
    return [(f"{o.nominal_at:%H:%M}", o.status.value) for o in found.state.occurrences]


HOURLY = job("0 * * * *", SLA(grace_period_minutes=10))


@pytest.mark.parametrize(
    ("now", "expected", "ask"),
    [
        ("00:30", [("01:00", "expected")], "01:01"),
        ("01:00", [("01:00", "expected"), ("02:00", "expected")], "01:10"),
        ("01:09:59", [("01:00", "expected"), ("02:00", "expected")], "01:10"),
        ("01:10", [("01:00", "missed"), ("02:00", "expected")], "02:01"),
        ("02:30", [("01:00", "missed"), ("02:00", "missed"), ("03:00", "expected")], "03:01"),
    ],
)
def test_an_expected_run_is_missed_when_its_grace_is_over(
    now: str, expected: list[tuple[str, str]], ask: str
) -> None:
    found = settled(HOURLY, now)

    assert fates(found) == expected
    assert found.ask_again_at == at(ask)


@pytest.mark.parametrize(
    ("blind", "now", "fate", "ask"),
    [
        ([window("00:30", "01:30")], "01:34:59", "expected", "01:35"),
        ([window("00:30", "01:30")], "01:35", "unknown", "02:01"),
        ([window("00:30", "01:05")], "01:10", "unknown", "02:01"),
        ([window("01:05", "01:07")], "01:10", "expected", "01:12"),
        ([window("01:05", "01:07")], "01:12", "missed", "02:01"),
        ([window("01:05", "01:30")], "01:35", "unknown", "02:01"),
        ([window("00:30", "00:58")], "01:10", "missed", "02:01"),
        ([window("00:30", "01:30"), window("01:33", "01:40", number=2)], "01:44", "expected", "01:45"),
        ([window("00:30", "01:30"), window("01:33", "01:40", number=2)], "01:45", "unknown", "02:01"),
    ],
    ids=[
        "still waiting for spools",
        "nothing came",
        "deaf at the start, heard the end of the grace",
        "deaf for a moment within the grace: waits",
        "deaf for a moment within the grace: missed all the same",
        "deaf at the end of the grace",
        "deaf before",
        "deaf again while waiting",
        "deaf again, nothing came",
    ],
)
def test_what_fell_into_a_blind_window_waits_and_is_then_unknown(
    blind: list[BlindWindow], now: str, fate: str, ask: str
) -> None:
    found = settled(HOURLY, now, *blind)

    assert fates(found)[0] == ("01:00", fate)
    assert found.ask_again_at == at(ask)
    assert bool(found.unknown) is (fate == "unknown")


def test_the_unknown_are_listed_under_the_last_of_linked_windows() -> None:
    found = settled(HOURLY, "01:45", window("00:30", "01:30"), window("01:33", "01:40", number=2))

    assert [number for number, _ in found.unknown] == [2]


def test_a_run_of_which_only_the_end_is_promised_is_unknown_when_its_deadline_was_hidden() -> None:
    report = replace(job(None, SLA(deadline=time(1))), registered_at=MIDNIGHT - HOUR)

    before = settle(report, JobState(), MIDNIGHT - MINUTE, abandon_after=WEEK).state
    waiting = settle(report, before, at("01:34"), blind=(window("00:30", "01:30"),), abandon_after=WEEK)
    over = settle(report, before, at("01:35"), blind=(window("00:30", "01:30"),), abandon_after=WEEK)

    assert (fates(waiting)[0], waiting.ask_again_at) == (("00:00", "expected"), at("01:35"))
    assert fates(over)[0] == ("00:00", "unknown")


def test_a_long_chain_of_windows_does_not_hide_for_ever() -> None:
    blind = tuple(
        BlindWindow(
            id=n,
            from_at=MIDNIGHT + 4 * n * MINUTE,
            to_at=MIDNIGHT + (4 * n + 1) * MINUTE,
            hold_until=MIDNIGHT + (4 * n + 6) * MINUTE,
        )
        for n in range(30)
    )

    hiding = hidden_by(blind, MIDNIGHT)

    assert hiding is not None
    assert hiding.id == MAX_LINKED_WINDOWS - 1


@pytest.mark.parametrize(("minutes", "status"), [(7 * 24 * 60 - 1, "running"), (7 * 24 * 60, "timeout")])
def test_a_run_without_a_sign_is_given_up(minutes: int, status: str) -> None:
    run = Run(key="a", last_sign_at=MIDNIGHT, status=RunStatus.RUNNING, started_at=MIDNIGHT)
    found = settle(job(None), JobState(open_runs=(run,)), MIDNIGHT + minutes * MINUTE, abandon_after=WEEK)

    assert [r.status.value for r in (*found.state.open_runs, *found.runs)] == [status]
    assert len(found.state.failures) == len(found.runs)


def test_a_run_is_not_given_up_before_its_host_could_flush() -> None:
    run = Run(
        key="a", last_sign_at=MIDNIGHT - WEEK + HOUR, status=RunStatus.RUNNING, started_at=MIDNIGHT - WEEK
    )
    found = settle(
        job(None),
        JobState(open_runs=(run,)),
        at("02:00"),
        blind=(window("00:30", "02:00"),),
        abandon_after=WEEK,
    )

    assert found.state.open_runs == (run,)
    assert found.ask_again_at == at("02:05")


def test_a_paused_job_is_left_as_it_is() -> None:
    paused = replace(HOURLY, paused_at=MIDNIGHT)

    assert settle(paused, JobState(), at("09:00"), abandon_after=WEEK) == Settled(state=JobState())


@pytest.mark.parametrize("schedule", ["* * * * *", "0 * * * *", "every 10m", None], ids=str)
def test_a_job_that_was_not_looked_at_for_a_year_is_up_to_date_after_one_look(schedule: str | None) -> None:
    old = job(schedule, SLA(deadline_offset_minutes=5))
    later = MIDNIGHT + timedelta(days=365)

    state = expect(old, JobState(), later)

    assert len(state.occurrences) <= MAX_OCCURRENCES
    assert state.occurrences_dropped > 0
    assert state.occurrences[0].nominal_at <= MIDNIGHT + HOUR
    assert state.occurrences[-1].nominal_at > later
    assert state.occurrences[-2].nominal_at <= later
    assert expect(old, state, later) is state


def test_what_nobody_can_judge_makes_room_first() -> None:
    def one(hour: int, status: OccurrenceStatus) -> Occurrence:
        nominal_at = MIDNIGHT + hour * HOUR
        return Occurrence(
            nominal_at=nominal_at, opens_at=nominal_at, start_by=nominal_at, deadline_at=None, status=status
        )

    full = [one(hour, S.UNKNOWN if hour in (0, 3) else S.MISSED) for hour in range(MAX_OCCURRENCES)]
    state = JobState(occurrences=tuple(full))

    wider = expect(HOURLY, state, MIDNIGHT + (MAX_OCCURRENCES - 1) * HOUR)

    assert [o.nominal_at.hour for o in wider.occurrences][:3] == [1, 2, 3]
    assert wider.occurrences_dropped == 0

    still_wider = expect(HOURLY, wider, MIDNIGHT + MAX_OCCURRENCES * HOUR)
    assert [o.nominal_at.hour for o in still_wider.occurrences][:7] == [1, 2, 3, 4, 5, 6, 8]
    assert still_wider.occurrences_dropped == 1


@pytest.mark.parametrize(
    ("last_start", "now", "expected"),
    [
        (None, "00:05", ["00:20"]),
        ("00:10", "00:12", ["00:30"]),
        ("00:10", "00:31", ["00:30", "00:50"]),
    ],
)
def test_an_interval_is_counted_from_the_last_start(
    last_start: str | None, now: str, expected: list[str]
) -> None:
    state = JobState(last_started_at=at(last_start) if last_start else None)

    found = expect(job("every 20m"), state, at(now))

    assert [f"{o.nominal_at:%H:%M}" for o in found.occurrences] == expected
