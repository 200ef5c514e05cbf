"""What nobody can know because we were blind: in the review, on the page of the job and in the API."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.contracts.kept import a_job
from tests.web.served import Served, serving
from tocsin.clock import now
from tocsin.jobs.occurrence import Occurrence, OccurrenceStatus
from tocsin.store.sqlite import SqliteStore

YEAR = now().year - (now().month <= 10)
FIRST = datetime(YEAR, 10, 1, 3, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
OCTOBER = f"month={YEAR}-10&timezone=UTC"
HTML = {"accept": "text/html"}
HOSTILE = "<b onclick=x>etl"
BECAME = ("met", "unknown", "missed", "unknown", "met", "late")


@pytest.fixture(scope="module")
def blinded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that was blind twice in October."""
    folder: Path = tmp_path_factory.mktemp("blinded")
    store = SqliteStore(str(folder / "tocsin.db"))
    writing = store.writing()
    writing.begin()
    ((_, watch),) = writing.register([a_job(HOSTILE)]).items()
    writing.save_occurrences(
        (
            watch.job.id,
            Occurrence(nominal_at=FIRST + n * DAY, opens_at=FIRST + n * DAY, status=OccurrenceStatus(became)),
        )
        for n, became in enumerate(BECAME)
    )
    for n in (1, 3):
        window = writing.save_blind(FIRST + n * DAY - HOUR, FIRST + n * DAY + HOUR, FIRST + n * DAY + HOUR)
        writing.save_unknown(window.id, watch.job.id, "no run was seen", FIRST + n * DAY + HOUR)
        if n == 1:
            writing.clear_unknown(watch.job.id, FIRST + n * DAY + 2 * HOUR)
    writing.commit()
    store.close()
    with serving(folder) as served:
        yield served


def test_the_review_counts_what_is_unknown_and_names_the_jobs(blinded: Served) -> None:
    found = blinded.get(f"/api/v1/report?{OCTOBER}")["not_known"]

    assert (found["blind_windows"], found["blind_seconds"], found["occurrences"]) == (2, 4 * 3600.0, 2)
    assert found["jobs"] == [{"environment": "production", "job": HOSTILE, "count": 2}]
    assert [(note["what"], note["known_at"]) for note in found["notes"]] == [
        ("no run was seen", f"{YEAR}-10-02T05:00:00Z"),
        ("no run was seen", None),
    ]


def test_the_review_says_it_as_text_and_on_its_page(blinded: Served) -> None:
    lines = blinded.ask("GET", f"/api/v1/report.txt?{OCTOBER}").text.splitlines()
    for line in (
        "  Tocsin was blind twice, for 4 h in all",
        "  unknown expected runs: 2, in no other figure",
        f"        2  {HOSTILE} (production)",
        f"  {YEAR}-10-04 04:00 UTC  {HOSTILE} (production): no run was seen; not heard since",
    ):
        assert line in lines

    page = blinded.ask("GET", f"/report?{OCTOBER}", headers=HTML).text
    assert "Tocsin was blind twice, for 4 h in all." in page
    assert "2 expected runs are unknown, and in no other figure." in page
    assert HOSTILE not in page


def test_a_month_without_a_blind_moment_says_no_more_than_that(blinded: Served) -> None:
    lines = blinded.ask("GET", f"/api/v1/report.txt?month={YEAR}-09&timezone=UTC").text.splitlines()

    assert lines[lines.index("What nobody can know") + 1 :][:2] == ["  Tocsin was never blind", ""]


def test_the_job_shows_what_became_of_its_expected_runs_and_a_share_without_unknown_ones(
    blinded: Served,
) -> None:
    job = "%3Cb%20onclick=x%3Eetl"
    found = blinded.get(f"/api/v1/jobs/production/{job}/occurrences")

    assert [one["status"] for one in found["items"]] == list(reversed(BECAME))
    assert found["punctuality"] == {
        "met": 2,
        "late": 1,
        "missed": 1,
        "skipped": 0,
        "excused": 0,
        "unknown": 2,
        "percent": 50.0,
    }
    page = blinded.ask("GET", f"/jobs/production/{job}", headers=HTML).text
    assert "50 % of the last 4 came in time; 2 are unknown" in page


def test_the_metrics_say_how_many_jobs_are_not_known_now(blinded: Served) -> None:
    assert "tocsin_jobs_unknown 1.0" in blinded.ask("GET", "/metrics").text.splitlines()
