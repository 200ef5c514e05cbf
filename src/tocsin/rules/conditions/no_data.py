"""`no_data`: a successful run processed zero records."""

from datetime import datetime

from tocsin.jobs.state import Outcome
from tocsin.rules.facts import Facts
from tocsin.rules.finding import QUIET, Finding, Verdict, Why
from tocsin.rules.good_runs import has_lost, row_of, says_records, standing
from tocsin.rules.rows import finding_of, how_many, of_newest, records_by_partition
from tocsin.rules.rule import Rule
from tocsin.rules.showing import Pairs, forgiven_of
from tocsin.rules.wording import clock_time

NAME = "no_data"


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:  # noqa: ARG001 -- every condition is asked alike
    """Hold while the newest good run of any partition has said that it processed zero records.

    A run that does not say how many is never taken for zero, nor for one that had some. Backfills do not
    count. N in a row and M of N count good runs of the partition. Of one that others have pushed out of the
    last outcomes it cannot tell more than that it stands.
    """
    if 0 not in [outcome.records for outcome in facts.state.recent]:
        lost = bool(facts.state.pushed_out) and has_lost(rule, facts, NAME, _is_empty, says_records)
        return Verdict(cannot_tell=True) if lost else QUIET
    lost = has_lost(rule, facts, NAME, _is_empty, says_records)
    for outcomes in standing(rule, facts, NAME, _is_empty, says_records):
        return Verdict(finding=_finding(rule, facts, outcomes), cannot_tell=lost)
    return Verdict(cannot_tell=True) if lost else QUIET


def _is_empty(outcome: Outcome) -> bool:
    return outcome.records == 0


def _finding(rule: Rule, facts: Facts, outcomes: list[Outcome]) -> Finding:
    zone, empty = facts.job.definition.timezone, row_of(outcomes, _is_empty)
    good = next((o for o in reversed(outcomes) if o.records), None)
    evidence = [*of_newest(empty, zone), ("records", "0 ok")]
    if good is not None:
        evidence.append(("last records", f"{good.records:,} at {clock_time(good.at, zone)}"))
    return finding_of(
        rule,
        NAME,
        empty,
        why=Why.NO_RECORDS,
        summary="ended well but processed zero records"
        + (f", {len(empty)} runs in a row" if len(empty) > 1 else ""),
        evidence=(*evidence, *how_many("empty runs", empty, zone)),
        next_step="See whether its source was empty or its input not found before others build on it.",
        in_a_row=len(empty),
    )


def facts_of(rule: Rule, facts: Facts, now: datetime) -> Pairs:  # noqa: ARG001 -- every condition is asked alike
    """Return how many records the newest good run, of each partition, has processed."""
    return (
        *records_by_partition(facts, NAME, lambda newest: f"{newest.records:,}"),
        *forgiven_of(facts, NAME),
    )
