"""Jobs with promises, and what they say in hours of life: made up, then folded by the real fold."""

from dataclasses import dataclass, fields
from dataclasses import replace as changed
from datetime import UTC, datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.jobs.checkin import Answered, CheckIn, CheckInKind, Progress, Records
from tocsin.jobs.checks import Anomaly, Check, Compared, Metric
from tocsin.jobs.folding import Folded, fold, run_named
from tocsin.jobs.job import Definition, Job, Rank
from tocsin.jobs.run import Run
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.settling import Settled, settle
from tocsin.jobs.skew import HostClock
from tocsin.jobs.sla import SLA
from tocsin.jobs.state import EVERY_CONDITION, BlindWindow, JobState, Measured
from tocsin.quality.baseline import fit
from tocsin.quality.learned import NOTHING_LEARNED, Learned
from tocsin.quality.series import Kind, Point, series_of
from tocsin.rules.facts import Facts
from tocsin.rules.judge import CONDITIONS, GOES_BY
from tocsin.rules.reading import differing
from tocsin.rules.rule import MofN, Rule

START = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)  # the evening before the clocks of Berlin jump
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
ABANDON_AFTER = timedelta(days=7)
KINDS = (
    CheckInKind.START,
    CheckInKind.START,
    CheckInKind.HEARTBEAT,
    CheckInKind.HEARTBEAT,
    CheckInKind.SUCCESS,
    CheckInKind.SUCCESS,
    CheckInKind.FAIL,
    CheckInKind.RETRYING,
    CheckInKind.SKIP,
    CheckInKind.QUEUED,
    CheckInKind.TIMEOUT,
    CheckInKind.LOG,
)
SCHEDULES = (None, "0 * * * *", "*/15 * * * *", "every 20m", "30 2 * * *", "sunday", "Sat..Sun 01:00")

PROMISES = frozenset(one.name for one in fields(SLA))
WORDS = Definition(
    labels=(("team", "data"),),
    runbook="https://wiki/etl",
    owner="data",
    description="of sales",
    rank=Rank.FILE,
)
OTHERS = (
    Definition(),
    replace(
        WORDS,
        sla=SLA(
            max_duration_seconds=300,
            min_duration_seconds=600,
            max_failure_rate=0.0,
            min_records_processed=10,
            warning_minutes_before=120,
            critical_minutes_before=60,
            warns_by_the_clock=True,
        ),
        stalled_after_seconds=60.0,
        no_progress_after_seconds=300.0,
    ),
    replace(WORDS, sla=SLA(max_duration_seconds=5_000, max_failure_rate=0.2), stalled_after_seconds=900.0),
)
FREE = differing(WORDS, Definition()).union(*GOES_BY.values())
"""All that may differ between two definitions that tell the same runs."""

LIMITS: dict[str, dict[str, list[Any]]] = {
    "job_failure": {"threshold": [None, 0.1]},
    "min_records": {"threshold": [None, None, 8.0]},
    "failure_rate": {
        "threshold": [None, 0.0, 0.3],
        "page_threshold": [None, 0.6],
        "window_for": [None, MINUTE, HOUR, 24 * HOUR],
        "least": [None, 3.0],
        "fewest": [None, 1, 2],
        "of": ["", "runs"],
    },
    "throughput": {"threshold": [0.01, 1.0], "least": [None, 1.0]},
}


@st.composite
def slas(draw: st.DrawFn) -> SLA:
    walls = [None, time(1, 30), time(2, 30), time(6), time(22)]
    return SLA(
        deadline=draw(st.sampled_from(walls)),
        deadline_offset_minutes=draw(st.sampled_from([None, None, 5, 45, 200])),
        max_duration_seconds=draw(st.sampled_from([None, 300.0, 3600.0, 7200.0])),
        min_duration_seconds=draw(st.sampled_from([None, None, 600.0])),
        grace_period_minutes=draw(st.sampled_from([0, 0.5, 5, 30, 90])),
        warning_minutes_before=draw(st.sampled_from([0, 10, 30, 120])),
        critical_minutes_before=draw(st.sampled_from([0, 5, 15, 60])),
        max_failure_rate=draw(st.sampled_from([None, 0.0, 0.2])),
        min_records_processed=draw(st.sampled_from([None, 5, 10])),
    )


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    zone = draw(st.sampled_from(["UTC", "Europe/Berlin"]))
    schedule = draw(st.sampled_from(SCHEDULES))
    return Definition(
        schedule=read_schedule(schedule, zone) if schedule else None,
        sla=draw(slas()),
        timezone=zone,
        stalled_after_seconds=draw(st.sampled_from([None, 60.0, 900.0])),
        no_progress_after_seconds=draw(st.sampled_from([None, 1800.0])),
    )


