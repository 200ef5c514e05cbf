"""Who is asked the thirteen checks, and what each says of them."""

import json
import math
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.environments import python_with
from benchmarks.processes import ENVIRONMENT, FIRST
from benchmarks.quality.peers.asked import AS_OF

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
CACHE: Final = ROOT / ".cache" / "quality"
PEERS: Final = HERE / "peers"
MOST_SECONDS: Final = 600
EXACT, APPROXIMATE = HERE / "checks.yaml", HERE / "checks-approximate.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What became of a process: its CPU time with that of its children, and the most it had resident.

    Its code is negative when it was killed, or by its time.
    """

    code: int
    cpu_seconds: float
    seconds: float
    peak_mib: float
    output: str

    @property
    def is_killed(self) -> bool:
        """Whether it came to no end of its own."""
        return self.code < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a contender says of each check: its value, as far as it tells that, and whether it passes."""

    values: Mapping[str, float | None]
    passed: Mapping[str, bool] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """Whoever is asked, by the name it goes by.

    `differs` says of which checks it finds another value than all others, and why.
    """

    name: str
    command: Callable[[Path], Sequence[str]]
    heard: Callable[[str], Said]
    differs: Mapping[str, str] = field(default_factory=dict)


def unlike(one: Said, other: Said) -> set[str]:
    """Return of which checks two tell values that are not the same."""
    pairs = ((name, value, other.values[name]) for name, value in one.values.items())
    return {
        name
        for name, value, wanted in pairs
        if value is not None and wanted is not None and not math.isclose(value, wanted, rel_tol=1e-12)
    }


def run(command: Sequence[str], most_seconds: int = MOST_SECONDS) -> Ran:
    """Run a process to its end, or for its time."""
    spawned = [*FIRST, sys.executable, "-S", str(HERE / "spawned.py"), str(most_seconds), *command]
    ended = subprocess.run(spawned, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return Ran(output=ended.stdout, **json.loads(ended.stderr.splitlines()[-1]))


def ours(checks: Path = EXACT) -> Contender:
    """Return Tocsin by its command line."""
    tocsin = [sys.executable, "-m", "tocsin", "quality", "run"]

    def command(path: Path) -> list[str]:
        return [*tocsin, str(path), "--checks", str(checks), "--as-of", AS_OF.isoformat(), "--json"]

    return Contender(name="tocsin", command=command, heard=_heard_of_us)


def _heard_of_us(output: str) -> Said:
    checks = {str(one["id"]): one for one in json.loads(output)["checks"]}
    return Said(
        values={name: one["value"] for name, one in checks.items()},
        passed={name: one["verdict"] == "pass" for name, one in checks.items()},
    )


_TAKES_NAN_FOR_NULL: Final = {"weight null": "takes NaN for null"}
_OTHERS: Final = {
    "DuckDB by hand": ("by_duckdb", {}),
    "Polars by hand": ("by_polars", {}),
    "Great Expectations (pandas)": ("great_expectations_pandas", _TAKES_NAN_FOR_NULL),
    "Soda Core (DuckDB)": ("soda_duckdb_view", {}),
    "pandera (Polars)": ("pandera_polars", {}),
    "pandera (pandas)": ("pandera_pandas", {}),
    "Pointblank (Polars)": ("pointblank_polars", {}),
}
BY_HAND: Final = ("DuckDB by hand", "Polars by hand")


def others() -> list[Contender]:
    """Return everybody else, in an environment of their own; the queries by hand come first."""
    python = python_with(PEERS / "requirements.txt", CACHE / "peers")

    def command(script: str) -> Callable[[Path], list[str]]:
        return lambda path: [python, "-m", f"{__package__}.peers.{script}", str(path)]

    return [
        Contender(name=name, command=command(script), heard=_heard_of_a_peer, differs=differs)
        for name, (script, differs) in _OTHERS.items()
    ]


def _heard_of_a_peer(output: str) -> Said:
    told = json.loads(output.splitlines()[-1])
    return Said(values=told["values"], passed=told["verdicts"])
