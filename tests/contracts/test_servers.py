"""Several servers on one PostgreSQL judge as if they were one."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

import pytest

from tests.contracts.kept import NOON
from tests.contracts.several import Servers
from tocsin.alerts.alert import AlertState
from tocsin.alerts.matcher import read_matcher
from tocsin.alerts.route import Route
from tocsin.engine.commands import AddSilence, Command, Done, ExpireSilence, Result
from tocsin.engine.configuration import Configuration
from tocsin.engine.work import Order, Report
from tocsin.engine.writer import Writer
from tocsin.errors import StoreUnavailable
from tocsin.jobs.checkin import Answer, CheckIn, CheckInKind
from tocsin.notify.message import MessageKind
from tocsin.rules.defaults import DEFAULT_RULES
from tocsin.store.postgres import PostgresStore
from tocsin.telemetry.metrics import Metrics

HOUR = timedelta(hours=1)
IDS = count(1)


class ServerClock:
    """A clock of one machine, which the test sets."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class Server:
    """One server without its threads."""

    def __init__(self, store: PostgresStore) -> None:
        self.clock = ServerClock()
        self.store = store
        self.writer = Writer(
            store.writing(),
            Configuration(
                digest="one", rules=DEFAULT_RULES, route=Route(receiver="team"), targets={"team": ("team",)}
            ),
            clock=self.clock,
            new_id=lambda: f"id-{next(IDS)}",
            metrics=Metrics(self.clock),
            on_outbox=lambda: None,
        )
        self.rest()

    def rest(self) -> None:
        for _ in range(1_000):
            if not self.writer.turn(0.0):
                return
        raise AssertionError("it finds no rest")

    def reports(self, kind: CheckInKind, job: str = "etl", run: str = "a") -> Answer:
        got: list[tuple[Answer, ...] | StoreUnavailable] = []
        now = self.clock.now()
        check_in = CheckIn(job=job, run=run, kind=kind, at=now, received_at=now)
        self.writer.submit(Report(check_ins=[check_in], reply=got.append))
        self.rest()
        assert isinstance(got[0], tuple), got
        return got[0][0]

    def order(self, command: Command) -> Done:
        got: list[Result | StoreUnavailable] = []
        self.writer.submit(Order(command=command, reply=got.append))
        self.rest()
        assert isinstance(got[0], Done), got
        return got[0]

    def silences(self, job: str) -> str:
        matchers = (read_matcher(f"job={job}"),)
        silence = AddSilence(matchers=matchers, starts_at=self.clock.at, ends_at=NOON + HOUR, who="kim")
        return self.order(silence).id or ""

    @property
    def owed(self) -> list[str]:
        """What is owed to anybody about any alert."""
        with self.store.reading() as reading:
            alerts = reading.alerts(states=AlertState, limit=100)
            return [owed.kind for alert in alerts for owed in reading.notifications(alert.id)]


@pytest.fixture
def server(servers: Servers) -> Callable[[], Server]:
    return lambda: Server(servers())


def test_a_silence_that_is_set_at_one_server_holds_at_once_at_the_other(
    server: Callable[[], Server],
) -> None:
    one, two = server(), server()

    one.silences("etl")
    two.reports(CheckInKind.FAIL)

    assert two.owed == []


def test_a_silence_that_is_expired_at_one_server_keeps_nothing_back_at_the_other(
    server: Callable[[], Server],
) -> None:
    one = server()
    silence = one.silences("etl")
    two = server()

    one.order(ExpireSilence(silence_id=silence, who="kim"))
    two.reports(CheckInKind.FAIL)

    assert two.owed == [MessageKind.FIRING.value]
