"""The front door: help, suggestions, exit codes, a quick and light start."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.cli.conftest import ROOT, Tocsin
from tocsin.cli import Tocsin as Everything
from tocsin.cli import tocsin as front
from tocsin.cli.exits import Exit
from tocsin.cli.group import ENVIRONMENT

SET_UP = ["init", "check", "test", "schema", "routes", "backtest", "tune", "serve", "run", "flush", "quality"]
USE = [
    "jobs",
    "runs",
    "occurrences",
    "habits",
    "alerts",
    "explain",
    "groups",
    "history",
    "report",
    "oncall",
    "batch",
    "ack",
    "snooze",
    "resolve",
    "silence",
    "drill",
    "send-test",
    "token",
    "backup",
    "export",
    "import",
]
COMMANDS = [*SET_UP, *USE]
HEAVY = {"pydantic", "yaml", "re2", "fastapi", "uvicorn", "urllib3", "asyncio", "ssl", "http.client"}
LOADED = "import sys; from tocsin.cli import main; main({words}); print(*sys.modules, file=sys.stderr)"

WITHOUT_EXTRAS = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {extras}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
from tocsin.__main__ import main
sys.argv = ["tocsin", *{words}]
sys.exit(main())
"""
EXTRAS = {
    *("pydantic", "pydantic_core", "yaml", "re2", "fastapi", "uvicorn", "uvloop", "httptools", "urllib3"),
    *("msgspec", "cronsim", "oncalendar", "holidays", "liquid", "jinja2", "prometheus_client", "psycopg"),
    *("icalendar", "dateutil"),
}


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment}
    words = [sys.executable, "-c", code]
    return subprocess.run(words, env=given, capture_output=True, text=True, check=False)


