"""Several servers on one PostgreSQL judge as if they were one."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Protocol

import pytest

from tests.contracts.kept import (
    LEASE,
    MINUTE,
    NOON,
    SECOND,
    an_alert,
    committed,
    due,
    key,
    owed,
    registered,
    tried,
)
from tests.contracts.several import Servers, done, transaction, wait_until_blocked
from tocsin.alerts.alert import AlertState
from tocsin.alerts.matcher import read_matcher
from tocsin.alerts.route import Route
from tocsin.engine.book import Book, RuleBook
from tocsin.engine.commands import AddSilence, Command, Done, ExpireSilence, Result
from tocsin.engine.configuration import Configuration
from tocsin.engine.draft import Draft
from tocsin.engine.standing_in import turn_overdue_to_fallback
from tocsin.engine.trial import trial_notifications
from tocsin.engine.work import Finish, Order, Reconfigure, Report
from tocsin.engine.writer import Writer
from tocsin.errors import StoreUnavailable
from tocsin.jobs.checkin import Answer, CheckIn, CheckInKind
from tocsin.notify.message import MessageKind, unpack
from tocsin.rules.defaults import DEFAULT_RULES
from tocsin.store.base import Store
from tocsin.store.rows import DeliveryOutcome, NotificationState
from tocsin.telemetry.metrics import Metrics

HOUR = timedelta(hours=1)
BEAT = timedelta(seconds=5)
NOW = timedelta()
IDS = count(1)


class ServerClock:
    """A clock of one machine, which the test sets."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class Server:
    """One server without its threads."""

    def __init__(self, store: Store, *, ahead: timedelta = timedelta()) -> None:
        self.clock = ServerClock(NOON + ahead)
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

    def reconfigures(self, digest: str) -> None:
        """Take up a configuration that judges otherwise."""
        known = self.writer.rounds.book.configuration
        self.writer.submit(Reconfigure(configuration=replace(known, digest=digest)))
        self.rest()

    def rest(self) -> None:
        for _ in range(1_000):
            if not self.writer.turn(0.0):
                return
        raise AssertionError("it finds no rest")

    def lives(self, span: timedelta) -> None:
        """Let so much time pass for this server alone, in one leap."""
        self.clock.at += span
        self.rest()

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
    def is_outdated(self) -> bool:
        return self.writer.rounds.is_outdated

    @property
    def owed(self) -> list[str]:
        """What is owed to anybody about any alert."""
        with self.store.reading() as reading:
            alerts = reading.alerts(states=AlertState, limit=100)
            return [owed.kind for alert in alerts for owed in reading.notifications(alert.id)]

    @property
    def blind(self) -> list[tuple[timedelta, timedelta]]:
        """The blind windows, by how long after noon they began and ended."""
        with committed(self.store) as writing:
            return [(w.from_at - NOON, w.to_at - NOON) for w in writing.blind(NOON - HOUR)]


class Start(Protocol):
    def __call__(self, *, ahead: timedelta = ...) -> Server: ...


@pytest.fixture
def server(servers: Servers) -> Start:
    """Starts a server, whose clock may be ahead of the true time."""
    return lambda *, ahead=timedelta(): Server(servers(), ahead=ahead)


