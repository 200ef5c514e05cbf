"""The review of a month: as a page, as a file, as text, as JSON; the same figures in each."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.contracts.kept import an_alert, changed, owed
from tests.web.served import Served, serving
from tocsin.alerts.alert import Alert, AlertState, Entry, Reason
from tocsin.clock import now
from tocsin.engine.configuration import Configuration
from tocsin.engine.rounds import KEPT_SINCE
from tocsin.rules.finding import Severity
from tocsin.rules.rule import Rule
from tocsin.store.sqlite import SqliteStore

BERLIN = "Europe/Berlin"
# The last October that is over: in it clocks go back, and what it held is still kept.
YEAR = now().year - (now().month <= 10)
# The last moment of September in Berlin, the first of October, its last, and the first of November.
BEFORE = datetime(YEAR, 9, 30, 21, 59, tzinfo=UTC)
FIRST = datetime(YEAR, 9, 30, 22, 0, tzinfo=UTC)
LAST = datetime(YEAR, 10, 31, 22, 59, 59, tzinfo=UTC)
AFTER = datetime(YEAR, 10, 31, 23, 0, tzinfo=UTC)
OCTOBER = f"month={YEAR}-10&timezone={BERLIN}"
MINUTE = timedelta(minutes=1)
HOSTILE = '<script>window.hacked=1</script>"><img src=x onerror=window.hacked=1>\x1b[31m'
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
NARROW = ViewportSize(width=390, height=844)
HTML = {"accept": "text/html"}


def alert(number: int, opened_at: datetime, **more: object) -> Alert:
    return changed(
        an_alert(f"alert-{number}", fingerprint=f"print-{number}", opened_at=opened_at),
        **{"job": HOSTILE, "rule": HOSTILE, "summary": HOSTILE, "job_id": 77, **more},
    )


def entry(of: Alert, reason: Reason, at: datetime, *, kept_back: bool = False) -> Entry:
    return Entry(
        alert_id=of.id, at=at, reason=reason, state=of.state, severity=of.severity, kept_back=kept_back
    )


def fill(folder: Path, *, kept_since: datetime | None = None) -> None:
    """Keep alerts at both edges of October in Berlin, two of them taken in hand."""
    alerts = [alert(n, at) for n, at in enumerate((BEFORE, FIRST, FIRST, LAST, AFTER))]
    alerts[1] = taken(alerts[1], 10 * MINUTE)
    alerts[2] = changed(taken(alerts[2], 30 * MINUTE), severity=Severity.PAGE)
    ended = FIRST + 60 * MINUTE
    alerts[1] = changed(alerts[1], state=AlertState.RESOLVED, resolved_at=ended, changed_at=ended)
    store = SqliteStore(str(folder / "tocsin.db"))
    writing = store.writing()
    writing.begin()
    writing.save_alerts(alerts)
    writing.record(
        [
            entry(alerts[0], Reason.SILENCED, BEFORE, kept_back=True),
            entry(alerts[1], Reason.SILENCED, FIRST, kept_back=True),
            entry(alerts[3], Reason.GROUPED, LAST, kept_back=True),
            entry(alerts[3], Reason.OPENED, LAST),
        ]
    )
    writing.enqueue(owed(f"k{n}", alert_id=one.id, created_at=one.opened_at) for n, one in enumerate(alerts))
    if kept_since is not None:
        writing.save_note(KEPT_SINCE, kept_since.isoformat())
    writing.commit()
    store.close()


def taken(one: Alert, after: timedelta) -> Alert:
    return changed(
        one, state=AlertState.ACKNOWLEDGED, acknowledged_at=one.opened_at + after, acknowledged_by="kim"
    )


def watching(configuration: Configuration) -> Configuration:
    """Have a rule that fires, one that never does and one that is not enabled."""
    rules = (
        Rule(name=HOSTILE, condition="job_failure"),
        Rule(name="quiet <b>one", condition="stalled"),
        Rule(name="off", condition="stalled", enabled=False),
    )
    return replace(configuration, rules=rules)


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with the alerts of a month."""
    folder = tmp_path_factory.mktemp("reviewed")
    fill(folder)
    with serving(folder, change=watching) as served:
        yield served


def test_a_month_holds_what_was_opened_within_it_in_its_zone(reviewed: Served) -> None:
    found = reviewed.get(f"/api/v1/report?{OCTOBER}")

    assert (found["span"], found["from_at"], found["to_at"]) == (
        f"October {YEAR}",
        f"{YEAR}-09-30T22:00:00Z",
        f"{YEAR}-10-31T23:00:00Z",
    )
    assert found["volume"]["alerts"] == 3
    assert found["volume"]["previous"] == 1
    days = {one["day"]: one["count"] for one in found["volume"]["by_day"]}
    assert (len(days), days[f"{YEAR}-10-01"], days[f"{YEAR}-10-31"], sum(days.values())) == (31, 2, 1, 3)
    assert found["volume"]["by_severity"] == {"page": 1, "critical": 0, "warning": 2, "info": 0}


