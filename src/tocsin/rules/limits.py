"""Which limits a rule of each condition can be given: their units, their ranges, and what holds otherwise."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

_OF_THE_WHOLE: Final = "shares of the whole"
_ALL_PERCENT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A number that a condition compares with; `unit` is in words that complete "is in …".

    It lies from `lowest` to `highest`; with `above`, `lowest` itself is too little. `usual` is what holds for
    a rule that does not say it; None: the job's own promise, or what the condition says of itself.
    """

    unit: str
    highest: float
    lowest: float = 0.0
    above: bool = False
    whole: bool = False
    usual: float | None = None

    def refusal(self, value: float) -> str | None:
        """Return why a value cannot be this limit, or None if it can."""
        if self.whole and value != int(value):
            return f"must be a whole number of {self.unit}, not {value:g}"
        is_within = self.lowest <= value <= self.highest and not (self.above and value == self.lowest)
        if is_within:
            return None
        begins = "above" if self.above else "from"
        said = f"is in {self.unit}, {begins} {self.lowest:g} up to {self.highest:g}; {value:g} is impossible"
        is_percent = self.unit == _OF_THE_WHOLE and self.highest < value <= _ALL_PERCENT * self.highest
        return f"{said}; {value:g} % is {value / _ALL_PERCENT:g}" if is_percent else said


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of a few words; `usual` holds for a rule that says none."""

    words: tuple[str, ...]
    usual: str

    def refusal(self, value: str) -> str | None:
        """Return why a word cannot be chosen, or None if it can."""
        return None if value in self.words else f"must be one of {', '.join(self.words)}"


Taken = Mapping[str, Limit | Choice]

_SHARE: Final = Limit(unit=_OF_THE_WHOLE, highest=1)
_RECORDS: Final = Limit(unit="records", lowest=1, highest=10**15, whole=True)

TAKEN: Final[Mapping[str, Taken]] = {
    "job_failure": {"threshold": _SHARE},
    "min_records": {"threshold": _RECORDS},
    "failure_rate": {
        "threshold": _SHARE,
        "page_threshold": _SHARE,
        "window_minutes": Limit(unit="minutes", lowest=1, highest=31 * 24 * 60),
        "least": replace(_RECORDS, usual=1),
        "fewest": Limit(unit="runs", lowest=1, highest=1_000_000, whole=True),
        "of": Choice(words=("records", "runs"), usual="records"),
    },
    "throughput": {
        "threshold": Limit(unit="records per second", highest=10**12, above=True),
        "least": Limit(unit="seconds", lowest=1, highest=300, usual=60),
    },
    "clock_skew": {"threshold": Limit(unit="minutes", highest=1_440, above=True, usual=5)},
    "deadline_risk": {
        "threshold": Limit(unit=_OF_THE_WHOLE, lowest=0.2, highest=1, above=True, usual=0.8),
        "fewest": Limit(unit="comparable runs", lowest=2, highest=500, whole=True),
    },
    "duration_anomaly": {
        "threshold": Limit(unit="normal spreads", lowest=2, highest=100, usual=3.5),
        "page_threshold": Limit(unit="normal spreads", lowest=2, highest=100, usual=5),
        "least": Limit(unit="seconds", highest=31_622_400, usual=120),
        "direction": Choice(words=("both", "slow", "fast"), usual="both"),
    },
}
"""By condition, the limits that its rules take, by their keys; a condition that is not here takes none."""


def lacking(condition: str, of: str, given: Collection[str]) -> str | None:
    """Return the key without which a rule could never speak, with the reason, or None if it can.

    `given` are the keys of the limits that the rule says.
    """
    if condition == "throughput" and "threshold" not in given:
        return "throughput needs 'threshold': fewer records per second than that are too few"
    if condition == "failure_rate" and of == "runs":
        if "threshold" not in given:
            return "a share of runs needs 'threshold': what a job promises is about its records"
        if "window_minutes" not in given:
            return "a share of runs needs 'window_minutes': how far back they are counted"
    return None
