"""Was I told, when, by which way, and why not: over all alerts, in one list."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.web.served import Served, serving, wait_until
from tocsin.alerts.group import Pace
from tocsin.engine import recalling
from tocsin.engine.configuration import Configuration

HOSTILE = "<script>window.hacked=1</script><b>bold"
NARROW = ViewportSize(width=390, height=844)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
HISTORY = "/api/v1/history"
JOBS = ("quiet", "loud", HOSTILE)


def lines(served: Served, query: str = "") -> Any:  # noqa: ANN401 -- JSON is anything
    """Return every line, page by page of three."""
    found: list[Any] = []
    cursor, rounds = "", 0
    while rounds < 200:
        page = served.get(f"{HISTORY}?limit=3{cursor}&{query}")
        found += page["items"]
        if page["next"] is None:
            return found
        cursor, rounds = f"&cursor={page['next']}", rounds + 1
    raise AssertionError("the pages never end")


def whats(found: Any) -> list[tuple[str, str]]:  # noqa: ANN401 -- JSON is anything
    """Return outcome and what, oldest first."""
    return [(one["outcome"], one["what"]) for one in reversed(found)]


def settled(served: Served) -> None:
    """Wait until nothing is on its way."""
    wait_until(lambda: not served.get(f"{HISTORY}?outcome=waiting")["items"])


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on which one job failed under a silence, and two were told, one of them taken in hand."""
    with serving(tmp_path_factory.mktemp("told")) as served:
        served.ask("POST", "/api/v1/silences", {"matchers": ['job="quiet"'], "for_minutes": 60})
        served.report(*({"job": job, "kind": "fail", "error": {"message": HOSTILE}} for job in JOBS))
        served.ear.wait_for(2)
        alerts = {alert["job"]: alert["id"] for alert in served.get("/api/v1/alerts")["items"]}
        served.ask("POST", f"/api/v1/alerts/{alerts['loud']}/acknowledge", {"note": "mine"})
        settled(served)
        yield served


def test_a_job_that_was_told_has_the_decision_the_notification_and_what_was_done(told: Served) -> None:
    found = lines(told, "job=loud")

    assert whats(found) == [
        ("decided", "opened"),
        ("decided", "told"),
        ("told", "firing"),
        ("acted", "acknowledged"),
    ]
    firing = found[1]
    assert firing["target"] == "console/console"
    assert [one["outcome"] for one in firing["notification"]["deliveries"]] == ["sent"]
    assert (found[0]["who"], found[0]["note"]) == ("anonymous (loopback)", "mine")
    assert {one["job"] for one in found} == {"loud"}


def test_a_job_that_was_silenced_says_why_nobody_heard(told: Served) -> None:
    found = lines(told, "job=quiet")

    assert whats(found) == [("decided", "opened"), ("not_told", "silenced")]
    assert found[0]["note"].startswith("silence ")


def test_every_line_is_on_exactly_one_page(told: Served) -> None:
    whole = told.get(f"{HISTORY}?limit=1000")

    assert whole["next"] is None
    assert lines(told) == whole["items"]
    assert [one["at"] for one in whole["items"]] == sorted((o["at"] for o in whole["items"]), reverse=True)


def test_whoever_is_named_sees_what_they_were_told_and_what_was_kept_from_them(told: Served) -> None:
    found = lines(told, "to=console")

    assert whats(found).count(("told", "firing")) == 2
    assert [one["job"] for one in found if one["outcome"] == "not_told"] == ["quiet"]
    assert len(found) == 3
    assert lines(told, "to=console/console&outcome=told") == [o for o in found if o["outcome"] == "told"]
    assert lines(told, "to=somebody") == []
    acted = lines(told, "to=anonymous%20(loopback)")
    assert whats(acted) == [("acted", "acknowledged")]


@pytest.mark.parametrize("outcome", [one.value for one in recalling.Outcome])
def test_an_outcome_leaves_its_lines_alone(told: Served, outcome: str) -> None:
    everything = lines(told)

    assert lines(told, f"outcome={outcome}") == [one for one in everything if one["outcome"] == outcome]


