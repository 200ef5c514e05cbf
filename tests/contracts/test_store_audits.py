"""Every store answers an audit alike: it finds what lies, and nothing that moves."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from tests.contracts.kept import (
    LEASE,
    MINUTE,
    NOON,
    SECOND,
    Place,
    a_run,
    acknowledged,
    an_alert,
    changed,
    committed,
    due,
    key,
    owed,
    registered,
    resolved,
    running,
    tried,
)
from tests.contracts.meddling import meddle
from tocsin.alerts.alert import Alert
from tocsin.alerts.group import Group, Member
from tocsin.oncall.escalation import Climb, Level, Policy
from tocsin.rules.finding import Severity
from tocsin.store.base import Reading, Store
from tocsin.store.rows import NotificationState, SetAside

T = TypeVar("T")
LIMIT = 10
BEGINNING = (-1, 0, "")
LATER = NOON + MINUTE


def asked(store: Store, question: Callable[[Reading], T]) -> T:
    with store.reading() as reading:
        return question(reading)


def a_climb(at: datetime = NOON) -> Climb:
    policy = Policy(policy_id="p", name="p", levels=(Level(name="first", targets=("a",)),))
    return Climb(policy=policy, started_at=at, entered_at=at, changed_at=at)


def a_group(group_id: str, *, due_at: datetime | None = None, waiting: int = 0) -> Group:
    return Group(
        id=group_id,
        key=f"key of {group_id}",
        receiver="team",
        labels=(),
        opened_at=NOON,
        severity=Severity.WARNING,
        waiting=waiting,
        due_at=due_at,
    )


def test_jobs_that_lie_are_found_the_longest_due_first(store: Store) -> None:
    with committed(store) as writing:
        one, two, three, four = registered(writing, "one", "two", "three", "four")
        writing.save([due(one, NOON), due(two, NOON - SECOND), due(three, NOON + MINUTE), due(four, None)])

    found = asked(store, lambda reading: reading.lying_jobs(NOON + SECOND, LIMIT))

    assert [(row.name, row.at) for row in found] == [
        ("two (production)", NOON - SECOND),
        ("one (production)", NOON),
    ]
    assert len(asked(store, lambda reading: reading.lying_jobs(NOON + SECOND, 1))) == 1


def test_a_job_that_was_looked_at_lies_under_another_id(store: Store) -> None:
    def ids() -> list[str]:
        return [row.id for row in asked(store, lambda reading: reading.lying_jobs(LATER, LIMIT))]

    with committed(store) as writing:
        (one,) = registered(writing, "one")
        writing.save([due(one, NOON, state=running(a_run()))])
    before = ids()
    with committed(store) as writing:
        writing.save([due(writing.watches([key("one")])[key("one")], NOON + SECOND)])

    assert len(before) == 1
    assert ids() != before


def test_what_is_set_aside_is_found_by_name_also_in_the_moment_in_which_it_is_tried_again(
    store: Store,
) -> None:
    def found(now: datetime) -> list[tuple[str, str]]:
        rows = asked(store, lambda reading: reading.lying_aside(now - SECOND, now, LIMIT))
        return [(row.id, row.name) for row in rows]

    with committed(store) as writing:
        (one,) = registered(writing, "one")
        for rule, job_id in (("digest of ops", 0), ("*", one.job.id)):
            until_at = NOON + MINUTE
            writing.save_set_aside(SetAside(rule=rule, job_id=job_id, at=NOON, until_at=until_at, error="x"))

    aside = [(f"*@{one.job.id}", "* (one)"), ("digest of ops@0", "digest of ops")]
    assert found(NOON - SECOND) == []
    assert found(NOON) == found(NOON + MINUTE) == aside
    assert found(NOON + MINUTE + SECOND) == []
    assert len(asked(store, lambda reading: reading.lying_aside(NOON, NOON, 1))) == 1


def test_groups_that_are_due_or_open_are_found(store: Store) -> None:
    with committed(store) as writing:
        writing.save_groups(
            [
                a_group("late", due_at=NOON),
                a_group("later", due_at=NOON + MINUTE),
                a_group("resting", waiting=2),
                a_group("quiet"),
                changed(a_group("closed"), closed_at=NOON),
            ]
        )

    assert [row.name for row in asked(store, lambda r: r.lying_groups(NOON + SECOND, LIMIT))] == ["late"]
    assert [group.id for group in asked(store, lambda r: r.open_groups("", LIMIT))] == [
        "late",
        "later",
        "quiet",
        "resting",
    ]
    behind = asked(store, lambda r: r.open_groups("key of later", 1))
    assert [(group.id, group.due_at) for group in behind] == [("quiet", None)]


def test_what_is_ready_and_not_taken_is_found_by_target_unless_somebody_sends_there(store: Store) -> None:
    with committed(store) as writing:
        writing.enqueue(
            [
                owed("a1"),
                owed("a2", alert_id="alert-2", due_at=NOON + SECOND),
                owed("b1", target="busy/slack"),
                owed("b2", target="busy/slack", alert_id="alert-2"),
                owed("c1", target="later/slack", due_at=NOON + timedelta(hours=1)),
            ]
        )
        taken = writing.claim(NOON, lease_for=LEASE, limit=1, busy=["on-call/slack"])

    def unclaimed(now: datetime) -> list[str]:
        found = asked(store, lambda reading: reading.unclaimed(now - SECOND, now))
        return [row.name for row in found]

    assert [one.target for one in taken] == ["busy/slack"]
    assert unclaimed(NOON + 10 * SECOND) == ["on-call/slack"]
    assert unclaimed(NOON + LEASE + 2 * SECOND) == ["busy/slack", "on-call/slack"]


def test_another_lease_makes_it_another_thing(store: Store) -> None:
    def ids(now: datetime) -> list[str]:
        return [row.id for row in asked(store, lambda reading: reading.unclaimed(now, now))]

    with committed(store) as writing:
        writing.enqueue([owed("a")])
        writing.claim(NOON, lease_for=LEASE, limit=1, busy=())
    first = ids(NOON + MINUTE)
    with committed(store) as writing:
        writing.claim(NOON + MINUTE, lease_for=LEASE, limit=1, busy=())

    assert len(first) == 1
    assert set(ids(NOON + 2 * MINUTE)).isdisjoint(first)


def test_what_can_never_be_taken_is_found_and_what_waits_its_turn_is_not(place: Place, store: Store) -> None:
    with committed(store) as writing:
        writing.enqueue([owed("first"), owed("second", seq=2), owed("lost", alert_id="alert-2")])
        writing.enqueue([owed("sent", alert_id="alert-3"), owed("leased", alert_id="alert-4")])
        by_key = {one.key: one for one in writing.claim(NOON, lease_for=LEASE, limit=9, busy=())}
        writing.finish([tried(by_key["sent"])])
        writing.finish([tried(by_key["first"], NotificationState.PENDING, next_due_at=LATER)])

    assert asked(store, lambda reading: reading.unclaimable(LATER, LIMIT)) == []
    meddle(place.url, "UPDATE notifications SET look_at = NULL WHERE key = 'lost'")
    found = asked(store, lambda reading: reading.unclaimable(LATER, LIMIT))

    assert [row.id for row in found] == ["lost@1"]
    assert asked(store, lambda reading: reading.unclaimable(NOON, LIMIT)) == []


def test_what_waits_without_a_fallback_and_what_is_owed_for_long_are_found(store: Store) -> None:
    with committed(store) as writing:
        writing.enqueue([owed("alone"), owed("covered", alert_id="a2"), owed("new", created_at=LATER)])
        writing.enqueue([owed("stand-in", alert_id="a3", fallback_of="covered")])
        writing.set_fallback("covered", "stand-in")

    assert [r.id for r in asked(store, lambda r: r.without_fallback(LATER, LIMIT))] == ["alone"]
    owing = asked(store, lambda reading: reading.unfinished(LATER, LIMIT))
    assert sorted(row.id for row in owing) == ["alone", "covered", "stand-in"]
    assert len(asked(store, lambda r: r.unfinished(LATER, 2))) == 2


def firing(store: Store) -> dict[str, tuple[bool, bool]]:
    """Return by alert whether it has reached somebody, and whether there is more to know of it."""
    found = asked(store, lambda reading: reading.firing(BEGINNING, LIMIT))
    return {row.place[2]: (row.is_reached, row.alert is not None) for row in found}


def kept(store: Store, *alerts: Alert) -> None:
    with committed(store) as writing:
        writing.save_alerts(alerts)


def test_firing_alerts_say_whether_anybody_was_reached(store: Store) -> None:
    names = ("told", "owed", "dead", "alone", "grouped", "waiting", "climbing")
    alerts = [an_alert(name, fingerprint=name) for name in names]
    kept(store, *alerts[:-1], changed(alerts[-1], climb=a_climb()))
    kept(store, resolved(an_alert("over", fingerprint="over"), NOON))
    kept(store, acknowledged(an_alert("taken", fingerprint="taken")))
    with committed(store) as writing:
        ready = ("told", "dead", "group-1", "climbing")
        writing.enqueue([owed(f"n-{name}", alert_id=name) for name in ready])
        ends = {"n-dead": NotificationState.DEAD}
        taken = writing.claim(NOON, lease_for=LEASE, limit=9, busy=())
        writing.finish([tried(one, ends.get(one.key, NotificationState.SENT)) for one in taken])
        writing.enqueue([owed("n-owed", alert_id="owed")])
        writing.add_to_groups([("group-1", "grouped"), ("group-2", "waiting")])

    assert firing(store) == {
        "alone": (False, True),
        "climbing": (True, True),
        "dead": (False, True),
        "grouped": (True, False),
        "owed": (True, False),
        "told": (True, False),
        "waiting": (False, True),
    }


def test_firing_alerts_come_in_portions_each_once_though_many_opened_at_one_instant(store: Store) -> None:
    severities = (Severity.WARNING, Severity.CRITICAL)
    alerts = [
        an_alert(f"{severity.word}-{number}", fingerprint=f"{severity}-{number}", severity=severity)
        for severity in severities
        for number in range(5)
    ]
    kept(store, *alerts)
    found, place = list[str](), BEGINNING
    while rows := asked(store, lambda reading, place=place: reading.firing(place, 3)):  # type: ignore[misc]  # bound at once
        found += [row.place[2] for row in rows]
        place = rows[-1].place

    assert sorted(found) == sorted(alert.id for alert in alerts)


def test_one_firing_alert_is_found_by_its_id_with_when_its_job_is_looked_at(store: Store) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        writing.save([due(watch, LATER)])
        alert = changed(an_alert(job_id=watch.job.id), climb=a_climb())
        writing.save_alerts([alert])

    found = asked(store, lambda reading: reading.firing_one("alert-1"))

    assert found is not None
    assert (found.alert, found.job_due_at, found.is_reached) == (alert, LATER, False)
    kept(store, resolved(alert, NOON))
    assert asked(store, lambda reading: reading.firing_one("alert-1")) is None
    assert asked(store, lambda reading: reading.firing_one("nobody")) is None


def test_notes_and_signs_of_life_can_be_read(store: Store) -> None:
    assert asked(store, lambda reading: (reading.note("x"), reading.lived_at("one"))) == (None, None)
    with committed(store) as writing:
        writing.save_note("x", "y")
        writing.alive("one", NOON)

    assert asked(store, lambda reading: (reading.note("x"), reading.lived_at("one"))) == ("y", NOON)


def test_a_text_that_speaks_of_climbing_is_no_climb(store: Store) -> None:
    kept(store, changed(an_alert(), log_tail='{"climb": 1, "climb":2}'))
    with committed(store) as writing:
        writing.enqueue([owed("a")])

    assert firing(store) == {"alert-1": (True, False)}


def test_a_group_keeps_what_waits_in_it(store: Store) -> None:
    member = Member(alert_id="a", job_id=1, job="etl", environment="production", summary="it", at=NOON)
    with committed(store) as writing:
        writing.save_groups([changed(a_group("one", waiting=1), named=(member,))])

    (found,) = asked(store, lambda reading: reading.open_groups("", LIMIT))
    assert found.named == (member,)
