"""What surrounds an alert, each in one line."""

import pytest

from tests.cli.conftest import Tocsin
from tests.cli.replies import Replies
from tocsin.cli.around import cause_line, muted_line, risk_line

MUTED = {
    "alert_id": "9a1d",
    "job": "extract",
    "rule": "",
    "since_at": "2026-03-09T01:00:00Z",
    "until_at": None,
}
RISK = {
    "count": 7,
    "is_whole": True,
    "jobs": [
        {"job": "report", "deadline_at": "2026-03-09T06:00:00Z"},
        {"job": "archive", "deadline_at": None},
    ],
}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, "while alert 9a1d of extract is open, which it needs"),
        ({"rule": "the host is down"}, "by 'the host is down'"),
        ({"until_at": "2026-03-09T02:00:00Z"}, "nothing mutes it any more; told at "),
        ({"until_at": "2026-03-09T02:00:00Z", "alert_id": ""}, "nothing mutes it so far; told at "),
    ],
)
def test_a_line_says_what_mutes_an_alert(changed: dict[str, object], words: str) -> None:
    assert words in (muted_line({"inhibited": {**MUTED, **changed}}) or "")


def test_a_line_says_whom_it_puts_at_risk() -> None:
    line = risk_line({"at_risk": RISK}) or ""

    assert line.startswith("7: report by 9 Mar")
    assert line.endswith(", archive and 5 more")
    assert (risk_line({"at_risk": {**RISK, "is_whole": False}}) or "").startswith("more than 7: ")
    of_many = risk_line({"at_risk": {**RISK, "is_whole": False}}, beyond="at least") or ""
    assert of_many.startswith("at least 7: ")


def test_a_line_says_what_an_alert_follows_from() -> None:
    assert cause_line({"likely_cause": {"text": "upstream load failed"}}) == "upstream load failed"


@pytest.mark.parametrize(
    "alert", [{}, {"inhibited": None, "at_risk": None}, {"inhibited": "x", "at_risk": 5, "likely_cause": "x"}]
)
def test_an_alert_that_is_alone_has_no_such_line(alert: dict[str, object]) -> None:
    assert (muted_line(alert), risk_line(alert), cause_line(alert)) == (None, None, None)


def test_the_list_says_under_an_alert_what_mutes_it(tocsin: Tocsin, replies: Replies) -> None:
    plain = {"id": "4f1d", "severity": "critical", "state": "firing", "job": "extract", "summary": "failed"}
    muted = {**plain, "id": "77aa", "job": "load", "summary": "did not start", "inhibited": MUTED}
    waiting = {**plain, "inhibited": {**MUTED, "alert_id": "", "until_at": "2026-03-09T02:00:00Z"}}
    items = [{**plain, "inhibited": None}, muted, waiting]
    replies.set("GET", "/api/v1/alerts", {"items": items, "next": None})

    _, _, of_extract, _, *of_load, _, _, of_waiting = tocsin("alerts").out.splitlines()

    assert of_extract == "  failed"
    assert of_load == [
        "  did not start",
        "  muted since 9 Mar 02:00 CET, while alert 9a1d of extract is open, which it needs",
    ]
    assert of_waiting == "  nothing mutes it so far; told at 9 Mar 03:00 CET if it still holds"
