"""Whoever silences on the page first sees what it hits, and then does it under their own name."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.served import Heard, Served, fresh, serving
from tests.web.test_page import NARROW, REFRESH_MILLISECONDS, watched
from tocsin.clock import now
from tocsin.jobs.walltime import instant_of
from tocsin.web.pages.silences import LENGTHS

HOSTILE = '<img src=x onerror="window.hacked=1">'


def silences(served: Served) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = served.get("/api/v1/silences")["items"]
    return found


def posted(served: Served, path: str, /, **fields: str) -> Heard:
    """Send a form as a browser does without a script."""
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "origin": served.url,
        "accept": "text/html",
    }
    return served.ask("POST", path, urlencode(fields).encode(), headers)


def written(page: Page, matchers: str, *, comment: str = "") -> None:
    page.get_by_label("What to mute").fill(matchers)
    page.get_by_label("Why, for the others").fill(comment)


def open_form(page: Page) -> None:
    page.get_by_text(re.compile("^Silence (it|what)")).click()


def test_what_is_like_an_alert_is_silenced_without_a_script_after_a_look(
    browser: Browser, closed: Served
) -> None:
    job = fresh("nightly")
    closed.report({"job": job, "kind": "fail"}, {"job": f"{job}_other", "kind": "fail"})
    (alert,) = [one for one in closed.get("/api/v1/alerts")["items"] if one["job"] == job]
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{closed.url}/login?next=/alerts/{alert['id']}")
    page.get_by_label("User token").fill(closed.token)
    page.get_by_role("button", name="Log in").click()

    open_form(page)
    expect(page.get_by_label("What to mute")).to_have_value(
        f'job="{job}"\nenvironment="production"\ncondition="job_failure"'
    )
    page.get_by_label("Why, for the others").fill("we move house")
    page.get_by_label("For", exact=True).select_option("4 hours")
    page.get_by_role("button", name="See what it hits").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Silence this?")
    expect(page.locator("#hits-alerts")).to_contain_text("1 open alert, and whatever goes wrong with 1 of ")
    expect(page.get_by_role("link", name=job)).to_have_count(1)
    expect(page.get_by_role("alert")).to_have_count(0)
    assert [one for one in silences(closed) if job in str(one["matchers"])] == []

    page.get_by_role("button", name="Silence it").click()

    expect(page).to_have_url(f"{closed.url}/alerts/{alert['id']}")
    expect(page.get_by_text("silenced until")).to_contain_text("by ada")
    context.close()
    (made,) = [one for one in silences(closed) if job in str(one["matchers"])]
    assert (made["created_by"], made["comment"], made["state"]) == ("ada", "we move house", "active")
    left = (now() + timedelta(hours=4)).isoformat()
    assert made["ends_at"][:13] in (left[:13], (now() + timedelta(hours=4, minutes=-1)).isoformat()[:13])


def test_too_broad_a_silence_says_so_and_can_be_narrowed_before_it_mutes(page: Page, alone: Served) -> None:
    alone.report(*({"job": f"load {n:02}", "kind": "success"} for n in range(12)))
    alone.report({"job": "load 03", "kind": "fail"})
    complaints = watched(page)
    page.goto(f"{alone.url}/jobs/production/load%2003")
    open_form(page)
    expect(page.get_by_label("What to mute")).to_have_value('job="load 03"\nenvironment="production"')

    written(page, 'job=~"load.*"')
    page.get_by_role("button", name="See what it hits").click()
    expect(page.get_by_role("alert")).to_contain_text("it matches every one of 12 jobs")
    expect(page.get_by_text("And 2 more.")).to_be_visible()
    expect(page.get_by_role("button", name="Silence it anyway")).to_be_visible()

    written(page, 'job=~"load 0.*"\njob!="load 09"', comment="half of it")
    page.get_by_role("button", name="Look again").click()
    expect(page.get_by_role("alert")).to_contain_text("9 of 12 jobs, more than half")
    written(page, 'job=~"load 0[0-3]"')
    page.get_by_role("button", name="Look again").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="Silence it").click()

    expect(page).to_have_url(f"{alone.url}/jobs/production/load%2003")
    (made,) = silences(alone)
    assert made["matchers"] == ['job=~"load 0[0-3]"']
    assert complaints == []


def test_a_silence_is_planned_ahead_made_longer_once_and_ended(page: Page, alone: Served) -> None:
    alone.report({"job": "etl", "kind": "success"}, {"job": "report", "kind": "success"})
    day = (now() + timedelta(days=3)).date()
    page.goto(f"{alone.url}/silences")
    expect(page.get_by_text("Nothing is silenced.")).to_be_visible()
    written(page, 'job="etl"', comment="upgrade")
    page.get_by_label("From").fill(f"{day}T02:30")
    page.get_by_role("button", name="See what it hits").click()
    page.get_by_role("button", name="Silence it").click()

    card = page.get_by_role("listitem").filter(has_text="upgrade")
    expect(card).to_contain_text("pending")
    (made,) = silences(alone)
    starts_at = instant_of(day, now().replace(hour=2, minute=30, second=0, microsecond=0).time(), "UTC")
    assert (made["starts_at"], made["state"]) == (starts_at.isoformat().replace("+00:00", "Z"), "pending")

    card.get_by_role("combobox").select_option("4 hours more")
    until = card.get_by_role("combobox").input_value()
    card.get_by_role("button", name="Extend").click()
    expect(card).to_contain_text("made longer by anonymous")
    again = posted(alone, f"/silences/{made['id']}/extend", until=until)
    assert again.status == 303
    longer = silences(alone)[0]["ends_at"]
    assert longer == (starts_at + timedelta(hours=5)).isoformat().replace("+00:00", "Z")

    card.get_by_role("button", name="End now").click()
    expect(page.get_by_text("Nothing is silenced.")).to_be_visible()
    expect(page.get_by_text("ended by anonymous")).to_be_visible()
    assert silences(alone)[0]["state"] == "ended"
    assert posted(alone, f"/silences/{made['id']}/expire").status == 404
    assert posted(alone, f"/silences/{made['id']}/extend", until=until).status == 404


GOOD = {"matchers": 'job="etl"', "for_minutes": "60"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"matchers": ""}, "What shall be muted?"),
        ({"matchers": "job"}, "Test 1: &#39;job&#39; is not a matcher"),
        ({"matchers": 'job="a"\r\njob=~"("'}, "Test 2: the pattern"),
        ({"matchers": 'job="\u2028"'}, "Test 1: must not contain control characters"),
        ({"matchers": 'team!="x"'}, "At least one matcher must not match everything"),
        ({"matchers": 'job="a"\n' * 21}, "There are 21 tests; at most 20 are taken."),
        ({"for_minutes": "99999999"}, "Choose a length that the page offers."),
        ({"for_minutes": ""}, "Choose a length that the page offers."),
        ({"begin": "soon"}, "The beginning cannot be read."),
        ({"begin": "2027-01-01T00:00Z"}, "The beginning cannot be read."),
        ({"begin": "0001-01-01T00:00"}, "It must end after it starts and after now"),
        ({"begin": "9999-12-31T23:59"}, "It must begin within 366 days."),
    ],
)
@pytest.mark.parametrize("path", ["/silences/preview", "/silences"])
def test_a_form_that_cannot_be_meant_is_shown_again_with_what_is_wrong(
    served: Served, wrong: dict[str, str], said: str, path: str
) -> None:
    before = len(silences(served))

    answer = posted(served, path, **{**GOOD, "comment": "kept as it was", **wrong})

    assert answer.status == 422
    assert said in answer.text
    assert "kept as it was" in answer.text
    assert len(silences(served)) == before


@pytest.mark.parametrize("path", ["", "/preview", "/x/extend", "/x/expire"])
def test_nothing_is_silenced_by_a_page_of_another_site_nor_by_who_is_not_logged_in(
    closed: Served, path: str
) -> None:
    form = urlencode(GOOD).encode()
    common = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
    forged = {
        **common,
        "authorization": "",
        "cookie": f"tocsin={closed.token}",
        "sec-fetch-site": "cross-site",
    }

    foreign = closed.ask("POST", f"/silences{path}", form, forged)
    stranger = closed.ask("POST", f"/silences{path}", form, {**common, "authorization": ""})

    assert foreign.status == 403
    assert (stranger.status, stranger.headers["location"]) == (303, "/login?next=%2F")


def test_looking_changes_nothing_and_a_form_leads_to_no_other_site(served: Served) -> None:
    for path in ("/silences/preview", "/silences/x/extend", "/silences/x/expire"):
        assert served.ask("GET", path, headers={"accept": "text/html"}).status == 405
    answer = posted(served, "/silences", **GOOD, back="https://evil.example/")
    assert (answer.status, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize("until", ["", "tomorrow", "2027-01-01T00:00:00"])
def test_an_end_that_the_page_does_not_offer_is_refused(served: Served, until: str) -> None:
    assert posted(served, "/silences/x/extend", until=until).status == 422


def test_every_length_that_is_offered_can_be_had(served: Served) -> None:
    for length, _ in LENGTHS:
        assert posted(served, "/silences", matchers='job="x"', for_minutes=length).status == 303


def test_what_somebody_writes_stays_inert_and_fits_a_phone(page: Page, tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        complaints = watched(page)
        page.set_viewport_size(NARROW)
        served.report({"job": HOSTILE, "kind": "fail", "error": {"message": HOSTILE * 5}})
        page.goto(f"{served.url}/silences")
        quoted = HOSTILE.replace('"', '\\"')
        written(page, f'job="{quoted}"\nteam!="{"W" * 200}"', comment=HOSTILE * 3)
        page.get_by_role("button", name="See what it hits").click()
        expect(page.locator("#hits-alerts")).to_contain_text("1 open alert")
        widths = [page.evaluate("document.documentElement.scrollWidth")]
        page.get_by_role("button", name="Silence it").click()
        expect(page.get_by_role("listitem").filter(has_text=HOSTILE * 3)).to_have_count(1)
        widths.append(page.evaluate("document.documentElement.scrollWidth"))

        assert page.evaluate("window.hacked") is None
        assert max(widths) <= NARROW["width"]
        assert complaints == []


def test_news_do_not_take_away_what_somebody_has_begun_to_write(page: Page, alone: Served) -> None:
    alone.report({"job": "etl", "kind": "success"})
    page.clock.install()
    page.goto(f"{alone.url}/jobs/production/etl")
    open_form(page)
    page.get_by_label("For", exact=True).select_option("1 day")
    page.get_by_role("heading", level=1).click()

    alone.report({"job": "etl", "kind": "fail"})
    page.clock.run_for(3 * REFRESH_MILLISECONDS)
    page.evaluate("fetch('/healthz').then(answer => answer.status)")
    expect(page.get_by_label("For", exact=True)).to_have_value("1440")
    expect(page.get_by_role("heading", name="Needs attention")).to_have_count(0)

    page.get_by_label("For", exact=True).select_option("1 hour")
    page.clock.run_for(REFRESH_MILLISECONDS)
    expect(page.get_by_role("heading", name="Needs attention")).to_be_visible()
