"""What is said of good runs that were not good enough, the newest of a partition and those just before it."""

from collections.abc import Callable, Sequence
from typing import Final

from tocsin.jobs.state import Outcome
from tocsin.rules.facts import Facts
from tocsin.rules.finding import Finding, Severity, Why
from tocsin.rules.good_runs import good_by_partition
from tocsin.rules.rule import Rule
from tocsin.rules.showing import Pairs, some
from tocsin.rules.wording import clock_time, plural

_NONE_REMEMBERED: Final = (("records", "no good run is remembered"),)


def of_newest(row: Sequence[Outcome], timezone: str) -> Pairs:
    """Return which run is the newest of a row, of which partition, and when it ended."""
    newest = row[0]
    partition = (("partition", newest.partition),) if newest.partition else ()
    return (("run", newest.run), *partition, ("ended", clock_time(newest.at, timezone)))


def how_many(name: str, row: Sequence[Outcome], timezone: str) -> Pairs:
    """Return under a name how many there are in a row, and since when; nothing of a single one."""
    if len(row) < 2:  # noqa: PLR2004 -- one is no row
        return ()
    return ((name, f"{plural(len(row), 'run')} since {clock_time(row[-1].at, timezone)}"),)


def also(others: int, what: str) -> Pairs:
    """Return that the same holds for other partitions, if there are any."""
    return (("also", f"{plural(others, 'more partition')} with {what}"),) if others else ()


def finding_of(
    rule: Rule,
    condition: str,
    row: Sequence[Outcome],
    *,
    why: Why,
    summary: str,
    evidence: Pairs,
    next_step: str,
    variables: Pairs = (),
    severity: Severity | None = None,
    in_a_row: int = 1,
) -> Finding:
    """Return the finding about a row, newest first; a warning where neither `severity` nor the rule says."""
    newest, oldest = row[0], row[-1]
    return Finding(
        rule=rule.name,
        condition=condition,
        severity=severity or rule.severity or Severity.WARNING,
        why=why,
        since_at=oldest.at,
        summary=summary,
        evidence=evidence,
        next_step=next_step,
        run=newest.run,
        template=rule.message,
        variables=(("execution_id", newest.run), *variables),
        in_a_row=in_a_row,
    )


def records_by_partition(facts: Facts, condition: str, said: Callable[[Outcome], str]) -> Pairs:
    """Return what the newest good run of each partition has said of its records, if it has."""
    zone, shown = facts.job.definition.timezone, list[tuple[str, str]]()
    for partition, outcomes in good_by_partition(facts, condition).items():
        newest = outcomes[-1]
        records = "not said" if newest.records is None else said(newest)
        name = f"records of {partition}" if partition else "records"
        shown.append((name, f"{records}, run {newest.run}, ended {clock_time(newest.at, zone)}"))
    return some(shown or _NONE_REMEMBERED, "partition")
