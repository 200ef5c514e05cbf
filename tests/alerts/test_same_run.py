"""Which alert of a job speaks for others about the same run."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from tocsin.alerts.advance import Change
from tocsin.alerts.alert import Alert, AlertState, Reason
from tocsin.alerts.inhibition import SETTLE_FOR, Inhibited, settled
from tocsin.alerts.same_run import RESTS_FOR, afterwards, in_turn, is_spoken_for, speakers_for, speaking
from tocsin.rules.finding import Severity, Why

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def an_alert(why: Why, severity: Severity = Severity.WARNING, *, run: str = "r", minute: int = 0) -> Alert:
    at = NOON + minute * MINUTE
    return Alert(
        id=why.value,
        fingerprint=why.value,
        job_id=1,
        job="etl",
        environment="production",
        condition="any",
        rule="any",
        severity=severity,
        why=why,
        step=1,
        opened_at=at,
        since_at=at,
        changed_at=at,
        summary="is wrong",
        run=run,
    )


SLOW = an_alert(Why.UNUSUALLY_SLOW)
AT_RISK = an_alert(Why.DEADLINE_AT_RISK)
MISSED = an_alert(Why.DEADLINE_MISSED, Severity.CRITICAL)


@pytest.mark.parametrize(
    ("alert", "other", "is_said"),
    [
        (SLOW, AT_RISK, True),
        (AT_RISK, SLOW, False),
        (AT_RISK, MISSED, True),
        (MISSED, AT_RISK, False),
        (MISSED, an_alert(Why.FAILED, Severity.PAGE), False),
        (an_alert(Why.DEADLINE_NEAR), AT_RISK, True),
        (an_alert(Why.DEADLINE_NEAR, Severity.CRITICAL), AT_RISK, False),
        (an_alert(Why.DURATION_NEAR), an_alert(Why.NOT_STARTED, Severity.CRITICAL), False),
        (an_alert(Why.UNUSUALLY_FAST), an_alert(Why.FAILED, Severity.CRITICAL), False),
        (an_alert(Why.TOO_FEW_RECORDS), MISSED, False),
        (SLOW, an_alert(Why.DEADLINE_AT_RISK, run="another"), False),
        (an_alert(Why.DEADLINE_AT_RISK, run=""), an_alert(Why.NOT_STARTED, Severity.CRITICAL, run=""), True),
        (AT_RISK, an_alert(Why.NOT_STARTED, Severity.CRITICAL), False),
        (an_alert(Why.DEADLINE_NEAR), an_alert(Why.DEADLINE_AT_RISK, run=""), True),
        (an_alert(Why.DEADLINE_NEAR, run=""), an_alert(Why.FAILED, Severity.CRITICAL), False),
        (SLOW, replace(MISSED, state=AlertState.RESOLVED), False),
        (SLOW, replace(MISSED, is_between=True), False),
        (SLOW, replace(MISSED, backfill=True), False),
        (SLOW, replace(AT_RISK, inhibited=Inhibited(by=speaking(AT_RISK, MISSED), since_at=NOON)), False),
        (SLOW, SLOW, False),
    ],
)
def test_what_speaks_for_what(alert: Alert, other: Alert, *, is_said: bool) -> None:
    assert [one.id for one in speakers_for(alert, (other,))] == ([other.id] if is_said else [])


def test_the_one_that_was_there_first_speaks() -> None:
    hangs = an_alert(Why.NO_END, Severity.CRITICAL, minute=-5)

    assert speakers_for(SLOW, (MISSED, hangs, AT_RISK))[0] is hangs


def test_what_has_ended_and_what_may_speak_for_others_is_looked_at_before_those() -> None:
    over = replace(AT_RISK, id="over", state=AlertState.RESOLVED)
    near = an_alert(Why.DEADLINE_NEAR)
    changes = [Change(alert=one, reason=Reason.UPDATED) for one in (SLOW, AT_RISK, near, MISSED, over)]

    assert [one.alert for one in in_turn(changes)] == [MISSED, over, near, AT_RISK, SLOW]


def spoken_for(alert: Alert) -> Alert:
    return replace(alert, inhibited=Inhibited(by=speaking(alert, MISSED), since_at=NOON))


def after_the_end(
    alert: Alert, reason: Reason = Reason.UNCHANGED, *, was: Alert | None = None
) -> Inhibited | None:
    known = (was or alert).inhibited
    change = Change(alert=alert, reason=reason)
    return afterwards(change, settled(known, None, NOON + MINUTE), NOON + MINUTE)


def test_what_is_at_risk_is_told_soon_after_and_what_was_slow_rests() -> None:
    risky, slow = after_the_end(spoken_for(AT_RISK)), after_the_end(spoken_for(SLOW))

    assert risky is not None
    assert slow is not None
    assert risky.until_at == NOON + MINUTE + SETTLE_FOR
    assert slow.until_at == NOON + MINUTE + RESTS_FOR
    assert is_spoken_for(replace(SLOW, inhibited=slow))


def test_what_gets_louder_or_tells_of_another_run_is_told_at_once() -> None:
    assert after_the_end(spoken_for(SLOW), Reason.LOUDER) is None
    assert after_the_end(replace(spoken_for(SLOW), run="next"), Reason.UPDATED) is None
