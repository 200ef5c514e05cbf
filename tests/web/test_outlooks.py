"""When a run will probably end is shown where the job is, once enough was learned of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.web.served import Served, serving
from tocsin.clock import now
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
    _teach(folder)
    with serving(folder) as running:
        yield running


def _teach(folder: Path) -> None:
    at = now()
    first_at = (at - timedelta(days=len(TEN_MINUTES))).timestamp()
    series = series_of(
        Point(order_at=first_at + day * 86_400.0, value=one) for day, one in enumerate(TEN_MINUTES)
    )
    store = SqliteStore(str(folder / "tocsin.db"))
    writing = store.writing()
    writing.begin()
    (watch,) = writing.register([Job(name="etl", environment="production", registered_at=at)]).values()
    learned = Learned(normal=fit(series, kind=Kind.DURATION, timezone="UTC"), learned_at=at)
    writing.save([replace(watch, learned=learned)])
    writing.commit()
    store.close()


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
