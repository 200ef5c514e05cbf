"""A configuration is read again while the server runs: a bad one changes nothing, its faults are named."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.hook import Hook
from tests.faults.served import PATIENCE_SECONDS, Served

NIGHTLY = "/api/v1/jobs/production/nightly"
KEPT = "the configuration is kept as it was"
UNKNOWN_RECEIVER = """\
jobs:
  nightly: {runbook: 'https://example.com/bad'}
route: {receiver: hok}
receivers: [{name: hook, console: {}}]
"""
TWO_MISTAKES = """\
jobs:
  nightly:
    runbook: 'https://example.com/bad'
    schedul: '0 2 * * *'
    max_duration_minutes: -1
"""
NO_YAML = """\
jobs:
  nightly: [
"""
NO_SECRET = """\
route: {receiver: hook}
receivers:
  - {name: hook, webhook: {url: 'file:nowhere'}}
"""
BAD = (
    (UNKNOWN_RECEIVER, (":3:9: route.receiver: no receiver is called 'hok'; did you mean hook?",)),
    (TWO_MISTAKES, (":4:5: jobs.nightly.schedul", ":5:5: jobs.nightly.max_duration_minutes")),
    (NO_YAML, (":3",)),
    (NO_SECRET, (":3:28: receivers[0].webhook.url", "nowhere")),
)


def good(hook: str, *, version: str) -> str:
    return (
        f"jobs:\n  nightly: {{runbook: 'https://example.com/{version}'}}\n"
        "route: {receiver: hook, group_by: ['...']}\n"
        f"receivers:\n  - {{name: hook, webhook: {{url: '{hook}'}}}}\n"
    )


@pytest.fixture
def hooks() -> Iterator[tuple[Hook, Hook]]:
    with Hook(moods=False) as before, Hook(moods=False) as after:
        yield before, after


@pytest.fixture
def server(tmp_path: Path, hooks: tuple[Hook, Hook]) -> Iterator[Served]:
    config = tmp_path / "tocsin.yaml"
    config.write_text(good(hooks[0].url, version="one"))
    server = Served(tmp_path, config, str(tmp_path / "tocsin.db"))
    server.start()
    yield server
    server.kill()


def fails(server: Served, job: str) -> None:
    said = {"job": job, "run": f"{job}-1", "seq": 1, "kind": "fail"}
    assert server.ask("POST", "/api/v1/check-ins", json.dumps(said).encode()).status == 202


def told(hook: Hook, job: str) -> bool:
    return hook.wait_until(lambda: job in hook.of("firing"), PATIENCE_SECONDS)


def runbook(server: Served) -> str:
    found: str = server.ask("GET", NIGHTLY).json["definition"]["runbook"]
    return found


def test_bad_configurations_between_good_ones_change_nothing_and_name_their_lines(
    server: Served, hooks: tuple[Hook, Hook], tmp_path: Path
) -> None:
    before, after = hooks
    config = tmp_path / "tocsin.yaml"
    server.wait_until("GET", NIGHTLY, None, 200)
    fails(server, "first")
    assert told(before, "first"), server.log()

    for number, (text, named) in enumerate(BAD, start=1):
        config.write_text(text)
        server.reload()
        log = server.wait_for_log(KEPT, times=number)
        said = log.rpartition(KEPT)[2]
        assert all(words in said for words in (str(config), *named)), log
        fails(server, f"meanwhile-{number}")
        assert told(before, f"meanwhile-{number}"), server.log()
        assert runbook(server) == "https://example.com/one"
        page = server.ask("GET", "/jobs/production/nightly")
        assert (page.status, b"https://example.com/one" in page.body) == (200, True)
        assert server.ask("GET", "/readyz").status == 200

    config.write_text(good(after.url, version="two"))
    server.reload()
    server.wait_for_log("the configuration was read again", times=1)
    fails(server, "last")
    assert told(after, "last"), server.log()
    server.wait_for(lambda: runbook(server) == "https://example.com/two")
    assert not before.of("firing").keys() & {"last"}
    assert "Traceback" not in server.log()
