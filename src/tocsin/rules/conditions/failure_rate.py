"""`failure_rate`: too large a share of the records of a run has failed."""

from datetime import datetime

from tocsin.jobs.state import Outcome
from tocsin.rules.evidence import records_of
from tocsin.rules.facts import Facts
from tocsin.rules.finding import QUIET, Finding, Severity, Verdict, Why
from tocsin.rules.good_runs import good_by_partition, has_lost, row_of, standing
from tocsin.rules.rule import Rule
from tocsin.rules.showing import Pairs, forgiven_of, some
from tocsin.rules.wording import clock_time, percent, plural

NAME = "failure_rate"


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:  # noqa: ARG001 -- every condition is asked alike
    """Hold while too many records failed: failed / (ok + failed) is above the limit.

    The limit is the rule's `threshold`, else the job's `max_failure_rate`. What counts is the newest good run
    of any partition; a bad one is job_failure's, and a run that does not say how many went through has no
    share, nor has one with fewer records in all than the rule's `least`. N in a row and M of N count good
    runs of the partition. Of one that others have pushed out of the last outcomes it cannot tell more than
    that it stands.
    """
    most = _most(rule, facts)
    if most is None:
        return QUIET

    def is_bad(outcome: Outcome) -> bool:
        rate = _rate(rule, outcome)
        return rate is not None and rate > most

    cannot_tell = has_lost(facts, NAME, is_bad)
    bad = standing(rule, facts, NAME, is_bad)
    if not bad:
        return Verdict(cannot_tell=True) if cannot_tell else QUIET
    worst = max(bad, key=lambda outcomes: _rate(rule, outcomes[-1]) or 0.0)
    row, others = row_of(worst, is_bad), len(bad) - 1
    return Verdict(finding=_of_a_run(rule, facts, row, most, others), cannot_tell=cannot_tell)


def _most(rule: Rule, facts: Facts) -> float | None:
    return rule.threshold if rule.threshold is not None else facts.job.definition.sla.max_failure_rate


def _rate(rule: Rule, outcome: Outcome) -> float | None:
    ok, failed = outcome.records, outcome.records_failed or 0
    if ok is None or ok + failed < max(rule.least or 1, 1):
        return None
    return failed / (ok + failed)


def _severity(rule: Rule, rate: float) -> Severity:
    if rule.page_threshold is not None and rate >= rule.page_threshold:
        return Severity.PAGE
    return rule.severity or Severity.WARNING


def _of_a_run(rule: Rule, facts: Facts, row: list[Outcome], most: float, others: int) -> Finding:
    zone, newest, oldest = facts.job.definition.timezone, row[0], row[-1]
    rate = _rate(rule, newest) or 0.0
    evidence = [
        ("limit", f"at most {percent(most)} of the records"),
        ("run", newest.run),
        ("ended", clock_time(newest.at, zone)),
        ("records", records_of(newest.records, newest.records_failed)),
    ]
    if newest.partition:
        evidence.insert(2, ("partition", newest.partition))
    if len(row) > 1:
        evidence.append(("such runs", f"{plural(len(row), 'run')} since {clock_time(oldest.at, zone)}"))
    if others:
        evidence.append(("also", f"{plural(others, 'more partition')} with too many"))
    return Finding(
        rule=rule.name,
        condition=NAME,
        severity=_severity(rule, rate),
        why=Why.RECORDS_FAILED,
        since_at=oldest.at,
        summary=f"ended well, but {percent(rate)} of its records failed; at most {percent(most)} may",
        evidence=tuple(evidence),
        next_step="See what the failed records have in common, and whether they can be processed again.",
        run=newest.run,
        template=rule.message,
        variables=(
            ("execution_id", newest.run),
            ("threshold", percent(most)),
            ("breach_percentage", f"{100 * rate:.4g}"),
        ),
    )


def facts_of(rule: Rule, facts: Facts, now: datetime) -> Pairs:  # noqa: ARG001 -- every condition is asked alike
    """Return the limit, and which records of the newest good run, of each partition, have failed."""
    zone, most = facts.job.definition.timezone, _most(rule, facts)
    limit = "none is promised, and the rule names none" if most is None else f"at most {percent(most)}"
    shown = []
    for partition, outcomes in good_by_partition(facts, NAME).items():
        newest = outcomes[-1]
        said = "not said" if newest.records is None else records_of(newest.records, newest.records_failed)
        name = f"records of {partition}" if partition else "records"
        shown.append((name, f"{said}, run {newest.run}, ended {clock_time(newest.at, zone)}"))
    return (
        ("limit", limit),
        *some(shown or [("records", "no good run is remembered")], "partition"),
        *forgiven_of(facts, NAME),
    )
