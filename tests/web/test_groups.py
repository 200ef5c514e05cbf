"""A storm is seen as one: in the API, on its page and above the alerts, and taken in hand at one stroke."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.web.served import Served, serving, wait_until
from tocsin.alerts.group import Pace
from tocsin.engine import whole_groups
from tocsin.engine.configuration import Configuration

JOBS = 20
MEMBERS = JOBS - 1
HOSTILE = '<script>window.hacked=1</script><b>"bold'
NARROW = ViewportSize(width=390, height=844)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def gathering(configuration: Configuration) -> Configuration:
    """Gather quickly, and tell three and more as one."""
    pace = Pace(wait=timedelta(milliseconds=50), interval=timedelta(minutes=5), together_from=3)
    return replace(
        configuration, policy=replace(configuration.policy, pace=pace), base_url="https://tocsin.example"
    )


def fail(served: Served, count: int, name: str = "load", error: str = "disk full on db-7") -> None:
    """Let jobs fail together."""
    served.report(
        *({"job": f"{name} {n:02}", "kind": "fail", "error": {"message": error}} for n in range(count))
    )


def the_group(served: Served) -> Any:  # noqa: ANN401  # JSON is anything
    """Return the one open group once it was told as one."""
    wait_until(lambda: any(group["open"] for group in served.get("/api/v1/groups")["items"]))
    return served.get("/api/v1/groups")["items"][0]


@pytest.fixture
def storm(tmp_path: Path) -> Iterator[Served]:
    """A server on which twenty jobs have failed together."""
    with serving(tmp_path, change=gathering) as served:
        fail(served, JOBS)
        the_group(served)
        yield served


def test_a_storm_is_one_group_that_says_how_many_and_what_they_share(storm: Served) -> None:
    group = the_group(storm)

    assert (group["open"], group["total"], group["waiting"], group["taken"]) == (MEMBERS, MEMBERS, 0, 0)
    assert group["labels"] == {"condition": "job_failure", "severity": "critical"}
    assert group["shared_cause"] == {"kind": "error", "what": "disk full on db-…", "count": MEMBERS}
    assert group["first"]["job"] == "load 01"
    assert (group["is_open"], group["closed_at"]) == (True, None)


def test_a_storm_names_the_jobs_that_it_puts_at_risk(tmp_path: Path) -> None:
    with serving(tmp_path, change=gathering) as served:
        path = "/api/v1/jobs/production/report/definition"
        upstream = [f"load {n:02}" for n in range(1, JOBS)]
        assert served.ask("PUT", path, {"upstream": upstream, "deadline": "06:00"}).status == 200
        fail(served, JOBS)
        group = the_group(served)

        at_risk = served.get(f"/api/v1/groups/{group['id']}")["at_risk"]
        page = served.ask("GET", f"/groups/{group['id']}", headers={"accept": "text/html"}).text

    assert (at_risk["count"], [one["job"] for one in at_risk["jobs"]]) == (1, ["report"])
    assert "At risk: <bdi>1 job needs them: report by " in page


def test_the_link_of_the_message_leads_to_the_group(storm: Served) -> None:
    storm.ear.wait_for(2)
    link = next(link for link in storm.ear.messages[1].links if link.name == "group")

    path = link.url.removeprefix("https://tocsin.example")
    answer = storm.ask("GET", path, headers={"accept": "text/html"})

    assert answer.status == 200
    assert "19 jobs failed" in answer.text


def test_a_group_has_its_alerts_in_pages_and_what_was_told(storm: Served) -> None:
    path = f"/api/v1/groups/{the_group(storm)['id']}"
    seen: list[str] = []
    cursor = ""
    while True:
        page = storm.get(f"{path}?limit=8{cursor}")
        seen += [alert["job"] for alert in page["alerts"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"

    assert sorted(seen) == [f"load {n:02}" for n in range(1, JOBS)]
    assert len(page["alerts"]) == MEMBERS % 8
    (told,) = page["notifications"]
    assert (told["kind"], told["key"].startswith(page["id"])) == ("firing", True)


def test_an_alert_names_the_groups_that_speak_for_it(storm: Served) -> None:
    group = the_group(storm)
    alerts = storm.get("/api/v1/alerts")["items"]

    assert {alert["job"]: alert["groups"] for alert in alerts if not alert["groups"]} == {"load 00": []}
    assert sum(alert["groups"] == [group["id"]] for alert in alerts) == MEMBERS
    member = next(alert for alert in alerts if alert["groups"])
    page = storm.ask("GET", f"/alerts/{member['id']}", headers={"accept": "text/html"}).text
    assert f'href="/groups/{group["id"]}"' in page
    assert "its group tells of it" in page


def test_a_group_is_taken_in_hand_slice_by_slice(storm: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_groups, "SLICE", 5)
    path = f"/api/v1/groups/{the_group(storm)['id']}"

    answer = storm.ask("POST", f"{path}/acknowledge", {"note": "the disk"})

    assert answer.json["message"] == "acknowledged 19 alerts; none is repeated unless it gets worse"
    group = storm.get(path)
    assert (group["open"], group["taken"]) == (MEMBERS, MEMBERS)
    assert {(one["state"], one["acknowledged_by"]) for one in group["alerts"]} == {
        ("acknowledged", "anonymous (loopback)")
    }
    firing = [one["job"] for one in storm.get("/api/v1/alerts")["items"] if one["state"] == "firing"]
    assert firing == ["load 00"]
    history = storm.get(f"/api/v1/alerts/{group['alerts'][-1]['id']}")["history"]
    assert (history[-1]["reason"], history[-1]["note"]) == ("acknowledged", "the disk")
    again = storm.ask("POST", f"{path}/acknowledge")
    assert (again.status, again.json["message"]) == (200, "none of its alerts waits for somebody")


def test_who_has_an_alert_of_a_group_keeps_it(storm: Served) -> None:
    group = the_group(storm)
    member = storm.get(f"/api/v1/groups/{group['id']}")["alerts"][0]
    storm.ask("POST", f"/api/v1/alerts/{member['id']}/acknowledge", {"for_minutes": 30})

    answer = storm.ask("POST", f"/api/v1/groups/{group['id']}/acknowledge", {"for_minutes": 60})

    assert answer.json["message"].startswith("acknowledged 18 alerts;")
    ends = {
        one["id"]: one["acknowledged_until"] for one in storm.get(f"/api/v1/groups/{group['id']}")["alerts"]
    }
    assert all(ends.values())
    assert ends.pop(member["id"]) < min(ends.values())


def test_a_group_whose_alerts_are_over_is_over(storm: Served) -> None:
    group = the_group(storm)
    storm.report(*({"job": f"load {n:02}", "kind": "success"} for n in range(JOBS)))

    wait_until(lambda: not storm.get(f"/api/v1/groups/{group['id']}")["is_open"])

    over = storm.get(f"/api/v1/groups/{group['id']}")
    assert (over["open"], over["over"]) == (0, MEMBERS)
    assert storm.get("/api/v1/groups")["items"] == []
    page = storm.ask("GET", f"/groups/{group['id']}", headers={"accept": "text/html"}).text
    assert "Acknowledge all" not in page
    answer = storm.ask("POST", f"/api/v1/groups/{group['id']}/acknowledge")
    assert (answer.status, answer.json["message"]) == (200, "none of its alerts waits for somebody")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/v1/groups/nope", None, 404),
        ("POST", "/api/v1/groups/nope/acknowledge", None, 404),
        ("GET", "/groups/nope", None, 404),
        ("POST", "/groups/nope/acknowledge", b"", 404),
        ("GET", "/api/v1/groups?limit=0", None, 422),
        ("GET", "/api/v1/groups/{id}?cursor=_w", None, 422),
        ("GET", "/groups/{id}?cursor=_w", None, 422),
        ("POST", "/api/v1/groups/{id}/acknowledge", {"not": "x"}, 422),
        ("POST", "/api/v1/groups/{id}/acknowledge", {"until": "2020-01-01T00:00:00Z"}, 422),
    ],
)
def test_what_cannot_be_meant_of_a_group_is_refused(
    gathered: Served, method: str, path: str, body: object, status: int
) -> None:
    group_id = the_group(gathered)["id"]

    answer = gathered.ask(method, path.replace("{id}", group_id), body)

    assert (answer.status, bool(answer.json["error"]["message"])) == (status, True)


@pytest.fixture(scope="module")
def gathered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with one group that nobody changes."""
    with serving(tmp_path_factory.mktemp("gathered"), change=gathering) as served:
        fail(served, 6)
        the_group(served)
        yield served