def live_on(*servers: Server, until: timedelta) -> None:
    """Let time pass for all of these alike, as it does."""
    for _ in range(until // BEAT):
        for server in servers:
            server.lives(BEAT)


def test_a_silence_that_is_set_at_one_server_holds_at_once_at_the_other(
    server: Start,
) -> None:
    one, two = server(), server()

    one.silences("etl")
    two.reports(CheckInKind.FAIL)

    assert two.owed == []


def test_a_silence_that_is_expired_at_one_server_keeps_nothing_back_at_the_other(
    server: Start,
) -> None:
    one = server()
    silence = one.silences("etl")
    two = server()

    one.order(ExpireSilence(silence_id=silence, who="kim"))
    two.reports(CheckInKind.FAIL)

    assert two.owed == [MessageKind.FIRING.value]


def test_a_storm_at_two_servers_is_told_once(server: Start) -> None:
    one, other = server(), server()
    for number in range(12):
        (one, other)[number % 2].reports(CheckInKind.FAIL, f"job-{number}")
    assert one.owed == ["firing"]

    live_on(one, other, until=MINUTE)

    with one.store.reading() as reading:
        (group,) = reading.groups(10)
        told = reading.notifications(group.id)
        members = reading.alerts_of_group(group.id, after="", limit=100)
    assert one.owed == ["firing"]
    assert [unpack(owed.message).job for owed in told] == ["11 more jobs"]
    assert (group.open, len(members)) == (11, 11)

    for number in range(12):
        (other, one)[number % 2].reports(CheckInKind.SUCCESS, f"job-{number}", run="b")
    live_on(one, other, until=2 * MINUTE)

    with one.store.reading() as reading:
        assert reading.groups(10) == []
        assert [owed.kind for owed in reading.notifications(group.id)] == ["firing", "resolved"]


def test_servers_that_hear_of_a_storm_at_once_lose_nobody(server: Start) -> None:
    both = [server(), server()]
    with ThreadPoolExecutor(2) as pool:

        def fail(side: int) -> None:
            for number in range(30):
                both[side].reports(CheckInKind.FAIL, f"job-{side}-{number}")

        for future in [pool.submit(fail, side) for side in (0, 1)]:
            future.result(timeout=60)
    live_on(*both, until=MINUTE)

    with both[0].store.reading() as reading:
        (group,) = reading.groups(10)
        assert [unpack(owed.message).job for owed in reading.notifications(group.id)] == ["59 more jobs"]


def test_clocks_that_differ_make_no_blind_windows_and_are_told_of(server: Start) -> None:
    one = server()
    two = server(ahead=40 * SECOND)
    after_the_start = two.blind
    live_on(one, two, until=2 * MINUTE)

    assert one.blind == after_the_start == [(NOW, 40 * SECOND)]
    assert one.writer.rounds.living.apart >= 30 * SECOND
    assert two.writer.rounds.living.apart >= 30 * SECOND


def test_a_server_whose_file_another_server_has_gone_past_knows_it_until_they_judge_alike(
    server: Start,
) -> None:
    one, two = server(), server()
    live_on(one, two, until=BEAT)
    assert (one.is_outdated, two.is_outdated) == (False, False)

    two.reconfigures("two")
    live_on(one, two, until=3 * BEAT)
    assert (one.is_outdated, two.is_outdated) == (True, False)

    one.reconfigures("two")
    live_on(one, two, until=5 * BEAT)
    assert (one.is_outdated, two.is_outdated) == (False, False)


def test_clocks_that_agree_are_not_told_of(server: Start) -> None:
    one, two = server(), server()
    live_on(one, two, until=MINUTE)

    assert one.writer.rounds.living.apart == two.writer.rounds.living.apart == NOW
    assert one.blind == []


@pytest.mark.parametrize("ahead", [NOW, 20 * SECOND, -20 * SECOND])
def test_a_server_that_slept_was_not_blind_while_another_heard(server: Start, ahead: timedelta) -> None:
    one, two = server(), server(ahead=ahead)
    live_on(one, two, until=MINUTE)
    live_on(two, until=10 * MINUTE)
    one.lives(10 * MINUTE)

    assert one.blind == []


def test_what_nobody_heard_is_blind_once_from_the_last_sign_of_the_one_that_heard_longest(
    server: Start,
) -> None:
    one, two = server(), server(ahead=20 * SECOND)
    live_on(one, two, until=MINUTE)
    live_on(two, until=4 * MINUTE)
    one.lives(9 * MINUTE)
    two.lives(5 * MINUTE)
    live_on(one, two, until=MINUTE)

    assert one.blind == [(5 * MINUTE, 10 * MINUTE)]


def test_a_server_that_starts_beside_one_that_lives_is_not_blind_for_the_time_before(server: Start) -> None:
    one = server()
    live_on(one, until=10 * MINUTE)
    two = server(ahead=10 * MINUTE)
    live_on(one, two, until=MINUTE)

    assert one.blind == []


def test_a_server_that_starts_after_all_were_away_was_blind(server: Start) -> None:
    live_on(server(), until=MINUTE)
    two = server(ahead=10 * MINUTE)
    live_on(two, until=MINUTE)
    three = server(ahead=11 * MINUTE)

    assert three.blind == [(MINUTE, 10 * MINUTE)]


def test_a_note_of_a_clock_that_was_wrong_is_not_held_against_every_later_start(server: Start) -> None:
    server(ahead=4 * HOUR)
    server()
    again = server()

    assert len(again.blind) == 1


def test_servers_that_turn_to_a_fallback_lock_jobs_in_the_order_in_which_all_do(
    servers: Servers, pool: ThreadPoolExecutor, empty_schema: str
) -> None:
    one, two = servers(), servers()
    configuration = Configuration(
        digest="", rules=(), route=Route(receiver="all"), targets={"all": ("all",), "kim": ("kim",)}
    )
    book = Book(configuration=configuration, version=0, rule_book=RuleBook(()))
    with committed(one) as writing:
        jobs = registered(writing, "a", "b")
        for number, watch in enumerate(jobs):
            alert = f"alert-{number}"
            writing.save_alerts([an_alert(alert, fingerprint=alert, job_id=watch.job.id)])
            writing.enqueue(trial_notifications(alert, ["kim"], "ada", NOON - number * SECOND))
    first, second = (watch.job.id for watch in jobs)

    def turn() -> int:
        with committed(two) as writing:
            return turn_overdue_to_fallback(Draft(writing, book, NOON + HOUR, str))

    with transaction(one) as holding:
        holding.watches_by_id([first])
        turning = pool.submit(turn)
        wait_until_blocked(empty_schema)
        holding.watches_by_id([second])
        holding.commit()

    assert done(turning) == 2


def test_who_settles_a_try_that_failed_for_good_is_in_nobody_elses_way(
    server: Start, pool: ThreadPoolExecutor, empty_schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = server(), server()
    undone: list[str] = []
    monkeypatch.setattr(two.writer.rounds, "forget", lambda: undone.append("a transaction"))
    with committed(one.store) as writing:
        (watch,) = registered(writing, "etl")
        writing.save_alerts([an_alert(job_id=watch.job.id)])
        writing.enqueue(trial_notifications("alert-1", ["kim"], "ada", NOON))
        (sent,) = writing.claim(NOON, lease_for=LEASE, limit=1, busy=())
    failed = replace(tried(sent, NotificationState.DEAD), outcome=DeliveryOutcome.FAILED)
    two.writer.submit(Finish(deliveries=(failed,)))

    with transaction(one.store) as holding:
        holding.watches_by_id([watch.job.id])
        settling = pool.submit(two.rest)
        wait_until_blocked(empty_schema)
        holding.enqueue([owed("later", seq=2)])
        holding.commit()
    done(settling)

    assert undone == []
    with one.store.reading() as reading:
        told = {(o.target, o.state) for o in reading.notifications("alert-1")}
    assert ("kim", NotificationState.DEAD) in told
    assert ("team", NotificationState.PENDING) in told


def test_a_server_waits_a_moment_for_what_another_has_in_hand_instead_of_asking_without_end(
    server: Start, servers: Servers
) -> None:
    one = server()
    one.reports(CheckInKind.START)
    with committed(servers()) as writing:
        found = writing.watches([key()])
        writing.save([due(watch, NOON) for watch in found.values()])
    one.clock.at += SECOND
    with transaction(servers()) as writing:
        writing.due(one.clock.at, 10)

        one.writer.next_due_at = None
        is_busy = one.writer.turn(0.0)

    assert not is_busy
    one.lives(SECOND)
    with one.store.reading() as reading:
        watch = reading.job(key())
    assert watch is not None
    assert watch.due_at is not None
    assert watch.due_at > one.clock.at
