"""send-test tells what became of the test."""

import pytest

from tests.cli.conftest import Tocsin
from tests.cli.replies import Replies
from tocsin.cli import trial
from tocsin.cli.exits import Exit


def owed(
    state: str, *, attempts: int = 0, error: str = "", target: str = "on-call/slack"
) -> dict[str, object]:
    return {"target": target, "state": state, "attempts": attempts, "last_error": error}


def sends(replies: Replies, *items: dict[str, object]) -> None:
    """Let a test be taken, and these be what has become of it."""
    replies.set("POST", "/api/v1/receivers/on-call/test", {"message": "a test is on its way", "id": "t1"})
    replies.set("GET", "/api/v1/tests/t1", {"items": list(items), "next": None})


def test_a_test_that_every_channel_took_is_a_success(tocsin: Tocsin, replies: Replies) -> None:
    sends(replies, owed("sent", attempts=1), owed("sent", attempts=1, target="on-call/email"))

    said = tocsin("send-test", "on-call")

    assert (said.code, said.err) == (Exit.OK, "a test is on its way\n")
    assert said.out == "on-call/slack: delivered\non-call/email: delivered\n"


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (owed("dead", attempts=1, error="404 no_service"), "failed: 404 no_service"),
        (owed("pending", attempts=2, error="503"), "failed at try 2, and is tried again: 503"),
        (owed("sending", attempts=1, error="503"), "failed at try 1, and is tried again: 503"),
        (
            owed("unknown", attempts=1, error="time-out"),
            "unknown, for its answer was lost and it may have arrived: time-out",
        ),
        (owed("cancelled"), "cancelled"),
        (owed("dead", attempts=1, error="a\x1b[31mb\nc{d}"), "failed: ab c{d}"),
    ],
)
def test_a_channel_that_did_not_take_it_is_told_with_its_reason_beside_those_that_did(
    tocsin: Tocsin, replies: Replies, one: dict[str, object], says: str
) -> None:
    sends(replies, one, owed("sent", attempts=1, target="on-call/email"))

    said = tocsin("send-test", "on-call")

    assert said.code == Exit.FAILED
    assert said.out == f"on-call/slack: {says}\non-call/email: delivered\n"


def test_the_wait_for_an_outcome_ends(
    tocsin: Tocsin, replies: Replies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "WAIT_SECONDS", 0.5)
    sends(replies, owed("pending"))

    said = tocsin("send-test", "on-call")

    assert said.code == Exit.FAILED
    assert "on-call/slack: still not sent after" in said.out
    assert len([one for one in replies.asked if one.path == "/api/v1/tests/t1"]) > 1
