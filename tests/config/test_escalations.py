"""Escalation policies of the file: read, checked against whom they name, and warned of where nobody is."""

from datetime import time

import pytest

from tests.config.conftest import Faults, Load
from tocsin.engine.behind import escalation_of
from tocsin.oncall.escalation import Level, Policy
from tocsin.oncall.restriction import Restriction

PEOPLE = """
receivers:
  - {name: team, console: {}}
  - {name: ada, slack: {url: "env:SLACK_URL"}}
  - {name: boss, slack: {url: "env:SLACK_URL"}, console: {}}
responders: {ada: {receivers: ada}}
oncall: {primary: {layers: {participants: ada, starts: "2026-01-05"}}}
"""
POLICY = """
escalation_policies:
  - policy_id: loads
    timezone: Europe/Berlin
    levels:
      - {level: 1, name: first, targets: primary, timeout_minutes: 15}
      - name: second
        targets: [ada, boss]
        timeout_minutes: 20
        notification_channels: slack
        working_hours: {weekdays: [mon, tue], from: "09:00", to: "17:00"}
        minutes_before_deadline: 30
    repeat_after_minutes: 60
"""
ROUTE = "route: {receiver: team, escalation: loads}\n"


def policy_with(level: str, more: str = "") -> str:
    """Return a file whose policy has this level, and the route that names it."""
    return f"{PEOPLE}{ROUTE}escalation_policies: [{{policy_id: loads, levels: [{{{level}}}]{more}}}]\n"


def test_a_policy_is_read_as_it_is_written(load: Load) -> None:
    found = load(PEOPLE + POLICY + ROUTE)

    assert found.warnings == ()
    assert found.configuration.escalations["loads"] == Policy(
        policy_id="loads",
        name="loads",
        levels=(
            Level(name="first", targets=("primary",), timeout_minutes=15, timezone="Europe/Berlin"),
            Level(
                name="second",
                targets=("ada", "boss"),
                timeout_minutes=20,
                notification_channels=("slack",),
                working_hours=(Restriction(weekdays=(0, 1), starts=time(9), ends=time(17)),),
                timezone="Europe/Berlin",
                minutes_before_deadline=30,
            ),
        ),
        repeat_after_minutes=60,
    )


def test_two_policies_are_ready(load: Load) -> None:
    standard, office = (load("").configuration.escalations[name] for name in ("standard", "business-hours"))

    assert [(lv.name, lv.timeout_minutes, lv.notification_channels) for lv in standard.levels] == [
        ("on-call", 15, ("slack", "pagerduty")),
        ("engineering manager", 15, ("slack", "pagerduty", "sms")),
        ("VP", 30, ("pagerduty", "phone")),
    ]
    assert [(lv.name, lv.timeout_minutes, lv.notification_channels) for lv in office.levels] == [
        ("team lead", 30, ("slack", "email")),
        ("department manager", 60, ("slack", "email")),
    ]


def test_a_policy_of_the_file_takes_the_place_of_a_ready_one(load: Load) -> None:
    text = PEOPLE + POLICY.replace("loads", "standard") + ROUTE.replace("loads", "standard")

    assert len(load(text).configuration.escalations["standard"].levels) == 2


def test_a_branch_inherits_the_policy_of_the_route_above_or_says_none(load: Load) -> None:
    text = """
    route:
      receiver: team
      escalation: loads
      routes:
        - {matchers: severity=info, escalation: none}
        - {matchers: severity=page, receiver: boss}
    """
    route = load(PEOPLE + POLICY + "".join(line[4:] + "\n" for line in text.splitlines())).configuration.route

    assert [escalation_of(route, {"severity": word}) for word in ("info", "page", "critical")] == [
        "",
        "loads",
        "loads",
    ]


