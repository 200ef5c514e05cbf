"""What one server lets out early, the other tells: as soon as it ticks, once, and wherever the two meet."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from tests.contracts.kept import NOON
from tests.contracts.several import PATIENCE_SECONDS, Servers, done
from tests.contracts.test_servers import HOUR, Server
from tocsin.alerts.route import Route
from tocsin.alerts.timeinterval import NamedInterval, TimeInterval
from tocsin.engine.commands import ExpireSilence
from tocsin.engine.configuration import Configuration
from tocsin.engine.work import Reconfigure
from tocsin.jobs.checkin import CheckInKind
from tocsin.rules.defaults import DEFAULT_RULES

MOMENT = timedelta(seconds=5)
OPEN = Configuration(
    digest="lifting",
    rules=DEFAULT_RULES,
    route=Route(receiver="team"),
    targets={"team": ("team",)},
    time_intervals={"always": NamedInterval(name="always", intervals=(TimeInterval(),))},
)
QUIET = replace(
    OPEN,
    route=Route(receiver="team", routes=(Route(receiver="team", mute_time_intervals=("always",)),)),
)


class Held:
    """A server whose next commit waits until it may go on."""

    def __init__(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server = server
        self.is_there, self.may_go_on = Event(), Event()
        writing = server.writer.rounds._writing  # noqa: SLF001 -- the one session of this server
        real = writing.commit

        def commit() -> None:
            if not self.is_there.is_set():
                self.is_there.set()
                assert self.may_go_on.wait(PATIENCE_SECONDS)
            real()

        monkeypatch.setattr(writing, "commit", commit)


def under(servers: Servers, configuration: Configuration) -> Server:
    server = Server(servers())
    reload(server, configuration)
    return server


def reload(server: Server, configuration: Configuration) -> None:
    server.writer.submit(Reconfigure(configuration=configuration))
    server.rest()


def a_little_later(*servers: Server) -> None:
    for _ in range(3):
        for server in servers:
            server.lives(MOMENT)


def test_a_silence_that_one_server_lifts_is_told_by_whichever_ticks_first(servers: Servers) -> None:
    one, other = under(servers, OPEN), under(servers, OPEN)
    silence = one.silences("etl")
    other.reports(CheckInKind.FAIL)
    a_little_later(one, other)
    assert one.owed == []

    one.order(ExpireSilence(silence_id=silence, who="kim"))
    a_little_later(other, one)

    assert one.owed == ["firing"]


def test_a_silence_that_is_lifted_while_the_other_server_judges_under_it_keeps_nothing_back(
    servers: Servers, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = under(servers, OPEN), under(servers, OPEN)
    silence = one.silences("etl")
    a_little_later(one, other)
    held = Held(other, monkeypatch)

    failing = pool.submit(other.reports, CheckInKind.FAIL)
    assert held.is_there.wait(PATIENCE_SECONDS)
    lifting = pool.submit(one.order, ExpireSilence(silence_id=silence, who="kim"))
    held.may_go_on.set()
    done(failing)
    done(lifting)
    a_little_later(one, other)

    assert one.owed == ["firing"]


def test_routes_that_one_server_opens_by_a_reload_tell_what_the_other_had_kept_back(servers: Servers) -> None:
    one, other = under(servers, QUIET), under(servers, QUIET)
    other.reports(CheckInKind.FAIL)
    a_little_later(one, other)
    assert one.owed == []

    reload(one, OPEN)
    reload(other, OPEN)
    a_little_later(other, one)

    assert one.owed == ["firing"]


def test_routes_that_are_opened_while_the_other_server_judges_under_the_old_ones_keep_nothing_back(
    servers: Servers, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = under(servers, QUIET), under(servers, QUIET)
    a_little_later(one, other)
    held = Held(other, monkeypatch)

    failing = pool.submit(other.reports, CheckInKind.FAIL)
    assert held.is_there.wait(PATIENCE_SECONDS)
    loading = pool.submit(reload, one, OPEN)
    held.may_go_on.set()
    done(failing)
    done(loading)
    reload(other, OPEN)
    a_little_later(one, other)

    assert one.owed == ["firing"]
    assert other.clock.at < NOON + HOUR
