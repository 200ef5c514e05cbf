"""`failure_rate`: too large a share has failed: of a run's records, or of a window's runs or records."""

from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.jobs.job import Definition
from tocsin.jobs.sla import FAILED_OF_AT_LEAST, MOST_FAILED
from tocsin.jobs.state import Outcome
from tocsin.rules.evidence import last_good_of, records_of
from tocsin.rules.facts import Facts
from tocsin.rules.finding import QUIET, Finding, Severity, Verdict, Why
from tocsin.rules.good_runs import has_lost, row_of, standing
from tocsin.rules.rows import also, finding_of, how_many, of_newest, records_by_partition
from tocsin.rules.rule import Rule
from tocsin.rules.showing import Pairs, forgiven_of
from tocsin.rules.windows import FEWEST_RUNS, Counts, window_of
from tocsin.rules.wording import clock_time, percent, plural, span

NAME = "failure_rate"
GOES_BY = frozenset({"max_failure_rate"})
RUNS = "runs"
_NEXT_OF_RECORDS = "See what the failed records have in common, and whether they can be processed again."
_PROMISE_IT = "Where so many always do, promise it with max_failure_rate."
_UNPROMISED = f"none is promised: more than {percent(MOST_FAILED)} of {FAILED_OF_AT_LEAST} records and more"
_NEXT_OF_RUNS = "See what the failed runs have in common: a time of day, a host, an input."


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:
    """Hold while too many failed: failed / (ok + failed) of records, bad / all of runs, is above the limit.

    The limit is the rule's `threshold`, else the job's `max_failure_rate`, else MOST_FAILED of a run's
    records, of FAILED_OF_AT_LEAST and more; that none at all went through is then left to no_data. With a
    `window_for` all runs count that ended in it, good and bad: their records, or with `of: runs` they
    themselves, from `fewest` runs and `least` records on; N in a row and M of N mean nothing then. Without
    one the newest good run of any partition counts; a bad one is job_failure's, and a run that does not say
    how many records went through has no share and is passed over, as one with fewer in all than `least` is.
    N in a row and M of N count good runs of the partition. Of one that others have pushed out of the last
    outcomes it cannot tell but that it stands.
    """
    most = _most(rule, facts.job.definition)
    if rule.window_for is not None:
        return QUIET if most is None else _over_a_window(rule, facts, most, rule.window_for, now)
    if most is None:
        if not _has_any_failed(facts):
            return QUIET
        return _of_runs(replace(rule, least=rule.least or FAILED_OF_AT_LEAST), facts, MOST_FAILED, least_ok=1)
    return _of_runs(rule, facts, most)


def _has_any_failed(facts: Facts) -> bool:
    """Whether there is anything to look at, asked at each check-in of each job."""
    for outcome in facts.state.recent:
        if outcome.records_failed:
            return True
    return bool(facts.state.pushed_out)


def _of_runs(rule: Rule, facts: Facts, most: float, *, least_ok: int = 0) -> Verdict:
    def rate_of(outcome: Outcome) -> float | None:
        return None if (outcome.records or 0) < least_ok else _rate(rule, outcome)

    def is_bad(outcome: Outcome) -> bool:
        rate = rate_of(outcome)
        return rate is not None and rate > most

    def says(outcome: Outcome) -> bool:
        return rate_of(outcome) is not None

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
    """Whether there is a limit to judge by: of a single run's records there always is."""
    return rule.window_for is None or _most(rule, definition) is not None


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
    zone, newest = facts.job.definition.timezone, row[0]
    rate = _rate(rule, newest) or 0.0
    is_promised = _most(rule, facts.job.definition) is not None
    evidence = (
        ("limit", f"at most {percent(most)} of the records" if is_promised else _UNPROMISED),
        *of_newest(row, zone),
        ("records", records_of(newest.records, newest.records_failed)),
        *how_many("such runs", row, zone),
        *also(others, "too many"),
    )
    return finding_of(
        rule,
        NAME,
        row,
        why=Why.RECORDS_FAILED,
        severity=_severity(rule, rate),
        summary=f"ended well, but {percent(rate)} of its records failed"
        + (f"; at most {percent(most)} may" if is_promised else ""),
        evidence=evidence,
        next_step=_NEXT_OF_RECORDS if is_promised else f"{_NEXT_OF_RECORDS} {_PROMISE_IT}",
        variables=(("threshold", percent(most)), ("breach_percentage", f"{100 * rate:.4g}")),
    )


def facts_of(rule: Rule, facts: Facts, now: datetime) -> Pairs:
    """Return the limit, and what is in the window or failed of the newest good run of each partition."""
    most = _most(rule, facts.job.definition)
    limit = _UNPROMISED if most is None else f"at most {percent(most)}"
    if rule.window_for is not None:
        limit = "none is promised, and the rule names none" if most is None else limit
        return (("limit", limit), *_shown(rule, facts, rule.window_for, now), *forgiven_of(facts, NAME))
    records = records_by_partition(facts, NAME, lambda one: records_of(one.records, one.records_failed))
    return (("limit", limit), *records, *forgiven_of(facts, NAME))


def _shown(rule: Rule, facts: Facts, window_for: timedelta, now: datetime) -> Pairs:
    counts, zone = window_of(facts, NAME, window_for, now).counts, facts.job.definition.timezone
    fewest = rule.fewest or (FEWEST_RUNS if rule.of == RUNS else 1)
    return (
        ("window", f"{span(window_for)}, counted from {clock_time(counts.from_at, zone)}"),
        ("runs", f"{counts.bad:,} of {counts.runs:,} failed; it speaks from {plural(fewest, 'run')} on"),
        ("records", records_of(counts.ok, counts.failed)),
    )