def test_a_month_of_another_zone_holds_others(reviewed: Served) -> None:
    assert reviewed.get(f"/api/v1/report?month={YEAR}-10&timezone=UTC")["volume"]["alerts"] == 2
    assert reviewed.get(f"/api/v1/report?month={YEAR}-10")["timezone"] == "UTC"
    assert reviewed.get(f"/api/v1/report?month={YEAR}-10&timezone=europe/berlin")["timezone"] == BERLIN


def test_what_was_done_with_the_alerts_is_counted(reviewed: Served) -> None:
    found = reviewed.get(f"/api/v1/report?{OCTOBER}")

    volume = found["volume"]
    assert (volume["acknowledged"], volume["nobody"], volume["open"]) == (2, 1, 2)
    acknowledged = found["time_to_acknowledge"]
    assert acknowledged["all"] == {"count": 2, "median_seconds": 600.0, "p90_seconds": 1800.0}
    assert acknowledged["by_severity"]["page"]["median_seconds"] == 1800.0
    assert found["time_to_resolve"]["all"]["median_seconds"] == 3600.0
    assert [one["id"] for one in found["nobody_acknowledged"]] == ["alert-3"]
    assert [(one["rule"], one["alerts"]) for one in found["noisiest_rules"]] == [(HOSTILE, 3)]
    assert [(one["job"], one["count"]) for one in found["noisiest_jobs"]] == [(HOSTILE, 3)]


def test_what_was_kept_back_is_counted_by_reason_and_job(reviewed: Served) -> None:
    held = reviewed.get(f"/api/v1/report?{OCTOBER}")["suppression"]

    assert held["kept_back"] == 2
    assert held["percent"] == 40.0
    assert held["by_reason"] == [{"name": "grouped", "count": 1}, {"name": "silenced", "count": 1}]
    assert [one["count"] for one in held["jobs"]] == [2]


def test_only_rules_that_could_have_fired_are_called_quiet(reviewed: Served) -> None:
    found = reviewed.get(f"/api/v1/report?{OCTOBER}")["quiet_rules"]
    earlier = reviewed.get(f"/api/v1/report?month={YEAR}-11&timezone={BERLIN}")["quiet_rules"]

    assert [(one["rule"], one["last_fired_at"]) for one in found] == [("quiet <b>one", None)]
    assert [one["rule"] for one in earlier] == ["quiet <b>one"]


def test_a_rule_that_was_quiet_says_when_it_last_fired(reviewed: Served) -> None:
    found = reviewed.get(f"/api/v1/report?from={YEAR}-10-10&to={YEAR}-10-11&timezone=UTC")["quiet_rules"]

    assert found[0] == {
        "rule": HOSTILE,
        "condition": "job_failure",
        "last_fired_at": f"{YEAR}-09-30T22:00:00Z",
    }


def test_without_a_month_it_is_the_last_that_is_over(reviewed: Served) -> None:
    found = reviewed.get("/api/v1/report")

    assert found["is_over"]
    assert found["to_at"] <= found["made_at"]
    assert found["first"][8:] == "01"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("month=2999-01", "month"),
        ("month=2026-13", "month"),
        ("month=october", "month"),
        ("month=2026-10&from=2026-10-01", "month"),
        ("from=2026-02-30", "from"),
        ("from=20261001", "from"),
        ("from=2020-01-01&to=2026-01-01", "from"),
        ("from=2026-02-02&to=2026-02-01", "from"),
        ("to=2026-02-01", "to"),
        ("from=2026-01-01&to=9999-12-31", "to"),
        ("from=2026-01-01&to=2999-12-31", "from"),
        ("timezone=Mars/Olympus", "timezone"),
        ("month=" + "9" * 60, "month"),
    ],
)
def test_what_cannot_be_looked_back_on_is_refused_by_field(reviewed: Served, query: str, field: str) -> None:
    for path in ("/api/v1/report", "/api/v1/report.txt", "/api/v1/report.html", "/report"):
        answer = reviewed.ask("GET", f"{path}?{query}")
        assert (answer.status, answer.json["error"]["field"]) == (422, field), path


def test_the_text_says_the_same_without_anything_that_acts(reviewed: Served) -> None:
    answer = reviewed.ask("GET", f"/api/v1/report.txt?{OCTOBER}")

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    lines = answer.text.splitlines()
    assert lines[0] == f"Tocsin: review of October {YEAR}"
    assert lines[1] == f"{YEAR}-10-01 00:00 CEST to {YEAR}-11-01 00:00 CET, days of Europe/Berlin"
    for line in (
        f"  3 alerts opened, 2 more than in September {YEAR}",
        "  2 acknowledged, 0 ended by hand without that, 1 nobody acknowledged; 2 still open",
        "  all       median       10 min   p90       30 min   of 2",
        "  2 kept back, 40 % of what was kept back or owed",
        "  by reason: grouped 1, silenced 1",
        "Nobody acknowledged: 1",
        "  quiet <b>one (stalled): never, as far as is kept",
    ):
        assert line in lines
    assert "\x1b" not in answer.text


