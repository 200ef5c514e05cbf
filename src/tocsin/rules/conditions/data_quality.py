"""`data_quality`: a good run has written data that its job's checks do not pass (A9)."""

from collections import Counter
from datetime import datetime

from tocsin.jobs.job import Definition
from tocsin.jobs.measuring import JUDGED_BY
from tocsin.jobs.state import Measured
from tocsin.quality.check import CheckVerdict, Judged, judge_checks, standings
from tocsin.rules.facts import Facts
from tocsin.rules.finding import QUIET, Finding, Severity, Verdict, Why
from tocsin.rules.rule import Rule
from tocsin.rules.showing import Pairs, forgiven_of, some
from tocsin.rules.tolerance import exceeds_tolerance
from tocsin.rules.wording import clock_time, plural

NAME = JUDGED_BY
MOST_LINES = 20


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:  # noqa: ARG001 -- every condition is asked alike
    """Hold while the newest good run of any partition has a failed check of those that its job declares.

    A check is failed whose value is outside its limits, is no number, was not sent at all, or, where the
    check asks for it, is too far from what was normal when the run ended (`tocsin.quality.metrics`). N in a
    row and M of N count good runs of the partition with any failed check. Where no value could be judged, or
    what failed has been pushed out by other partitions, it cannot tell whether all is well. Backfills do not
    count.
    """
    checks = facts.job.definition.checks
    if not checks or facts.of_backfills:
        return QUIET
    forgiven, cannot_tell = facts.forgiven_until(NAME), bool(facts.state.measured_lost)
    worst: tuple[Severity, Measured, tuple[Judged, ...]] | None = None
    for measured in facts.state.measured:
        judged = judge_checks(checks, measured)
        cannot_tell = cannot_tell or all(one.value is None for one in judged)
        if measured.at <= forgiven or not judged[0].verdict.is_failed or not _too_many(rule, measured):
            continue
        severity = rule.severity or _worst_of(judged, measured)
        if worst is None or severity >= worst[0]:
            worst = severity, measured, judged
    if worst is None:
        return Verdict(cannot_tell=True) if cannot_tell else QUIET
    return Verdict(finding=_finding(rule, facts, *worst), cannot_tell=cannot_tell)


def concerns(rule: Rule, definition: Definition) -> bool:  # noqa: ARG001 -- every condition is asked alike
    """Whether there is anything to check."""
    return bool(definition.checks)


def _too_many(rule: Rule, measured: Measured) -> bool:
    marks = (*measured.marks[:-1], True)
    return exceeds_tolerance(rule, marks, [len(marks) - 1])


def _worst_of(judged: tuple[Judged, ...], measured: Measured) -> Severity:
    """Return how bad it is; that nothing is known of the data at all is never less than a warning."""
    worst = max(_severity(one) for one in judged if one.verdict.is_failed)
    return max(worst, Severity.WARNING) if _is_nothing_checked(judged, measured) else worst


def _is_nothing_checked(judged: tuple[Judged, ...], measured: Measured) -> bool:
    """Whether a run that was to be checked has said nothing of its data at all."""
    return not measured.notes and all(one.verdict is CheckVerdict.NO_DATA for one in judged)


def _severity(judged: Judged) -> Severity:
    word = "" if judged.is_bearable else judged.check.severity
    return Severity[word.upper()] if word else Severity.WARNING


