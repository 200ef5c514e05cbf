"""Checks of data in hostile surroundings: never a traceback, and an end that says what was the matter."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from tests.cli.conftest import PATIENCE_SECONDS, ROOT, Said, Tocsin
from tests.faults.disk import files_of_at_most
from tocsin.cli.exits import INTERRUPTED, Exit
from tocsin.clock import monotonic

STARTED_WITHIN = 1.5
"""So much time of the processor no start takes, and what has taken more is in the midst of the data."""
ENDLESS = "SELECT sum(hash(a.id + b.range)) FROM {table} a, range(1000000000000) b"


@pytest.fixture
def data(tmp_path: Path) -> str:
    path = tmp_path / "orders.parquet"
    rows = "SELECT i AS id, TIMESTAMPTZ '2026-03-10 06:00Z' AS at FROM range(100) t(i)"
    duckdb.execute(f"COPY ({rows}) TO '{path}'")
    return str(path)


def written(folder: Path, *checks: str) -> str:
    path = folder / "checks.yaml"
    path.write_text("checks:\n" + "".join(f"  - {check}\n" for check in checks), encoding="utf-8")
    return str(path)


def shell(folder: Path, words: str, **environment: str) -> Said:
    """Run a command as a shell does, so that its output can go anywhere."""
    run = subprocess.run(  # noqa: S602 -- our own words
        f"{sys.executable} -m tocsin quality {words}",
        shell=True,
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment},
    )
    return Said(run.returncode, run.stdout, run.stderr)


@pytest.mark.parametrize("way", ["", "--json"])
def test_an_answer_that_nothing_has_room_for_ends_with_2_and_one_line(
    tmp_path: Path, data: str, way: str
) -> None:
    checks = written(tmp_path, "{metric: row_count, threshold_min: 1}")

    said = shell(tmp_path, f"run {data} --checks {checks} {way} > /dev/full")

    assert said.code == Exit.USAGE
    assert said.err == "tocsin: what it says cannot be written: No space left on device\n"


def test_a_suggestion_that_nothing_has_room_for_ends_badly_and_leaves_no_half_of_a_file(
    tmp_path: Path, data: str, tocsin: Tocsin
) -> None:
    to_nowhere = shell(tmp_path, f"suggest {data} > /dev/full")
    with files_of_at_most(20):
        to_a_file = tocsin("quality", "suggest", data, "-o", "checks.yaml")

    assert to_nowhere.err == "tocsin: what it says cannot be written: No space left on device\n"
    assert (to_nowhere.code, to_a_file.code) == (Exit.USAGE, Exit.FAILED)
    assert to_a_file.err == "tocsin: checks.yaml cannot be written: File too large\n"
    assert [path.name for path in tmp_path.iterdir()] == ["orders.parquet"]


def test_results_that_cannot_be_written_are_shown_all_the_same_and_end_with_2(
    tmp_path: Path, data: str, tocsin: Tocsin
) -> None:
    checks = written(tmp_path, "{metric: row_count, threshold_min: 1}")

    said = tocsin("quality", "run", data, "--checks", checks, "--junit", "no/such/folder.xml")

    assert said.code == Exit.USAGE
    assert "1 check: 1 pass" in said.out
    assert said.err == "tocsin: no/such/folder.xml cannot be written: No such file or directory\n"


@pytest.mark.parametrize("command", ["run --checks checks.yaml", "suggest"])
def test_without_a_place_for_temporary_files_it_says_which_variable_names_one(
    tmp_path: Path, data: str, tocsin: Tocsin, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    written(tmp_path, "{metric: row_count, threshold_min: 1}")
    monkeypatch.setattr("tempfile.tempdir", "/proc/self")

    said = tocsin("quality", *command.split(), data)

    assert said.code == Exit.USAGE
    assert "name a folder with room by TMPDIR" in said.err


@pytest.mark.parametrize(
    ("as_of", "said"),
    [
        (
            "1970-01-01T00:00Z",
            "error  at_freshness  the newest instant, 2026-03-10T06:00:00Z, lies in the future",
        ),
        ("2026-03-10T07:00Z", "pass  at_freshness  1; at most 26"),
        ("9999-12-31T23:59Z", "at most 26 (newest 2026-03-10T06:00:00Z)"),
    ],
)
def test_by_a_clock_that_is_wrong_freshness_says_which_instant_it_goes_by(
    tmp_path: Path, data: str, tocsin: Tocsin, as_of: str, said: str
) -> None:
    checks = written(tmp_path, "{metric: freshness, column: at, unit: hours, threshold_max: 26}")

    found = tocsin("quality", "run", data, "--checks", checks, "--as-of", as_of)

    assert said in found.out


@contextmanager
def at_work(folder: Path, data: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a check that never ends, and give its process once it is at work."""
    (folder / "temporary").mkdir()
    checks = written(folder, f'{{metric: custom, id: endless, sql: "{ENDLESS}", threshold_min: 0}}')
    with subprocess.Popen(
        [sys.executable, "-m", "tocsin", "quality", "run", data, "--checks", checks, "--junit", "out.xml"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "TMPDIR": str(folder / "temporary")},
        # Whoever runs the tests may ignore the signal, and a child would go on ignoring it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 -- no threads here
    ) as process:
        until = monotonic() + PATIENCE_SECONDS
        while seconds_at_work(process) < STARTED_WITHIN and process.poll() is None and monotonic() < until:
            os.sched_yield()
        try:
            yield process
        finally:
            process.kill()


