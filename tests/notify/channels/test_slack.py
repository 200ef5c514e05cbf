import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notify.messages import HOSTILE, a_hostile_message, a_message
from tocsin.notify.channels.slack import slack_body
from tocsin.notify.message import Link, Message, MessageKind
from tocsin.notify.slack.mrkdwn import FIELDS_LIMIT, TEXT_LIMIT, escape


def posted(message: Message) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(slack_body(message))
    return body


def attachment(message: Message) -> dict[str, Any]:
    [only] = posted(message)["attachments"]
    return dict(only)


def fields(message: Message) -> dict[str, str]:
    return {field["title"]: field["value"] for field in attachment(message)["fields"]}


@pytest.mark.parametrize(
    ("severity", "colour"),
    [("info", "#36a64f"), ("warning", "#ffcc00"), ("critical", "#ff0000"), ("page", "#8b0000")],
)
def test_the_colour_goes_by_severity(severity: str, colour: str) -> None:
    assert attachment(a_message(severity=severity))["color"] == colour


def test_a_resolved_alert_is_green() -> None:
    assert attachment(a_message(kind=MessageKind.RESOLVED, severity="page"))["color"] == "#2eb886"


def test_a_preview_says_it_all_in_one_line() -> None:
    body = posted(a_message(may_repeat=True))

    assert body["text"] == "CRITICAL: daily_etl missed its deadline 06:00 (may repeat)"
    assert attachment(a_message())["fallback"] == "CRITICAL: daily_etl missed its deadline 06:00"


def test_fields_tell_job_severity_time_alert_and_what_is_known() -> None:
    assert fields(a_message()) == {
        "Job": "daily_etl",
        "Severity": "critical",
        "Time": "2026-03-30 07:30:02 CEST (Europe/Berlin)",
        "Alert": "alert-7f3",
        "Since": "2026-03-30 06:00:00 CEST (Europe/Berlin), for 1 h 30 min",
        "Deadline": "06:00 CEST",
        "Progress": "43 %",
        "Owner": "team data",
        "Labels": "env=prod, team=data",
    }


def test_the_text_says_what_to_do_and_where_to_look() -> None:
    assert attachment(a_message())["text"] == (
        "The run of 30 March was due at 06:00 and is still working.\n"
        "*Likely cause:* The source was late.\n"
        "*Do now:* Look at the slow query.\n"
        "<http://127.0.0.1:8080/jobs/daily_etl|job> · <https://wiki.example.com/etl?a=1&amp;b=2|runbook>\n"
        "```\nreading\nstill reading\n```"
    )


def test_more_facts_than_fit_are_counted() -> None:
    message = a_message(evidence=tuple((f"fact {number}", str(number)) for number in range(30)))

    assert len(attachment(message)["fields"]) == FIELDS_LIMIT
    assert fields(message)["More"] == "18 more facts are on the job's page"


def test_a_long_message_keeps_the_end_of_its_log_and_whole_links() -> None:
    long = "a & b " * 1000
    text = attachment(
        a_message(
            text=long,
            likely_cause=long,
            next_step=long,
            log_tail=long + "\n" + "\n".join(f"line {number}" for number in range(300)),
            links=tuple(
                Link(name=f"page {number}", url="https://example.com/" + "x" * 200) for number in range(9)
            ),
        )
    )["text"]

    assert len(text) <= TEXT_LIMIT
    assert text.endswith("line 299\n```")
    assert text.count("<https://") == text.count("|page ") == 2
    assert text.count("```") == 2


@given(st.text("&<>`ab "), st.integers(10, 40))
def test_escaped_text_holds_no_markup_and_no_half_of_an_entity(text: str, limit: int) -> None:
    escaped = escape(text, limit)

    assert len(escaped) <= limit
    assert not set(escaped) & set("<>")
    assert "&" not in escaped.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")


def test_every_limit_holds_for_a_hostile_message() -> None:
    body = attachment(a_hostile_message(text=HOSTILE * 50, log_tail=HOSTILE * 200, next_step=HOSTILE * 50))

    assert len(body["text"]) <= TEXT_LIMIT
    assert body["text"].count("```") == 2
    assert all(len(field["value"]) <= 300 for field in body["fields"])