def _finding(
    rule: Rule, facts: Facts, severity: Severity, measured: Measured, judged: tuple[Judged, ...]
) -> Finding:
    failed = [one for one in judged if one.verdict.is_failed]
    zone = facts.job.definition.timezone
    why, summary, next_step = _told(judged, failed, measured)
    partition = (("partition", measured.partition),) if measured.partition else ()
    row = len(measured.marks) - max(
        (n + 1 for n, bad in enumerate(measured.marks[:-1]) if not bad), default=0
    )
    in_a_row = (
        (("failed runs", f"{row} in a row since {clock_time(measured.since_at, zone)}"),) if row > 1 else ()
    )
    return Finding(
        rule=rule.name,
        condition=NAME,
        severity=severity,
        why=why,
        since_at=measured.since_at,
        summary=summary,
        evidence=(
            *(_line(one) for one in judged[:MOST_LINES]),
            *((("and", plural(len(judged) - MOST_LINES, "more check")),) if len(judged) > MOST_LINES else ()),
            ("checks", _counted(judged)),
            ("run", measured.run),
            *partition,
            ("ended", clock_time(measured.at, zone)),
            *in_a_row,
        ),
        next_step=next_step,
        run=measured.run,
        template=rule.message,
        variables=(("execution_id", measured.run), ("threshold", failed[0].bounds)),
    )


def _told(judged: tuple[Judged, ...], failed: list[Judged], measured: Measured) -> tuple[Why, str, str]:
    """Return why it is told, in which words, and what to do."""
    if _is_nothing_checked(judged, measured):
        none, them = "its one check was not", "it"
        if len(judged) > 1:
            none, them = f"none of its {len(judged)} checks was", "them"
        summary = f"ended well, but {none} carried out: it sent no metric for {them}"
        step = "Find out why it measures nothing: until then nobody knows whether its data is good."
        return Why.NOTHING_CHECKED, summary, step
    first = failed[0]
    more = f", and {plural(len(failed) - 1, 'more check')} failed" if len(failed) > 1 else ""
    why = Why.UNUSUAL_DATA if all(one.is_unusual for one in failed) else Why.CHECK_FAILED
    step = "Look at what it wrote before others build on it: a good run that passes closes this."
    return why, f"ended well, but check {first.check.id} {_how(first)}{more}", step


def _how(judged: Judged) -> str:
    value = judged.said.partition(";")[0]
    match judged.verdict:
        case CheckVerdict.NO_DATA:
            return f"has no data: {value}"
        case CheckVerdict.ERROR:
            return f"has an error: {value}"
        case _ if judged.is_unusual:
            return f"is unusual: {judged.bounds}, now {value}"
        case _:
            return f"failed: {judged.said.replace(';', ',')}"


def _line(judged: Judged) -> tuple[str, str]:
    said = f"{judged.verdict.value}: {judged.said}"
    return judged.check.id, f"{said}; {judged.note}" if judged.note and judged.verdict.is_failed else said


def _counted(judged: tuple[Judged, ...]) -> str:
    """Return how many checks came to what: `1 fail, 1 no data, 3 pass`."""
    counts = Counter(one.verdict for one in judged)
    worst_first = (
        CheckVerdict.FAIL,
        CheckVerdict.WARN,
        CheckVerdict.ERROR,
        CheckVerdict.NO_DATA,
        CheckVerdict.LEARNING,
        CheckVerdict.PASS,
    )
    return ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in worst_first if counts[verdict])


def facts_of(rule: Rule, facts: Facts, now: datetime) -> Pairs:  # noqa: ARG001 -- every condition is asked alike
    """Return the checks with what the newest good run made of each, and what is normal by now."""
    checks, measured = facts.job.definition.checks, facts.state.measured
    if not checks:
        return (("checks", "none is declared"),)
    newest = measured[-1] if measured else None
    stand = standings(checks, newest, facts.learned.metrics, now, facts.job.definition.timezone)
    judged = tuple(one.judged for one in stand if one.judged is not None)
    failed_first = sorted(judged, key=lambda one: not one.verdict.is_failed)
    made = f"{plural(len(checks), 'check')}, and no good run since"
    if newest is not None:
        made = f"{_counted(judged)}, run {newest.run}"
    return (
        *some([_line(one) for one in failed_first], "check"),
        ("checks", made),
        *some([(f"{one.check.id}, by now", one.normal) for one in stand if one.normal], "check"),
        *forgiven_of(facts, NAME),
    )
