"""Routes on which a page would wait for a digest."""

import pytest

from tests.config.conftest import Load

RECEIVERS = """\
receivers:
  - {name: desk, email: {host: h, from: a@b.example, to: c@b.example, digest: "08:00"}}
  - {name: on-call, console: {}}
"""
WORDS = "is told once a day, so nobody hears at once of a 'page' that ends here"


def told(load: Load, text: str) -> list[str]:
    return [one.path for one in load(text).warnings if WORDS in one.message]


@pytest.mark.parametrize(
    ("route", "places"),
    [
        ("route: {receiver: desk}", ["route"]),
        (
            "route: {receiver: on-call, routes: [{matchers: ['team=data'], receiver: desk}]}",
            ["route.routes[0]"],
        ),
        (
            "route: {receiver: desk, routes: [{matchers: ['severity=critical'], receiver: on-call}]}",
            ["route"],
        ),
        ("route: {receiver: desk, routes: [{matchers: ['severity=page'], receiver: on-call}]}", []),
        ("route: {receiver: desk, routes: [{receiver: on-call}]}", []),
        ("route: {receiver: on-call, routes: [{matchers: ['severity=warning'], receiver: desk}]}", []),
        (
            "route: {receiver: on-call, routes: [{matchers: ['severity=page']}, {receiver: desk}]}",
            [],
        ),
        (
            "route: {receiver: on-call, routes: [{receiver: desk, continue: true}, {receiver: on-call}]}",
            [],
        ),
        (
            "route: {receiver: on-call, routes: [{receiver: on-call, continue: true}, {receiver: desk}]}",
            [],
        ),
    ],
)
def test_a_page_that_waits_for_a_digest_is_named_and_no_other(
    load: Load, route: str, places: list[str]
) -> None:
    assert told(load, RECEIVERS + route) == places


def test_an_escalation_policy_finds_somebody_at_once(load: Load) -> None:
    level = "{name: one, targets: [on-call], timeout_minutes: 5}"
    policy = f"escalation_policies: [{{policy_id: p, levels: [{level}]}}]\n"

    assert told(load, f"{RECEIVERS}{policy}route: {{receiver: desk, escalation: p}}") == []
    assert told(load, f"{RECEIVERS}{policy}route: {{receiver: desk}}") == ["route"]


def test_without_a_route_the_first_receiver_is_meant(load: Load) -> None:
    assert told(load, RECEIVERS.rsplit("  -", 1)[0]) == ["receivers[0].name"]


def test_who_also_hears_at_once_is_not_named(load: Load) -> None:
    both = (
        "receivers: [{name: a, console: {}, email: "
        "{host: h, from: a@b.example, to: c@b.example, digest: '08:00'}}]\n"
    )

    assert told(load, both + "route: {receiver: a}") == []