def test_a_span_of_which_alerts_were_removed_says_so(tmp_path: Path) -> None:
    fill(tmp_path, kept_since=FIRST + 60 * MINUTE)
    with serving(tmp_path) as served:
        found = served.get(f"/api/v1/report?{OCTOBER}")
        assert (found["is_whole"], found["kept_since"]) == (False, f"{YEAR}-09-30T23:00:00Z")
        for path in ("/api/v1/report.txt", "/report"):
            text = served.ask("GET", f"{path}?{OCTOBER}", headers=HTML).text
            assert "Not all of this span is kept any more" in text
            assert f"before {YEAR}-10-01 01:00 CEST have been removed" in text
        later = served.get(f"/api/v1/report?month={YEAR}-11&timezone={BERLIN}")
        assert (later["is_whole"], later["volume"]["previous"]) == (True, None)
        assert (
            f"October {YEAR} is not all kept"
            in served.ask("GET", f"/api/v1/report.txt?month={YEAR}-11&timezone={BERLIN}").text
        )


def test_a_month_that_goes_on_is_said_to(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        made_at = datetime.fromisoformat(served.get("/api/v1/report")["made_at"])
        text = served.ask("GET", f"/api/v1/report.txt?month={made_at:%Y-%m}").text

    assert "The span is not over: these are the figures so far." in text
    assert "0 alerts opened" in text


def test_the_file_loads_nothing_and_runs_nothing(page: Page, reviewed: Served) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    answer = reviewed.ask("GET", f"/api/v1/report.html?{OCTOBER}")

    page.goto(f"{reviewed.url}/api/v1/report.html?{OCTOBER}")

    assert len(asked) == 1
    assert page.evaluate("window.hacked") is None
    assert page.locator("script").count() + page.locator("img").count() == 0
    assert page.locator("a").count() == 0  # no address is configured that a link could lead to
    expect(page.get_by_role("heading", level=1)).to_have_text(f"October {YEAR}")
    assert page.evaluate("getComputedStyle(document.body).maxWidth") == "1120px"
    assert not re.search(r"https?://(?!www\.w3\.org)", answer.text)


def test_names_on_the_page_that_want_to_act_do_not(page: Page, reviewed: Served) -> None:
    page.goto(f"{reviewed.url}/report?{OCTOBER}")

    assert page.evaluate("window.hacked") is None
    assert page.locator("script").count() == 1
    assert page.locator("main img").count() == 0
    expect(page.get_by_role("rowheader").filter(has_text="<script>").first).to_be_visible()
    expect(page.get_by_text("quiet <b>one")).to_be_visible()


def test_the_page_leads_to_the_month_before_to_files_and_to_alerts(page: Page, reviewed: Served) -> None:
    page.goto(f"{reviewed.url}/report?{OCTOBER}")
    expect(page.get_by_role("link", name="Review")).to_have_attribute("aria-current", "page")
    links = {
        name: page.get_by_role("link", name=name).get_attribute("href") for name in ("As JSON", "As text")
    }
    assert reviewed.get(links["As JSON"] or "")["volume"]["alerts"] == 3
    assert reviewed.ask("GET", links["As text"] or "").status == 200

    page.get_by_role("link", name="The month before").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"September {YEAR}")
    expect(page.get_by_text("days of Europe/Berlin")).to_be_visible()
    page.get_by_label("Month").fill(f"{YEAR}-10")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"October {YEAR}")
    page.get_by_role("table").filter(has_text="Lasted").get_by_role("link").click()
    expect(page).to_have_url(f"{reviewed.url}/alerts/alert-3")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_page_and_the_file_fit_a_telephone(
    browser: Browser, reviewed: Served, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(viewport=NARROW, color_scheme=scheme)
    page = context.new_page()
    for path in ("/report", "/api/v1/report.html"):
        page.goto(f"{reviewed.url}{path}?{OCTOBER}")
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    context.close()


def test_reports_are_for_those_alone_who_may_see_alerts(closed: Served) -> None:
    nobody = {"authorization": f"Bearer {closed.key}"}
    for path in ("/api/v1/report", "/api/v1/report.txt", "/api/v1/report.html"):
        assert closed.ask("GET", path, headers=nobody).status == 401
    answer = closed.ask("GET", "/report", headers={**nobody, **HTML})
    assert (answer.status, answer.headers["location"][:6]) == (303, "/login")
