"""How bad a finding is by what failed, where, how often, and what it costs."""

from typing import Final

from tocsin.rules.facts import Facts
from tocsin.rules.finding import Finding, Severity
from tocsin.rules.rule import Rule, SeverityCase

OF_FAILURES: Final = frozenset({"job_failure"})
"""Conditions that say what a run has failed of."""
COUNTED: Final = frozenset({"job_failure", "missing_run", "no_data"})
"""Conditions that say how many came one after the other."""


def weighed(rule: Rule, facts: Facts, finding: Finding) -> Severity | None:
    """Return the severity of the first case of a rule that is so; None where none is."""
    return next((case.severity for case in rule.severity_by if _is_so(case, facts, finding)), None)


def _is_so(case: SeverityCase, facts: Facts, finding: Finding) -> bool:
    job, failure = facts.job, finding.failure
    return (
        finding.in_a_row >= case.in_a_row
        and (not case.environments or job.environment in case.environments)
        and (not case.impacts or job.definition.impact in case.impacts)
        and (
            not case.failure_classes
            or (failure is not None and failure.failure_class in case.failure_classes)
        )
        and (not case.causes or (failure is not None and failure.cause in case.causes))
    )