def test_a_span_holds_what_lies_within_it(told: Served) -> None:
    everything = lines(told)
    middle = everything[len(everything) // 2]["at"]

    assert lines(told, f"since={middle}") == [one for one in everything if one["at"] >= middle]
    assert lines(told, f"until={middle}") == [one for one in everything if one["at"] < middle]


def test_a_search_that_finds_little_goes_on_from_where_it_came_to(
    told: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recalling, "SLICE", 1)
    monkeypatch.setattr(recalling, "MOST_LOOKED_AT", 1)

    first = told.get(f"{HISTORY}?to=somebody")

    assert (first["items"], first["next"] is None) == ([], False)
    assert lines(told, "to=somebody") == []
    assert len(lines(told, "to=console")) == 3


def test_tests_and_what_a_person_does_to_a_job_are_found_too(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        served.ask("POST", "/api/v1/receivers/console/test")
        served.report({"job": "etl", "kind": "fail"})
        served.ask("POST", "/api/v1/jobs/production/etl/pause")
        served.ear.wait_for(3)
        found = lines(served)

    (test,) = (one for one in found if one["what"] == "test")
    assert (test["about"], test["job"], test["target"]) == ("test", "", "console/console")
    assert ("acted", "job_paused") in whats(found)


def gathering(configuration: Configuration) -> Configuration:
    """Gather quickly, and tell three and more as one."""
    pace = Pace(wait=timedelta(milliseconds=50), interval=timedelta(minutes=5), together_from=3)
    return replace(configuration, policy=replace(configuration.policy, pace=pace))


def test_what_was_told_as_one_is_found_under_the_group_and_under_each_job(tmp_path: Path) -> None:
    with serving(tmp_path, change=gathering) as served:
        served.report(*({"job": f"load {n}", "kind": "fail"} for n in range(5)))
        served.ear.wait_for(2)
        settled(served)
        everything = lines(served)
        one = lines(served, "job=load%203")

    (group,) = (line for line in everything if line["about"] == "group")
    assert (group["outcome"], group["what"], group["summary"]) == ("told", "firing", "4 alerts failed")
    assert whats(one) == [("decided", "opened"), ("not_told", "grouped"), ("told", "firing")]
    assert one[0] == group


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("job=nope", 404, "name"),
        ("job=loud&environment=staging", 404, "name"),
        ("environment=production", 422, "environment"),
        ("outcome=nope", 422, "outcome"),
        ("since=yesterday", 422, "since"),
        ("since=2026-01-01T00:00:00", 422, "since"),
        ("since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", 422, "until"),
        ("cursor=_w", 422, "cursor"),
        ("cursor=YR9iH2MfZA", 422, "cursor"),
        ("limit=0", 422, "limit"),
        ("to=" + "x" * 201, 422, "to"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_by_field(
    told: Served, query: str, status: int, field: str
) -> None:
    for path in (HISTORY, "/history"):
        if path == "/history" and field == "limit":
            continue
        answer = told.ask("GET", f"{path}?{query}")
        assert (answer.status, answer.json["error"]["field"]) == (status, field), path


def test_the_page_asks_for_the_same_and_shows_names_as_they_are(page: Page, told: Served) -> None:
    page.goto(f"{told.url}/history")
    assert page.evaluate("window.hacked") is None
    assert page.locator("main b", has_text="bold").filter(has_not_text="<").count() == 0
    assert HOSTILE in (page.locator("main").text_content() or "")

    page.get_by_label("Job").fill("quiet")
    page.get_by_label("Outcome").select_option("not told")
    page.get_by_role("button", name="Show").click()

    expect(page.get_by_role("row").filter(has_text="silenced")).to_have_count(1)
    expect(page.get_by_label("Outcome")).to_have_value("not_told")
    page.get_by_role("link", name="quiet").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("quiet")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_page_fits_a_telephone(browser: Browser, told: Served, scheme: Literal["light", "dark"]) -> None:
    context = browser.new_context(viewport=NARROW, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{told.url}/history")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    context.close()


def test_an_empty_history_says_so(page: Page, alone: Served) -> None:
    page.goto(f"{alone.url}/history")
    expect(page.get_by_text("Nothing has happened yet.")).to_be_visible()
    page.goto(f"{alone.url}/history?to=x")
    expect(page.get_by_text("Nothing is kept that fits.")).to_be_visible()


def test_histories_are_for_those_alone_who_may_see_alerts(closed: Served) -> None:
    nobody = {"authorization": f"Bearer {closed.key}"}
    assert closed.ask("GET", HISTORY, headers=nobody).status == 401
    answer = closed.ask("GET", "/history", headers={**nobody, "accept": "text/html"})
    assert (answer.status, answer.headers["location"][:6]) == (303, "/login")
