"""Tests of a configuration: what is expected of the alerts, and what came instead."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from tocsin.alerts.matcher import read_matcher
from tocsin.alerts.route import Route
from tocsin.engine.configuration import Configuration
from tocsin.engine.rehearsing import Expected, Quiet, Rehearsal, RuleTest, State, rehearse
from tocsin.jobs.checkin import CheckIn, CheckInKind
from tocsin.jobs.job import Definition, JobKey
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.sla import SLA
from tocsin.rules import judge as judging
from tocsin.rules.defaults import DEFAULT_RULES
from tocsin.rules.finding import Severity

DAY = datetime(2026, 3, 10, tzinfo=UTC)
NIGHTLY = JobKey("production", "nightly")
CONFIGURATION = Configuration(
    digest="",
    rules=DEFAULT_RULES,
    route=Route(receiver="team", routes=(Route(receiver="boss", matchers=(read_matcher("severity=page"),)),)),
    targets={"team": ("team/console",), "boss": ("boss/console", "boss/email")},
    jobs={
        NIGHTLY: Definition(
            schedule=read_schedule("0 2 * * *", "UTC"),
            sla=SLA(deadline=time(4), warning_minutes_before=30, critical_minutes_before=15),
        )
    },
)


def at(text: str) -> datetime:
    return datetime.combine(DAY, time.fromisoformat(text), UTC)


def reported(when: str, kind: CheckInKind = CheckInKind.START, job: str = "nightly") -> CheckIn:
    return CheckIn(job=job, kind=kind, at=at(when), received_at=at(when))


def alert(when: str, condition: str = "missing_run", *, line: int = 7, **more: object) -> Expected:
    plain = Expected(line=line, at=at(when), key=NIGHTLY, condition=condition)
    return replace(plain, **more)  # type: ignore[arg-type]  # the fields of the value, as a test names them


def quiet(since: str, until: str, key: JobKey | None = None) -> Quiet:
    return Quiet(line=9, since_at=at(since), until_at=at(until), key=key)


def tried(
    *check_ins: CheckIn, expect: tuple[Expected | Quiet, ...], allows_others: bool = False
) -> Rehearsal:
    test = RuleTest(
        name="t",
        line=1,
        starts_at=DAY,
        ends_at=at("08:00"),
        timezone="UTC",
        check_ins=check_ins,
        expected=expect,
        allows_others=allows_others,
    )
    return rehearse(CONFIGURATION, test)


def lines(rehearsal: Rehearsal) -> list[int | None]:
    """Where it is written what did not come; None for what nobody expected."""
    return [None if miss.expected is None else miss.expected.line for miss in rehearsal.misses]


MISSED = alert("02:05", severity=Severity.CRITICAL, told=("team",))
LATE = alert("04:00", "sla_breach", severity=Severity.CRITICAL)


def test_what_comes_as_expected_is_good() -> None:
    assert tried(expect=(quiet("00:00", "02:05"), MISSED, LATE)).is_good


@pytest.mark.parametrize(
    "wrong",
    [
        alert("02:04"),
        alert("02:05", severity=Severity.PAGE),
        alert("02:05", state=State.RESOLVED),
        alert("02:05", told=()),
        alert("02:05", told=("team", "boss")),
        alert("02:05", not_told=("team",)),
        alert("02:05", "stalled"),
        alert("02:05", key=JobKey("staging", "nightly")),
    ],
)
def test_what_does_not_come_as_expected_is_missed_with_what_came_instead(wrong: Expected) -> None:
    rehearsal = tried(expect=(wrong, LATE), allows_others=True)

    assert lines(rehearsal) == [7]
    assert rehearsal.misses[0].nearest[0].condition in ("missing_run", "sla_breach")


def test_an_alert_that_ends_is_resolved_from_then_on() -> None:
    ran = (reported("02:30"), reported("03:00", CheckInKind.SUCCESS))

    assert tried(*ran, expect=(MISSED, alert("03:00", state=State.RESOLVED))).is_good
    assert lines(tried(*ran, expect=(alert("02:59", state=State.RESOLVED),))) == [7]
    assert lines(tried(*ran, expect=(alert("03:00"), alert("02:05", line=8)))) == [7]


def test_a_severity_counts_as_it_is_at_the_instant() -> None:
    def late(when: str, severity: Severity) -> Expected:
        return alert(when, "sla_breach", severity=severity)

    expect = (late("03:30", Severity.WARNING), late("03:45", Severity.CRITICAL), late("04:15", Severity.PAGE))
    assert tried(expect=(MISSED, *expect)).is_good
    assert tried(expect=(MISSED, alert("04:15", "sla_breach", told=("team", "boss")))).is_good


def test_an_alert_that_nobody_expects_fails_the_test_unless_others_are_allowed() -> None:
    assert lines(tried(expect=(MISSED,))) == [None]
    assert tried(expect=(MISSED,)).misses[0].nearest[0].condition == "sla_breach"
    assert tried(expect=(MISSED,), allows_others=True).is_good


def test_what_is_told_as_missed_is_not_told_again_as_unexpected() -> None:
    assert lines(tried(expect=(alert("02:04"), LATE))) == [7]
    assert lines(tried(expect=(quiet("00:00", "03:00"), LATE))) == [9]


def test_quiet_is_until_before_an_instant_of_one_job_or_of_all() -> None:
    assert lines(tried(expect=(quiet("00:00", "02:06"), MISSED, LATE))) == [9]
    assert tried(expect=(quiet("00:00", "03:00", JobKey("production", "other")), MISSED, LATE)).is_good
    assert lines(tried(expect=(quiet("03:00", "03:01", NIGHTLY), MISSED, LATE))) == [9]
    assert tried(expect=(quiet("02:04", "02:04"), MISSED, LATE)).is_good
    assert lines(tried(expect=(quiet("02:05", "02:05"), MISSED, LATE))) == [9]


def test_what_is_told_with_others_counts_as_told_of_each() -> None:
    names = [f"job {number}" for number in range(12)]
    failures = [reported("01:00", CheckInKind.FAIL, name) for name in names]
    expect = tuple(
        alert("01:10", "job_failure", key=JobKey("production", name), told=("team",)) for name in names
    )

    assert tried(*failures, expect=expect, allows_others=True).is_good


def test_a_rule_that_raises_fails_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    def falls_over(*_: object) -> None:
        raise RuntimeError("oops")

    monkeypatch.setattr(judging, "CONDITIONS", {**judging.CONDITIONS, "no_data": falls_over})
    rehearsal = tried(expect=(MISSED, LATE))

    assert (rehearsal.is_good, rehearsal.misses) == (False, ())
    assert rehearsal.raised[0] == "no data: RuntimeError: oops"


def test_the_same_test_goes_the_same_way_twice() -> None:
    expect = (alert("02:04"), quiet("00:00", "06:00"))
    ran = [reported("02:30"), reported("03:00", CheckInKind.FAIL)]
    first, second = (tried(*ran, expect=expect) for _ in range(2))

    assert repr(first.misses) == repr(second.misses)


def test_a_month_goes_by_in_no_time() -> None:
    days = [timedelta(days=number) for number in range(30)]
    ran = [
        replace_at(reported(clock, kind), day)
        for day in days
        for clock, kind in (("02:00", CheckInKind.START), ("02:40", CheckInKind.SUCCESS))
    ]
    end = DAY + timedelta(days=30)
    test = RuleTest(
        name="t",
        line=1,
        starts_at=DAY,
        ends_at=end,
        timezone="UTC",
        check_ins=tuple(ran),
        expected=(Quiet(line=1, since_at=DAY, until_at=end),),
    )

    assert rehearse(CONFIGURATION, test).is_good


def replace_at(check_in: CheckIn, after: timedelta) -> CheckIn:
    return CheckIn(
        job=check_in.job,
        kind=check_in.kind,
        at=check_in.at + after,
        received_at=check_in.received_at + after,
    )
