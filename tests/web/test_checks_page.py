"""The pages of data that failed its checks, in a real browser, on every screen."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.served import Served, serving
from tests.web.test_page import NARROW, SCHEMES
from tests.web.test_page_hostile import HOSTILE, watched

CHECKS = [
    {"metric": "row_count", "threshold_min": 1000, "severity": "critical"},
    {"metric": "null_rate", "column": "customer_email", "threshold_max": 0.05},
    {"metric": "value_range", "column": "order_amount", "threshold_min": 0, "threshold_max": 100_000},
    {"metric": "uniqueness", "column": "user_id", "threshold_min": 1, "severity": "critical"},
    {"metric": "mean", "column": "order_amount", "anomaly": True},
]
SENT = {
    "row_count": 48_211,
    "customer_email_null_rate": 0.125,
    "order_amount_value_range": 99_000,
    "order_amount_mean": 41.7,
    "user_id_uniqueness": 0.9993,
    "megabytes_read": 812,
}
NOTES = {
    "customer_email_null_rate": "order_id=77, order_id=91, order_id=1204",
    "user_id_uniqueness": "user_id=•••, user_id=•••",
}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with jobs whose data failed, and others that want to act by what they say of theirs."""
    with serving(tmp_path_factory.mktemp("checked")) as served:
        good = {"kind": "success", "metrics": SENT, "metric_notes": NOTES}
        served.report({"job": "orders", "run": "2026-03-10", "checks": CHECKS, **good})
        for number, name in enumerate(HOSTILE):
            check = {"metric": "row_count", "id": name[:100], "key": f"k{number}", "threshold_min": 5}
            metrics, notes = {f"k{number}": 1, name: 2}, {f"k{number}": name * 3 + " unbroken" * 60}
            said = {"checks": [check], "metrics": metrics, "metric_notes": notes}
            served.report({"job": f"odd {number}", "kind": "success", "run": "r", **said})
        yield served


def job(served: Served, name: str) -> str:
    return f"{served.url}/jobs/production/{name}"


def test_the_page_of_a_job_shows_each_check_with_its_value_its_limits_and_rows_that_failed(
    page: Page, checked: Served
) -> None:
    page.goto(job(checked, "orders"))

    data = page.get_by_role("region", name="Its data")
    lines = [" ".join(line.split()) for line in data.get_by_role("row").all_inner_texts()]
    assert lines[1:3] == [
        "user_id_uniqueness fail 0.9993 (99.93 %); at least 1 (100 %) user_id=•••, user_id=•••",
        (
            "customer_email_null_rate warn 0.125 (12.5 %); at most 0.05 (5 %) "
            "order_id=77, order_id=91, order_id=1204"
        ),
    ]
    assert lines[3] == "row_count pass 48,211; at least 1,000"
    assert lines[5].startswith("order_amount_mean learning 41.7; learning what is normal")
    data.get_by_text("1 number more that its last run sent").click()
    expect(data.get_by_text("megabytes_read")).to_be_visible()


def test_the_page_of_the_alert_shows_the_rows_too(page: Page, checked: Served) -> None:
    page.goto(job(checked, "orders"))
    page.get_by_role("link", name="ended well, but check user_id_uniqueness failed").click()

    evidence = page.get_by_role("region", name="Evidence")
    expect(
        evidence.get_by_text("at most 0.05 (5 %); order_id=77, order_id=91, order_id=1204")
    ).to_be_visible()
    expect(evidence.get_by_text("at least 1 (100 %); user_id=•••, user_id=•••")).to_be_visible()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_whatever_checks_and_notes_say_nothing_acts_and_nothing_leaves_the_screen(
    browser: Browser, checked: Served, scheme: str
) -> None:
    page = browser.new_page(viewport=NARROW, color_scheme=scheme)  # type: ignore[arg-type]  # one of the two
    complaints = watched(page)
    names = ["orders", *(f"odd {number}" for number in range(len(HOSTILE)))]
    places = [job(checked, name) for name in names]
    places += [f"{checked.url}/alerts/{one['id']}" for one in checked.get("/api/v1/alerts")["items"]]

    for place in places:
        page.goto(place)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], place
        assert page.evaluate("window.hacked") is None, place

    page.close()
    assert len(places) == 2 * len(names)
    assert complaints == []
