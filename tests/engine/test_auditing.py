"""What an audit finds in a store, and what it must not take for a trouble: backlogs, starts, slow clocks."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from tests.contracts.kept import (
    LEASE,
    MINUTE,
    NOON,
    SECOND,
    a_job,
    an_alert,
    changed,
    committed,
    due,
    key,
    owed,
    registered,
)
from tests.contracts.meddling import meddle
from tocsin.alerts.alert import AlertState, Entry, Reason
from tocsin.alerts.group import Group
from tocsin.alerts.inhibition import Inhibited, Inhibitor
from tocsin.engine import sweeping
from tocsin.engine.auditing import Auditor, Threads
from tocsin.engine.configuration import Policy
from tocsin.engine.troubles import WORDS, Check
from tocsin.oncall.escalation import Climb, Level
from tocsin.oncall.escalation import Policy as Levels
from tocsin.rules.finding import Severity
from tocsin.store.auditing import AuditReading
from tocsin.store.rows import SetAside
from tocsin.store.sqlite import SqliteStore

WELL = Threads(server="me")
HOUR = timedelta(hours=1)
LEVELS = Levels(
    policy_id="p", name="p", levels=tuple(Level(name=name, targets=("a",)) for name in ("one", "two"))
)
CLIMB = Climb(policy=LEVELS, started_at=NOON, entered_at=NOON, changed_at=NOON, level=1)


class Audited:
    """A store, and an auditor that looks at it once a minute."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.store = SqliteStore(path)
        self.now = NOON
        self._auditor = Auditor(self.store)

    def look(self, threads: Threads = WELL, *, after: timedelta = MINUTE, lives: bool = True) -> list[str]:
        """Let time pass, and return which promises an audit then finds broken."""
        self.now += after
        if lives:
            with committed(self.store) as writing:
                writing.alive("me", self.now)
        return [trouble.check.value for trouble in self._auditor.audit(threads, Policy(), self.now)]

    def look_twice(self, threads: Threads = WELL) -> tuple[list[str], list[str]]:
        return self.look(threads), self.look(threads)


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Audited]:
    made = Audited(str(tmp_path / "tocsin.db"))
    yield made
    made.store.close()


def a_group(**changes: object) -> Group:
    plain = Group(id="g", key="g", receiver="team", labels=(), opened_at=NOON, severity=Severity.WARNING)
    return changed(plain, **changes)


def job_due(it: Audited, at: datetime | None) -> None:
    with committed(it.store) as writing:
        watch = writing.register([a_job()])[key()]
        writing.save([due(watch, at)])


def test_an_empty_store_is_clean(it: Audited) -> None:
    assert it.look_twice() == ([], [])


def test_a_job_that_lies_for_two_ticks_is_found_by_the_second_audit(it: Audited) -> None:
    job_due(it, NOON)
    assert it.look_twice() == ([], ["due_jobs"])

    job_due(it, it.now + MINUTE - 2 * SECOND)
    assert it.look() == []
    assert it.look(after=SECOND) == []
    assert it.look(after=SECOND) == ["due_jobs"]


