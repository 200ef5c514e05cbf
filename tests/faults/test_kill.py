"""The real server is killed again and again at its work: nothing is lost, nothing is told under a new key."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from threading import Event

import pytest

from tests.faults.hook import Hook
from tests.faults.reporters import Reporter, Taken
from tests.faults.served import Served, write_config
from tocsin.clock import monotonic
from tocsin.engine.configuration import Policy
from tocsin.jobs.job import JobKey
from tocsin.notify.retry import BACKOFF_SECONDS, JITTER_SHARE
from tocsin.store.base import Store
from tocsin.store.postgres import PostgresStore
from tocsin.store.sqlite import SqliteStore

KILLS = 20
KILLS_BESIDE_ANOTHER = 12
SOAK_KILLS = 300
REPORTERS = 3
LONGEST_LIFE_SECONDS = 0.4
BUSY_MESSAGES = 3
BUSY_SECONDS = 20.0
# Of some thousand messages a few are refused several times in a row, and wait longer each time; one that was
# being sent by who was killed waits for its lease as well; and the end of a trouble waits for its beginning.
# So no fixed time is long enough for all, but what is owed is known: it is waited for as long as anything is,
# and what has not arrived by then is lost. Six refusals in a row, twice over, are one in a million millions.
OWED_SECONDS = 2 * (Policy().lease_for.total_seconds() + (1 + JITTER_SHARE) * sum(BACKOFF_SECONDS))
GLANCE_SECONDS = 1.0


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as hook:
        yield hook


@pytest.mark.timeout(700)
def test_nothing_is_lost_when_the_server_on_its_file_is_killed(tmp_path: Path, hook: Hook) -> None:
    path = tmp_path / "tocsin.db"

    taken = killed_again_and_again(tmp_path, hook, str(path), KILLS)

    everything_was_told(hook, taken)
    everything_is_in_the_log(SqliteStore(str(path)), taken)


@pytest.mark.timeout(700)
def test_nothing_is_lost_when_the_server_on_postgres_is_killed(
    tmp_path: Path, hook: Hook, fresh_postgres: str
) -> None:
    taken = killed_again_and_again(tmp_path, hook, fresh_postgres, KILLS)

    everything_was_told(hook, taken)
    everything_is_in_the_log(PostgresStore(fresh_postgres), taken)


@pytest.mark.timeout(700)
def test_two_servers_on_one_database_tell_everything_once_though_one_is_killed(
    tmp_path: Path, hook: Hook, fresh_postgres: str
) -> None:
    taken = killed_again_and_again(tmp_path, hook, fresh_postgres, KILLS_BESIDE_ANOTHER, with_another=True)

    everything_was_told(hook, taken)
    everything_is_in_the_log(PostgresStore(fresh_postgres), taken)


@pytest.mark.soak
def test_nothing_is_lost_in_hundreds_of_kills(tmp_path: Path, hook: Hook, fresh_postgres: str) -> None:
    for name, database in (("file", str(tmp_path / "tocsin.db")), ("postgres", fresh_postgres)):
        folder = tmp_path / name
        folder.mkdir()
        with Hook(seed=1) as own:
            taken = killed_again_and_again(folder, own, database, SOAK_KILLS)
            everything_was_told(own, taken)


def killed_again_and_again(
    folder: Path, hook: Hook, database: str, kills: int, *, with_another: bool = False
) -> list[Taken]:
    """Kill a server that is busy, start it again, and in the end let all that is owed be delivered."""
    config, chance, pause = write_config(folder, hook.url), Random(kills), Event()
    victim = Served(folder, config, database)
    servers = [victim, Served(folder, config, database)] if with_another else [victim]
    for server in servers:
        server.start()
    reporters = [Reporter(number, servers) for number in range(REPORTERS)]
    try:
        for reporter in reporters:
            reporter.start()
        for _ in range(kills):
            assert hook.wait_for_more(BUSY_MESSAGES, BUSY_SECONDS), f"it tells nothing:\n{victim.log()}"
            pause.wait(chance.uniform(0.0, LONGEST_LIFE_SECONDS))
            victim.kill()
            victim.start()
        for reporter in reporters:
            reporter.stop()
        taken = [one for reporter in reporters for one in reporter.taken]
        everything_owed_is_sent(hook, taken, victim)
    finally:
        for server in servers:
            server.kill()
    return taken


def everything_owed_is_sent(hook: Hook, taken: Sequence[Taken], server: Served) -> None:
    """Wait until everything was told; fail with what is known of the rest as soon as nothing more is owed."""
    until, owed = monotonic() + OWED_SECONDS, 1
    while not hook.wait_until(lambda: not untold(hook, taken), GLANCE_SECONDS):
        lost = sorted(untold(hook, taken))
        assert owed or not lost, f"lost: {lost}\n{what_became_of(lost[:3], server)}\n{server.log()}"
        assert monotonic() < until, f"still owed: {lost}\n{what_became_of(lost[:3], server)}\n{server.log()}"
        owed = server.ask("GET", "/api/v1/health").json["notifications_pending"]


def what_became_of(jobs: Sequence[str], server: Served) -> str:
    """Return what a server says of the runs of some jobs, and of all that was decided and owed of them."""
    asked = (
        f"/api/v1/{what}" for job in jobs for what in (f"jobs/production/{job}/runs", f"history?job={job}")
    )
    return "\n".join(server.ask("GET", path).body.decode() for path in asked)


def untold(hook: Hook, taken: Sequence[Taken]) -> set[str]:
    """Return the jobs whose failure or recovery did not arrive."""
    failed = {one.job for one in taken if one.kind == "fail"} - hook.of("firing").keys()
    return failed | ({one.job for one in taken if one.kind == "success"} - hook.of("resolved").keys())


def everything_was_told(hook: Hook, taken: Sequence[Taken]) -> None:
    """Each failure under one key and each recovery under one; a repeat says so and is the same."""
    assert taken
    for kind in ("firing", "resolved"):
        assert [job for job, keys in hook.of(kind).items() if len(keys) > 1] == []
    seen: dict[str, str] = {}
    for got in tuple(hook.got):
        assert seen.setdefault(got.key, got.content) == got.content
    arrived = Counter(got.key for got in hook.got)
    marked = Counter(got.key for got in hook.got if got.may_repeat)
    assert [key for key, count in arrived.items() if count - marked[key] > 1] == []
    closed = {got.alert for got in hook.got if got.kind == "resolved"}
    recovered = {one.job for one in taken if one.kind == "success"}
    assert {got.alert for got in hook.got if got.kind == "firing" and got.job in recovered} <= closed


def everything_is_in_the_log(store: Store, taken: Sequence[Taken]) -> None:
    """Each check-in that was taken stands in the log once."""
    try:
        with store.reading() as reading:
            for job in sorted({one.job for one in taken}):
                watch = reading.job(JobKey("production", job))
                assert watch is not None
                lines = reading.log(watch.job.id, before=None, limit=100)
                kept = Counter((line.check_in.run, line.check_in.seq) for line in lines)
                assert kept == Counter((one.run, one.seq) for one in taken if one.job == job)
    finally:
        store.close()