def test_groups_are_shown_to_those_alone_who_may_see_alerts(tmp_path: Path) -> None:
    with serving(tmp_path, closed=True, change=gathering) as closed:
        nobody = {"authorization": f"Bearer {closed.key}"}
        for method, path in (
            ("GET", "/api/v1/groups"),
            ("GET", "/api/v1/groups/x"),
            ("POST", "/api/v1/groups/x/acknowledge"),
        ):
            assert closed.ask(method, path, headers=nobody).status == 401
        for method in ("GET", "POST"):
            path = "/groups/x" if method == "GET" else "/groups/x/acknowledge"
            answer = closed.ask(method, path, headers={**nobody, "accept": "text/html"})
            assert (answer.status, answer.headers["location"][:6]) == (303, "/login")


def test_a_storm_stands_above_the_alerts_and_is_acknowledged_on_its_page(page: Page, storm: Served) -> None:
    page.goto(storm.url)
    line = page.get_by_label("Alerts that were told as one").get_by_role("listitem")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("19 more alerts: job_failure, critical")

    line.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("19 jobs failed")
    expect(page.locator("#cause")).to_have_text("all 19 report: disk full on db-…")
    expect(page.get_by_role("rowheader").filter(has_text="load")).to_have_count(10)
    page.get_by_label("Note for the others").fill("the disk")
    page.get_by_role("button", name="Acknowledge all").click()

    expect(page.get_by_role("button", name="Acknowledge all")).to_have_count(0)
    expect(page.get_by_text("19 of them in hand")).to_be_visible()
    page.get_by_role("link", name="More").click()
    expect(page.get_by_role("rowheader").filter(has_text="load")).to_have_count(MEMBERS - 10)
    page.get_by_role("rowheader").get_by_role("link").first.click()
    expect(page.get_by_text("the disk")).to_be_visible()


