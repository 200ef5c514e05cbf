"""`tocsin explain`: readable, in 80 columns, and with the API's answer for programs."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Tocsin
from tests.cli.replies import Replies
from tests.cli.test_real_server import eventually, run_job
from tocsin.cli.exits import Exit

FACT = {"name": "deadline 2026-11-22 06:00 EST", "value": "run r started 2026-11-22 05:12 EST, not ended"}
OPINION = {
    "rule": "promise broken",
    "condition": "sla_breach",
    "verdict": "quiet",
    "severity": "",
    "why": "",
    "text": "quiet so far",
    "of_backfills": False,
    "facts": [FACT],
    "ask_again_at": "2026-11-22T10:30:00Z",
    "ask_again": "2026-11-22 05:30 EST, in 12 min",
    "alert": "",
}
FINDING = {
    **OPINION,
    "severity": "critical",
    "text": "critical: failed",
    "of_backfills": True,
    "alert": "a1b2c3d4",
}
PASSED = {
    "rule": "eu",
    "condition": "no_data",
    "reason": "disabled",
    "text": "it is disabled",
    "until_at": None,
}
JOB = {
    "environment": "production",
    "job": "nightly",
    "timezone": "America/New_York",
    "is_own": False,
    "next_look": "2026-11-22 05:30 EST, in 12 min",
    "rules": [OPINION, FINDING],
    "not_asked": [PASSED],
}
ALERT = {
    "alert": {"id": "a1b2c3d4", "severity": "critical", "summary": "failed", "job": "j", "environment": "e"},
    "life": "firing",
    "standing_text": "its rule finds it still",
    "telling_text": "no: it is silenced, silence 1: moving house",
    "next_text": "2026-11-22 05:30 EST, in 12 min",
    "hearers": [{"receiver": "team", "way": "route", "text": "has not heard the latest yet"}],
    "escalation": "standard: nobody told yet; goes on no further",
    "levels": [
        {"level": 1, "name": "on-call", "targets": ["ann"]},
        {"level": 2, "name": "boss", "targets": []},
    ],
    "opinion": FINDING,
}


def of_job(replies: Replies, **changed: object) -> None:
    replies.set("GET", "/api/v1/jobs/production/nightly", {"name": "nightly"})
    replies.set("GET", "/api/v1/jobs/production/nightly/explanation", {**JOB, **changed})


def test_a_job_is_explained_rule_by_rule(tocsin: Tocsin, replies: Replies) -> None:
    of_job(replies)
    said = tocsin("explain", "nightly")

    assert (said.code, said.out.splitlines()) == (
        0,
        [
            "nightly in production",
            "looked at again: 2026-11-22 05:30 EST, in 12 min",
            "",
            "promise broken (sla_breach): quiet so far",
            "  deadline 2026-11-22 06:00 EST: run r started 2026-11-22 05:12 EST, not ended",
            "  asked again: 2026-11-22 05:30 EST, in 12 min",
            "",
            "promise broken (sla_breach) of backfills: critical: failed",
            "  deadline 2026-11-22 06:00 EST: run r started 2026-11-22 05:12 EST, not ended",
            "  asked again: 2026-11-22 05:30 EST, in 12 min",
            "  alert: a1b2c3d4",
            "",
            "Rules that do not look at it",
            "  eu (no_data): it is disabled",
        ],
    )
    assert said.err == "why an alert is told or not: tocsin explain ID\n"


def test_an_alert_is_explained_by_who_hears_of_it(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", "/api/v1/alerts/a1b2c3d4/explanation", ALERT)
    lines = tocsin("explain", "a1b2c3d4").out.splitlines()

    assert lines[:6] == [
        "alert a1b2c3d4: critical: failed",
        "job: j in e",
        "life: firing",
        "why it is open: its rule finds it still",
        "is it being told: no: it is silenced, silence 1: moving house",
        "thought of again: 2026-11-22 05:30 EST, in 12 min",
    ]
    assert "  team (route): has not heard the latest yet" in lines
    assert "  1. on-call: ann" in lines
    assert "  2. boss: nobody just now" in lines
    assert "promise broken (sla_breach) of backfills: critical: failed" in lines


def test_the_beginning_of_an_alerts_id_will_do(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", "/api/v1/alerts", {"items": [{"id": "a1b2c3d4"}], "next": None})
    replies.set("GET", "/api/v1/alerts/a1b2c3d4/explanation", ALERT)

    assert "alert a1b2c3d4" in tocsin("explain", "a1b2").out


def test_a_job_wins_over_the_beginning_of_an_alerts_id(tocsin: Tocsin, replies: Replies) -> None:
    of_job(replies)
    replies.set("GET", "/api/v1/alerts", {"items": [{"id": "nightly-1"}], "next": None})

    assert tocsin("explain", "nightly").out.startswith("nightly in production")


@pytest.mark.parametrize("words", [("--format", "json"), ("--json",)])
def test_programs_get_the_answer_of_the_api(tocsin: Tocsin, replies: Replies, words: tuple[str, ...]) -> None:
    of_job(replies)

    assert json.loads(tocsin("explain", "nightly", *words).out) == JOB


def test_what_is_neither_a_job_nor_an_alert_is_refused_with_what_was_meant(
    tocsin: Tocsin, replies: Replies
) -> None:
    items = [{"name": "nightly", "environment": "production"}]
    replies.set("GET", "/api/v1/jobs", {"items": items, "next": None})
    replies.set("GET", "/api/v1/alerts", {"items": [], "next": None})
    said = tocsin("explain", "nihgtly")

    assert (said.code, said.out) == (Exit.REFUSED, "")
    assert "did you mean 'nightly'?" in said.err


def test_no_line_is_longer_than_eighty_columns_and_none_acts(tocsin: Tocsin, replies: Replies) -> None:
    long = {**FACT, "name": "run \x1b[31mred", "value": "words " * 60}
    of_job(replies, rules=[{**OPINION, "facts": [long], "text": "quiet: " + "so " * 80}])
    out = tocsin("explain", "nightly").out

    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out


def test_of_very_many_rules_only_some_are_named(tocsin: Tocsin, replies: Replies) -> None:
    of_job(replies, not_asked=[{**PASSED, "rule": f"rule {n}"} for n in range(1_000)])
    out = tocsin("explain", "nightly").out

    assert "  and 980 more; see all with --format json" in out
    assert len(out.splitlines()) < 40


def test_a_job_of_tocsins_own_says_so(tocsin: Tocsin, replies: Replies) -> None:
    of_job(replies, is_own=True, rules=[], not_asked=[])

    assert "which no rule judges" in tocsin("explain", "nightly").out


def test_it_is_found_also_as_why(tocsin: Tocsin) -> None:
    assert "did you mean 'explain'?" in tocsin("why", "nightly").err


def test_a_real_failure_is_explained_by_its_job_and_by_its_alert(
    tocsin: Tocsin, real_server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOCSIN_URL", real_server)
    assert run_job(real_server, "explained/job", "sh", "-c", "exit 3") == 3
    out = eventually(tocsin, "explain", "explained/job", holds="critical: failed").out
    assert "run missing (missing_run): quiet: it finds nothing" in out
    (alert,) = [line.split()[1] for line in out.splitlines() if line.startswith("  alert:")]
    said = tocsin("explain", alert[:6])

    assert (said.code, "its rule finds it still" in said.out) == (0, True)
    assert "console (route): has heard the latest" in said.out
