"""How long it takes to try a configuration on a year of daily jobs, and whether twice gives the same.

Generated: jobs that run once a day, each at its own time, three check-ins a run (start, progress, end), with
what happens in a year: one run in a hundred fails, one in two hundred is three times as slow, one in five
hundred does not come. The new configuration allows less and pages more than the old one.
"""

import gc
import json
import random
from collections.abc import Iterator
from dataclasses import replace as changed
from datetime import UTC, datetime, time, timedelta
from time import process_time
from zoneinfo import ZoneInfo

from benchmarks.report import Row
from tocsin.alerts.matcher import read_matchers
from tocsin.alerts.route import Route
from tocsin.cli.backtest import SELDOM, Span, as_json
from tocsin.engine.backtesting import Backtest
from tocsin.engine.configuration import Configuration
from tocsin.jobs.checkin import CheckIn, CheckInKind, Progress, Records
from tocsin.jobs.job import Definition, Job, JobKey, Rank
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.sla import SLA
from tocsin.rules.defaults import DEFAULT_RULES
from tocsin.rules.finding import Severity

BEGINS = datetime(2025, 11, 1, tzinfo=UTC)
ONE_DAY = timedelta(days=1)
ENVIRONMENT = "production"
ZONE = "Europe/Berlin"
PLACE = ZoneInfo(ZONE)
TYPICAL_SECONDS = 1_200.0
WEEKDAYS = (1.3, 1.0, 1.0, 1.0, 1.1, 0.7, 0.6)
TARGET_SECONDS = 240.0
CHECK_INS_OF_A_YEAR = 1_095_000


def names(jobs: int) -> list[str]:
    """Return the names of so many jobs."""
    return [f"daily-{number:04d}" for number in range(jobs)]


def configurations(jobs: int) -> tuple[Configuration, Configuration]:
    """Return what is in force, and what is tried."""
    defined = {JobKey(ENVIRONMENT, name): _definition(number) for number, name in enumerate(names(jobs))}
    old = Configuration(
        digest="old",
        rules=DEFAULT_RULES,
        route=Route(
            receiver="team",
            routes=(Route(receiver="on-call", matchers=read_matchers('severity="page"'), continues=True),),
        ),
        targets={"team": ("team/slack",), "on-call": ("on-call/phone",)},
        jobs=defined,
        defaults=Definition(timezone=ZONE),
    )
    stricter = {
        key: _with(definition, max_duration_seconds=2 * TYPICAL_SECONDS)
        for key, definition in defined.items()
    }
    rules = tuple(
        changed(rule, severity=Severity.PAGE) if rule.condition == "job_failure" else rule
        for rule in DEFAULT_RULES
    )
    return old, changed(old, digest="new", jobs=stricter, rules=rules)


def _definition(number: int) -> Definition:
    minute, hour = number % 60, number // 60 % 24
    return Definition(
        schedule=read_schedule(f"{minute} {hour} * * *", ZONE),
        timezone=ZONE,
        sla=SLA(
            deadline_offset_minutes=180,
            max_duration_seconds=3 * TYPICAL_SECONDS,
            warning_minutes_before=5,
            critical_minutes_before=2,
        ),
        labels=(("team", f"team-{number % 7}"),),
        rank=Rank.FILE,
    )


def _with(definition: Definition, *, max_duration_seconds: float) -> Definition:
    from msgspec.structs import replace  # noqa: PLC0415 -- the other `replace` of this file is of dataclasses

    sla = changed(definition.sla, max_duration_seconds=max_duration_seconds)
    return replace(definition, sla=sla)