def seconds_at_work(process: "subprocess.Popen[str]") -> float:
    user, system = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def test_whoever_interrupts_it_is_told_so_in_one_line_and_nothing_is_left_behind(
    tmp_path: Path, data: str
) -> None:
    with at_work(tmp_path, data) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == INTERRUPTED
    assert (out, err.strip()) == ("", "stopped; nothing more was done")
    assert not any((tmp_path / "temporary").iterdir())
    assert not (tmp_path / "out.xml").exists()


def test_one_that_was_killed_leaves_no_result_that_could_be_taken_for_a_whole_one(
    tmp_path: Path, data: str, tocsin: Tocsin
) -> None:
    with at_work(tmp_path, data) as process:
        process.send_signal(signal.SIGKILL)
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)

    assert (process.returncode, out) == (-signal.SIGKILL, "")
    assert not (tmp_path / "out.xml").exists()
    checks = written(tmp_path, "{metric: row_count, threshold_min: 1}")
    assert tocsin("quality", "run", data, "--checks", checks).code == Exit.OK


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT length(repeat('x', 4200000000 + count(*))) FROM {table}",
        "SELECT len(list(a.id)) FROM {table} a, {table} b, range(100000)",
    ],
)
def test_sql_that_wants_all_memory_is_an_error_of_its_own_check(
    tmp_path: Path, data: str, tocsin: Tocsin, sql: str
) -> None:
    checks = written(
        tmp_path,
        f'{{metric: custom, id: greedy, sql: "{sql}", threshold_min: 0}}',
        "{metric: row_count, threshold_min: 1}",
    )
    before = resource.getrlimit(resource.RLIMIT_DATA)

    said = tocsin("quality", "run", data, "--checks", checks)

    assert said.code == Exit.FAILED
    assert "error  greedy     it needs more memory than it may have" in said.out
    assert "pass   row_count  100" in said.out
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


@pytest.mark.parametrize("command", ["run --checks checks.yaml", "suggest"])
@pytest.mark.parametrize("kind", ["pipe", "device", "long", "half", "garbage", "cut.gz"])
def test_what_is_no_data_ends_with_2_and_says_which_file_it_is(
    tmp_path: Path, tocsin: Tocsin, command: str, kind: str
) -> None:
    written(tmp_path, "{metric: row_count, threshold_min: 1}")
    path = tmp_path / "no data.csv"
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "long":
            path = tmp_path / ("x" * 300 + ".csv")
        case "half":
            path = tmp_path / "half.parquet"
            path.write_bytes(b"PAR1" + bytes(1_000))
        case "garbage":
            path.write_bytes(bytes(range(256)) * 400)
        case _:
            path = tmp_path / "cut.csv.gz"
            path.write_bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00")

    said = tocsin("quality", *command.split(), str(path))

    assert said.code == Exit.USAGE
    assert path.name[:100] in said.err
    assert said.err.count("\n") == 1
