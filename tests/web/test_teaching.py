"""What a run tells is said through the API and on the pages, shown where the run is, and taken back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.web.served import Served, fresh, serving
from tests.web.test_outlooks import HTML, teach_ten_minutes
from tests.web.test_silences_page import posted
from tocsin.clock import now

TEACH = "/api/v1/jobs/production/etl/teach"


@pytest.fixture(scope="module")
def knowing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that has learned how long the runs of the job `etl` take."""
    folder = tmp_path_factory.mktemp("taught")
    teach_ten_minutes(folder)
    with serving(folder) as running:
        yield running


def slow_run(served: Served, run: str) -> str:
    """Let a run of hours be at work, and return the id of its alert."""
    started_at = now() - timedelta(hours=3)
    served.report({"job": "etl", "kind": "start", "run": run, "at": started_at.isoformat()})
    (alert,) = [one for one in alerts(served) if one["condition"] == "duration_anomaly"]
    return str(alert["id"])


def alerts(served: Served) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = served.get("/api/v1/alerts")["items"]
    return found


def remark_of(served: Served, run: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = served.get(f"/api/v1/jobs/production/etl/runs/{run}")["remark"]
    return found


def test_an_alert_ends_with_what_is_said_of_its_run_on_its_page_and_it_is_taken_back_on_that_of_the_job(
    knowing: Served,
) -> None:
    alert = slow_run(knowing, "a")
    page = knowing.ask("GET", f"/alerts/{alert}", headers=HTML).text
    assert 'action="/jobs/production/etl/teach"' in page
    assert '<option value="new_normal">this is normal from now on</option>' in page

    back = f"/alerts/{alert}"
    said = posted(
        knowing, "/jobs/production/etl/teach", run="a", meaning="expected", note="full <load>", back=back
    )
    assert (said.status, said.headers["location"]) == (303, back)
    ended = knowing.get(f"/api/v1/alerts/{alert}")
    assert ended["state"] == "resolved"
    assert "run_expected" in [one["reason"] for one in ended["history"]]
    remark = remark_of(knowing, "a")
    assert remark is not None
    assert (remark["meaning"], remark["note"]) == ("expected", "full <load>")

    shown = knowing.ask("GET", "/jobs/production/etl", headers=HTML).text
    assert "called expected by " in shown
    assert "full &lt;load&gt;" in shown
    assert posted(knowing, "/jobs/production/etl/teach", run="a", meaning="ordinary").status == 303
    assert remark_of(knowing, "a") is None
    knowing.report({"job": "etl", "kind": "success", "run": "a", "at": now().isoformat()})


def test_it_is_said_through_the_api(served: Served) -> None:
    name = fresh()
    at = now()
    served.report({"job": name, "kind": "start", "run": "r/1", "at": (at - timedelta(minutes=9)).isoformat()})
    served.report({"job": name, "kind": "success", "run": "r/1", "at": at.isoformat()})
    path = f"/api/v1/jobs/production/{name}/teach"

    for meaning, words in (
        ("excluded", "nothing is learned from run r/1"),
        ("excluded", "run r/1 is excluded already, by "),
        ("new_normal", "begins anew with run r/1"),
        ("ordinary", "nothing is said any more"),
        ("ordinary", "nobody has said anything"),
    ):
        answer = served.ask("POST", path, {"run": "r/1", "meaning": meaning, "note": ""})
        assert (answer.status, words in answer.json["message"]) == (200, True), answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"run": "a"}, 422),
        ({"run": "", "meaning": "expected"}, 422),
        ({"run": "a", "meaning": "fine"}, 422),
        ({"run": "a", "meaning": "expected", "note": "x" * 501}, 422),
        ({"run": "a", "meaning": "expected", "why": "x"}, 422),
        ({"run": "no such run", "meaning": "expected"}, 404),
    ],
)
def test_what_cannot_be_said_is_refused(knowing: Served, body: dict[str, object], status: int) -> None:
    answer = knowing.ask("POST", TEACH, body)

    assert answer.status == status
    assert answer.json["error"]["message"]


def test_a_form_that_no_page_offers_is_refused(knowing: Served) -> None:
    for fields in (
        {"run": "a", "meaning": "fine"},
        {"meaning": "expected"},
        {"run": "x" * 201, "meaning": "expected"},
    ):
        assert posted(knowing, "/jobs/production/etl/teach", **fields).status == 422
    assert (
        knowing.ask(
            "POST", "/api/v1/jobs/production/no-such-job/teach", {"run": "a", "meaning": "expected"}
        ).status
        == 404
    )
