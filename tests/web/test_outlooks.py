"""When a run will probably end is shown where the job is, once enough was learned of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.web.served import Served, serving
from tocsin.clock import now
from tocsin.jobs.history import Counts, packed
from tocsin.jobs.history import Point as Kept
from tocsin.jobs.job import Job
from tocsin.quality.baseline import fit
from tocsin.quality.learned import Learned
from tocsin.quality.series import Kind, Point, series_of
from tocsin.store.sqlite import SqliteStore

HTML = {"accept": "text/html"}
TEN_MINUTES = (600.0, 590.0, 610.0, 605.0, 595.0) * 4


@pytest.fixture(scope="module")
def knowing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that has learned how long the runs of the job `etl` take."""
    folder = tmp_path_factory.mktemp("knowing")
    teach_ten_minutes(folder)
    with serving(folder) as running:
        yield running


def teach_ten_minutes(folder: Path) -> None:
    """Let a store know that runs of the job `etl` take ten minutes."""
    at = now()
    first_at = (at - timedelta(days=len(TEN_MINUTES))).timestamp()
    series = series_of(
        Point(order_at=first_at + day * 86_400.0, value=one) for day, one in enumerate(TEN_MINUTES)
    )
    store = SqliteStore(str(folder / "tocsin.db"))
    writing = store.writing()
    writing.begin()
    (watch,) = writing.register([Job(name="etl", environment="production", registered_at=at)]).values()
    writing.save_histories([(watch.job.id, "", packed(_point(first_at, day) for day in range(20)))])
    learned = Learned(normal=fit(series, kind=Kind.DURATION, timezone="UTC"), learned_at=at)
    writing.save([replace(watch, learned=learned)])
    writing.commit()
    store.close()


def _point(first_at: float, day: int) -> Kept:
    at = int(first_at) + day * 86_400
    return Kept(at=at, seconds=TEN_MINUTES[day], records=6_000, counts=Counts.GOOD | Counts.COMPARABLE)


def test_how_runs_usually_go_is_told_by_the_api_and_on_the_page(knowing: Served) -> None:
    (habit,) = knowing.get("/api/v1/jobs/production/etl/habits")["items"]
    assert (habit["of"], habit["good"], habit["bad"], habit["seconds"]) == ("all runs", 20, 0, 600.0)
    assert abs(habit["per_second"] - 10) < 0.1
    assert habit["failed_share"] is None

    page = knowing.ask("GET", "/jobs/production/etl", headers=HTML).text
    assert "How they usually go" in page
    assert "10 min" in page


def test_the_end_of_a_run_at_work_is_foreseen_by_the_api_and_on_the_page(knowing: Served) -> None:
    started_at = now() - timedelta(minutes=2)
    knowing.report({"job": "etl", "kind": "start", "run": "a", "at": started_at.isoformat()})

    outlook = knowing.get("/api/v1/jobs/production/etl")["outlook"]
    assert (outlook["run"], outlook["comparable_runs"], outlook["method"]) == ("a", 20, "all runs")
    finish_at = datetime.fromisoformat(outlook["expected_finish_at"])
    assert abs(finish_at - started_at - timedelta(minutes=10)) < timedelta(minutes=1)
    assert outlook["low_at"] < outlook["expected_finish_at"] < outlook["high_at"]
    assert outlook["miss_probability"] is None

    page = knowing.ask("GET", "/jobs/production/etl", headers=HTML).text
    assert "The run at work will probably end" in page
    assert "going by 20 comparable runs" in page


def test_nothing_is_foreseen_of_a_job_that_nothing_is_known_of(knowing: Served) -> None:
    knowing.report({"job": "new", "kind": "start", "run": "a"})

    assert knowing.get("/api/v1/jobs/production/new")["outlook"] is None
    assert "probably end" not in knowing.ask("GET", "/jobs/production/new", headers=HTML).text
