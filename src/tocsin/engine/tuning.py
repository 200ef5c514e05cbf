"""Thresholds for one job, each with the alerts that it would have given: the past decided once for each."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from msgspec import structs

from tocsin.engine.book import RuleBook
from tocsin.engine.configuration import Configuration
from tocsin.engine.replaying import Replay, What
from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.folding import fold, run_named
from tocsin.jobs.job import Definition, Job, Rank
from tocsin.jobs.run import Run, RunStatus
from tocsin.jobs.settling import settle
from tocsin.jobs.state import JobState
from tocsin.rules.judge import CONDITIONS
from tocsin.rules.rule import Rule

FEWEST_RUNS: Final = 5
MOST_HELD: Final = 200
ONE_A_MONTH: Final = timedelta(days=30)
SPREADS: Final = (2.5, 3.0, 3.5, 4.0, 5.0, 7.0)
USUAL_SPREADS: Final = 3.5
ROOMS: Final = (1.0, 1.2, 1.5, 2.0)
_MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """What can be set: its key in the file, the condition that judges it, and in which words it is a promise.

    `in_rule`: it is the limit of a rule, not a promise of the job. `is_ceiling`: what lies above is too much;
    else what lies below is too little.
    """

    key: str
    condition: str
    unit: str
    in_rule: bool = False
    is_ceiling: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A value, and how many alerts of its condition it would have given."""

    value: float
    alerts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A knob, what past runs have of it (in its unit, sorted; empty where it is no such number), and trials.

    `proposed` is the strictest value that would have given no more than an alert a month, where spreads are
    counted no less than the usual one; None if there is none.
    """

    knob: Knob
    seen: tuple[float, ...]
    trials: tuple[Trial, ...]
    proposed: float | None


DURATION: Final = Knob(key="max_duration_minutes", condition="sla_breach", unit="minutes")
GRACE: Final = Knob(key="grace_period_minutes", condition="missing_run", unit="minutes")
FAILURES: Final = Knob(key="max_failure_rate", condition="failure_rate", unit="of the records")
RECORDS: Final = Knob(key="min_records_processed", condition="min_records", unit="records", is_ceiling=False)
ANOMALY: Final = Knob(key="threshold", condition="duration_anomaly", unit="normal spreads", in_rule=True)
THROUGHPUT: Final = Knob(
    key="threshold", condition="throughput", unit="records a second", in_rule=True, is_ceiling=False
)


def lives_of(job: Job, check_ins: Iterable[CheckIn], abandon_after: timedelta) -> Iterator[Run]:
    """Return the runs of a job that ended, with the expected run that each was for, by what it has said."""
    state, held = JobState(), dict[str, Run]()
    for number, check_in in enumerate(check_ins):
        state = settle(job, state, check_in.received_at, abandon_after=abandon_after).state
        known = run_named(state, check_in)
        if known is None and check_in.run is not None:
            known = held.get(check_in.run)
        folded = fold(job, state, check_in, known=known, new_key=f"made-{number}")
        state = folded.state
        for run in folded.runs:
            held.pop(run.key, None)
            held[run.key] = run
            if len(held) > MOST_HELD:
                del held[next(iter(held))]
        if folded.ended and folded.run is not None:
            yield held[folded.run]


def proposals(
    configuration: Configuration,
    job: Job,
    check_ins: Sequence[CheckIn],
    *,
    counts_from: datetime,
    until: datetime,
) -> Iterator[Proposal]:
    """Return what could be set for a job, one knob after the other; what nothing is known of is left out."""
    job = structs.replace(job, definition=configuration.jobs.get(job.key, job.definition))
    runs = [run for run in lives_of(job, check_ins, configuration.policy.abandon_after) if not run.backfill]
    good = [run for run in runs if run.status is RunStatus.SUCCESS]
    most = max(1, int((until - counts_from) / ONE_A_MONTH))
    for knob, measure in _MEASURES:
        if knob.condition not in CONDITIONS:
            continue
        seen = sorted(value for run in good if (value := measure(run)) is not None)
        if len(seen) < FEWEST_RUNS or (knob is GRACE and job.definition.schedule is None):
            continue
        values = SPREADS if knob is ANOMALY else _values(knob, seen)
        trials = tuple(
            Trial(
                value=value,
                alerts=_alerts(
                    configuration, job, check_ins, knob, value, counts_from=counts_from, until=until
                ),
            )
            for value in values
        )
        least = USUAL_SPREADS if knob is ANOMALY else -math.inf
        fit = (trial.value for trial in trials if trial.alerts <= most and trial.value >= least)
        if trials:
            yield Proposal(
                knob=knob,
                seen=() if knob is ANOMALY else tuple(seen),
                trials=trials,
                proposed=next(fit, None),
            )


def _seconds(run: Run) -> float | None:
    return None if run.execution is None else run.execution.total_seconds()


def _minutes(run: Run) -> float | None:
    seconds = _seconds(run)
    return None if seconds is None else seconds / _MINUTE


def _delay(run: Run) -> float | None:
    if run.occurrence_at is None or run.started_at is None:
        return None
    return max(0.0, (run.started_at - run.occurrence_at).total_seconds() / _MINUTE)


def _failed_share(run: Run) -> float | None:
    if run.records_ok is None or run.records_failed is None or not run.records_ok + run.records_failed:
        return None
    return run.records_failed / (run.records_ok + run.records_failed)


def _records(run: Run) -> float | None:
    return None if run.records_ok is None else float(run.records_ok)


def _rate(run: Run) -> float | None:
    seconds = _seconds(run)
    return None if not seconds or run.records_ok is None else run.records_ok / seconds


_MEASURES: Final[tuple[tuple[Knob, Callable[[Run], float | None]], ...]] = (
    (DURATION, _minutes),
    (ANOMALY, _seconds),
    (GRACE, _delay),
    (FAILURES, _failed_share),
    (RECORDS, _records),
    (THROUGHPUT, _rate),
)


def _values(knob: Knob, seen: Sequence[float]) -> tuple[float, ...]:
    """Return values worth a trial, the strictest first: what most runs keep, or all do with some room."""
    if knob.is_ceiling:
        found = [quantile(seen, 0.95), quantile(seen, 0.99), *(seen[-1] * room for room in ROOMS)]
        ceilings = {rounded(value, math.ceil) for value in found}
        if knob is GRACE:
            ceilings = {float(math.ceil(value)) for value in ceilings}
        highest = 1.0 if knob is FAILURES else math.inf
        return tuple(sorted(value for value in ceilings if 0 < value <= highest))
    found = [quantile(seen, 0.05), quantile(seen, 0.01), *(seen[0] / room for room in ROOMS)]
    floors = {rounded(value, math.floor) for value in found}
    if knob is RECORDS:
        floors = {float(math.floor(value)) for value in floors}
    return tuple(sorted((value for value in floors if value > 0), reverse=True))


def quantile(seen: Sequence[float], share: float) -> float:
    """Return the value that such a share of sorted values does not exceed, by nearest rank."""
    return seen[min(len(seen) - 1, max(0, math.ceil(share * len(seen)) - 1))]


def rounded(value: float, how: Callable[[float], int]) -> float:
    """Return a number with two digits that count, rounded up (ceil) or down (floor)."""
    if value <= 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    digits = max(0, 1 - math.floor(math.log10(value)))
    return round(how(round(value / step, 6)) * step, digits)


def _alerts(
    configuration: Configuration,
    job: Job,
    check_ins: Sequence[CheckIn],
    knob: Knob,
    value: float,
    *,
    counts_from: datetime,
    until: datetime,
) -> int:
    """Return how many alerts of a knob's condition the past would have given with this value."""
    tried = _tried(configuration, job, knob, value)
    replay = Replay(tried, starts_at=check_ins[0].received_at, jobs=[job])
    for check_in in check_ins:
        replay.feed(_undefined(check_in))
    replay.advance(until)
    return sum(event.what is What.OPENED and event.at >= counts_from for event in replay.events)


