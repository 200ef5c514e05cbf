"""A firing alert that nobody was told of has a reason that all can see, or it is a trouble."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contracts.kept import MINUTE, NOON, SECOND, an_alert, changed
from tocsin.alerts.alert import Alert, AlertState, Entry, Pooled, Reason, Snooze, SnoozeEnd, Told
from tocsin.alerts.group import Group
from tocsin.engine.unheard import Excuse, excuse_of, is_explained, will_climb
from tocsin.oncall.escalation import Climb, Level, Passed, PassedOver, Policy, Status
from tocsin.rules.finding import Severity

LATER = NOON + MINUTE
PUT_OFF = Snooze(by="kim", at=NOON, end=SnoozeEnd.TIME, until_at=LATER)
POOLED = Pooled(group="g", receiver="team", batch=0, severity=Severity.WARNING, step=1)
GROUP = Group(id="g", key="g", receiver="team", labels=(), opened_at=NOON, severity=Severity.WARNING)
WAITING = changed(GROUP, waiting=2, due_at=LATER)
TOLD = changed(GROUP, together_at=NOON, open=2, batch=1, targets=("team/slack",))


@pytest.mark.parametrize(
    ("alert", "group", "excuse"),
    [
        (changed(an_alert()), None, None),
        (changed(an_alert(), snooze=PUT_OFF), None, Excuse.PUT_OFF),
        (changed(an_alert(), held_back_until=LATER), None, Excuse.HELD_BACK),
        (changed(an_alert(), held_back_until=NOON - SECOND), None, None),
        (changed(an_alert(), pooled=(POOLED,)), WAITING, Excuse.WAITS),
        (changed(an_alert(), pooled=(POOLED,)), changed(WAITING, due_at=None), None),
        (changed(an_alert(), pooled=(POOLED,)), TOLD, None),
        (changed(an_alert(), pooled=(POOLED,)), changed(TOLD, targets=()), Excuse.DIGEST),
        (changed(an_alert(), told=Told(last_at=NOON)), None, Excuse.DIGEST),
        (changed(an_alert(), told=Told(last_at=NOON, targets=("team/slack",))), None, None),
    ],
)
def test_what_keeps_an_alert_from_being_told(
    alert: Alert, group: Group | None, excuse: Excuse | None
) -> None:
    assert excuse_of(alert, [group], NOON) is excuse


def entry(reason: Reason) -> Entry:
    state, severity = AlertState.FIRING, Severity.WARNING
    return Entry(alert_id="a", at=NOON, reason=reason, state=state, severity=severity)


def test_a_history_that_says_it_was_told_is_no_excuse_for_that_nobody_was() -> None:
    assert not is_explained([])
    for reason in (Reason.OPENED, Reason.TOLD, Reason.GROUPED, Reason.SILENCED, Reason.ESCALATED):
        assert not is_explained([entry(reason)]), reason
    assert is_explained([entry(Reason.OPENED), entry(Reason.INHIBITED)])
    assert not is_explained([entry(Reason.INHIBITED), entry(Reason.INHIBITION_ENDED)])


LEVELS = tuple(Level(name=name, targets=("a",)) for name in ("one", "two", "three"))
POLICY = Policy(policy_id="p", name="p", levels=LEVELS)
CLIMB = Climb(policy=POLICY, started_at=NOON, entered_at=NOON, changed_at=NOON, level=1)
AGAIN = replace(CLIMB, policy=replace(POLICY, repeat_after_minutes=5.0))
BY_DEADLINE = replace(LEVELS[2], minutes_before_deadline=30.0)
PASSED = (
    Passed(level=2, why=PassedOver.NOBODY),
    Passed(level=3, why=PassedOver.NOBODY),
)


@pytest.mark.parametrize(
    ("climb", "will"),
    [
        (None, True),
        (CLIMB, False),
        (replace(CLIMB, next_at=LATER), True),
        (replace(CLIMB, next_at=LATER - SECOND), False),
        (replace(CLIMB, level=3), True),
        (replace(AGAIN, level=3), False),
        (replace(CLIMB, passed=PASSED), True),
        (replace(CLIMB, passed=PASSED[:1]), False),
        (replace(CLIMB, level=2, policy=replace(POLICY, levels=(*LEVELS[:2], BY_DEADLINE))), True),
        (replace(CLIMB, status=Status.ACKNOWLEDGED), True),
        (replace(CLIMB, status=Status.SUPPRESSED), True),
        (replace(CLIMB, status=Status.ESCALATED), False),
    ],
)
def test_an_escalation_under_way_has_its_next_instant(climb: Climb | None, will: bool) -> None:  # noqa: FBT001 -- what is expected
    assert will_climb(climb, LATER) is will


def test_a_next_instant_at_which_nobody_looks_is_none() -> None:
    climbing = replace(CLIMB, next_at=LATER)

    assert not will_climb(climbing, None)
    assert not will_climb(climbing, LATER + timedelta(microseconds=1))
