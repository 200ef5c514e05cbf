"""Drills over the API: begun, looked at while they go on, acknowledged as alerts are."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.web.served import Served, fresh, serving, wait_until
from tocsin.engine.configuration import Configuration
from tocsin.oncall.escalation import Level, Policy

ROOT = "/api/v1/drills"
BASE_URL = "https://tocsin.example.com"


def with_levels(configuration: Configuration) -> Configuration:
    levels = (
        Level(name="first", targets=("console",)),
        Level(name="second", targets=("nobody",)),
    )
    policy = Policy(policy_id="climb", name="climb", levels=levels)
    return replace(configuration, escalations={"climb": policy}, base_url=BASE_URL)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("drills"), closed=True, change=with_levels) as running:
        running.ear.kind = "email"
        yield running


def begun(served: Served, **body: object) -> str:
    answer = served.ask("POST", ROOT, body)
    assert answer.status == 201, answer.text
    return str(answer.json["id"])


def over(served: Served, drill_id: str) -> dict[str, Any]:
    """Return the drill once it is over."""
    wait_until(lambda: served.get(f"{ROOT}/{drill_id}")["state"] != "running")
    return dict(served.get(f"{ROOT}/{drill_id}"))


def test_a_drill_tells_every_hop_in_the_order_in_which_it_came(served: Served) -> None:
    drill = over(served, begun(served, receiver="console"))

    assert (drill["state"], drill["faults"], drill["started_by"]) == ("proved", [], "ada")
    ((level,), ((target,),)) = drill["levels"], [level["targets"] for level in drill["levels"]]
    assert (level["state"], target["target"], target["state"]) == ("told", "console/console", "sent")
    hops = [target[f"{hop}_at"] for hop in ("accepted", "claimed", "sent", "answered")]
    assert hops == sorted(hops)
    assert None not in hops


def test_a_level_behind_which_there_is_nobody_fails_it_and_is_told_with_its_reason(served: Served) -> None:
    drill = over(served, begun(served, policy="climb"))

    assert drill["state"] == "failed"
    assert drill["faults"] == ["level 2 (second): nobody behind it has a receiver that is told at once"]
    assert [level["state"] for level in drill["levels"]] == ["told", "hole"]


def test_a_drill_of_a_job_is_of_its_environment(served: Served) -> None:
    job = fresh()
    served.report({"job": job, "kind": "success", "environment": "staging"})

    drill = over(served, begun(served, job=job, environment="staging", severity="page"))
    refused = served.ask("POST", ROOT, {"job": job})

    assert (drill["state"], drill["environment"], drill["severity"]) == ("proved", "staging", "page")
    assert (refused.status, refused.json["error"]["code"]) == (404, "not_found")


def test_the_link_in_the_mail_acknowledges_a_drill_like_an_alert(served: Served) -> None:
    drill_id = begun(served, receiver="console", acknowledge_within_seconds=60)
    told = served.ear.heard(lambda message: message.alert_id == f"{drill_id}-0")[0]
    (link,) = [link for link in told.links if link.name == "acknowledge"]
    headers = {
        "authorization": "",
        "origin": served.url,
        "content-type": "application/x-www-form-urlencoded",
    }

    form = urlencode({"name": "Ada"}).encode()
    pressed = served.ask("POST", link.url.removeprefix(BASE_URL), form, headers)

    assert pressed.status == 303
    drill = over(served, drill_id)
    assert drill["state"] == "proved"
    assert drill["levels"][0]["acknowledged_by"] == "Ada (by the link sent to console/console)"


def test_an_acknowledgement_over_the_api_ends_a_drill_and_leaves_no_alert_open(served: Served) -> None:
    drill_id = begun(served, receiver="console", acknowledge_within_seconds=60)

    assert served.ask("POST", f"/api/v1/alerts/{drill_id}-0/acknowledge", {}).status == 200

    drill = over(served, drill_id)
    assert (drill["state"], drill["levels"][0]["acknowledged_by"]) == ("proved", "ada")
    assert served.get(f"/api/v1/alerts/{drill_id}-0")["state"] == "resolved"


def test_drills_are_listed_with_the_newest_first(served: Served) -> None:
    first, second = begun(served, receiver="console"), begun(served, receiver="console")

    listed = [one["id"] for one in served.get(f"{ROOT}?limit=2")["items"]]

    assert listed == [second, first]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({}, 422, "give one of receiver, policy and job"),
        ({"receiver": "console", "job": "etl"}, 422, "give one of receiver, policy and job"),
        ({"receiver": "console", "environment": "x"}, 422, "is for a drill of a job"),
        ({"receiver": "konsole"}, 404, "there is no receiver 'konsole'; there are: console"),
        ({"policy": "clime"}, 404, "there is no escalation policy 'clime'; there are: climb"),
        ({"receiver": ""}, 422, "receiver"),
        ({"receiver": "console", "severity": "loud"}, 422, "severity"),
        ({"receiver": "console", "deliver_within_seconds": 0}, 422, "deliver_within_seconds"),
        ({"receiver": "console", "deliver_within_seconds": 1e9}, 422, "deliver_within_seconds"),
        ({"receiver": "console", "acknowledge_within_seconds": -1}, 422, "acknowledge_within_seconds"),
        ({"receiver": "console", "loud": True}, 422, "loud"),
    ],
)
def test_a_drill_that_cannot_be_is_refused_with_what_to_do(
    served: Served, body: dict[str, object], status: int, says: str
) -> None:
    before = len(served.get(f"{ROOT}?limit=200")["items"])

    answer = served.ask("POST", ROOT, body)

    assert answer.status == status
    assert says in answer.text
    assert len(served.get(f"{ROOT}?limit=200")["items"]) == before


@pytest.mark.parametrize("path", [ROOT, f"{ROOT}/x"])
def test_nobody_looks_at_drills_without_a_token(served: Served, path: str) -> None:
    assert served.ask("GET", path, headers={"authorization": ""}).status == 401
    assert served.ask("POST", ROOT, {"receiver": "console"}, {"authorization": ""}).status == 401


def test_a_drill_that_there_is_not_is_not_found(served: Served) -> None:
    assert served.ask("GET", f"{ROOT}/drill-x").status == 404
