"""A group of alerts that cannot be read: whom it spoke for is told all the same, on either store."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.contracts.kept import NOON, Place
from tests.contracts.test_servers import Server
from tests.contracts.test_store_unreadable import carry_out
from tocsin.alerts.alert import AlertState
from tocsin.engine.auditing import Auditor, Threads
from tocsin.engine.troubles import Check
from tocsin.jobs.checkin import CheckInKind

DAMAGED = '{"pace": 7}'
SECOND = timedelta(seconds=1)


@pytest.fixture
def server(place: Place) -> Iterator[Server]:
    """One on either store, with ten jobs that have failed at noon, nine of which wait in a group."""
    server = Server(place.open())
    for number in range(10):
        server.reports(CheckInKind.FAIL, job=f"job-{number}")
    yield server
    server.store.close()


def told(server: Server) -> list[tuple[str, str]]:
    """Return what is owed to anybody, by what it is about and its kind; `many`: of a group."""
    with server.store.reading() as reading:
        alerts = {alert.id: alert.job for alert in reading.alerts(states=tuple(AlertState), limit=100)}
        groups = {group.id: "many" for group in reading.groups(100)}
        subjects = {**alerts, **groups}
        return sorted((subjects[i], one.kind) for i in subjects for one in reading.notifications(i))


def test_alerts_that_wait_in_it_are_told_with_others(place: Place, server: Server) -> None:
    carry_out(place, "UPDATE alert_groups SET body = %s", DAMAGED)

    server.lives(31 * SECOND)
    server.lives(31 * SECOND)

    found = told(server)
    assert ("job-0", "firing") in found
    assert ("many", "firing") in found
    assert len([one for one in found if one[0] != "job-0"]) == 2


def test_alerts_that_it_had_told_are_told_anew_and_so_is_their_end(place: Place, server: Server) -> None:
    server.lives(31 * SECOND)
    carry_out(place, "UPDATE alert_groups SET body = %s", DAMAGED)

    server.reports(CheckInKind.FAIL, job="job-1", run="b")
    server.lives(31 * SECOND)
    with server.store.reading() as reading:
        (group,) = reading.groups(10)
        assert [one.kind for one in reading.notifications(group.id)] == ["firing"]
    for number in range(10):
        server.reports(CheckInKind.SUCCESS, job=f"job-{number}", run="c")

    with server.store.reading() as reading:
        assert [one.kind for one in reading.notifications(group.id)] == ["firing", "resolved"]


def test_an_audit_goes_on_beside_it_and_finds_whom_it_leaves_untold(place: Place, server: Server) -> None:
    carry_out(place, "UPDATE alert_groups SET body = %s, due_at = NULL", DAMAGED)
    auditor = Auditor(server.store)
    threads = Threads(server=server.writer.rounds.living.server)
    policy = server.writer.rounds.book.configuration.policy

    def audited(minutes: int) -> set[Check]:
        server.clock.at = NOON + timedelta(minutes=minutes)
        return {one.check for one in auditor.audit(threads, policy, server.clock.at)}

    assert audited(2) == set()
    found = audited(3)
    assert Check.UNHEARD in found
    assert Check.STORE not in found
