"""What a store lists and adds up of the past, beside what is reckoned by hand from the same history."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import product
from math import ceil

import pytest

from tests.contracts.kept import MINUTE, NOON, an_alert, committed, owed, registered
from tests.contracts.pasts import END, SINCE, UNTIL, History, is_of_drill, keep, made_up
from tests.contracts.test_store_drills import a_drill
from tocsin.alerts.alert import Alert, Entry
from tocsin.rules.finding import Severity
from tocsin.store.base import Reading, Store
from tocsin.store.past import DrillCounts, Place
from tocsin.store.rows import Notification, NotificationState


@pytest.fixture(params=[1, 2])
def history(request: pytest.FixtureRequest, store: Store) -> History:
    """A history that the store has kept."""
    made = made_up(request.param)
    keep(store, made, random.Random(request.param))
    return made


@pytest.fixture
def reading(store: Store, history: History) -> Iterator[Reading]:
    """A session that reads it."""
    with store.reading() as session:
        yield session


def test_alerts_are_counted_by_rule_condition_and_severity(reading: Reading, history: History) -> None:
    wanted: dict[tuple[str, str, Severity], Counter[str]] = {}
    for alert in history.within:
        counts = wanted.setdefault((alert.rule, alert.condition, alert.severity), Counter())
        taken = history.first_taken(alert) is not None
        counts["all"] += 1
        counts["taken"] += taken
        counts["by hand"] += bool(alert.resolved_by) and not taken
        counts["open"] += alert.is_open

    found = {
        (one.rule, one.condition, one.severity): Counter(
            {"all": one.count, "taken": one.taken, "by hand": one.by_hand, "open": one.open}
        )
        for one in reading.opened(SINCE, UNTIL)
    }

    assert found == wanted
    assert sum(counts["by hand"] for counts in wanted.values()) > 0


def test_alerts_are_counted_by_quarters_of_an_hour(reading: Reading, history: History) -> None:
    wanted = Counter(
        alert.opened_at.replace(minute=alert.opened_at.minute // 15 * 15, second=0, microsecond=0)
        for alert in history.within
    )

    assert reading.opened_in_quarters(SINCE, UNTIL) == sorted(wanted.items())


def test_the_noisiest_jobs_come_first(reading: Reading, history: History) -> None:
    wanted = Counter(alert.job_id for alert in history.within)
    ranked = sorted(wanted.items(), key=lambda pair: (-pair[1], pair[0]))

    found = reading.noisiest_jobs(SINCE, UNTIL, 3)

    assert [(one.job_id, one.count) for one in found] == ranked[:3]
    assert {(one.environment, one.job) for one in found} == {("production", "etl")}


def by_nearest_rank(lengths: Sequence[float], share: float) -> float:
    ranked = sorted(lengths)
    return ranked[ceil(share * len(ranked)) - 1]


Ending = Callable[[History, Alert], datetime | None]


@pytest.mark.parametrize(
    ("what", "ending"),
    [
        ("until_taken", History.first_taken),
        ("until_over", lambda _, alert: alert.resolved_at),
    ],
)
def test_lengths_are_those_of_the_nearest_rank(
    reading: Reading, history: History, what: str, ending: Ending
) -> None:
    lengths: dict[Severity | None, list[float]] = {}
    for alert in history.within:
        end = ending(history, alert)
        if end is not None:
            for severity in (None, alert.severity):
                lengths.setdefault(severity, []).append((end - alert.opened_at).total_seconds())

    found = {one.severity: one for one in getattr(reading, what)(SINCE, UNTIL)}

    assert found.keys() == lengths.keys()
    for severity, own in lengths.items():
        one = found[severity]
        wanted = (len(own), by_nearest_rank(own, 0.5), by_nearest_rank(own, 0.9))
        assert (one.count, one.median_seconds, one.p90_seconds) == pytest.approx(wanted)


def test_what_nobody_dealt_with_is_listed_worst_and_longest_first(reading: Reading, history: History) -> None:
    left = [a for a in history.within if history.first_taken(a) is None and not a.resolved_by]

    def rank(alert: Alert) -> tuple[int, float, str]:
        end = alert.resolved_at.timestamp() if alert.resolved_at is not None else float("inf")
        return -int(alert.severity), alert.opened_at.timestamp() - end, alert.id

    found = reading.not_taken(SINCE, UNTIL, 1_000)

    assert {a.id for a in found} == {a.id for a in left}
    ends = [a for a in found if a.resolved_at is not None]
    assert [a.id for a in ends] == [a.id for a in sorted(ends, key=rank)]
    assert [int(a.severity) for a in found] == sorted((int(a.severity) for a in left), reverse=True)
    assert [a.id for a in reading.not_taken(SINCE, UNTIL, 3)] == [a.id for a in found[:3]]


def test_decisions_are_counted_by_reason_and_what_was_kept_back_by_job(
    reading: Reading, history: History
) -> None:
    of_span = [e for e in history.entries if SINCE <= e.at < UNTIL and not is_of_drill(e.alert_id)]
    assert len(of_span) < sum(SINCE <= entry.at < UNTIL for entry in history.entries)
    wanted = Counter((entry.reason.value, entry.kept_back) for entry in of_span)
    jobs = {alert.id: alert.job_id for alert in history.alerts}
    held = Counter(jobs[entry.alert_id] for entry in of_span if entry.kept_back)

    found = reading.tallies(SINCE, UNTIL)

    assert {(one.reason, one.kept_back): one.count for one in found} == wanted
    ranked = sorted(held.items(), key=lambda pair: (-pair[1], pair[0]))
    assert [(one.job_id, one.count) for one in reading.most_kept_back(SINCE, UNTIL, 2)] == ranked[:2]


def test_notifications_are_counted_by_target_and_kind_and_the_dead_apart(
    reading: Reading, history: History
) -> None:
    both = [one for one in history.owed if SINCE <= one.created_at < UNTIL]
    of_span = [one for one in both if not is_of_drill(one.alert_id)]
    of_drills = [one for one in both if is_of_drill(one.alert_id)]
    wanted = Counter((one.target, one.kind) for one in of_span)

    found = reading.owed_counts(SINCE, UNTIL)

    assert {(one.target, one.kind): one.count for one in found} == wanted
    assert reading.dead_count(SINCE, UNTIL) == sum(one.key in history.dead for one in of_span)
    drills = reading.drill_counts(SINCE, UNTIL)
    assert (drills.owed, drills.dead) == (len(of_drills), sum(one.key in history.dead for one in of_drills))
    assert drills.owed > 0


def test_drills_are_counted_by_when_they_began_and_whether_they_were_proved(store: Store) -> None:
    with committed(store) as writing:
        for number, at in enumerate((SINCE - MINUTE, SINCE, UNTIL - MINUTE, UNTIL)):
            over = replace(a_drill(f"over-{number}"), started_at=at, over_at=at)
            writing.save_drill(over)
            writing.save_drill(replace(over, id=f"failed-{number}", faults=("nobody heard",)))
        writing.save_drill(replace(a_drill("running"), started_at=SINCE))

    with store.reading() as reading:
        drills = reading.drill_counts(SINCE, UNTIL)

    assert (drills.begun, drills.failed, drills.owed, drills.dead) == (5, 2, 0, 0)


def test_each_rule_is_known_by_when_it_last_fired(reading: Reading, history: History) -> None:
    wanted: dict[str, datetime] = {}
    for alert in history.alerts:
        if alert.opened_at < UNTIL and not is_of_drill(alert.id):
            wanted[alert.rule] = max(wanted.get(alert.rule, alert.opened_at), alert.opened_at)

    assert dict(reading.last_fired(UNTIL)) == wanted


def test_decisions_are_listed_newest_first_page_by_page(reading: Reading, history: History) -> None:
    flags = (None, True, False)
    for job_id, kept_back, acted, name in product((None, 2, 99), flags, flags, ("", "kim", "nobody")):
        wanted = [
            entry
            for entry in history.entries
            if SINCE <= entry.at < UNTIL
            and job_id in (None, history.job_of(entry))
            and kept_back in (None, entry.kept_back)
            and acted in (None, bool(entry.who))
            and (not name or entry.kept_back or entry.who == name)
        ]
        found: list[Entry] = []
        place = Place(at=UNTIL)
        while page := reading.decisions(
            SINCE, place, job_id=job_id, kept_back=kept_back, acted=acted, name=name, limit=7
        ):
            found += [one.entry for one in page]
            assert all(one.alert.id == one.entry.alert_id for one in page)
            place = Place(at=page[-1].entry.at, id=page[-1].id)

        assert Counter(found) == Counter(wanted)
        assert [entry.at for entry in found] == sorted((entry.at for entry in wanted), reverse=True)


def test_notifications_are_listed_newest_first_page_by_page(reading: Reading, history: History) -> None:
    names: tuple[tuple[str, ...], ...] = ((), ("team",), ("team", "ada"), ("te",), ("team/%",))
    for job_id, receivers, states in product((None, 2, 99), names, ((), (NotificationState.DEAD,))):
        _see_owed(reading, history, job_id, receivers, states)


def _see_owed(
    reading: Reading,
    history: History,
    job_id: int | None,
    receivers: tuple[str, ...],
    states: tuple[NotificationState, ...],
) -> None:
    jobs = {alert.id: alert.job_id for alert in history.alerts}
    wanted = {
        one.key
        for one in history.owed
        if SINCE <= one.created_at < UNTIL
        and job_id in (None, jobs[one.alert_id])
        and (not receivers or one.target.split("/")[0] in receivers)
        and (not states or one.key in history.dead)
    }
    found: list[Notification] = []
    place = Place(at=UNTIL)
    while page := reading.owed(SINCE, place, job_id=job_id, receivers=receivers, states=states, limit=5):
        found += [one.notification for one in page]
        place = Place(at=page[-1].notification.created_at, id=page[-1].id)

    assert sorted(one.key for one in found) == sorted(wanted)
    assert [one.created_at for one in found] == sorted((one.created_at for one in found), reverse=True)
    assert {one.message for one in found} <= {""}


def test_what_a_group_was_told_as_one_is_found_by_the_job_of_each_of_its_alerts(store: Store) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        writing.save_alerts([an_alert(job_id=watch.job.id)])
        writing.add_to_groups([("g1", "alert-1")])
        writing.enqueue([owed("g1-1", alert_id="g1"), owed("other", alert_id="g2")])

    with store.reading() as reading:
        found = reading.owed(NOON, Place(at=END), job_id=watch.job.id, limit=10)

    assert [one.notification.key for one in found] == ["g1-1"]


def test_an_empty_store_adds_up_to_nothing(store: Store) -> None:
    with store.reading() as reading:
        lists = (
            reading.opened(NOON, END),
            reading.opened_in_quarters(NOON, END),
            reading.noisiest_jobs(NOON, END, 5),
            reading.not_taken(NOON, END, 5),
            reading.until_taken(NOON, END),
            reading.until_over(NOON, END),
            reading.tallies(NOON, END),
            reading.most_kept_back(NOON, END, 5),
            reading.owed_counts(NOON, END),
            reading.last_fired(END),
            reading.decisions(NOON, Place(at=END), limit=5),
            reading.owed(NOON, Place(at=END), limit=5),
        )
        assert [one for one in lists if one] == []
        assert (reading.dead_count(NOON, END), reading.note("x")) == (0, None)
        assert reading.drill_counts(NOON, END) == DrillCounts()
