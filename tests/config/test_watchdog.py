"""The sign of life as the file describes it: guarded like every request that goes out, and never shown."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.config.conftest import ELSEWHERE, Load
from tests.contracts.receivers import HttpReceiver
from tests.contracts.situations import Situation
from tests.notify.messages import AT
from tocsin.config.loading import Loaded
from tocsin.errors import ChannelError, ConfigError
from tocsin.notify.heartbeat import Heartbeat

SECRET = "5d2c1e0a-7b1f-4a55"
AT_HOST = f"http://{ELSEWHERE}:{{port}}/{SECRET}"


def heart_of(loaded: Loaded) -> Heartbeat:
    assert loaded.heartbeat is not None
    return loaded.heartbeat


def test_without_an_address_nothing_is_sent(load: Load) -> None:
    assert load("retention: {days: 30}").heartbeat is None
    assert load("watchdog:").heartbeat is None


@pytest.mark.parametrize("method", ["get", "post"])
def test_it_goes_to_its_address_and_failures_to_theirs(load: Load, method: str) -> None:
    with HttpReceiver(Situation.ACCEPTS) as outside:
        url = f"{outside.url}/{SECRET}?a=b"
        addresses = f"heartbeat_url: '{url}', failure_url: '{url}&down'"
        heart = heart_of(load(f"watchdog: {{{addresses}, method: {method}, every: 5m}}"))
        heart.beat(AT)
        heart.fail(AT)

    assert (heart.every, heart.tells_failures) == (timedelta(minutes=5), True)
    target = f"{method.upper()} /{SECRET}?a=b"
    assert [one.first for one in outside.received] == [f"{target} HTTP/1.1", f"{target}&down HTTP/1.1"]
    assert {one.body for one in outside.received} == {b""}
    lengths = [one.headers.get("content-length") for one in outside.received]
    assert lengths == ([None, None] if method == "get" else ["0", "0"])


def test_it_may_stand_in_a_file_of_its_own(load: Load, tmp_path: Path) -> None:
    (tmp_path / "beat").write_text("https://hc.example.com/x\n")

    loaded = load("watchdog: {heartbeat_url: 'file:beat'}")

    assert repr(loaded.heartbeat) == "Heartbeat(https://hc.example.com)"
    assert loaded.warnings == ()


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("heartbeat_url: hc.example.com/x", "watchdog.heartbeat_url", "complete web address"),
        ("heartbeat_url: 'https://'", "watchdog", "complete web address"),
        ("heartbeat_url: env:NOT_THERE", "watchdog.heartbeat_url", "NOT_THERE"),
        ("failure_url: 'https://hc.example.com/x'", "watchdog.failure_url", "needs 'heartbeat_url'"),
        ("heartbeat_url: 'https://a.example/x', method: put", "watchdog.method", "one of get, post"),
        ("heartbeat_url: 'https://a.example/x', every: 5s", "watchdog.every", "from 1m to 366d"),
        ("heartbeat_url: 'https://a.example/x', timeout_seconds: 60", "watchdog.timeout_seconds", "20"),
        ("heartbeat: 'https://a.example/x'", "watchdog.heartbeat", "heartbeat_url"),
    ],
)
def test_a_mistake_is_told_where_it_stands(load: Load, text: str, path: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(f"watchdog: {{{text}}}")

    (problem,) = caught.value.problems
    assert problem.path == path
    assert words in f"{problem.message} {problem.suggestion}"


def test_a_secret_in_the_file_itself_works_and_is_advised_against(load: Load) -> None:
    (warning,) = load(f"watchdog: {{heartbeat_url: 'https://a.example/{SECRET}'}}").warnings

    assert (warning.path, SECRET in warning.message) == ("watchdog.heartbeat_url", False)


def test_a_name_that_leads_to_this_machine_is_asked_only_where_that_is_allowed(
    misled: None, load: Load
) -> None:
    with HttpReceiver(Situation.ACCEPTS) as outside:
        line = f"watchdog: {{heartbeat_url: '{AT_HOST.format(port=outside.port)}'}}"
        with pytest.raises(ChannelError) as caught:
            heart_of(load(line)).beat(AT)
        assert outside.received == []
        heart_of(load(f"{line}\ndelivery: {{allow_addresses: 127.0.0.0/8}}")).beat(AT)

    assert len(outside.received) == 1
    assert "nothing was sent" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("situation", "words"),
    [
        (Situation.REDIRECTS, "HTTP 307"),
        (Situation.REFUSES, "HTTP 404"),
        (Situation.BROKEN, "HTTP 503"),
        (Situation.ABSENT, "no connection"),
        (Situation.SILENT, "took too long"),
        (Situation.DRIPS, "took too long"),
        (Situation.TALKS_NONSENSE, "not HTTP"),
    ],
)
def test_what_is_not_taken_says_why_and_no_secret(situation: Situation, words: str) -> None:
    with HttpReceiver(situation) as outside:
        heart = Heartbeat(f"{outside.url}/{SECRET}", timeout_seconds=0.5)
        with pytest.raises(ChannelError) as caught:
            heart.beat(AT)

    assert words in str(caught.value)
    assert SECRET not in f"{caught.value} {heart!r}"
    assert len(outside.received) <= 1


def test_who_has_no_address_for_failures_hears_of_none() -> None:
    heart = Heartbeat("https://hc.example.com/x")

    assert not heart.tells_failures
    with pytest.raises(ChannelError):
        heart.fail(AT)
