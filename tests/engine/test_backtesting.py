"""Two configurations on the same past: what is counted, and which alerts are the same."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from tests.engine.test_tuning import BEGINS, CONFIGURATION, JOB, past
from tocsin.engine.backtesting import Counts, Lessons, Life, Side, compared, night_of
from tocsin.engine.replaying import Event, Replay, What
from tocsin.jobs.checkin import CheckIn, CheckInKind, Detail
from tocsin.jobs.checks import Check, Metric
from tocsin.jobs.job import JobKey
from tocsin.jobs.run import Run
from tocsin.quality.learned import Learned, Taught
from tocsin.rules.finding import Severity

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")


def event(what: What, alert: str, at: datetime, **changes: object) -> Event:
    known: dict[str, object] = {
        "at": at,
        "what": what,
        "reason": what.value,
        "alert_id": alert,
        "job": "etl",
        "environment": "production",
        "condition": "job_failure",
        "rule": "failed",
        "severity": Severity.CRITICAL,
        "summary": "has failed",
    }
    return Event(**{**known, **changes})  # type: ignore[arg-type]  # as the keys say


def told(alert: str, at: datetime, **changes: object) -> Event:
    known: dict[str, object] = {"reason": "firing", "target": "team/slack", "receiver": "team"}
    return event(What.TOLD, alert, at, **{**known, **changes})


def side(*events: Event, since: datetime = NOON - 100 * HOUR) -> Side:
    found = Side(BERLIN, since)
    found.take(events)
    return found


def alert(name: str, opened: float, ended: float | None, **changes: object) -> list[Event]:
    events = [event(What.OPENED, name, NOON + opened * HOUR, **changes)]
    events.append(told(name, NOON + opened * HOUR, **changes))
    if ended is not None:
        events.append(event(What.RESOLVED, name, NOON + ended * HOUR, **changes))
    return events


def test_news_pages_and_repeats_are_counted_by_job_receiver_and_night() -> None:
    night = NOON + 11 * HOUR  # midnight in Berlin
    found = side(
        event(What.OPENED, "1", night),
        told("1", night),
        told("1", night + HOUR, reason="louder", severity=Severity.PAGE, receiver="on-call"),
        told("1", night + 4 * HOUR, reason="repeat"),
        event(What.RESOLVED, "1", night + 12 * HOUR),
        told("1", night + 12 * HOUR, reason="resolved"),
    )

    assert found.total == Counts(alerts=1, messages=2, pages=1, repeats=1)
    assert found.by_job == {JobKey("production", "etl"): found.total}
    assert found.by_receiver == {
        "team": Counts(messages=1, repeats=1),
        "on-call": Counts(messages=1, pages=1),
    }
    assert found.by_night == {date(2026, 3, 10): found.total}


@pytest.mark.parametrize(
    ("hours", "night"),
    [(8.99, None), (9, date(2026, 3, 10)), (16.99, date(2026, 3, 10)), (17, None), (-8, date(2026, 3, 9))],
)
def test_a_night_is_from_ten_to_six_where_the_file_says(hours: float, night: date | None) -> None:
    assert night_of(NOON + hours * HOUR, BERLIN) == night


def test_what_only_warms_up_is_not_counted_and_not_compared() -> None:
    old = side(*alert("1", 0, 1), since=NOON + 2 * HOUR)
    new = side(since=NOON + 2 * HOUR)

    difference = compared(old, new)

    assert old.total == Counts()
    assert (difference.gained, difference.lost) == ((), ())


def test_alerts_that_are_open_at_the_same_time_are_the_same_and_others_gained_or_lost() -> None:
    old = side(*alert("1", 0, 1), *alert("2", 5, 6), *alert("3", 10, None))
    new = side(*alert("1", 0, 1), *alert("2", 7, 8), *alert("3", 9, 11))

    difference = compared(old, new)

    assert (difference.same, difference.earlier) == (1, 1)
    assert [life.opened_at for life in difference.gained] == [NOON + 7 * HOUR]
    assert [life.opened_at for life in difference.lost] == [NOON + 5 * HOUR]


def test_another_condition_or_job_is_another_alert() -> None:
    old = side(*alert("1", 0, 1))
    new = side(*alert("1", 0, 1, condition="stalled"), *alert("2", 0, 1, job="report"))

    difference = compared(old, new)

    assert (len(difference.gained), len(difference.lost), difference.same) == (2, 1, 0)


def test_how_an_alert_has_changed_is_counted() -> None:
    old = side(*alert("1", 0, 1), *alert("2", 5, 6))
    new = side(
        *alert("1", 0.5, 1, severity=Severity.PAGE, receiver="on-call"),
        *alert("2", 5, 6, severity=Severity.WARNING),
    )

    difference = compared(old, new)

    assert (difference.louder, difference.quieter, difference.later, difference.others) == (1, 1, 1, 1)
    assert difference.same == 0


def test_a_long_alert_meets_one_short_one_and_the_other_is_gained() -> None:
    old = side(*alert("1", 0, 10))
    new = side(*alert("1", 1, 2), *alert("2", 3, 4))

    difference = compared(old, new)

    assert [life.opened_at for life in difference.gained] == [NOON + 3 * HOUR]
    assert difference.lost == ()


def test_two_replays_that_learn_together_learn_what_each_would_alone() -> None:
    check_ins, lessons = list(past()), Lessons()
    asked, known = list[datetime](), list[int]()

    def teach(learned: Learned, history: bytes, ended: Iterable[Run], timezone: str, now: datetime) -> Taught:
        asked.append(now)
        taught = lessons.teach(learned, history, ended, timezone, now)
        known.append(id(taught))
        return taught

    alone = Replay(CONFIGURATION, starts_at=BEGINS, jobs=[JOB])
    together = [Replay(CONFIGURATION, starts_at=BEGINS, jobs=[JOB], teach=teach) for _ in range(2)]
    for check_in in check_ins:
        for replay in (alone, *together):
            replay.feed(check_in)

    assert "duration_anomaly" in {one.condition for one in alone.events}
    assert alone.events == together[0].events == together[1].events
    assert len(asked) > 2 * 50
    assert known[::2] == known[1::2]


def test_lives_meet_also_where_they_have_not_ended() -> None:
    life = Life(
        job=JobKey("production", "etl"),
        condition="stalled",
        rule="stalled",
        fingerprint="",
        severity=Severity.INFO,
        opened_at=NOON,
        summary="",
    )

    assert life.meets(life)


def test_checks_that_come_with_a_check_in_are_judged_in_a_replay_too() -> None:
    few = Check(id="rows", metric=Metric.ROW_COUNT, least=10)
    end = CheckIn(
        job="loads",
        kind=CheckInKind.SUCCESS,
        at=BEGINS + HOUR,
        received_at=BEGINS + HOUR,
        run="1",
        detail=Detail(metrics=(("row_count", 3.0),)),
    )
    replay = Replay(CONFIGURATION, starts_at=BEGINS)

    replay.feed(replace(end, kind=CheckInKind.START, at=BEGINS, received_at=BEGINS, detail=None))
    replay.feed(replace(end, checks=(few,)))

    assert [one.condition for one in replay.events if one.what is What.OPENED] == ["data_quality"]
