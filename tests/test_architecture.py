"""The floors of the house hold, and a wall broken through anywhere would be noticed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "tocsin"

# Prints which modules a program has loaded by its end, for programs that end by sys.exit.
# `tocsin run` leaves without a clean-up, so what is printed afterwards is printed on the way out.
LOADED = """
import json, os, runpy, sys
before = set(sys.modules)
def leave(code):
    raise SystemExit(code)
os._exit = leave
try:
    {program}
except SystemExit as ending:
    assert not ending.code, ending.code
print(json.dumps(sorted({{name.partition(".")[0] for name in set(sys.modules) - before}})))
"""
RUN_TRUE = """sys.argv = ["tocsin", "run", "--job", "quick", "--", "true"]
    runpy.run_module("tocsin", run_name="__main__", alter_sys=True)"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the package in which a test may break through walls."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(
        PACKAGE, tmp_path / "src" / "tocsin", ignore=shutil.ignore_patterns("__pycache__", "static")
    )
    return tmp_path / "src" / "tocsin"


def broken(house: Path, contract: str) -> str:
    """Return what import-linter says of one contract in this copy; nothing when it is kept."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache", "--contract", contract],
        cwd=house.parent.parent,
        env={**os.environ, "PYTHONPATH": str(house.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 or "BROKEN" in done.stdout, done.stdout + done.stderr
    return done.stdout if done.returncode else ""


def plant(house: Path, module: str, text: str = "") -> None:
    """Write a module, and its room when that is not built yet; what is there stays."""
    path = house / f"{module.replace('.', '/')}.py"
    if not path.exists() and not (path.with_suffix("") / "__init__.py").exists():
        path.parent.mkdir(exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(text)


@pytest.mark.parametrize(
    ("contract", "room", "imported"),
    [
        ("floors", "jobs", "tocsin.alerts"),
        ("floors", "rules", "tocsin.alerts.alert"),
        ("floors", "oncall", "tocsin.alerts"),
        ("floors", "store", "tocsin.notify"),
        ("floors", "client", "tocsin.telemetry"),
        ("floors", "notify", "tocsin.engine"),
        ("pure", "jobs", "time"),
        ("pure", "rules", "os.path"),
        ("pure", "alerts", "logging.config"),
        ("pure", "alerts", "tocsin.clock"),
        ("floors", "quality", "tocsin.rules"),
        ("pure", "quality", "sqlite3"),
        ("toolkit", "batch", "tocsin.store"),
        ("toolkit", "batch", "pydantic"),
        ("light", "client", "numpy"),
        ("pure", "oncall", "random"),
        ("pure", "dialects", "pydantic"),
        ("adapters", "engine", "tocsin.store.sqlite"),
        ("adapters", "web", "tocsin.store.postgres"),
        ("adapters", "engine", "tocsin.notify.channels.planted_too"),
        ("channels", "notify.channels", "tocsin.notify.channels.planted_too"),
        ("conditions", "rules.conditions", "tocsin.rules.conditions.planted_too"),
        ("judge", "rules", "tocsin.rules.conditions.planted_too"),
        ("light", "client", "urllib3"),
    ],
)
def test_a_wall_broken_through_is_noticed(house: Path, contract: str, room: str, imported: str) -> None:
    for module in (
        "store.sqlite",
        "store.postgres",
        "notify.channels.planted_too",
        "rules.conditions.planted_too",
    ):
        plant(house, module)
    plant(house, f"{room}.planted", f"def later():\n    import {imported}\n")

    notice = broken(house, contract)

    assert f"tocsin.{room}.planted" in notice
    assert imported.partition(".")[0] in notice


def test_a_room_that_stands_on_no_floor_is_noticed(house: Path) -> None:
    plant(house, "attic.planted")

    assert "tocsin.attic" in broken(house, "floors")


def test_a_room_may_import_from_below(house: Path) -> None:
    plant(house, "engine.planted", "import tocsin.rules, tocsin.jobs, tocsin.clock, threading\n")

    assert [c for c in ("pure", "adapters", "judge", "light") if broken(house, c)] == []
    assert "tocsin.engine.planted" not in broken(house, "floors")


@pytest.mark.parametrize("program", ["import tocsin.client", RUN_TRUE], ids=["import", "tocsin run"])
def test_what_a_job_imports_is_the_standard_library_alone(program: str, tmp_path: Path) -> None:
    nowhere = {"TOCSIN_URL": "http://127.0.0.1:9", "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(program=program)],
        env={**os.environ, **nowhere},
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert loaded - sys.stdlib_module_names == {"tocsin"}
