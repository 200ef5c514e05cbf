"""`tocsin send-test`: does it reach those whom it should."""

import threading
from collections.abc import Mapping

import click

from tocsin.cli import options
from tocsin.cli.api import Api, api_of
from tocsin.cli.exits import Exit
from tocsin.cli.output import items_of, say
from tocsin.clock import monotonic
from tocsin.notify.inert import line as inert_line

WAIT_SECONDS = 15.0
LOOK_EVERY_SECONDS = 0.2
MAX_REASON = 500
SENT = "sent"
_OUTCOMES = {
    SENT: "delivered",
    "dead": "failed: {reason}",
    "unknown": "unknown, for its answer was lost and it may have arrived: {reason}",
    "cancelled": "cancelled",
}
_TRIED = "failed at try {tries}, and is tried again: {reason}"
_WAITING = "still not sent after {seconds:.0f} seconds; the server's log says why"


@click.command("send-test")
@click.argument("receiver")
@options.server
def send_test(receiver: str, server: str | None) -> None:
    """Send a marked test to RECEIVER, through the path that alerts take, and tell whether it arrived.

    Waits for that up to 15 seconds, and ends with 1 unless every channel of the receiver has taken it.
    """
    api = api_of(server)
    answer = api.post("receivers", receiver, "test")
    say(str(answer.get("message")))
    owed = _tried(api, str(answer.get("id")))
    for one in owed:
        click.echo(f"{inert_line(str(one.get('target')), MAX_REASON)}: {_outcome(one)}")
    if any(one.get("state") != SENT for one in owed):
        raise click.exceptions.Exit(Exit.FAILED)


def _tried(api: Api, test_id: str) -> list[Mapping[str, object]]:
    """Return what is owed, once all of it was tried or the wait is over."""
    until = monotonic() + WAIT_SECONDS
    pause = threading.Event()
    owed = items_of(api.get("tests", test_id))
    while not all(map(_is_tried, owed)) and monotonic() < until:
        pause.wait(LOOK_EVERY_SECONDS)
        owed = items_of(api.get("tests", test_id))
    return owed


def _is_tried(one: Mapping[str, object]) -> bool:
    return one.get("state") in _OUTCOMES or bool(one.get("attempts"))


def _outcome(one: Mapping[str, object]) -> str:
    words = _OUTCOMES.get(str(one.get("state"))) or (_TRIED if one.get("attempts") else _WAITING)
    reason = inert_line(str(one.get("last_error") or "no reason given"), MAX_REASON)
    return words.format(reason=reason, tries=one.get("attempts"), seconds=WAIT_SECONDS)