def test_another_site_cannot_take_a_group_in_hand(storm: Served) -> None:
    path = f"/groups/{the_group(storm)['id']}/acknowledge"

    answer = storm.ask(
        "POST", path, b"note=x", {"sec-fetch-site": "cross-site", "origin": "https://evil.test"}
    )

    assert answer.status == 403
    assert the_group(storm)["taken"] == 0


def test_names_and_errors_of_a_group_that_want_to_act_do_not(page: Page, tmp_path: Path) -> None:
    by_team = ("condition", "team")

    def change(configuration: Configuration) -> Configuration:
        gathered = gathering(configuration)
        return replace(gathered, route=replace(gathered.route, group_by=by_team))

    with serving(tmp_path, change=change) as served:
        labelled = {"labels": {"team": HOSTILE}}
        served.report(
            *(
                {
                    "job": f"{HOSTILE} {n}",
                    "kind": "fail",
                    "error": {"message": HOSTILE},
                    "definition": labelled,
                }
                for n in range(6)
            )
        )
        group = the_group(served)
        assert group["labels"]["team"] == HOSTILE
        for path in ("/", f"/groups/{group['id']}"):
            page.goto(f"{served.url}{path}")
            assert page.evaluate("window.hacked") is None
            assert page.locator("main b", has_text="bold").filter(has_not_text="<").count() == 0
            assert HOSTILE in (page.locator("main").text_content() or "")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_storm_fits_a_telephone(
    browser: Browser, gathered: Served, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(viewport=NARROW, color_scheme=scheme)
    page = context.new_page()
    for path in ("/", f"/groups/{the_group(gathered)['id']}"):
        page.goto(f"{gathered.url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    context.close()
