"""How far an escalation has come, in one line."""

import pytest

from tocsin.cli.climbing import climb_line

LEVELS = [
    {"level": 1, "name": "on-call", "passed_over": "nobody is behind it"},
    {"level": 2, "name": "manager", "passed_over": ""},
]
CLIMB = {
    "policy": "standard",
    "status": "escalated",
    "who": "",
    "changed_at": "2026-03-09T01:05:00Z",
    "entered_at": "2026-03-09T01:00:00Z",
    "level": 2,
    "next_at": "2026-03-09T01:15:00Z",
    "levels": LEVELS,
}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, "standard: level 2 of 2, manager, since"),
        ({}, "goes on at"),
        ({}, "; on-call passed over: nobody is behind it"),
        ({"level": 0}, "standard: nobody told yet, since"),
        ({"status": "acknowledged", "who": "ann"}, "acknowledged by ann since"),
        ({"status": "suppressed", "next_at": None}, "suppressed since"),
    ],
)
def test_a_line_says_how_far_it_has_come(changed: dict[str, object], words: str) -> None:
    assert words in (climb_line({"escalation": {**CLIMB, **changed}}) or "")


@pytest.mark.parametrize("alert", [{}, {"escalation": None}, {"escalation": "x"}])
def test_an_alert_without_an_escalation_has_no_line(alert: dict[str, object]) -> None:
    assert climb_line(alert) is None


def test_an_alert_that_is_escalated_with_others_says_where_to_look() -> None:
    alert = {"escalation": CLIMB, "escalated_with": "9a1d2c3b5a697887"}

    assert climb_line(alert) == "with the others of its group; see: tocsin groups 9a1d2c3b5a697887"
