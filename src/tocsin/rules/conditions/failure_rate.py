"""`failure_rate`: too large a share has failed: of a run's records, or of a window's runs or records."""

from datetime import datetime, timedelta

from tocsin.jobs.job import Definition
from tocsin.jobs.state import Outcome
from tocsin.rules.evidence import last_good_of, records_of
from tocsin.rules.facts import Facts
from tocsin.rules.finding import QUIET, Finding, Severity, Verdict, Why
from tocsin.rules.good_runs import good_by_partition, has_lost, row_of, standing
from tocsin.rules.rule import Rule
from tocsin.rules.showing import Pairs, forgiven_of, some
from tocsin.rules.windows import FEWEST_RUNS, Counts, window_of
from tocsin.rules.wording import clock_time, percent, plural, span

NAME = "failure_rate"
RUNS = "runs"
_NEXT_OF_RECORDS = "See what the failed records have in common, and whether they can be processed again."
_NEXT_OF_RUNS = "See what the failed runs have in common: a time of day, a host, an input."


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:
    """Hold while too many failed: failed / (ok + failed) of records, bad / all of runs, is above the limit.

    The limit is the rule's `threshold`, else the job's `max_failure_rate`. With a `window_for` all runs count
    that ended in it, good and bad: their records, or with `of: runs` they themselves, from `fewest` runs and
    `least` records on; N in a row and M of N mean nothing then. Without one the newest good run of any
    partition counts; a bad one is job_failure's, and a run that does not say how many records went through
    has no share and is passed over, as one with fewer in all than `least` is. N in a row and M of N count
    good runs of the partition. Of one that others have pushed out of the last outcomes it cannot tell but
    that it stands.
    """
    most = _most(rule, facts.job.definition)
    if most is None:
        return QUIET
    if rule.window_for is not None:
        return _over_a_window(rule, facts, most, rule.window_for, now)

    def is_bad(outcome: Outcome) -> bool:
        rate = _rate(rule, outcome)
        return rate is not None and rate > most

    def says(outcome: Outcome) -> bool:
        return _rate(rule, outcome) is not None

    cannot_tell = has_lost(rule, facts, NAME, is_bad, says)
    bad = standing(rule, facts, NAME, is_bad, says)
    if not bad:
        return Verdict(cannot_tell=True) if cannot_tell else QUIET
    worst = max(bad, key=lambda outcomes: _rate(rule, outcomes[-1]) or 0.0)
    row, others = row_of(worst, is_bad), len(bad) - 1
    return Verdict(finding=_of_a_run(rule, facts, row, most, others), cannot_tell=cannot_tell)


def _over_a_window(rule: Rule, facts: Facts, most: float, window_for: timedelta, now: datetime) -> Verdict:
    if facts.of_backfills:
        return QUIET
    window = window_of(facts, NAME, window_for, now)

    def opinion(counts: Counts) -> Severity | None:
        rate = _rate_of(rule, counts)
        return _severity(rule, rate) if rate is not None and rate > most else None

    severity, ask_again_at = opinion(window.counts), window.changes_at(opinion)
    if severity is None:
        return QUIET if ask_again_at is None else Verdict(ask_again_at=ask_again_at)
    finding = _of_a_window(rule, facts, window.counts, most, severity)
    return Verdict(finding=finding, ask_again_at=ask_again_at)


def _rate_of(rule: Rule, counts: Counts) -> float | None:
    """Return the share that failed; None where there is too little to speak of."""
    runs = rule.of == RUNS
    fewest = rule.fewest or (FEWEST_RUNS if runs else 1)
    whole = counts.runs if runs else counts.records
    if counts.runs < fewest or whole < (1 if runs else max(rule.least or 1, 1)):
        return None
    return (counts.bad if runs else counts.failed) / whole


def _of_a_window(rule: Rule, facts: Facts, counts: Counts, most: float, severity: Severity) -> Finding:
    """Say nothing in the summary that becomes another number while time passes: that is the evidence's."""
    runs, rate, zone = rule.of == RUNS, _rate_of(rule, counts) or 0.0, facts.job.definition.timezone
    what, within = "runs" if runs else "records", span(rule.window_for or 0.0)
    evidence = [
        ("limit", f"at most {percent(most)} of the {what} of {within}"),
        ("runs", f"{counts.bad:,} of {counts.runs:,} failed ({percent(counts.bad / max(counts.runs, 1))})"),
        ("counted from", clock_time(counts.from_at, zone)),
        last_good_of(facts),
    ]
    if counts.records:
        evidence.insert(1, ("records", records_of(counts.ok, counts.failed)))
    newest = next(
        (o for o in reversed(facts.outcomes(NAME)) if o.status is not None and o.status.is_bad), None
    )
    if newest is not None:
        evidence.append(("last bad run", f"{newest.run} at {clock_time(newest.at, zone)}"))
    return Finding(
        rule=rule.name,
        condition=NAME,
        severity=severity,
        why=Why.RUNS_FAILED if runs else Why.RECORDS_FAILED,
        since_at=counts.from_at,
        summary=f"more than {percent(most)} of its {what} of the last {within} failed",
        evidence=tuple(evidence),
        next_step=_NEXT_OF_RUNS if runs else _NEXT_OF_RECORDS,
        template=rule.message,
        variables=(("threshold", percent(most)), ("breach_percentage", f"{100 * rate:.4g}")),
    )


def concerns(rule: Rule, definition: Definition) -> bool:
    """Whether there is a limit to judge by."""
    return _most(rule, definition) is not None


def _most(rule: Rule, definition: Definition) -> float | None:
    return rule.threshold if rule.threshold is not None else definition.sla.max_failure_rate


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
        next_step=_NEXT_OF_RECORDS,
        run=newest.run,
        template=rule.message,
        variables=(
            ("execution_id", newest.run),
            ("threshold", percent(most)),
            ("breach_percentage", f"{100 * rate:.4g}"),
        ),
    )


def facts_of(rule: Rule, facts: Facts, now: datetime) -> Pairs:
    """Return the limit, and what is in the window or failed of the newest good run of each partition."""
    zone, most = facts.job.definition.timezone, _most(rule, facts.job.definition)
    limit = "none is promised, and the rule names none" if most is None else f"at most {percent(most)}"
    if rule.window_for is not None:
        return (("limit", limit), *_shown(rule, facts, rule.window_for, now), *forgiven_of(facts, NAME))
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


def _shown(rule: Rule, facts: Facts, window_for: timedelta, now: datetime) -> Pairs:
    counts, zone = window_of(facts, NAME, window_for, now).counts, facts.job.definition.timezone
    fewest = rule.fewest or (FEWEST_RUNS if rule.of == RUNS else 1)
    return (
        ("window", f"{span(window_for)}, counted from {clock_time(counts.from_at, zone)}"),
        ("runs", f"{counts.bad:,} of {counts.runs:,} failed; it speaks from {plural(fewest, 'run')} on"),
        ("records", records_of(counts.ok, counts.failed)),
    )