def _undefined(check_in: CheckIn) -> CheckIn:
    return check_in if check_in.definition is None else structs.replace(check_in, definition=None)


def _tried(configuration: Configuration, job: Job, knob: Knob, value: float) -> Configuration:
    """Return a configuration that judges the job by one value of one knob alone."""
    known = RuleBook(configuration.rules).rules_for(job)
    rules = [rule for rule in known if rule.condition == knob.condition]
    rules = rules or [Rule(name=knob.condition, condition=knob.condition)]
    definition = configuration.jobs.get(job.key, job.definition)
    if knob.in_rule:
        rules = [replace(rule, threshold=value) for rule in rules]
    else:
        definition = with_promise(definition, knob, value)
    return replace(
        configuration,
        rules=tuple(rules),
        jobs={job.key: structs.replace(definition, rank=Rank.FILE)},
        escalations={},
        inhibit_rules=(),
        policy=replace(configuration.policy, flapping=None),
    )


def with_promise(definition: Definition, knob: Knob, value: float) -> Definition:
    """Return a definition with this promise; where its length is tried, without the promise of a deadline."""
    sla = definition.sla
    if knob is DURATION:
        sla = replace(sla, max_duration_seconds=value * _MINUTE, deadline=None, deadline_offset_minutes=None)
        sla = replace(sla, min_duration_seconds=None)
    elif knob is GRACE:
        sla = replace(sla, grace_period_minutes=value)
    elif knob is FAILURES:
        sla = replace(sla, max_failure_rate=value)
    else:
        sla = replace(sla, min_records_processed=int(value))
    return structs.replace(definition, sla=sla)
