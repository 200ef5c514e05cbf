"""An escalation is shown where its alert is: in the API and on the page."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.web.served import Served, fresh, serving, wait_until
from tocsin.alerts.group import Pace
from tocsin.engine.configuration import Configuration
from tocsin.oncall.escalation import Level, Policy

LEVELS = (
    Level(name="the <empty> chair", targets=("nobody",), timeout_minutes=5),
    Level(name="on-call", targets=("console",), timeout_minutes=15),
    Level(name="VP", targets=("console",), timeout_minutes=30),
)


def escalating(configuration: Configuration) -> Configuration:
    policy = Policy(policy_id="standard", name="standard", levels=LEVELS)
    route = replace(configuration.route, escalation="standard")
    return replace(configuration, escalations={"standard": policy}, route=route)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("escalating")
    with serving(folder, change=escalating) as running:
        yield running


def failed(served: Served) -> str:
    name = fresh()
    served.report({"job": name, "kind": "fail"})
    items = served.get("/api/v1/alerts?limit=1000")["items"]
    return str(next(alert["id"] for alert in items if alert["job"] == name))


def test_the_api_tells_how_far_an_escalation_has_come(served: Served) -> None:
    alert_id = failed(served)
    whole = served.get(f"/api/v1/alerts/{alert_id}")
    climb = whole["escalation"]

    assert (climb["policy"], climb["status"], climb["level"]) == ("standard", "escalated", 2)
    assert climb["next_at"] > climb["entered_at"]
    assert [(level["name"], level["passed_over"]) for level in climb["levels"]] == [
        ("the <empty> chair", "nobody is behind it"),
        ("on-call", ""),
        ("VP", ""),
    ]

    served.ask("POST", f"/api/v1/alerts/{alert_id}/acknowledge")
    climb = served.get(f"/api/v1/alerts/{alert_id}")["escalation"]
    assert (climb["status"], climb["who"]) == ("acknowledged", "anonymous (loopback)")
    assert climb["next_at"] is None


def test_the_page_tells_how_far_an_escalation_has_come(served: Served) -> None:
    page = served.ask("GET", f"/alerts/{failed(served)}").text

    assert "level 2 of 3, <bdi>on-call</bdi>" in page
    assert "goes on at" in page
    assert "the &lt;empty&gt; chair" in page


def at_once(configuration: Configuration) -> Configuration:
    """Escalate, and tell two and more as one without waiting long."""
    pace = Pace(wait=timedelta(milliseconds=20), interval=timedelta(minutes=5), together_from=2)
    escalated = escalating(configuration)
    return replace(escalated, policy=replace(escalated.policy, pace=pace))


@pytest.fixture(scope="module")
def storm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on which five jobs have failed together, four of which were told as one."""
    with serving(tmp_path_factory.mktemp("storm"), change=at_once) as running:
        running.report(*({"job": f"load {n}", "kind": "fail"} for n in range(5)))
        wait_until(lambda: [group for group in groups_of(running) if group["open"]])
        yield running


def groups_of(served: Served) -> Any:  # noqa: ANN401 -- JSON is anything
    return served.get("/api/v1/groups")["items"]


def test_the_api_tells_how_far_the_escalation_of_a_group_has_come(storm: Served) -> None:
    (group,) = groups_of(storm)
    whole = storm.get(f"/api/v1/groups/{group['id']}")

    assert (whole["escalation"]["policy"], whole["escalation"]["level"]) == ("standard", 2)
    assert [level["passed_over"] for level in whole["escalation"]["levels"]] == [
        "nobody is behind it",
        "",
        "",
    ]
    for member in whole["alerts"]:
        alert = storm.get(f"/api/v1/alerts/{member['id']}")
        assert (alert["escalation"], alert["escalated_with"]) == (None, group["id"])


def test_the_pages_tell_how_far_the_escalation_of_a_group_has_come(storm: Served) -> None:
    (group,) = groups_of(storm)
    page = storm.ask("GET", f"/groups/{group['id']}").text
    member = storm.get(f"/api/v1/groups/{group['id']}")["alerts"][0]["id"]

    assert "level 2 of 3, <bdi>on-call</bdi>" in page
    assert "goes on at" in page
    assert "which is escalated as one" in storm.ask("GET", f"/alerts/{member}").text
