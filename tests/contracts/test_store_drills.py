"""Every store keeps drills alike, and when a try took its notification."""

from hypothesis import given

from tests.contracts.kept import LEASE, MINUTE, NOON, SECOND, an_alert, changed, committed, owed, tried
from tests.contracts.strategies import TEXTS, values_of
from tests.contracts.test_store_values import fair
from tocsin.alerts.drill import DRILL, Aim, Drill, DrillLevel
from tocsin.rules.finding import Severity
from tocsin.store.base import Store, Writing


def a_drill(name: str, started_seconds: int = 0) -> Drill:
    started_at = NOON + started_seconds * SECOND
    return Drill(
        id=name,
        aim=Aim.POLICY,
        target="standard",
        severity=Severity.PAGE,
        levels=(DrillLevel(number=1, name="first", targets=("ops/sms",), alert_id=f"{name}-1"),),
        started_by="kim",
        started_at=started_at,
        deliver_by=started_at + MINUTE,
    )


def test_drills_under_way_are_found_until_they_are_over(store: Store) -> None:
    first, second = a_drill("first"), a_drill("second", 1)
    with committed(store) as writing:
        writing.save_drill(second)
        writing.save_drill(first)
        assert writing.drills_under_way(10) == [first, second]
        assert writing.drills_under_way(1) == [first]
        over = changed(first, over_at=NOON + MINUTE, faults=("nobody is on call",))
        writing.save_drill(over)
        assert writing.drills_under_way(10) == [second]

    with store.reading() as reading:
        assert reading.drill("first") == over
        assert reading.drill("none") is None
        assert reading.drills(10) == [second, over]
        assert reading.drills(1) == [second]


def test_drills_that_were_over_long_ago_are_deleted(writing: Writing) -> None:
    writing.save_drill(changed(a_drill("over"), over_at=NOON))
    writing.save_drill(a_drill("under way", -60))

    assert writing.prune(logs_before=NOON, runs_before=NOON + SECOND, limit=10) == 1
    assert writing.drills_under_way(10) == [a_drill("under way", -60)]


def test_what_is_owed_about_an_alert_is_found_in_its_order(writing: Writing) -> None:
    writing.enqueue([owed("b", alert_id="one", seq=2), owed("a", alert_id="one"), owed("c", alert_id="two")])

    assert [one.key for one in writing.owed("one")] == ["a", "b"]
    assert writing.owed("none") == []


def test_a_try_keeps_when_its_notification_was_taken(store: Store) -> None:
    with committed(store) as writing:
        writing.enqueue([owed("a")])
        (claimed,) = writing.claim(NOON, lease_for=LEASE, limit=1, busy=())
        writing.finish([changed(tried(claimed), claimed_at=NOON - SECOND)])

    with store.reading() as reading:
        (delivery,) = reading.deliveries(["a"])
        assert delivery.claimed_at == NOON - SECOND


def test_a_drill_counts_in_no_sum_over_alerts(store: Store) -> None:
    with committed(store) as writing:
        writing.save_alerts([changed(an_alert(), opened_at=NOON, condition=DRILL)])

    with store.reading() as reading:
        span = (NOON - MINUTE, NOON + MINUTE)
        assert reading.opened(*span) == []
        assert reading.opened_in_quarters(*span) == []
        assert reading.noisiest_jobs(*span, 5) == []
        assert reading.not_taken(*span, 5) == []
        assert reading.until_taken(*span) == []
        assert reading.until_over(*span) == []


@fair
@given(drill=values_of(Drill), name=TEXTS)
def test_any_drill(store: Store, drill: Drill, name: str) -> None:
    drill = changed(drill, id=name)
    with committed(store) as writing:
        writing.save_drill(drill)

    with store.reading() as reading:
        assert reading.drill(name) == drill
