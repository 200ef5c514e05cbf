"""Who was told, when, and why not, in the terminal."""

import json
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cli.conftest import Tocsin
from tests.cli.replies import Replies
from tocsin.cli.exits import Exit
from tocsin.clock import now

HISTORY = "/api/v1/history"
OWED = {"state": "sent", "attempts": 1, "finished_at": "2026-03-02T01:06:00Z", "last_error": ""}
LINES = [
    {
        "at": "2026-03-02T01:06:00Z",
        "outcome": "told",
        "what": "firing",
        "job": "etl\x1b[2J",
        "target": "on-call/slack",
        "notification": OWED,
    },
    {
        "at": "2026-03-02T01:05:30Z",
        "outcome": "failed",
        "what": "firing",
        "job": "",
        "summary": "4 alerts failed",
        "target": "on-call/sms",
        "notification": {**OWED, "state": "dead", "attempts": 3, "last_error": "404: no such number"},
    },
    {
        "at": "2026-03-02T01:05:00Z",
        "outcome": "not_told",
        "what": "silenced",
        "job": "etl",
        "who": "",
        "note": "silence s1: upgrade",
        "notification": None,
    },
]


def asked(replies: Replies) -> dict[str, str]:
    """Return the query of the last request."""
    query = parse_qs(urlsplit(replies.asked[-1].path).query)
    return {name: values[0] for name, values in query.items()}


def test_each_line_says_who_was_told_and_when_or_why_not(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", HISTORY, {"items": LINES, "next": None})

    said = tocsin("history")

    assert said.out.splitlines() == [
        "AT               OUTCOME   WHAT      ABOUT            TO OR BY       MORE",
        "2 Mar 02:06 CET  told      firing    etl              on-call/slack  at 2 Mar 02:06 CET",
        "2 Mar 02:05 CET  failed    firing    4 alerts failed  on-call/sms    404: no such number (tries: 3)",
        "2 Mar 02:05 CET  not told  silenced  etl              –              silence s1: upgrade",
    ]
    assert said.err == ""
    assert asked(replies) == {"limit": "100"}
    assert json.loads(tocsin("history", "--json").out)["items"] == LINES


def test_what_is_asked_for_is_passed_on(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", HISTORY, {"items": [], "next": None})

    words = ("--job", "etl", "-e", "staging", "--to", "ada", "--outcome", "not-told", "--limit", "7")
    said = tocsin("history", *words, "--until", "2026-03-01T06:00")

    assert said == (0, "", "nothing is kept that fits\n")
    assert asked(replies) == {
        "job": "etl",
        "environment": "staging",
        "to": "ada",
        "outcome": "not_told",
        "until": "2026-03-01T06:00:00+01:00",
        "limit": "7",
    }


def test_a_length_of_time_reaches_back_from_now(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", HISTORY, {"items": [], "next": None})

    tocsin("history", "--since", "2d")

    since = datetime.fromisoformat(asked(replies)["since"])
    assert timedelta(days=2) <= now() - since < timedelta(days=2, minutes=2)


def test_empty_pages_are_turned_until_there_is_enough(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", f"{HISTORY}?limit=2", {"items": [], "next": "a"})
    replies.set("GET", f"{HISTORY}?limit=2&cursor=a", {"items": LINES[:1], "next": "b"})
    replies.set("GET", f"{HISTORY}?limit=1&cursor=b", {"items": LINES[1:2], "next": "c"})

    said = tocsin("history", "--limit", "2")

    assert len(said.out.splitlines()) == 3
    assert said.err == "there is more; raise --limit to see it\n"


@pytest.mark.parametrize(
    "words",
    [("--since", "yesterday"), ("--until", "next-run"), ("--outcome", "heard"), ("--limit", "0"), ("etl",)],
)
def test_what_cannot_be_meant_is_a_mistake(tocsin: Tocsin, replies: Replies, words: tuple[str, ...]) -> None:
    assert tocsin("history", *words).code == Exit.USAGE
    assert replies.asked == []


def test_a_job_that_does_not_exist_is_refused_in_the_servers_words(tocsin: Tocsin, replies: Replies) -> None:
    replies.refuse("GET", HISTORY, 404, "There is no job 'nope' in environment 'production'.")

    said = tocsin("history", "--job", "nope")

    assert (said.code, "There is no job 'nope'" in said.err) == (Exit.REFUSED, True)