def differently(definition: Definition, other: Definition, names: frozenset[str]) -> Definition:
    """Return a definition with what these names stand for as the other has it."""
    sla = changed(definition.sla, **{name: getattr(other.sla, name) for name in names & PROMISES})
    return replace(definition, sla=sla, **{name: getattr(other, name) for name in names - PROMISES})


@st.composite
def rules(draw: st.DrawFn, condition: str) -> Rule:
    given = {name: draw(st.sampled_from(values)) for name, values in LIMITS.get(condition, {}).items()}
    return Rule(
        **given,
        name=condition,
        condition=condition,
        in_a_row=draw(st.sampled_from([1, 1, 2, 3])),
        m_of_n=draw(st.sampled_from([None, None, MofN(bad=2, of=3), MofN(bad=1, of=4)])),
    )


@st.composite
def said(draw: st.DrawFn) -> tuple[float, CheckIn]:
    """Minutes after the one before, and a check-in whose `at` is how many minutes ago it happened."""
    after = draw(st.sampled_from([0.0, 0.5, 1.0, 4.0, 20.0, 70.0]))
    ago = draw(st.sampled_from([0.0, 0.0, 0.0, 0.05, 3.0, 45.0]))
    nominal = draw(st.sampled_from([None, None, None, -60.0, 0.0]))
    check_in = CheckIn(
        job="etl",
        kind=draw(st.sampled_from(KINDS)),
        at=START - ago * MINUTE,
        received_at=START,
        run=draw(st.sampled_from([None, "a", "a", "b", "c"])),
        seq=draw(st.sampled_from([None, 1, 2, 3, 4, 5, 70, 200])),
        nominal_at=None if nominal is None else START + nominal * MINUTE,
        partition=draw(st.sampled_from(["", "", "eu"])),
        backfill=draw(st.sampled_from([False, False, False, True])),
        attempt=draw(st.sampled_from([None, None, 1, 2])),
        max_attempts=draw(st.sampled_from([None, None, 3])),
        progress=draw(st.sampled_from([None, Progress(done=1), Progress(done=2, total=9)])),
        records=draw(
            st.sampled_from(
                [None, Records(ok=0), Records(ok=7), Records(ok=9, failed=1), Records(ok=1, failed=3)]
            )
        ),
    )
    return after, check_in


@st.composite
def blindness(draw: st.DrawFn) -> tuple[BlindWindow, ...]:
    """None, one or two windows somewhere in the hours around START."""
    windows = []
    from_at = START - HOUR
    for number in range(draw(st.sampled_from([0, 0, 1, 2]))):
        from_at += draw(st.sampled_from([0, 30, 63, 90, 260])) * MINUTE
        to_at = from_at + draw(st.sampled_from([1, 20, 180])) * MINUTE
        windows.append(
            BlindWindow(id=number + 1, from_at=from_at, to_at=to_at, hold_until=to_at + 5 * MINUTE)
        )
        from_at = to_at
    return tuple(windows)


def _taught(minutes: float) -> Learned:
    """What a month of runs each day about so long has taught."""
    took = (minutes * 60.0 * share for share in (1.0, 1.02, 0.98, 1.05, 0.95) * 6)
    first_at = (START - timedelta(days=30)).timestamp()
    series = series_of(Point(order_at=first_at + day * 86_400.0, value=one) for day, one in enumerate(took))
    return Learned(normal=fit(series, kind=Kind.DURATION, timezone="UTC"), learned_at=START - HOUR)


COMPARED = (
    (),
    (Compared("row_count", None, 4),),
    (Compared("row_count", 1.0),),
    (Compared("row_count", -4.0, 20, 60.0, 50.0, 70.0, "Mondays"),),
    (Compared("row_count", 9.0, 20, 1.0, 0.5, 1.5, "all runs"),),
)
TAUGHT = tuple(_taught(minutes) for minutes in (1.0, 20.0, 90.0))


