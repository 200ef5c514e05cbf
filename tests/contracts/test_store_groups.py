"""Groups of alerts, the same in both stores."""

from datetime import time, timedelta

import pytest
from msgspec.structs import replace

from tests.contracts.kept import NOON, an_alert, changed, committed, registered
from tocsin.alerts.causes import Cause
from tocsin.alerts.group import Alone, Group, Member
from tocsin.errors import StoreError
from tocsin.oncall.escalation import Climb, Level, Passed, PassedOver, Policy, Status
from tocsin.oncall.restriction import Restriction
from tocsin.rules.finding import Severity
from tocsin.store.base import Store

MINUTE = timedelta(minutes=1)


def a_group(name: str = "g1", key: str = "team|job_failure") -> Group:
    member = Member(alert_id="a", job_id=1, job="etl", environment="production", summary="failed", at=NOON)
    return Group(
        id=name,
        key=key,
        receiver="team",
        labels=(("condition", "job_failure"),),
        opened_at=NOON,
        severity=Severity.CRITICAL,
        told=(NOON,),
        waiting=1,
        waiting_since_at=NOON,
        added_at=NOON,
        named=(member,),
        first=member,
        causes=(Cause(kind="error", what="refused", count=3),),
        due_at=NOON + MINUTE,
        alone=(Alone(alert_id="b", at=NOON),),
        beside=("c",),
        taken_by="ann",
        deadline_at=NOON + 9 * MINUTE,
        climb=a_climb(),
    )


def a_climb() -> Climb:
    hours = Restriction(weekdays=(0, 4), starts=time(9), ends=time(17))
    levels = (
        Level(name="on-call", targets=("data",), notification_channels=("sms",), working_hours=(hours,)),
        Level(name="VP", targets=("cem",), timeout_minutes=7.5, minutes_before_deadline=30),
    )
    return Climb(
        policy=Policy(policy_id="standard", name="standard", levels=levels, repeat_after_minutes=60),
        started_at=NOON,
        entered_at=NOON + MINUTE,
        changed_at=NOON,
        status=Status.ESCALATED,
        level=2,
        passed=(Passed(level=1, why=PassedOver.OUTSIDE_HOURS),),
    )


def test_a_group_is_kept_exactly_and_found_by_key_and_id(store: Store) -> None:
    with committed(store) as writing:
        writing.lock_groups()
        writing.save_groups([a_group()])

    with committed(store) as writing:
        assert writing.group_of("team|job_failure") == a_group()
        assert writing.group_of("other") is None
        assert writing.group("g1") == a_group()
        assert writing.group("g2") is None
    with store.reading() as reading:
        assert reading.group("g1") == a_group()
        assert reading.groups(10) == [a_group()]


def test_a_group_that_was_kept_before_groups_climbed_is_read_as_one_that_does_not(store: Store) -> None:
    older = replace(a_group(), climb=None, deadline_at=None, taken_by="", alone=(), beside=())
    with committed(store) as writing:
        writing.save_groups([older])

    with store.reading() as reading:
        assert reading.group("g1") == older


def test_groups_are_due_in_order_and_no_more_once_they_are_closed(store: Store) -> None:
    later = replace(a_group("g2", "b"), due_at=NOON + 2 * MINUTE)
    with committed(store) as writing:
        writing.save_groups([later, a_group()])
        assert writing.next_group_due_at() == NOON + MINUTE
        assert writing.due_groups(NOON, 10) == []
        assert [group.id for group in writing.due_groups(NOON + 5 * MINUTE, 10)] == ["g1", "g2"]
        assert [group.id for group in writing.due_groups(NOON + 5 * MINUTE, 1)] == ["g1"]
        writing.save_groups([replace(a_group(), due_at=None, closed_at=NOON + MINUTE)])
        assert [group.id for group in writing.due_groups(NOON + 5 * MINUTE, 10)] == ["g2"]
        assert writing.group_of(a_group().key) is None
        writing.forget_groups(["g2"])
        assert writing.next_group_due_at() is None


def test_a_key_has_one_open_group(store: Store) -> None:
    with committed(store) as writing:
        writing.save_groups([replace(a_group("old"), closed_at=NOON), a_group()])

    writing = store.writing()
    writing.begin()
    with pytest.raises(StoreError):
        writing.save_groups([a_group("second")])
    writing.rollback()


def test_every_alert_of_a_group_can_be_found(store: Store) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        alerts = [changed(an_alert(), id=f"a{n}", fingerprint=f"f{n}", job_id=watch.job.id) for n in range(3)]
        writing.save_alerts(alerts)
        writing.save_groups([a_group()])
        writing.add_to_groups([("g1", "a0"), ("g1", "a1"), ("g1", "a1"), ("g2", "a2")])
        assert [alert.id for alert in writing.alerts_of_group("g1", after="", limit=10)] == ["a0", "a1"]
        assert [alert.id for alert in writing.alerts_of_group("g1", after="a0", limit=10)] == ["a1"]
        assert [alert.id for alert in writing.alerts_of_group("g1", after="", limit=1)] == ["a0"]

    with store.reading() as reading:
        assert [alert.id for alert in reading.alerts_of_group("g1", after="", limit=10)] == ["a0", "a1"]
        assert [alert.id for alert in reading.alerts_of_group("g1", after="a0", limit=10)] == ["a1"]
        assert reading.alerts_of_group("g3", after="", limit=10) == []


def test_old_closed_groups_go_and_open_ones_stay(store: Store) -> None:
    with committed(store) as writing:
        writing.save_groups([replace(a_group("old", "a"), due_at=None, closed_at=NOON), a_group("open", "b")])
        writing.prune(logs_before=NOON + MINUTE, runs_before=NOON + MINUTE, limit=100)
        assert writing.group("old") is None
        assert writing.group("open") is not None
