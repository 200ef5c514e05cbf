"""The pages in a real browser."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.web.served import Served, fresh, serving
from tocsin.clock import now
from tocsin.engine.draft import SYSTEM_JOB
from tocsin.jobs.job import Job
from tocsin.store.sqlite import SqliteStore
from tocsin.web.pages.overview import ROWS

NARROW = ViewportSize(width=390, height=844)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
REFRESH_MILLISECONDS = 5_000
MOST_BYTES = 150_000


@pytest.fixture
def bare(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that runs no script."""
    context = browser.new_context(java_script_enabled=False)
    yield context
    context.close()


def failed(served: Served, **more: object) -> str:
    """Let a job fail and return its name."""
    name = fresh("nightly")
    served.report(
        {"job": name, "kind": "start", "run": "r"}, {"job": name, "kind": "fail", "run": "r", **more}
    )
    return name


def watched(page: Page) -> list[str]:
    """Return a list that fills with what the browser complains of."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    return complaints


def test_an_empty_house_says_how_to_begin(page: Page, alone: Served) -> None:
    page.goto(alone.url)

    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing has checked in yet.")
    expect(page.get_by_text("tocsin run -- true", exact=True)).to_be_visible()
    expect(page.get_by_text(f'curl "{alone.url}/ping/-/my-job?create=1"')).to_be_visible()


def test_what_is_fine_is_said_in_one_sentence(page: Page, alone: Served) -> None:
    alone.report(*({"job": f"job {n}", "kind": "success"} for n in range(12)))

    page.goto(alone.url)

    expect(page.get_by_role("heading", level=1)).to_have_text("All 12 jobs are fine.")
    expect(page).to_have_title("Tocsin")
    expect(page.get_by_role("heading", name="Needs attention")).to_have_count(0)


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Served]:
    """A server that has once told of itself, under a job of its own."""
    store = SqliteStore(str(tmp_path / "tocsin.db"))
    writing = store.writing()
    writing.begin()
    writing.register([Job(name=SYSTEM_JOB.name, environment=SYSTEM_JOB.environment, registered_at=now())])
    writing.commit()
    store.close()
    with serving(tmp_path) as running:
        yield running


def test_what_has_not_run_yet_is_not_called_fine_and_tocsin_itself_is_no_job(
    page: Page, told: Served
) -> None:
    assert told.get("/api/v1/health")["jobs"] == 1
    told.report(*({"job": f"job {n}", "kind": "success"} for n in range(12)))
    for name in ("a", "b", "c"):
        told.ask("PUT", f"/api/v1/jobs/production/{name}/definition", {"schedule": "0 2 * * *"})

    page.goto(told.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("12 jobs are fine, 3 have not run yet.")
    expect(page.get_by_role("rowheader")).to_have_count(15)

    page.goto(f"{told.url}/?q=job+1")
    expect(page.get_by_role("heading", level=1)).to_have_text("12 jobs are fine, 3 have not run yet.")
    expect(page.get_by_role("rowheader")).to_have_count(3)


def test_of_more_jobs_than_a_page_holds_only_their_number_is_said(page: Page, told: Served) -> None:
    told.report(*({"job": f"job {n}", "kind": "success"} for n in range(ROWS + 1)))

    page.goto(told.url)

    expect(page.get_by_role("heading", level=1)).to_have_text("No alert is open.")
    expect(page.get_by_text("201 jobs are watched.")).to_be_visible()


def test_an_alert_is_acknowledged_by_keyboard_alone(page: Page, alone: Served) -> None:
    name = failed(alone, exit_code=3)
    complaints = watched(page)
    page.goto(alone.url)
    expect(page).to_have_title("(1) Tocsin")

    button = page.get_by_role("button", name=f"Acknowledge the alert of {name}")
    for _ in range(30):
        page.keyboard.press("Tab")
        if button.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("1 alert is open, acknowledged.")
    expect(page.get_by_text("Acknowledged by anonymous (loopback)")).to_be_visible()
    assert alone.get("/api/v1/alerts")["items"][0]["state"] == "acknowledged"
    assert complaints == []


def test_everything_can_be_read_and_acknowledged_without_a_script(
    bare: BrowserContext, alone: Served
) -> None:
    name = failed(alone)
    page = bare.new_page()
    page.goto(alone.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("1 alert is open.")

    page.get_by_role("button", name="Acknowledge").click()
    page.get_by_role("rowheader").get_by_role("link", name=name).click()
    page.get_by_role("link", name="failed").first.click()
    page.get_by_label("Why it is over").fill("mended by hand")
    page.get_by_role("button", name="Resolve by hand").click()

    expect(page.get_by_text("mended by hand")).to_be_visible()
    page.get_by_role("link", name="Past alerts").click()
    expect(page.get_by_role("rowheader", name=name)).to_be_visible()


def test_the_page_of_an_alert_tells_its_whole_story(page: Page, alone: Served) -> None:
    failed(alone, exit_code=3, log_tail="line 1\nthe last line")
    alone.ear.wait_for(1)
    alert = alone.get("/api/v1/alerts")["items"][0]

    page.goto(f"{alone.url}/alerts/{alert['id']}")

    expect(page.get_by_text("the last line")).to_be_visible()
    expect(page.get_by_role("heading", name="What happened").locator("..")).to_contain_text("opened")
    told = page.get_by_role("heading", name="Who was told").locator("..")
    expect(told).to_contain_text("console")
    expect(told).to_contain_text("heard")


def test_a_job_tells_each_run_and_can_be_paused(page: Page, alone: Served) -> None:
    began = now() - timedelta(hours=3)
    for number in range(5):
        at = began + number * timedelta(minutes=30)
        common = {"job": "etl", "run": f"r{number}"}
        alone.report(
            {**common, "kind": "start", "at": at.isoformat()},
            {
                **common,
                "kind": "success",
                "at": (at + timedelta(minutes=number + 1)).isoformat(),
                "records": {"ok": 1_000},
            },
        )

    page.goto(f"{alone.url}/jobs/production/etl")

    assert page.locator("svg.chart path.mark").count() == 5
    titles = page.locator("svg.chart path.mark title").all_text_contents()
    assert [title.rpartition(", ")[2] for title in titles] == [f"{n} min" for n in range(1, 6)]
    expect(page.get_by_role("row").filter(has_text="r4")).to_contain_text("5 min")

    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_text("it is not judged")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("it is not judged")).to_have_count(0)


def test_a_strip_is_named_for_whoever_does_not_see_it(page: Page, alone: Served) -> None:
    for number, kind in enumerate(["success", "success", "fail"]):
        alone.report({"job": "etl", "kind": kind, "run": f"r{number}"})

    page.goto(alone.url)

    strip = page.get_by_role("row").filter(has_text="etl").get_by_role("img")
    label = strip.get_attribute("aria-label") or ""
    assert label.startswith("Last 3 runs: 2 succeeded, 1 failed.")
    expect(page.get_by_role("rowheader", name="etl")).to_contain_text("in trouble")


def test_news_come_without_a_reload_and_take_nothing_away(page: Page, alone: Served) -> None:
    complaints = watched(page)
    alone.report({"job": "first", "kind": "success"})
    page.clock.install()
    page.goto(alone.url)
    link = page.get_by_role("link", name="first")
    link.focus()

    failed(alone)
    page.clock.run_for(REFRESH_MILLISECONDS)

    expect(page.get_by_role("heading", level=1)).to_have_text("1 alert is open.")
    expect(page).to_have_title("(1) Tocsin")
    expect(page.get_by_role("link", name="first")).to_be_focused()
    assert "ringing.svg" in (page.locator("link[rel=icon]").get_attribute("href") or "")
    assert complaints == []


def test_whoever_types_or_pauses_is_not_disturbed(page: Page, alone: Served) -> None:
    alone.report({"job": "first", "kind": "success"})
    page.clock.install()
    page.goto(alone.url)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/static/" not in request.url else None)
    search = page.get_by_role("searchbox")

    search.fill("fir")
    failed(alone)
    page.clock.run_for(3 * REFRESH_MILLISECONDS)
    page.evaluate("fetch('/healthz').then(answer => answer.status)")
    assert asked == [f"{alone.url}/healthz"]
    expect(search).to_have_value("fir")

    search.fill("")
    page.get_by_role("button", name="pause refreshing").click()
    page.clock.run_for(3 * REFRESH_MILLISECONDS)
    page.evaluate("fetch('/healthz').then(answer => answer.status)")
    assert asked == [f"{alone.url}/healthz"] * 2

    page.get_by_role("button", name="go on refreshing").click()
    page.clock.run_for(REFRESH_MILLISECONDS)
    expect(page.get_by_role("heading", level=1)).to_have_text("1 alert is open.")


def test_a_server_that_is_gone_is_said(page: Page, tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        page.clock.install()
        page.goto(served.url)
        expect(page.get_by_role("button", name="refreshing")).to_have_text("Live")
    page.clock.run_for(REFRESH_MILLISECONDS)

    expect(page.get_by_role("button", name="refreshing")).to_have_text("No connection")


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with 205 jobs of thirty runs each."""
    began = now() - timedelta(days=2)
    with serving(tmp_path_factory.mktemp("crowded")) as served:
        for number in range(205):
            name = f"warehouse_load_of_table_{number:03}"
            story: list[object] = []
            for run in range(30):
                at = began + run * timedelta(minutes=40)
                common = {"job": name, "run": f"{number}-{run}"}
                kind = "fail" if (number * 7 + run) % 97 == 0 else "success"
                seconds = 60 + (number * 31 + run * 17) % 900
                story += [
                    {**common, "kind": "start", "at": at.isoformat()},
                    {**common, "kind": kind, "at": (at + timedelta(seconds=seconds)).isoformat()},
                ]
            served.report(*story)
        yield served


