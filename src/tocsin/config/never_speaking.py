"""What a file asks for and never gets: a needed job that is spelled wrong, runs enough for a window."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tocsin.config.grammar.file import File
from tocsin.config.grammar.rules import Rule
from tocsin.config.problems import MAX_SHOWN, Fault, closest
from tocsin.config.promises import placed_definitions
from tocsin.config.unmatched import fits
from tocsin.jobs.job import Definition
from tocsin.jobs.occurrence import next_occurrence
from tocsin.rules.windows import FEWEST_RUNS
from tocsin.rules.wording import plural, span

MOST_JOBS = 100
"""So many jobs of a rule are reckoned with; with more of them some will do."""
_MOST_RUNS = 1_000


def misspelled_needs(file: File) -> Iterator[Fault]:
    """Return each `upstream` that is no job of the file and nearly is one; others check in by themselves."""
    names = {key.name for _, key, _ in placed_definitions(file)}
    for place, _, definition in placed_definitions(file):
        for number, needed in enumerate(definition.upstream):
            meant = None if needed in names else closest(needed, names)
            if meant is not None:
                message = f"{needed[:MAX_SHOWN]!r} is none of the {len(names)} jobs of this file"
                yield Fault(place=(*place, "upstream", number), message=message, suggestion=meant)


def too_short_windows(file: File, at: datetime) -> Iterator[Fault]:
    """Return each rule about a share of runs whose window never holds as many as it needs to speak."""
    jobs = list(placed_definitions(file))
    for number, rule in enumerate(file.rules or ()):
        if (
            not rule.enabled
            or rule.condition != "failure_rate"
            or rule.of != "runs"
            or not rule.window_minutes
        ):
            continue
        watched = [definition for _, key, definition in jobs if fits(rule, key, definition)]
        if watched and len(watched) <= MOST_JOBS and not any(_can_speak(rule, one, at) for one in watched):
            yield Fault(place=("rules", number, "window_minutes"), message=_never(rule))


def _fewest(rule: Rule) -> int:
    return int(rule.fewest) if rule.fewest is not None else FEWEST_RUNS


def _never(rule: Rule) -> str:
    window, fewest = span(60.0 * (rule.window_minutes or 0)), plural(_fewest(rule), "run")
    return (
        f"none of the jobs that rule {rule.name[:MAX_SHOWN]!r} watches runs often enough: it speaks from "
        f"{fewest} in {window} on; make the window longer, or 'fewest' smaller"
    )


def _can_speak(rule: Rule, definition: Definition, at: datetime) -> bool:
    """Whether so many runs can be due within the window; without a schedule nobody knows."""
    fewest = _fewest(rule)
    if definition.schedule is None or fewest > _MOST_RUNS:
        return True
    first_at, due_at = None, at
    for _ in range(fewest):
        occurrence = next_occurrence(definition.plan, due_at)
        if occurrence is None:
            return False
        due_at = occurrence.nominal_at
        first_at = first_at or due_at
    return first_at is not None and due_at - first_at <= timedelta(minutes=rule.window_minutes or 0)