@pytest.mark.parametrize(
    ("text", "path", "words", "suggestion"),
    [
        (
            policy_with("name: x, targets: primry, timeout_minutes: 5"),
            "escalation_policies[0].levels[0].targets",
            "no on-call schedule, responder or receiver is called 'primry'",
            "primary",
        ),
        (
            policy_with("name: x, targets: [ada, nobody], timeout_minutes: 5"),
            "escalation_policies[0].levels[0].targets[1]",
            "no on-call schedule, responder or receiver is called 'nobody'",
            None,
        ),
        (
            policy_with("name: x, targets: [], timeout_minutes: 5"),
            "escalation_policies[0].levels[0].targets",
            "must have at least 1 entry",
            None,
        ),
        (
            policy_with("name: x, targets: ada"),
            "escalation_policies[0].levels[0].timeout_minutes",
            "is required and missing",
            None,
        ),
        (
            policy_with("name: x, targets: ada, timeout_minutes: 0"),
            "escalation_policies[0].levels[0].timeout_minutes",
            "must be at least 1",
            None,
        ),
        (
            policy_with("name: x, targets: ada, timeout_minutes: 5, notification_channels: slak"),
            "escalation_policies[0].levels[0].notification_channels",
            "must be one of slack, pagerduty",
            "slack",
        ),
        (
            policy_with("level: 2, name: x, targets: ada, timeout_minutes: 5"),
            "escalation_policies[0].levels",
            "stand in order: number 1 says 'level: 2'",
            None,
        ),
        (
            policy_with("name: x, targets: ada, timeout_minutes: 5", ", repeat_after_minutes: 0"),
            "escalation_policies[0].repeat_after_minutes",
            "must be",
            None,
        ),
        (
            PEOPLE + POLICY.replace("loads", "none"),
            "escalation_policies[0].policy_id",
            "must be another word",
            None,
        ),
        (PEOPLE + POLICY + ROUTE.replace("loads", "laods"), "route.escalation", "is called 'laods'", "loads"),
        (
            PEOPLE + ROUTE.replace("loads", "standard"),
            "route.escalation",
            "the ready policy 'standard' tells 'on-call', 'engineering-manager', 'vp': there must be",
            None,
        ),
        (
            PEOPLE + "route: {receiver: team, routes: [{matchers: job=x, escalation: xyzzy}]}",
            "route.routes[0].escalation",
            "no escalation policy is called 'xyzzy'",
            None,
        ),
    ],
)
def test_a_mistake_is_told_where_it_is(
    faults: Faults, text: str, path: str, words: str, suggestion: str | None
) -> None:
    found = [problem for problem in faults(text) if problem.path == path and words in problem.message]

    assert [problem.suggestion for problem in found] == [suggestion]


def test_a_policy_that_exists_twice_is_told(faults: Faults) -> None:
    level = "levels: [{name: x, targets: ada, timeout_minutes: 5}]"
    policies = f"escalation_policies: [{{policy_id: loads, {level}}}, {{policy_id: loads, {level}}}]"

    (problem,) = faults(PEOPLE + ROUTE + policies)
    assert problem.path == "escalation_policies[1].policy_id"
    assert problem.message == "escalation policy 'loads' exists already: escalation_policies[0]"


def test_a_level_that_reaches_nobody_is_warned_of(load: Load) -> None:
    level = "name: night, targets: [primary, boss], timeout_minutes: 5, notification_channels: sms"

    (warning,) = load(policy_with(level)).warnings
    assert warning.path == "escalation_policies[0].levels[0]"
    assert warning.message == "level 1 of 'loads', night, reaches nobody through sms: it will be passed over"


def test_a_policy_that_no_route_names_is_warned_of(load: Load) -> None:
    messages = [w.message for w in load(PEOPLE + POLICY + "route: {receiver: team}").warnings]

    assert "no route names the escalation policy 'loads'" in messages


def test_a_receiver_that_only_a_policy_tells_is_not_called_unused(load: Load) -> None:
    assert load(PEOPLE + POLICY + ROUTE).warnings == ()