def light(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as if only the light part were installed."""
    return python(WITHOUT_EXTRAS.format(extras=EXTRAS, words=list(words)), TOCSIN_URL="http://127.0.0.1:1")


def test_the_help_names_every_command_exit_code_and_variable(tocsin: Tocsin) -> None:
    said = tocsin("--help")
    assert said.code == 0
    for command in COMMANDS:
        assert f"\n  {command} " in said.out
    for code in Exit:
        assert f"\n  {code.value}  {code.meaning[:30]}" in said.out
    for name in ENVIRONMENT:
        assert f"\n  {name} " in said.out


def test_every_command_of_the_help_exists_under_its_name() -> None:
    context = click.Context(front)
    assert list(Everything.lazy) == COMMANDS
    for name, lazy in Everything.lazy.items():
        command = front.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert lazy.summary.endswith(".")
        assert len(lazy.summary) < 50


@pytest.mark.parametrize("command", ["init", "serve", *USE, "jobs show", "silence add", "token create"])
def test_every_command_explains_itself(tocsin: Tocsin, command: str) -> None:
    said = tocsin(*command.split(), "--help")
    assert said.code == 0
    assert said.out.startswith(f"Usage: tocsin {command}")


def test_no_command_at_all_shows_the_help(tocsin: Tocsin) -> None:
    said = tocsin()
    assert said.code == Exit.USAGE
    assert "Usage: tocsin" in said.err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("jbos",), "did you mean 'jobs'?"),
        (("silences",), "did you mean 'silence'?"),
        (("jobs", "resum"), "did you mean 'resume'?"),
        (("token", "craete"), "did you mean 'create'?"),
        (("silence", "lst"), "did you mean 'list'?"),
        (("help",), "did you mean '--help'?"),
        (("status",), "did you mean 'jobs'?"),
        (("silence", "etl"), "tocsin silence add 'job=\"etl\"' --for 2h"),
        (("silence", 'team!="x y"', "--for", "2h"), "tocsin silence add 'team!=\"x y\"' --for 2h"),
        (("jobs", "my etl"), "tocsin jobs show 'my etl'"),
    ],
)
def test_a_misspelled_command_is_answered_with_the_one_that_was_meant(
    tocsin: Tocsin, words: tuple[str, ...], meant: str
) -> None:
    said = tocsin(*words)
    assert said.code == Exit.USAGE
    assert meant in said.err
    assert said.out == ""


def test_a_command_that_resembles_none_is_refused_without_a_guess(tocsin: Tocsin) -> None:
    said = tocsin("xyzzy")
    assert (said.code, "did you mean" in said.err) == (Exit.USAGE, False)


def test_an_unknown_option_is_a_usage_error(tocsin: Tocsin) -> None:
    said = tocsin("jobs", "--jsn")
    assert said.code == Exit.USAGE
    assert "--jsn" in said.err


def test_the_help_loads_nothing_of_the_server_nor_of_the_network() -> None:
    loaded = set(python(LOADED.format(words=["--help"])).stderr.split())
    assert "click" in loaded
    assert loaded & HEAVY == set()


def test_what_the_batch_toolkit_needs_is_told_by_its_extra(tmp_path: Path) -> None:
    (tmp_path / "batch.db").touch()

    said = light("batch", "runs", "--state", str(tmp_path / "batch.db"))

    assert said.returncode == Exit.FAILED
    assert "this needs the package 'msgspec': pip install 'tocsin[batch]'" in said.stderr
    assert light("batch", "--help").returncode == 0


def test_listing_jobs_loads_nothing_of_the_server() -> None:
    said = python(LOADED.format(words=["jobs"]), TOCSIN_URL="http://127.0.0.1:1")
    assert set(said.stderr.split()) & EXTRAS == set()


def test_a_check_of_data_that_tells_no_server_loads_nothing_that_speaks_to_one(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("id\n1\n")
    (tmp_path / "checks.yaml").write_text("checks: [{metric: row_count, threshold_min: 1}]")
    words = ["quality", "run", str(tmp_path / "orders.csv"), "--checks", str(tmp_path / "checks.yaml")]

    said = python(LOADED.format(words=words))

    assert "1 pass" in said.stdout
    assert (
        set(said.stderr.split()) & {"http.client", "ssl", "urllib3", "asyncio", "numpy", "sqlalchemy"}
        == set()
    )


@pytest.mark.parametrize("words", [("serve",), ("check",), ("schema",), ("routes", "show")])
def test_what_needs_the_server_part_says_how_to_install_it(words: tuple[str, ...]) -> None:
    said = light(*words)
    assert said.returncode == Exit.FAILED
    assert "pip install 'tocsin[server]'" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("words", [("jobs",), ("alerts",), ("ack", "x"), ("token",), ("silence",)])
def test_what_speaks_to_a_server_works_without_the_server_part(words: tuple[str, ...]) -> None:
    said = light(*words)
    assert said.returncode == Exit.UNREACHABLE
    assert "tocsin serve" in said.stderr


def test_the_two_commands_of_cron_jobs_are_reached_also_behind_an_option() -> None:
    said = python(
        "from tocsin.cli import main; main(['run', '-q', '--', 'sh', '-c', 'exit 7'])",
        TOCSIN_URL="off",
    )
    assert said.returncode == 7


def test_a_reader_that_goes_away_ends_the_command_quietly() -> None:
    said = python(
        "import os; from tocsin.cli import main; reading, writing = os.pipe(); os.close(reading);"
        "os.dup2(writing, 1); main(['--help'])"
    )
    assert (said.returncode, said.stderr) == (1, "")


def test_letters_that_a_terminal_lacks_are_no_reason_to_fail(tmp_path: Path) -> None:
    file = tmp_path / "tocsin.yaml"
    file.write_text("jobs: {etl: {}}")
    check = f"from tocsin.cli import main; main(['check', '--next', {str(file)!r}])"
    said = python(check, PYTHONIOENCODING="latin-1")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.splitlines()[-1].split() == ["etl", "production", "?", "?", "?"]
