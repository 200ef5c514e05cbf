"""The numbers that jobs have sent of themselves and their data, for Prometheus.

There may be twenty thousand of them, so they are written down here and not by way of its library.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

MAX_SERIES: Final = 20_000
_NAME: Final = "batch_job_metric"
_HEAD: Final = f"# HELP {_NAME} Numbers that the last run of a job has sent\n# TYPE {_NAME} gauge\n"
_ESCAPED: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a job sent last: numbers by their names, and of which column some of them are."""

    job: str
    environment: str
    values: tuple[tuple[str, float], ...]
    columns: dict[str, str]


def rendered(sent: Iterable[Sent]) -> bytes:
    """Return a gauge for each number, at most MAX_SERIES, in the text format of Prometheus; none of none."""
    lines = "".join(islice(_lines(sent), MAX_SERIES))
    return f"{_HEAD}{lines}".encode(errors="replace") if lines else b""


def _lines(sent: Iterable[Sent]) -> Iterator[str]:
    for one in sent:
        of_job = f'job_name="{_escaped(one.job)}",environment="{_escaped(one.environment)}"'
        for name, value in one.values:
            column = _escaped(one.columns.get(name, ""))
            yield f'{_NAME}{{{of_job},metric="{_escaped(name)}",column="{column}"}} {value!r}\n'


def _escaped(text: str) -> str:
    return text.translate(_ESCAPED)