def history(jobs: int, days: int, seed: int) -> Iterator[CheckIn]:
    """Return what the jobs have said, in the order of its arrival."""
    chance, late = random.Random(seed), list[CheckIn]()
    for day in range(days):
        said = late
        for number, name in enumerate(names(jobs)):
            wall = datetime.combine(
                (BEGINS + day * ONE_DAY).date(), time(number // 60 % 24, number % 60), PLACE
            )
            said += _run(name, wall, day, chance) if wall >= BEGINS else ()
        said.sort(key=lambda one: one.received_at)
        ends_at = BEGINS + day * ONE_DAY + timedelta(hours=12)
        late = [one for one in said if one.received_at >= ends_at]
        yield from said[: len(said) - len(late)]
    yield from late


def _run(name: str, wall: datetime, day: int, chance: random.Random) -> list[CheckIn]:
    fate = chance.random()
    if fate < 1 / 500:
        return []
    started_at = wall.astimezone(UTC) + timedelta(seconds=chance.expovariate(1 / 5))
    slow = 3.0 if fate > 1 - 1 / 200 else 1.0
    seconds = TYPICAL_SECONDS * WEEKDAYS[wall.weekday()] * slow * chance.lognormvariate(0, 0.1)
    fails = 0.5 < fate < 0.51  # noqa: PLR2004 -- one in a hundred, apart from the slow and the missing ones
    half_at, ended_at = (started_at + timedelta(seconds=share * seconds) for share in (0.5, 1.0))
    first = CheckIn(
        job=name,
        kind=CheckInKind.START,
        at=started_at,
        received_at=started_at,
        run=f"{name}-{day}",
        seq=1,
    )
    records = Records(ok=int(10_000 * chance.lognormvariate(0, 0.05)), failed=0)
    return [
        first,
        CheckIn(
            job=name,
            kind=CheckInKind.HEARTBEAT,
            at=half_at,
            received_at=half_at,
            run=first.run,
            seq=2,
            progress=Progress(done=50, total=100),
        ),
        CheckIn(
            job=name,
            kind=CheckInKind.FAIL if fails else CheckInKind.SUCCESS,
            at=ended_at,
            received_at=ended_at,
            run=first.run,
            seq=3,
            records=records,
        ),
    ]


def tried(jobs: int, days: int, seed: int) -> tuple[float, int, bytes]:
    """Return the seconds of one core, how many check-ins there were, and the result as it is printed."""
    old, new = configurations(jobs)
    past = list(history(jobs, days, seed))
    gc.set_threshold(*SELDOM)  # as the command does
    began = process_time()
    test = Backtest(old, new, starts_at=BEGINS, counts_from=BEGINS, zone=PLACE)
    for key, definition in old.jobs.items():
        test.register(
            Job(name=key.name, environment=ENVIRONMENT, registered_at=BEGINS, definition=definition)
        )
    for check_in in past:
        test.feed(check_in)
    until = BEGINS + days * ONE_DAY
    difference = test.end(until)
    seconds = process_time() - began
    span = Span(since=BEGINS, until=until, jobs=jobs, check_ins=len(past), without_history=())
    return seconds, len(past), json.dumps(as_json(test, difference, span)).encode()


def measure(jobs: int, days: int) -> list[Row]:
    """Return how long it takes and whether the result is the same twice."""
    first, count, result = tried(jobs, days, seed=1)
    second, _, again = tried(jobs, days, seed=1)
    total = json.loads(result)["total"]
    told = f"{total['old']['alerts']:,} alerts before, {total['new']['alerts']:,} after"
    each = f"{min(first, second) / count / 2 * 1e6:.0f} µs a check-in and configuration"
    name = f"backtest of {days} days of {jobs:,} daily jobs, {count:,} check-ins, two configurations"
    return [
        Row(
            name=f"{name}: CPU",
            value=max(first, second),
            unit="s",
            at_most=TARGET_SECONDS * count / CHECK_INS_OF_A_YEAR,
            detail=f"{first:.1f} and {second:.1f} s; {each}; {told}",
        ),
        Row(
            name="the same backtest twice: bytes that differ",
            value=float(result != again),
            unit="",
            at_most=0,
        ),
    ]
