"""A drill tells every hop, level by level, and fails unless every level was reached."""

import json

import pytest

from tests.cli.conftest import Tocsin
from tests.cli.replies import Replies
from tocsin.cli import drill
from tocsin.cli.exits import Exit

AT = "2026-11-22T04:00:44.{}Z"


def hops(target: str = "ada/sms", **changes: object) -> dict[str, object]:
    sent = {
        "target": target,
        "state": "sent",
        "reason": "",
        "accepted_at": AT.format("100"),
        "claimed_at": AT.format("104"),
        "sent_at": AT.format("105"),
        "answered_at": AT.format("251"),
    }
    return {**sent, **changes}


def level(number: int, name: str, *targets: dict[str, object], **changes: object) -> dict[str, object]:
    told = {"level": number, "name": name, "state": "told", "reason": "", "targets": list(targets)}
    return {**told, "acknowledged_at": None, "acknowledged_by": "", **changes}


def runs(
    replies: Replies, *levels: dict[str, object], state: str = "proved", faults: tuple[str, ...] = ()
) -> None:
    replies.set("POST", "/api/v1/drills", {"message": "a drill tells 1 target", "id": "drill-1"}, 201)
    found = {"id": "drill-1", "state": state, "faults": list(faults), "levels": list(levels)}
    replies.set("GET", "/api/v1/drills/drill-1", found)


def test_every_hop_is_told_level_by_level(tocsin: Tocsin, replies: Replies) -> None:
    acknowledged = {"acknowledged_at": "2026-11-22T04:03:46.100Z", "acknowledged_by": "ada"}
    runs(replies, level(1, "first", hops(), **acknowledged), level(2, "boss", hops("boss/phone")))

    said = tocsin("drill", "--policy", "climb", "--ack")

    assert said.code == Exit.OK
    head, first, second = said.out.splitlines()
    assert head.split()[:3] == ["LEVEL", "TARGET", "OUTCOME"]
    assert head.split()[3:] == ["ACCEPTED", "CLAIMED", "SENT", "ANSWERED", "ACKNOWLEDGED"]
    told = "1 first  ada/sms     delivered  05:00:44.100  +0.004s  +0.005s  +0.151s   +3m 02s ada"
    assert first == told
    assert second.startswith("2 boss   boss/phone  delivered")
    assert said.err.endswith("proved: every level was reached\n")


def test_what_was_asked_for_is_asked_of_the_server(tocsin: Tocsin, replies: Replies) -> None:
    runs(replies, level(0, "routes", hops()))

    tocsin("drill", "--job", "etl", "-e", "staging", "--severity", "page", "--within", "30s")
    tocsin("drill", "--receiver", "ops", "--ack-within", "1h")

    bodies = [one.body for one in replies.asked if one.method == "POST"]
    job = {"job": "etl", "environment": "staging", "severity": "page", "deliver_within_seconds": 30.0}
    asked = {"receiver": "ops", "severity": "critical", "deliver_within_seconds": 120.0}
    assert bodies == [job, {**asked, "acknowledge_within_seconds": 3600.0}]


def test_a_level_that_was_not_reached_fails_it_with_its_reason(tocsin: Tocsin, replies: Replies) -> None:
    dead = hops(state="dead", reason="404 \x1b[31mno such hook")
    hole = level(2, "boss", state="hole", reason="nobody is on call in primary")
    runs(replies, level(1, "first", dead), hole, state="failed", faults=("level 1: 404", "level 2: nobody"))

    said = tocsin("drill", "--policy", "climb")

    assert said.code == Exit.FAILED
    assert "failed: 404 no such hook" in said.out
    assert "nobody: nobody is on call in primary" in said.out
    assert "not proved: level 1: 404\nnot proved: level 2: nobody\n" in said.err


def test_a_level_whose_people_the_routes_have_told_is_not_called_empty(
    tocsin: Tocsin, replies: Replies
) -> None:
    below = level(1, "first", state="told_below", reason="the routes have told the same")
    runs(replies, level(0, "routes", hops()), below)

    said = tocsin("drill", "--job", "etl")

    assert said.code == Exit.OK
    assert "told already: the routes have told the same" in said.out
    assert "nobody" not in said.out


def test_a_drill_that_finds_no_end_is_not_proved(
    tocsin: Tocsin, replies: Replies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drill, "PATIENCE", -0.5 * drill.ACKNOWLEDGE_WITHIN)
    waits = hops(state="pending", claimed_at=None, sent_at=None, answered_at=None)
    runs(replies, level(0, "receiver ops", waits), state="running")

    said = tocsin("drill", "--receiver", "ops")

    assert said.code == Exit.FAILED
    assert "waits" in said.out
    assert "still under way" in said.err


def test_people_are_told_that_it_is_their_turn(
    tocsin: Tocsin, replies: Replies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drill, "PATIENCE", 0.0005 * drill.ACKNOWLEDGE_WITHIN - drill.ACKNOWLEDGE_WITHIN)
    runs(replies, level(0, "receiver ops", hops()), state="running")

    said = tocsin("drill", "--receiver", "ops", "--ack")

    assert "now somebody of each level has to acknowledge it" in said.err


def test_the_answer_can_be_had_as_json(tocsin: Tocsin, replies: Replies) -> None:
    runs(replies, level(0, "receiver ops", hops()))

    said = tocsin("drill", "--receiver", "ops", "--json")

    assert json.loads(said.out)["levels"][0]["targets"][0]["target"] == "ada/sms"


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--receiver", "a", "--policy", "b"),
        ("--receiver", "a", "--severity", "loud"),
        ("--receiver", "a", "--within", "soon"),
        ("--receiver", "a", "--ack-within", "0s"),
    ],
)
def test_a_mistake_in_the_command_line_asks_nothing_of_the_server(
    tocsin: Tocsin, replies: Replies, words: tuple[str, ...]
) -> None:
    assert tocsin("drill", *words).code == Exit.USAGE
    assert replies.asked == []


def test_what_there_is_not_is_refused_in_the_words_of_the_server(tocsin: Tocsin, replies: Replies) -> None:
    replies.refuse("POST", "/api/v1/drills", 404, "there is no receiver 'x'; there are: ops")

    said = tocsin("drill", "--receiver", "x")

    assert (said.code, said.err) == (Exit.REFUSED, "tocsin: there is no receiver 'x'; there are: ops\n")


def test_the_real_server_proves_that_its_console_is_reached(tocsin: Tocsin, real_server: str) -> None:
    said = tocsin("drill", "--receiver", "console", "--server", real_server)

    assert said.code == Exit.OK, said.err
    assert "console/console  delivered" in said.out