def test_two_hundred_jobs_stay_light(page: Page, crowded: Served) -> None:
    received: list[float] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))

    page.goto(crowded.url, wait_until="networkidle")

    assert page.locator("svg.strip[role=img]").count() == 200
    assert sum(received) <= MOST_BYTES
    assert page.evaluate("document.querySelectorAll('*').length") < 12_000


def test_jobs_behind_the_first_two_hundred_are_on_the_next_page(page: Page, crowded: Served) -> None:
    page.goto(crowded.url)

    page.get_by_role("link", name="Next 200").click()
    expect(page.get_by_role("rowheader")).to_have_count(5)
    page.get_by_role("link", name="First page").click()
    expect(page.get_by_role("rowheader")).to_have_count(200)


def test_jobs_are_searched_by_a_part_of_their_name(page: Page, crowded: Served) -> None:
    page.goto(crowded.url)

    page.get_by_role("searchbox").fill("table_20")
    page.keyboard.press("Enter")

    expect(page.get_by_role("rowheader")).to_have_count(5)
    expect(page).to_have_url(f"{crowded.url}/?q=table_20")
    page.get_by_role("searchbox").fill("<no such>")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No job’s name contains “<no such>”.")).to_be_visible()


def test_a_person_logs_in_acts_under_their_name_and_logs_out(page: Page, closed: Served) -> None:
    name = failed(closed)
    page.goto(f"{closed.url}/alerts")
    page.get_by_label("User token").fill(closed.key)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("not known here")

    page.get_by_label("User token").fill(closed.token)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{closed.url}/alerts")
    page.goto(closed.url)
    page.get_by_role("button", name=f"Acknowledge the alert of {name}").click()
    expect(page.get_by_text("Acknowledged by ada")).to_be_visible()

    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("User token")).to_be_visible()
    page.goto(closed.url)
    expect(page).to_have_url(f"{closed.url}/login?next=%2F")


def test_an_address_where_nothing_is_says_so_kindly(page: Page, alone: Served) -> None:
    answer = page.goto(f"{alone.url}/jobs/production/nobody")

    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("Not here")
    expect(page.get_by_text("There is no job 'nobody'")).to_be_visible()


def test_a_store_that_takes_nothing_is_said_on_the_page(page: Page, alone: Served) -> None:
    alone.report({"job": "etl", "kind": "success"})
    alone.disk.break_down()
    alone.ask("POST", "/api/v1/check-ins", {"job": "etl", "kind": "success"})

    page.goto(alone.url)

    expect(page.get_by_text("Tocsin itself is unhealthy.")).to_be_visible()
    expect(page.get_by_role("list", name="What is wrong with Tocsin itself")).to_contain_text(
        "cannot be written"
    )
    expect(page.get_by_role("rowheader", name="etl")).to_be_visible()
