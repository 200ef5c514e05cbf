"""The one question of this room, and the only file that knows every condition."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from msgspec.structs import replace

from tocsin.jobs.job import Definition
from tocsin.rules.conditions import (
    clock_skew,
    data_quality,
    deadline_risk,
    duration_anomaly,
    failure_rate,
    job_failure,
    min_records,
    missing_run,
    no_data,
    sla_breach,
    stalled,
    throughput,
    upstream,
)
from tocsin.rules.facts import Facts
from tocsin.rules.finding import LEARNING, QUIET, Finding, Severity, Verdict
from tocsin.rules.rule import Rule
from tocsin.rules.showing import Pairs
from tocsin.rules.weighing import weighed

Judge = Callable[[Rule, Facts, datetime], Verdict]
Concerns = Callable[[Rule, Definition], bool]
Show = Callable[[Rule, Facts, datetime], Pairs]
Judged = list[tuple[Rule, Verdict | Exception]]
Ask = Callable[[Iterable[Rule], Facts, datetime], Judged]
"""How rules are asked: `judge`, or what knows that they still say the same."""

CONDITIONS: Mapping[str, Judge] = {
    job_failure.NAME: job_failure.judge,
    missing_run.NAME: missing_run.judge,
    sla_breach.NAME: sla_breach.judge,
    stalled.NAME: stalled.judge,
    no_data.NAME: no_data.judge,
    min_records.NAME: min_records.judge,
    failure_rate.NAME: failure_rate.judge,
    data_quality.NAME: data_quality.judge,
    clock_skew.NAME: clock_skew.judge,
    duration_anomaly.NAME: duration_anomaly.judge,
    throughput.NAME: throughput.judge,
    deadline_risk.NAME: deadline_risk.judge,
    upstream.NAME: upstream.judge,
}

SHOWN: Mapping[str, Show] = {
    job_failure.NAME: job_failure.facts_of,
    missing_run.NAME: missing_run.facts_of,
    sla_breach.NAME: sla_breach.facts_of,
    stalled.NAME: stalled.facts_of,
    no_data.NAME: no_data.facts_of,
    min_records.NAME: min_records.facts_of,
    failure_rate.NAME: failure_rate.facts_of,
    data_quality.NAME: data_quality.facts_of,
    clock_skew.NAME: clock_skew.facts_of,
    duration_anomaly.NAME: duration_anomaly.facts_of,
    throughput.NAME: throughput.facts_of,
    deadline_risk.NAME: deadline_risk.facts_of,
    upstream.NAME: upstream.facts_of,
}
"""For each condition what it compares, in words: for `tocsin explain`, and asked by nothing else."""

CONCERNS: Mapping[str, Concerns] = {
    sla_breach.NAME: sla_breach.concerns,
    deadline_risk.NAME: deadline_risk.concerns,
    min_records.NAME: min_records.concerns,
    data_quality.NAME: data_quality.concerns,
    failure_rate.NAME: failure_rate.concerns,
    upstream.NAME: upstream.concerns,
}
"""Conditions that may have nothing to say of a job without a promise, a limit, or a need of others."""

GOES_BY: Mapping[str, frozenset[str]] = {
    sla_breach.NAME: sla_breach.GOES_BY,
    deadline_risk.NAME: deadline_risk.GOES_BY,
    stalled.NAME: stalled.GOES_BY,
    job_failure.NAME: job_failure.GOES_BY,
    min_records.NAME: min_records.GOES_BY,
    failure_rate.NAME: failure_rate.GOES_BY,
}
"""For each condition by which of the promises and limits of a definition it goes; the others by none."""


def concerning(rules: Iterable[Rule], definition: Definition) -> tuple[Rule, ...]:
    """Return the rules that could ever say anything of a job that is defined so."""
    return tuple(
        rule for rule in rules if rule.condition not in CONCERNS or CONCERNS[rule.condition](rule, definition)
    )


def judge(rules: Iterable[Rule], facts: Facts, now: datetime) -> Judged:
    """Return what rules think of a job, and when to ask each again; who has nothing to say is left out.

    The law: with the same facts the finding, its severity and its reason stay the same at every
    instant before `ask_again_at`. A paused job is not judged. Backfills are no worse than a warning.
    A rule may fail in any way and costs itself alone: its fault stands where its verdict would.
    """
    judged: Judged = []
    if facts.job.paused_at is not None:
        return judged
    for rule in rules:
        try:
            verdict = CONDITIONS[rule.condition](rule, facts, now)
            if rule.severity_by and verdict.finding is not None:
                verdict = _weighed(rule, facts, verdict, verdict.finding, now)
        except Exception as error:  # noqa: BLE001 -- a fault in one condition must not hide what the others find
            judged.append((rule, error))
            continue
        if verdict is not QUIET and verdict is not LEARNING:
            judged.append((rule, _of_backfills(verdict) if facts.of_backfills else verdict))
    return judged


def _weighed(rule: Rule, facts: Facts, verdict: Verdict, finding: Finding, now: datetime) -> Verdict:
    """Return what the rule would think if the severity that the case asks for were its own."""
    severity = weighed(rule, facts, finding)
    if severity is None or severity is rule.severity:
        return verdict
    return CONDITIONS[rule.condition](dataclasses.replace(rule, severity=severity), facts, now)


def _of_backfills(verdict: Verdict) -> Verdict:
    """Return a verdict about runs that make up for old ones: nobody is got out of bed for them (F12)."""
    found = verdict.finding
    if found is None:
        return verdict
    severity, summary = min(found.severity, Severity.WARNING), f"backfill {found.summary}"
    return replace(verdict, finding=replace(found, severity=severity, summary=summary, backfill=True))
