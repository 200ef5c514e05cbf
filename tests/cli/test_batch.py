"""`tocsin batch`: what pipelines have done and how they do, from the toolkit's own state."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.batch.state.rows import a_batch, a_letter, a_run
from tests.cli.conftest import Tocsin
from tocsin.batch.outcome import Category
from tocsin.batch.state import State, open_state
from tocsin.batch.state.base import Checkpoint, RunStatus
from tocsin.batch.watching import Live, written
from tocsin.cli.batch_state import CATEGORIES
from tocsin.cli.exits import Exit
from tocsin.clock import now

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def state(tocsin: Tocsin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[State]:
    """The state that commands read unless they are told another place."""
    path = tmp_path / "batch.db"
    monkeypatch.setenv("TOCSIN_BATCH_STATE", str(path))
    opened = open_state(path)
    yield opened
    opened.close()


def at_work(
    state: State,
    *,
    failed: int = 0,
    seconds: float = 0.5,
    silent: timedelta = timedelta(),
    allowed: float = 1.0,
) -> None:
    """Have a run be at work that has sent 100 batches within the last minutes."""
    began = now() - 4 * MINUTE
    state.begin(replace(a_run(at=began), total=100_000, allowed_rps=allowed))
    batches = [a_batch(n, at=now() - MINUTE, seconds=seconds, failed=failed) for n in range(100)]
    saved = Checkpoint(at=now() - silent, read=50_000, delivered=49_990, skipped=4, dead=6)
    state.save_checkpoint("r1", saved, batches=batches)


def test_runs_are_listed_with_what_became_of_them(tocsin: Tocsin, state: State) -> None:
    at_work(state)
    state.begin(replace(a_run("r0"), pipeline="weekly"))
    state.finish("r0", status=RunStatus.FAILED, at=now(), reason="7 % of the records failed")

    said = tocsin("batch", "runs")

    assert said.code == 0
    first, second = said.out.splitlines()[1:]
    assert first.split()[:3] == ["r1", "nightly", "processing"]
    assert "50,000 (50 %)" in first
    assert "failed" in second
    assert "7 % of the records failed" in second
    only = json.loads(tocsin("batch", "runs", "--pipeline", "weekly", "--json").out)["items"]
    assert [(run["run"], run["status"], run["dead"]) for run in only] == [("r0", "failed", 0)]
    assert "there are no runs of 'x' in" in tocsin("batch", "runs", "--pipeline", "x").err


def test_a_run_is_shown_with_its_report_by_the_start_of_its_id(tocsin: Tocsin, state: State) -> None:
    state.begin(a_run("abc123"))
    saved = Checkpoint(at=a_run().started_at + HOUR, read=7, delivered=4, skipped=1, dead=2)
    state.save_checkpoint("abc123", saved, [replace(a_letter(), run_id="abc123")])
    report = b'{"delivered": 4, "waited": {"rate": 12.5, "gate": 0.0}, "reason": "", "sent_bytes": 1156117}'
    state.finish("abc123", status=RunStatus.COMPLETED, at=saved.at, report=report)

    said = tocsin("batch", "show", "abc")

    facts = {line[:18].strip(): line[18:].strip() for line in said.out.splitlines()}
    assert facts["status"] == "completed"
    assert facts["took"] == "1h 00m"
    assert facts["dead letters left"] == "1"
    assert "  waited: rate" in said.out
    assert "12.500" in said.out
    assert "1,156,117" in said.out
    assert "tocsin batch dead-letters --run abc123" in said.err
    assert json.loads(tocsin("batch", "show", "abc123", "--json").out)["report"]["waited"]["rate"] == 12.5


def test_a_run_that_does_not_exist_or_is_not_the_only_one_is_refused(tocsin: Tocsin, state: State) -> None:
    for run_id in ("aa1", "aa2"):
        state.begin(a_run(run_id))

    assert "2 runs begin with 'aa'" in tocsin("batch", "show", "aa").err
    said = tocsin("batch", "show", "b")
    assert (said.code, "there is no run 'b' in" in said.err) == (Exit.FAILED, True)


def test_runs_at_work_are_healthy_until_something_is_wrong(tocsin: Tocsin, state: State) -> None:
    assert "no run is at work" in tocsin("batch", "status").err
    at_work(state)

    said = tocsin("batch", "status", "--exit-code")

    assert said.code == 0
    assert said.out.splitlines()[1].split()[:3] == ["nightly", "r1", "healthy"]


def test_what_is_wrong_with_a_run_stands_under_it(tocsin: Tocsin, state: State) -> None:
    at_work(state, failed=250, seconds=75.0, silent=2 * MINUTE, allowed=4.0)

    said = tocsin("batch", "status", "--exit-code")

    assert said.code == Exit.FAILED
    lines = said.out.splitlines()
    assert "critical" in lines[1]
    assert "no sign of life for 120 s" in lines[2]
    assert "50.0 % of 50,000 records failed, above 10 %" in lines[3]
    assert "a batch took 75 s, longer than 60 s" in lines[4]
    assert "0.42 requests/s, 10 % of the 4 that are allowed" in lines[5]
    (told,) = json.loads(tocsin("batch", "status", "--json").out)["items"]
    assert (told["health"], len(told["why"])) == ("critical", 4)


def test_a_run_whose_process_is_gone_is_told_at_once_until_a_later_one_takes_its_place(
    tocsin: Tocsin, state: State, tmp_path: Path
) -> None:
    killed = open_state(tmp_path / "batch.db")
    at_work(killed)
    killed.close()
    state.begin(a_run("other", source="another.jsonl", at=now()))
    state.finish("other", status=RunStatus.COMPLETED, at=now())

    said = tocsin("batch", "status", "--exit-code")
    assert said.code == Exit.FAILED
    assert "critical" in said.out
    assert "its process is gone" in said.out
    assert "its process is gone, last heard of" in tocsin("batch", "runs").out

    state.begin(a_run("later", at=now()))

    (only,) = json.loads(tocsin("batch", "status", "--json").out)["items"]
    assert (only["run"], only["health"]) == ("later", "healthy")


def test_a_run_that_is_there_and_says_nothing_hangs(tocsin: Tocsin, state: State) -> None:
    at_work(state, silent=2 * MINUTE)

    assert "no sign of life for 120 s: its process is there" in tocsin("batch", "status").out
    assert "no sign of life for 2m 00s: it hangs" in tocsin("batch", "runs").out


def test_what_a_run_says_of_itself_is_told_and_not_what_its_history_has(tocsin: Tocsin, state: State) -> None:
    at_work(state, failed=500)
    live = Live(
        seconds=100.0,
        silent_seconds=0.0,
        batches=400,
        total_records=200_000,
        processed_records=200_000,
        failed_records=0,
        slowest_batch_seconds=1.0,
        in_flight=3,
        limited_by="rate",
        seconds_left=90.0,
    )
    state.save_checkpoint("r1", Checkpoint(at=now(), read=50_000, live=written(live)))

    (told,) = json.loads(tocsin("batch", "status", "--json").out)["items"]

    assert (told["health"], told["throughput_rps"], told["requests_per_second"]) == ("healthy", 2_000, 4)
    assert (told["in_flight"], told["waits_for"], told["seconds_left"]) == (3, "rate", 90)
    assert "1m 30s" in tocsin("batch", "status").out


def test_performance_is_shown_by_operation(tocsin: Tocsin, state: State) -> None:
    at_work(state, failed=5)

    said = tocsin("batch", "performance")

    assert said.out.splitlines()[1].split() == [
        *("send", "100", "49,500", "500", "(1.00", "%)", "100", "990", "500ms", "500ms", "500ms")
    ]
    (told,) = json.loads(tocsin("batch", "performance", "--json", "--since", "1h").out)["items"]
    assert (told["operation_type"], told["error_rate_percent"], told["p95_seconds"]) == ("send", 1.0, 0.5)
    assert "no batches are in the history" in tocsin("batch", "performance", "--pipeline", "x").err


def test_trends_name_every_hour_of_the_day_and_every_day_of_the_month(tocsin: Tocsin, state: State) -> None:
    at_work(state)

    hours = json.loads(tocsin("batch", "trends", "--json").out)["items"]
    days = json.loads(tocsin("batch", "trends", "--days", "--json").out)["items"]

    assert (len(hours), len(days)) == (24, 30)
    assert sum(hour["batches"] for hour in hours) == sum(day["batches"] for day in days) == 100
    assert max(hour["throughput_rps"] for hour in hours) == 1_000.0
    assert hours[-1]["starts_at"][13:] == ":00:00+00:00"
    assert len(tocsin("batch", "trends").out.splitlines()) == 25
    assert len(tocsin("batch", "trends", "--days").out.splitlines()) == 31


def test_where_no_pipeline_has_run_nothing_is_made(tocsin: Tocsin, tmp_path: Path) -> None:
    said = tocsin("batch", "runs", "--state", "missing.db")

    assert said.code == Exit.FAILED
    assert "missing.db is not there: no pipeline has kept its state there yet" in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_state_that_cannot_be_used_is_told_without_a_traceback(tocsin: Tocsin, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("a,b\n" * 1_000)

    said = tocsin("batch", "status", "--state", "events.csv")

    assert said.code == Exit.FAILED
    assert "events.csv: the file is no database" in said.err
    away = tocsin("batch", "runs", "--state", "postgresql://me:secret@127.0.0.1:1/x")
    assert (away.code, "the connection was lost" in away.err, "secret" in away.err) == (
        Exit.FAILED,
        True,
        False,
    )


def test_the_history_is_saved_as_parquet_and_grows_in_a_delta_table(
    tocsin: Tocsin, state: State, tmp_path: Path
) -> None:
    at_work(state)

    assert "batches.parquet: 100 batches" in tocsin("batch", "export-history", "batches.parquet").err
    assert "lake: 100 batches that are new or have changed" in tocsin("batch", "export-history", "lake").err
    assert "lake: 0 batches that are new or have changed" in tocsin("batch", "export-history", "lake").err
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    said = tocsin("batch", "export-history", "full")
    assert (said.code, "holds something that is no Delta table" in said.err) == (Exit.FAILED, True)
    said = tocsin("batch", "export-history", "nowhere/b.parquet")
    assert (said.code, "cannot be written: No such file" in said.err) == (Exit.FAILED, True)


def test_the_history_is_not_written_as_a_folder_that_looks_like_another_kind_of_file(
    tocsin: Tocsin, state: State, tmp_path: Path
) -> None:
    said = tocsin("batch", "export-history", "batches.csv")

    assert said.code == Exit.USAGE
    assert "batches.csv: the history is written to a .parquet file, or to a folder as Delta table" in said.err
    assert not (tmp_path / "batches.csv").exists()


def test_every_category_can_be_asked_for() -> None:
    assert sorted(CATEGORIES) == sorted(category.value for category in Category)
