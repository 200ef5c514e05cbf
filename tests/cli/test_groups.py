"""Groups of alerts in the terminal, and all alerts of one taken in hand."""

import json

import pytest

from tests.cli.conftest import Tocsin
from tests.cli.replies import Replies
from tocsin.cli.exits import Exit

API = "/api/v1"
GROUP = {
    "id": "9a1d2c3b5a697887",
    "is_open": True,
    "severity": "critical",
    "receiver": "team",
    "labels": {"condition": "job_failure"},
    "opened_at": "2026-03-02T01:05:00Z",
    "told_as_one_at": "2026-03-02T01:06:00Z",
    "closed_at": None,
    "waiting": 2,
    "open": 19,
    "taken": 1,
    "apart": 3,
    "over": 0,
    "total": 21,
    "first": {"job": "load 01\x1b[2J", "at": "2026-03-02T01:05:01Z", "summary": "failed: disk full"},
    "shared_cause": {"kind": "error", "what": "disk full on …", "count": 20},
}
ALERTS = [
    {"id": f"a{n}", "severity": "critical", "state": "firing", "job": f"load {n}", "summary": "failed"}
    for n in range(2)
]
TOLD = [{"target": "team/slack", "kind": "firing", "state": "sent", "due_at": "2026-03-02T01:06:00Z"}]
CLIMB = {
    "policy": "standard",
    "status": "pending",
    "level": 1,
    "entered_at": "2026-03-02T01:06:00Z",
    "next_at": "2026-03-02T01:21:00Z",
    "levels": [{"level": 1, "name": "on-call", "passed_over": ""}],
}
RISK = {
    "count": 12,
    "is_whole": False,
    "jobs": [{"job": "report", "deadline_at": "2026-03-09T06:00:00Z"}],
}
WHOLE = {**GROUP, "escalation": CLIMB, "at_risk": RISK, "alerts": ALERTS, "next": None, "notifications": TOLD}


def test_open_groups_are_listed_with_how_many_wait_for_whom(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", f"{API}/groups", {"items": [GROUP], "next": None})

    said = tocsin("groups")

    assert said.out.splitlines() == [
        "ID                SEVERITY  SINCE            WAITING  OPEN  IN HAND  LABELS",
        "9a1d2c3b5a697887  critical  2 Mar 02:05 CET  2        19    1        condition=job_failure",
    ]
    assert said.err == "take all alerts of one in hand with: tocsin ack ID\n"
    assert json.loads(tocsin("groups", "--json").out)["items"] == [GROUP]


def test_without_a_group_that_is_said(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", f"{API}/groups", {"items": [], "next": None})

    assert tocsin("groups") == (0, "", "no group of alerts is open\n")


@pytest.mark.parametrize("group_id", [GROUP["id"], "9a1d"])
def test_one_group_is_shown_with_its_alerts_and_who_was_told(
    tocsin: Tocsin, replies: Replies, group_id: str
) -> None:
    replies.set("GET", f"{API}/groups", {"items": [GROUP], "next": None})
    replies.set("GET", f"{API}/groups/{GROUP['id']}", WHOLE)

    out = tocsin("groups", group_id).out

    assert "21 in all: 2 not told yet, 19 open, 1 of these in hand, 3 told by themselves since" in out
    assert "error disk full on … (20 of 21)" in out
    assert "at least 12: report by 9 Mar 07:00 CET and 11 more" in out
    assert "load 01 at 2 Mar 02:05 CET: failed: disk full" in out
    assert "\x1b" not in out
    assert "load 1" in out
    assert "team/slack" in out
    assert "standard: level 1 of 1, on-call, since 2 Mar 02:06 CET; goes on at 2 Mar 02:21 CET" in out


def test_alerts_of_a_group_are_asked_for_page_by_page(tocsin: Tocsin, replies: Replies) -> None:
    path = f"{API}/groups/{GROUP['id']}"
    replies.set("GET", path, WHOLE)
    replies.set("GET", f"{path}?limit=100", {**WHOLE, "next": "abc"})
    replies.set("GET", f"{path}?limit=98&cursor=abc", {**WHOLE, "alerts": [{**ALERTS[0], "id": "a9"}]})

    shown = json.loads(tocsin("groups", str(GROUP["id"]), "--json").out)

    assert [alert["id"] for alert in shown["alerts"]] == ["a0", "a1", "a9"]
    assert shown["next"] is None


@pytest.mark.parametrize(
    ("group_id", "words"),
    [("nope", "there is no group 'nope'"), ("9a1", "no group"), ("9a1d", "begins several groups")],
)
def test_a_group_that_cannot_be_meant_is_refused(
    tocsin: Tocsin, replies: Replies, group_id: str, words: str
) -> None:
    other = {**GROUP, "id": "9a1dffffffffffff"}
    replies.set("GET", f"{API}/groups", {"items": [GROUP, other], "next": None})

    said = tocsin("groups", group_id)

    assert (said.code, words in said.err) == (Exit.REFUSED, True)


@pytest.mark.parametrize("group_id", [GROUP["id"], "9a1d"])
def test_all_alerts_of_a_group_are_taken_in_hand(tocsin: Tocsin, replies: Replies, group_id: str) -> None:
    replies.set("GET", f"{API}/alerts", {"items": [], "next": None})
    replies.set("GET", f"{API}/groups", {"items": [GROUP], "next": None})
    replies.set("GET", f"{API}/groups/{GROUP['id']}", WHOLE)
    replies.set(
        "POST", f"{API}/groups/{GROUP['id']}/acknowledge", {"message": "acknowledged 19 alerts", "id": ""}
    )

    said = tocsin("ack", group_id, "--note", "the disk", "--for", "2h")

    assert said == (0, "acknowledged 19 alerts\n", "")
    assert replies.asked[-1].body == {"note": "the disk", "for_minutes": 120.0}


def test_a_group_is_neither_resolved_nor_put_off(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", f"{API}/alerts", {"items": [], "next": None})
    replies.set("GET", f"{API}/groups/{GROUP['id']}", WHOLE)

    said = tocsin("resolve", str(GROUP["id"]))

    assert (said.code, "there is no alert" in said.err) == (Exit.REFUSED, True)
