"""A rule: which jobs, which condition, how bad, and how much is tolerated."""

from dataclasses import dataclass
from datetime import timedelta

from tocsin.jobs.job import Impact
from tocsin.rules.failure import FailureClass
from tocsin.rules.finding import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class MofN:
    """So many bad ones among the last so many."""

    bad: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityCase:
    """How bad it is when all that this asks for is so; what is empty asks for nothing.

    `failure_classes` and `causes` are of the failure, `environments` and `impacts` of the job; `in_a_row` is
    how many came one after the other at least.
    """

    severity: Severity
    failure_classes: tuple[FailureClass, ...] = ()
    causes: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    impacts: tuple[Impact, ...] = ()
    in_a_row: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One configured rule.

    `job_pattern` is RE2, matched from the start of the job's id; `matchers` are label matchers in
    their written form. `severity` None takes the condition's own; the first of `severity_by` that is so
    stands in its place. `in_a_row` and `m_of_n` are the
    tolerance: so many bad runs before the rule speaks.

    The limits are in the unit of the condition, which `tocsin.rules.limits` tells; what is None or empty is
    left to the condition: `threshold` is the limit itself and `page_threshold` the one from which on somebody
    is woken, `window_for` how far back it looks, `least` what is too little to speak of, `fewest` how much
    evidence it needs, `direction` and `of` which side and what of it counts.
    """

    name: str
    condition: str
    job_pattern: str = ""
    matchers: tuple[str, ...] = ()
    severity: Severity | None = None
    in_a_row: int = 1
    m_of_n: MofN | None = None
    message: str = ""
    runbook: str = ""
    enabled: bool = True
    fingerprint: tuple[str, ...] = ("job", "environment", "condition")
    threshold: float | None = None
    page_threshold: float | None = None
    window_for: timedelta | None = None
    least: float | None = None
    fewest: int | None = None
    direction: str = ""
    of: str = ""
    severity_by: tuple[SeverityCase, ...] = ()
