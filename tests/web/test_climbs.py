"""An escalation is shown where its alert is: in the API and on the page."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.web.served import Served, fresh, serving
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
