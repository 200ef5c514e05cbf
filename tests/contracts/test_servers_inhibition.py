"""What one of several servers hears of a job mutes what another one hears of those that need it."""

from datetime import timedelta

import pytest

from tests.contracts.several import Servers
from tests.contracts.test_servers import Server, live_on
from tocsin.engine.commands import Define
from tocsin.engine.work import Report
from tocsin.jobs.checkin import CheckIn, CheckInKind, Records
from tocsin.jobs.job import Definition, JobKey
from tocsin.notify.message import MessageKind

MOMENT = timedelta(seconds=40)


@pytest.fixture
def two(servers: Servers) -> tuple[Server, Server]:
    """Two servers that know of a report which needs an extract."""
    one, other = Server(servers()), Server(servers())
    definition = Definition(upstream=("extract",))
    one.order(Define(job=JobKey("production", "report"), definition=definition, who="kim"))
    return one, other


def reports_nothing(server: Server, job: str) -> None:
    now = server.clock.now()
    check_in = CheckIn(
        job=job, run="b", kind=CheckInKind.SUCCESS, at=now, received_at=now, records=Records(ok=0)
    )
    server.writer.submit(Report(check_ins=[check_in], reply=lambda _: None))
    server.rest()


def test_what_one_server_hears_mutes_what_the_other_hears(two: tuple[Server, Server]) -> None:
    one, other = two
    one.reports(CheckInKind.FAIL, "extract")

    reports_nothing(other, "report")
    live_on(one, other, until=MOMENT)

    assert other.owed == [MessageKind.FIRING.value]


def test_its_end_at_one_server_frees_what_the_other_has_muted_and_once(two: tuple[Server, Server]) -> None:
    one, other = two
    one.reports(CheckInKind.FAIL, "extract")
    reports_nothing(other, "report")

    one.reports(CheckInKind.SUCCESS, "extract", run="c")
    live_on(one, other, until=MOMENT)

    assert sorted(other.owed) == ["firing", "firing", "resolved"]


def test_what_the_other_hears_a_moment_later_mutes_it_as_well(two: tuple[Server, Server]) -> None:
    one, other = two
    reports_nothing(other, "report")
    one.reports(CheckInKind.FAIL, "extract")

    live_on(one, other, until=MOMENT)

    assert other.owed == [MessageKind.FIRING.value]
