"""`min_records`: a successful run processed fewer records than it must."""

from datetime import datetime
from functools import partial

from tocsin.jobs.job import Definition
from tocsin.jobs.state import Outcome
from tocsin.rules.facts import Facts
from tocsin.rules.finding import QUIET, Finding, Verdict, Why
from tocsin.rules.good_runs import has_lost, row_of, says_records, standing
from tocsin.rules.rows import also, finding_of, how_many, of_newest, records_by_partition
from tocsin.rules.rule import Rule
from tocsin.rules.showing import Pairs, forgiven_of
from tocsin.rules.wording import clock_time

NAME = "min_records"
GOES_BY = frozenset({"min_records_processed"})


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:  # noqa: ARG001 -- every condition is asked alike
    """Hold while the newest good run of any partition processed fewer records than the rule or the job says.

    The limit is the rule's `threshold`, else the job's `min_records_processed`; a run that says nothing of
    records is never taken for short, nor for one that makes up for a short one. One with none at all is
    no_data's: this condition opens nothing of its own then, and takes back nothing that it has said before. N
    in a row and M of N count good runs of the partition. Of one that others have pushed out of the last
    outcomes it cannot tell but that it stands.
    """
    least = _least(rule, facts.job.definition)
    if not least:
        return QUIET

    is_short = partial(_is_short, least)
    cannot_tell = has_lost(rule, facts, NAME, is_short, says_records)
    short = standing(rule, facts, NAME, is_short, says_records)
    some_left = [outcomes for outcomes in short if outcomes[-1].records]
    if not some_left:
        return Verdict(cannot_tell=True) if short or cannot_tell else QUIET
    worst = min(some_left, key=lambda outcomes: outcomes[-1].records or 0)
    return Verdict(finding=_finding(rule, facts, worst, least, len(some_left) - 1), cannot_tell=cannot_tell)


def concerns(rule: Rule, definition: Definition) -> bool:
    """Whether there is a limit to judge by."""
    return bool(_least(rule, definition))


def _least(rule: Rule, definition: Definition) -> float | None:
    return rule.threshold if rule.threshold is not None else definition.sla.min_records_processed


def _is_short(least: float, outcome: Outcome) -> bool:
    return outcome.records is not None and outcome.records < least


def _finding(rule: Rule, facts: Facts, outcomes: list[Outcome], least: float, others: int) -> Finding:
    row, zone = row_of(outcomes, partial(_is_short, least)), facts.job.definition.timezone
    records, enough = row[0].records or 0, len(outcomes) - len(row) - 1
    evidence = [
        ("limit", f"at least {int(least):,} records"),
        *of_newest(row, zone),
        ("records", f"{records:,} ok, {records / least:.1%} of that"),
    ]
    if enough >= 0 and outcomes[enough].records is not None:
        good = outcomes[enough]
        evidence.append(("last enough", f"{good.records:,} at {clock_time(good.at, zone)}"))
    return finding_of(
        rule,
        NAME,
        row,
        why=Why.TOO_FEW_RECORDS,
        summary=f"ended well with {records:,} records, fewer than the {int(least):,} it must process",
        evidence=(*evidence, *how_many("short runs", row, zone), *also(others, "too few")),
        next_step="See whether its source was complete before others build on what is there.",
        variables=(
            ("threshold", f"{int(least):,}"),
            ("breach_percentage", f"{100 * (least - records) / least:.1f}"),
        ),
    )


def facts_of(rule: Rule, facts: Facts, now: datetime) -> Pairs:  # noqa: ARG001 -- every condition is asked alike
    """Return the limit, and how many records the newest good run, of each partition, has processed."""
    least = _least(rule, facts.job.definition)
    limit = f"at least {int(least):,}" if least else "none is promised, and the rule names none"
    return (
        ("limit", limit),
        *records_by_partition(facts, NAME, lambda newest: f"{newest.records:,}"),
        *forgiven_of(facts, NAME),
    )
