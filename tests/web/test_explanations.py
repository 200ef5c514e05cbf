"""Why it is so, by the API and on the pages."""

import pytest

from tests.web.served import Served, fresh, wait_until


def failing(served: Served, name: str) -> str:
    """Let a job fail and return the id of its alert."""
    served.report({"job": name, "kind": "fail", "exit_code": 3})
    items = served.get("/api/v1/alerts?limit=1000")["items"]
    return str(next(item["id"] for item in items if item["job"] == name))


def test_a_job_is_explained_by_every_rule_with_its_facts(served: Served) -> None:
    name = fresh()
    path = f"/api/v1/jobs/production/{name}"
    body = {"schedule": "0 5 * * *", "deadline": "06:00", "timezone": "America/New_York"}
    assert served.ask("PUT", f"{path}/definition", body).status == 200
    alert = failing(served, name)

    told = served.get(f"{path}/explanation")

    rules = {one["condition"]: one for one in told["rules"]}
    failure = rules["job_failure"]
    assert (failure["verdict"], failure["severity"], failure["why"]) == ("finding", "critical", "failed")
    assert failure["alert"] == alert
    assert {"name": "bad runs", "value": "1, that no good run has made up for"} in failure["facts"]
    assert rules["no_data"]["verdict"] == "quiet"
    assert (rules["sla_breach"]["verdict"], rules["sla_breach"]["ask_again_at"] is None) == ("quiet", False)
    assert " EST, in " in rules["sla_breach"]["ask_again"] or " EDT, in " in rules["sla_breach"]["ask_again"]
    assert told["timezone"] == "America/New_York"
    assert (told["not_asked"], told["is_own"]) == ([], False)


def test_an_alert_is_explained_with_who_hears_of_it(served: Served) -> None:
    alert = failing(served, fresh())

    told = served.get(f"/api/v1/alerts/{alert}/explanation")

    assert (told["alert"]["id"], told["standing"]) == (alert, "holds")
    (hearer,) = told["hearers"]
    assert (hearer["way"], hearer["heard"], hearer["targets"]) == ("route", "told", ["console/console"])
    assert told["telling"] == "nothing_to_say"
    assert (told["next_at"] is None, told["opinion"]["condition"]) == (False, "job_failure")


def test_an_alert_of_a_job_that_is_gone_is_explained_without_a_rule(served: Served) -> None:
    name = fresh()
    alert = failing(served, name)
    assert served.ask("DELETE", f"/api/v1/jobs/production/{name}").status == 200
    failing(served, name)

    told = served.get(f"/api/v1/alerts/{alert}/explanation")

    assert (told["standing"], told["opinion"]) == ("over", None)


def test_asking_changes_nothing(served: Served) -> None:
    name = fresh()
    alert = failing(served, name)
    wait_until(
        lambda: all(told["finished_at"] for told in served.get(f"/api/v1/alerts/{alert}")["notifications"])
    )
    before = served.get(f"/api/v1/alerts/{alert}"), served.get(f"/api/v1/jobs/production/{name}")
    for path in (f"/api/v1/jobs/production/{name}/explanation", f"/api/v1/alerts/{alert}/explanation"):
        served.get(path)

    assert (served.get(f"/api/v1/alerts/{alert}"), served.get(f"/api/v1/jobs/production/{name}")) == before


@pytest.mark.parametrize("path", ["jobs/production/nothing-of-the-kind", "alerts/nothing"])
def test_what_is_not_there_cannot_be_explained(served: Served, path: str) -> None:
    answer = served.ask("GET", f"/api/v1/{path}/explanation")

    assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["jobs/production/x", "alerts/x"])
def test_an_explanation_is_for_people_with_a_token_alone(closed: Served, path: str) -> None:
    headers = {"authorization": f"Bearer {closed.key}"}

    assert closed.ask("GET", f"/api/v1/{path}/explanation", headers=headers).status == 401


def test_the_pages_say_why_it_is_so(served: Served) -> None:
    name = fresh("<b>bold</b>")
    alert = failing(served, name)
    path = f"/jobs/production/{name.replace('<', '%3C').replace('>', '%3E').replace('/', '%2F')}"

    page = served.ask("GET", path).text
    assert "Why it is so" in page
    assert "that no good run has made up for" in page
    assert "<b>bold</b>" not in page
    page = served.ask("GET", f"/alerts/{alert}").text
    assert "Why it is told, or not" in page
    assert "has heard the latest" in page


def test_a_paused_job_says_that_it_is_not_judged(served: Served) -> None:
    name = fresh()
    served.report({"job": name, "kind": "success"})
    served.ask("POST", f"/api/v1/jobs/production/{name}/pause")
    told = served.get(f"/api/v1/jobs/production/{name}/explanation")

    assert told["rules"] == []
    assert {one["reason"] for one in told["not_asked"]} == {"job_paused"}
    assert told["next_look"] == "not before it is resumed"
    assert "does not look at it" in served.ask("GET", f"/jobs/production/{name}").text