@dataclass
class Life:
    """A job as the server knows it, without the server."""

    job: Job
    state: JobState
    now: datetime
    blind: tuple[BlindWindow, ...] = ()
    learned: Learned = NOTHING_LEARNED

    def __post_init__(self) -> None:
        self.kept: dict[str, Run] = {}
        self.made = 0

    def settle(self) -> Settled:
        settled = settle(self.job, self.state, self.now, blind=self.blind, abandon_after=ABANDON_AFTER)
        self.state = settled.state
        self.kept.update({run.key: run for run in settled.runs})
        return settled

    def hear(self, check_in: CheckIn) -> Folded:
        """Take in one check-in as it stands."""
        known = run_named(self.state, check_in)
        if known is None and check_in.run is not None:
            known = self.kept.get(check_in.run)
        self.made += 1
        folded = fold(self.job, self.state, check_in, known=known, new_key=f"made-{self.made}")
        self.state = folded.state
        self.kept.update({run.key: run for run in folded.runs})
        if folded.answered is Answered.ACCEPTED:
            self.settle()
        return folded

    def live(self, history: list[tuple[float, CheckIn]]) -> None:
        """Let the check-ins come one after the other."""
        for after, check_in in history:
            self.now += after * MINUTE
            self.hear(moved(check_in, self.now))

    @property
    def facts(self) -> Facts:
        return Facts(job=self.job, state=self.state, blind=self.blind, learned=self.learned)


def moved(check_in: CheckIn, now: datetime) -> CheckIn:
    """Return a check-in that was made for START as one of now."""
    shift = now - START
    nominal_at = None if check_in.nominal_at is None else check_in.nominal_at + shift
    return replace(check_in, at=check_in.at + shift, received_at=now, nominal_at=nominal_at)


@st.composite
def lives(draw: st.DrawFn, *, most: int = 14) -> Life:
    """A job somewhere in its life."""
    job = Job(
        name="etl", environment="production", registered_at=START - MINUTE, definition=draw(definitions())
    )
    life = Life(
        job=job,
        state=JobState(),
        now=START,
        blind=draw(blindness()),
        learned=draw(st.sampled_from([NOTHING_LEARNED, NOTHING_LEARNED, *TAUGHT])),
    )
    life.settle()
    life.live(draw(st.lists(said(), max_size=most)))
    life.now += draw(st.sampled_from([0, 0, 1, 40, 400])) * MINUTE
    life.settle()
    if draw(st.sampled_from([False, False, False, True])):
        life.state = _forgiven(draw, life)
    wrong_seconds = draw(st.sampled_from([None, None, None, 0.0, 200.0, 7200.0, -400.0]))
    if wrong_seconds is not None:
        clock = HostClock(
            host="db", lags=(wrong_seconds,), heard_at=START, behind_seconds=wrong_seconds, since_at=START
        )
        life.state = replace(life.state, clocks=(clock,))
    if draw(st.booleans()):
        _measure(draw, life)
    return life


def _measure(draw: st.DrawFn, life: Life) -> None:
    """Let the job have checks of its data, and its good runs have measured something."""
    check = Check(
        id="rows",
        metric=Metric.ROW_COUNT,
        least=5.0,
        severity="page",
        anomaly=draw(st.sampled_from([None, Anomaly(), Anomaly(spreads=6.0, direction="low")])),
    )
    life.job = replace(life.job, definition=replace(life.job.definition, checks=(check,)))
    values = draw(st.lists(st.sampled_from([None, "nan", 4.0, 6.0]), max_size=3))
    measured = [
        Measured(
            partition=str(number),
            run=f"m{number}",
            at=START + number * MINUTE,
            since_at=START,
            values=() if value is None else (("row_count", value),),
            marks=tuple(draw(st.lists(st.booleans(), min_size=1, max_size=4))),
            missing=draw(st.sampled_from([None, (), ("row_count",)])),
            compared=draw(st.sampled_from(COMPARED)),
        )
        for number, value in enumerate(values)
    ]
    lost = draw(st.sampled_from([(), (), ("x",)]))
    life.state = replace(life.state, measured=tuple(measured), measured_lost=lost)


def _forgiven(draw: st.DrawFn, life: Life) -> JobState:
    condition = draw(st.sampled_from([EVERY_CONDITION, *CONDITIONS]))
    return replace(life.state, forgiven=((condition, life.now - draw(st.sampled_from([0, 30])) * MINUTE),))
