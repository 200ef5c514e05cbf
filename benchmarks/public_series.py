"""Public series with labelled anomalies, read from a folder that a clone of the project need not have."""

import csv
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tocsin.quality.baseline import Kind

VARIABLE = "TOCSIN_BENCHMARK_DATA"
WHERE_TO_GET_THEM = f"""The public series are not here. To measure on them too, make a folder with
  nab/            of github.com/numenta/NAB: the folders of data/, and
                  labels/combined_windows.json as windows.json
  ibm-batch-job/  of github.com/IBM/batch-job-analytics: Data/widetable_MBJ.csv
and name it: {VARIABLE}=FOLDER python -m benchmarks anomaly"""
# The detector was changed after a look at these; the rest is only reported on.
TUNED_FOR = ("realTweets", "realTraffic")
HOUR_SECONDS = 3_600
_KINDS = {
    "realTweets": Kind.COUNT,
    "realTraffic": Kind.RAW,
    "realAdExchange": Kind.RAW,
    "artificialWithAnomaly": Kind.RAW,
    "artificialNoAnomaly": Kind.RAW,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One public series by the hour: instants (seconds since 1970), values, windows of its anomalies."""

    name: str
    kind: Kind
    order_at: tuple[float, ...]
    value: tuple[float, ...]
    windows: tuple[tuple[float, float], ...]

    @property
    def tuned_for(self) -> bool:
        """Whether the detector was changed after a look at this series."""
        return self.name.startswith(TUNED_FOR)


def folder() -> Path | None:
    """Return where the public series are: named by the variable, or beside the project."""
    named = os.environ.get(VARIABLE)
    beside = Path(__file__).parents[2] / "shared" / "data"
    found = Path(named) if named else beside
    return found if (found / "nab").is_dir() else None


def labelled(data: Path) -> list[Labelled]:
    """Return the series of the Numenta Anomaly Benchmark that are there, by the hour."""
    windows: dict[str, list[list[str]]] = json.loads((data / "nab" / "windows.json").read_text())
    return [
        _by_the_hour(data / "nab" / name, name, spans)
        for name, spans in sorted(windows.items())
        if (data / "nab" / name).is_file()
    ]


def _by_the_hour(path: Path, name: str, spans: list[list[str]]) -> Labelled:
    """Return counts summed and everything else averaged over full hours."""
    kind = _KINDS[name.partition("/")[0]]
    hours: dict[int, list[float]] = {}
    with path.open(newline="") as lines:
        for row in csv.DictReader(lines):
            at = _instant(row["timestamp"])
            hours.setdefault(int(at // HOUR_SECONDS), []).append(float(row["value"]))
    ordered = sorted(hours.items())
    return Labelled(
        name=name,
        kind=kind,
        order_at=tuple(float(hour * HOUR_SECONDS) for hour, _ in ordered),
        value=tuple(
            sum(values) if kind is Kind.COUNT else sum(values) / len(values) for _, values in ordered
        ),
        windows=tuple((_instant(first), _instant(last)) for first, last in spans),
    )


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def nights(data: Path) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Return a year of a bank's nightly batch: when it started, and its seconds."""
    path = data / "ibm-batch-job" / "widetable_MBJ.csv"
    if not path.is_file():
        return None
    with path.open(newline="") as lines:
        rows = [(row["START_DATE"], float(row["ELAPSED_MINUTE"]) * 60) for row in csv.DictReader(lines)]
    started = [datetime.strptime(day, "%Y/%m/%d").replace(tzinfo=UTC).timestamp() for day, _ in rows]
    return tuple(started), tuple(seconds for _, seconds in rows)
