"""The message that the tests of this room send."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tocsin.notify.message import Link, Message, MessageKind

AT = datetime(2026, 3, 30, 5, 30, 2, tzinfo=UTC)

HOSTILE = (
    "<!channel> <script>alert(1)</script> *bold* `tick` ```fence``` & | "
    "\x1b[2J\x1b]0;owned\x07\x9b31m\x00\x7f"
    "\r\nBcc: thief@example.org\r\n\r\n.\r\nQUIT\r\n\u202edetrevni\u2028next \ud800 "
)

_PLAIN = Message(
    key="alert-7f3:firing:1",
    kind=MessageKind.FIRING,
    alert_id="alert-7f3",
    fingerprint="e917c75310021897",
    title="missed its deadline 06:00",
    text="The run of 30 March was due at 06:00 and is still working.",
    severity="critical",
    job="daily_etl",
    environment="production",
    condition="sla_breach",
    opened_at=datetime(2026, 3, 30, 4, 0, tzinfo=UTC),
    at=AT,
    labels=(("env", "prod"), ("team", "data")),
    evidence=(("deadline", "06:00 CEST"), ("progress", "43 %")),
    likely_cause="The source was late.",
    next_step="Look at the slow query.",
    links=(
        Link(name="job", url="http://127.0.0.1:8080/jobs/daily_etl"),
        Link(name="runbook", url="https://wiki.example.com/etl?a=1&b=2"),
    ),
    log_tail="reading\nstill reading",
    owner="team data",
    timezone="Europe/Berlin",
)


def a_message(**changes: Any) -> Message:  # noqa: ANN401 - a test changes any field
    """Return an ordinary message, with these fields changed."""
    return replace(_PLAIN, **changes)


def a_hostile_message(**changes: Any) -> Message:  # noqa: ANN401 - a test changes any field
    """Return a message whose every text was written by somebody who wants to break out of it."""
    return a_message(
        **{
            "alert_id": HOSTILE,
            "fingerprint": HOSTILE,
            "title": HOSTILE,
            "text": HOSTILE,
            "job": HOSTILE,
            "environment": HOSTILE,
            "condition": HOSTILE,
            "labels": ((HOSTILE, HOSTILE),),
            "evidence": ((HOSTILE, HOSTILE),),
            "likely_cause": HOSTILE,
            "next_step": HOSTILE,
            "links": (
                Link(name=HOSTILE, url="https://ok.example/a|b"),
                Link(name="x", url="javascript:alert(1)"),
            ),
            "log_tail": HOSTILE * 3,
            "owner": HOSTILE,
            "timezone": HOSTILE,
            **changes,
        }
    )
