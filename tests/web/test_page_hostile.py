"""The pages in a real browser, with names and texts that want to act, on every screen."""

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests.web.served import Served, serving
from tocsin.engine.commands import Define
from tocsin.jobs.job import Definition, JobKey, Rank

NARROW = ViewportSize(width=390, height=844)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
HOSTILE = (
    "<script>window.hacked=1</script><b>bold",
    '"><img src=x onerror=window.hacked=1>',
    "' onmouseover='window.hacked=1",
    "\u202egnp.exe\u202d rtl",
    "مهمة يومية",
    "{{ 7*7 }}${7*7}",
    "../../etc/passwd?x=1#y",
    "x" * 200,
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose jobs have names and texts that want to act."""
    with serving(tmp_path_factory.mktemp("hostile")) as served:
        for number, name in enumerate(HOSTILE):
            served.report(
                {
                    "job": name,
                    "environment": name if number % 2 else "production",
                    "kind": "fail",
                    "run": name[:200],
                    "error": {"type": name, "message": name * 3},
                    "log_tail": f"\x1b[31m{name}\x1b[0m\r\n\x00</pre><script>window.hacked=1</script>",
                    "context": {"host": name},
                    "metrics": {name[:200]: 1.5},
                    "definition": {
                        "description": name,
                        "owner": name,
                        "runbook": "javascript:window.hacked=1",
                        "upstream": [name],
                        "labels": {"team": name},
                    },
                }
            )
        yield served


def watched(page: Page) -> list[str]:
    """Return a list that fills with what the browser complains of."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    return complaints


def paths(served: Served) -> list[str]:
    """Return the address of every page but those of the jobs."""
    alerts = served.get("/api/v1/alerts?limit=1000")["items"]
    return ["/", "/alerts", "/silences", *(f"/alerts/{alert['id']}" for alert in alerts)]


def test_names_and_texts_that_want_to_act_do_not(page: Page, hostile: Served) -> None:
    complaints = watched(page)
    page.goto(hostile.url)
    jobs = [
        link.get_attribute("href") or "" for link in page.get_by_role("rowheader").get_by_role("link").all()
    ]
    assert len(jobs) == len(HOSTILE)

    for path in [*paths(hostile), *jobs]:
        answer = page.goto(f"{hostile.url}{path}")
        assert answer is not None
        assert answer.status == 200, path
        assert page.evaluate("window.hacked") is None
        assert page.locator("script").count() == 1
        assert page.locator("main b", has_text="bold").filter(has_not_text="<").count() == 0
        assert page.locator("a[href^='javascript']").count() == 0
    assert complaints == []


def test_hostile_names_are_shown_as_they_are(page: Page, hostile: Served) -> None:
    page.goto(hostile.url)

    shown = set(page.get_by_role("rowheader").locator("bdi").all_text_contents())

    assert {HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[4], HOSTILE[5], HOSTILE[6], HOSTILE[7]} <= shown


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_page_is_wider_than_a_phone(
    browser: Browser, hostile: Served, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(viewport=NARROW, color_scheme=scheme)
    page = context.new_page()
    page.goto(hostile.url)
    jobs = [
        link.get_attribute("href") or "" for link in page.get_by_role("rowheader").get_by_role("link").all()
    ]

    wide = {}
    for path in [*paths(hostile), *jobs]:
        page.goto(f"{hostile.url}{path}")
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > NARROW["width"]:
            wide[path] = width
    context.close()

    assert wide == {}


def test_an_address_that_would_act_is_shown_nowhere_also_when_it_is_kept_from_earlier(alone: Served) -> None:
    definition = Definition(runbook="javascript:window.hacked=1", rank=Rank.API)
    alone.engine.command(Define(job=JobKey("production", "etl"), definition=definition, who="test"))
    alone.report({"job": "etl", "kind": "fail"})
    (alert,) = alone.get("/api/v1/alerts")["items"]

    for path in ("/", "/jobs/production/etl", f"/alerts/{alert['id']}"):
        assert "javascript:" not in alone.ask("GET", path, headers={"accept": "text/html"}).text
    assert (alert["runbook"], alone.get("/api/v1/jobs/production/etl")["definition"]["runbook"]) == ("", "")


def test_dark_and_light_follow_the_reader(browser: Browser, alone: Served) -> None:
    colours = []
    for scheme in SCHEMES:
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto(alone.url)
        colours.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        context.close()

    assert colours == ["rgb(250, 249, 246)", "rgb(19, 22, 25)"]