def test_jobs_that_are_due_by_thousands_are_no_trouble_while_they_move(it: Audited) -> None:
    names = [f"job-{number}" for number in range(200)]
    with committed(it.store) as writing:
        watches = registered(writing, *names)
        writing.save([due(watch, NOON - HOUR) for watch in watches])
    ids = [watch.job.id for watch in watches]

    for start in range(0, 140, 10):
        with committed(it.store) as writing:
            moved = writing.watches_by_id(ids[start * 100 // 70 : start * 100 // 70 + 60])
            writing.save([due(watch, None) for watch in moved])
            rest = [one for one in writing.watches_by_id(ids) if one.due_at is not None]
            writing.save([due(one, NOON - HOUR + start * SECOND) for one in rest])
        assert it.look() == []


def test_being_behind_for_a_quarter_of_an_hour_is_a_trouble_though_it_moves(it: Audited) -> None:
    found = []
    for _ in range(15):
        job_due(it, it.now - HOUR)
        found.append(it.look())

    assert found == [[]] * 14 + [["late"]]
    job_due(it, None)
    assert it.look() == []


@pytest.mark.parametrize(
    ("threads", "check"),
    [
        (replace(WELL, store_fault="the disk is full"), "store"),
        (replace(WELL, is_judging=False), "judging"),
        (replace(WELL, since_tick_seconds=31.0), "judging"),
        (replace(WELL, is_delivering=False), "delivering"),
        (replace(WELL, since_handing_out_seconds=31.0), "delivering"),
    ],
)
def test_threads_that_stand_are_found(it: Audited, threads: Threads, check: str) -> None:
    assert it.look_twice(threads) == ([], [check])
    assert it.look() == []


def test_threads_that_wait_a_little_are_well(it: Audited) -> None:
    slow = replace(WELL, since_tick_seconds=30.0, since_handing_out_seconds=30.0)

    assert it.look_twice(slow) == ([], [])


def test_while_the_engine_stands_nothing_is_said_of_what_follows_from_that(it: Audited) -> None:
    job_due(it, NOON)
    stopped = replace(WELL, store_fault="the file is read-only", since_tick_seconds=600.0)

    assert it.look_twice(stopped) == ([], ["store"])
    assert it.look(stopped) == ["store"]


def test_what_was_found_before_the_engine_stood_is_not_taken_back_meanwhile(it: Audited) -> None:
    job_due(it, NOON)
    assert it.look_twice() == ([], ["due_jobs"])

    assert it.look(replace(WELL, is_judging=False)) == ["due_jobs"]
    assert it.look(replace(WELL, is_judging=False)) == ["judging", "due_jobs"]


def test_a_store_that_cannot_be_read_is_found(it: Audited, tmp_path: Path) -> None:
    assert it.look() == []
    meddle(it.path, "ALTER TABLE watches RENAME TO gone")

    found = [it.look(lives=False), it.look(lives=False)]

    assert found == [[], ["store"]]


def test_a_server_whose_signs_of_life_do_not_arrive_is_found(it: Audited) -> None:
    assert it.look() == []
    assert it.look(lives=False, after=MINUTE + SECOND) == []
    assert it.look(lives=False) == ["sign_of_life"]


def test_a_server_that_has_just_started_is_clean_before_its_first_sign_of_life(it: Audited) -> None:
    assert it.look(lives=False) == []
    assert it.look() == []


@pytest.mark.parametrize(
    ("group", "check"),
    [
        (a_group(waiting=1), "groups_at_rest"),
        (a_group(waiting=1, due_at=NOON), "due_groups"),
        (a_group(waiting=1, due_at=NOON + HOUR, aside_until=NOON + HOUR), "groups_aside"),
        (a_group(together_at=NOON, open=2, climb=CLIMB), "escalations"),
    ],
)
def test_groups_that_will_not_go_on_are_found(it: Audited, group: Group, check: str) -> None:
    with committed(it.store) as writing:
        writing.save_groups([group])

    assert it.look_twice() == ([], [check])
    with committed(it.store) as writing:
        writing.save_groups([changed(group, closed_at=NOON, due_at=None)])
    assert it.look() == []


def test_groups_that_rest_rightly_are_no_trouble(it: Audited) -> None:
    in_hand = a_group(together_at=NOON, open=2, taken=2)
    with committed(it.store) as writing:
        writing.save_groups([in_hand, a_group(id="h", key="h", waiting=3, due_at=NOON + HOUR)])

    assert it.look_twice() == ([], [])


def test_what_nobody_sends_is_found_and_what_a_slow_receiver_keeps_waiting_is_not(it: Audited) -> None:
    with committed(it.store) as writing:
        writing.save_alerts([an_alert("a", fingerprint="a"), an_alert("b", fingerprint="b")])
        writing.enqueue([owed("a", alert_id="a"), owed("b", alert_id="b")])
        writing.claim(NOON, lease_for=HOUR, limit=1, busy=())
    assert it.look_twice() == ([], [])

    with committed(it.store) as writing:
        writing.enqueue([owed("c", alert_id="a", target="other/slack")])
    assert it.look() == []
    assert it.look() == ["unclaimed", "no_fallback"]


def test_what_a_dead_deliverer_leaves_is_told_as_that_and_no_more(it: Audited) -> None:
    with committed(it.store) as writing:
        writing.save_alerts([an_alert()])
        writing.enqueue([owed("a")])
    dead = replace(WELL, is_delivering=False)

    assert it.look_twice(dead) == ([], ["delivering"])


def test_a_clock_that_is_known_to_be_behind_is_given_its_time(it: Audited) -> None:
    apart = replace(WELL, clocks_apart=HOUR)
    job_due(it, NOON - MINUTE)
    with committed(it.store) as writing:
        writing.save_alerts([an_alert()])
        writing.enqueue([owed("a")])
        writing.claim(NOON - 50 * MINUTE, lease_for=LEASE, limit=1, busy=())

    assert it.look_twice(apart) == ([], [])


def test_what_waits_without_its_fallback_and_what_is_owed_for_days_are_found(it: Audited) -> None:
    with committed(it.store) as writing:
        writing.save_alerts([an_alert()])
        writing.enqueue([owed("a", due_at=NOON + 90 * HOUR)])
    assert it.look() == []
    assert it.look() == []
    assert it.look() == []
    assert it.look() == ["no_fallback"]

    with committed(it.store) as writing:
        writing.set_fallback("a", "-")
    assert it.look() == []
    assert it.look(after=26 * HOUR) == []
    assert it.look() == ["owed"]


def test_of_many_firing_alerts_each_audit_takes_a_portion_and_looks_again_at_what_was_suspicious(
    it: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "PORTION", 3)
    monkeypatch.setattr(sweeping, "PORTIONS", 2)
    alerts = [an_alert(f"a{number:02}", fingerprint=f"{number}") for number in range(30)]
    with committed(it.store) as writing:
        writing.save_alerts(alerts)
        told = [owed(f"n{one.id}", alert_id=one.id, target=one.id) for one in alerts if one.id != "a20"]
        writing.enqueue(told)
    meddle(it.path, "UPDATE notifications SET state = 'sent', look_at = NULL, finished_at = 1")

    found = [it.look() for _ in range(7)]

    assert found == [[]] * 4 + [["unheard"]] * 3
    with committed(it.store) as writing:
        writing.enqueue([owed("late", alert_id="a20", due_at=it.now + HOUR, created_at=it.now)])
    assert it.look() == []


@pytest.mark.parametrize(("is_over", "found"), [(False, []), (True, ["unheard"])])
def test_what_is_still_muted_by_an_alert_that_is_over_is_found(
    it: Audited, *, is_over: bool, found: list[str]
) -> None:
    cause = an_alert("cause", fingerprint="print-2")
    ended = changed(cause, state=AlertState.RESOLVED, resolved_at=NOON)
    muted = Inhibited(by=Inhibitor(alert_id="cause", job="etl"), since_at=NOON)
    alert = changed(an_alert(), inhibited=muted)
    state, severity = AlertState.FIRING, Severity.WARNING
    entry = Entry(alert_id=alert.id, at=NOON, reason=Reason.INHIBITED, state=state, severity=severity)
    told = Entry(alert_id="cause", at=NOON, reason=Reason.JOB_PAUSED, state=state, severity=severity)
    with committed(it.store) as writing:
        writing.register([a_job()])
        writing.save_alerts([ended if is_over else cause, alert])
        writing.record([entry, told])

    assert it.look_twice() == ([], found)


def test_every_check_has_its_words() -> None:
    assert set(WORDS) == set(Check)


def test_a_question_that_raises_is_a_trouble_itself_and_costs_no_other(
    it: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> NoReturn:
        raise ZeroDivisionError("nobody foresaw this")

    job_due(it, NOON)
    assert it.look_twice() == ([], ["due_jobs"])
    monkeypatch.setattr(AuditReading, "lying_jobs", breaks)
    monkeypatch.setattr(sweeping.Sweep, "groups", breaks)
    with committed(it.store) as writing:
        writing.save_groups([a_group(due_at=NOON)])

    assert it.look_twice() == (["due_jobs"], ["due_jobs", "due_groups", "audit"])
    monkeypatch.undo()
    job_due(it, None)
    assert it.look() == ["due_groups"]


def test_what_is_set_aside_is_found_by_its_second_audit(it: Audited) -> None:
    with committed(it.store) as writing:
        item = SetAside(rule="digest of ops", job_id=0, at=NOON, until_at=NOON + HOUR, error="x")
        writing.save_set_aside(item)

    assert it.look_twice() == ([], ["set_aside"])
    assert it.look(after=HOUR) == []
