"""What holds for every climb: nobody is told twice or forgotten, nothing changes before it is asked again."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.oncall.escalation import (
    NOBODY_AGAIN,
    Facts,
    Level,
    Move,
    Policy,
    Standing,
    Status,
    Step,
    begin,
    climb,
)
from tocsin.oncall.restriction import Restriction

law = settings(derandomize=True, database=None, deadline=None, max_examples=120)

START = datetime(2026, 3, 27, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)
A_WHILE = 3 * timedelta(days=1)
TELLING = {Move.BEGUN, Move.ESCALATED, Move.BEGUN_ANEW, Move.WENT_ON}

hours = st.builds(
    Restriction,
    weekdays=st.sampled_from([(0, 1, 2, 3, 4, 5, 6), (0, 1, 2, 3, 4), (5,)]),
    starts=st.sampled_from([time(0), time(9), time(22)]),
    ends=st.sampled_from([time(0), time(6), time(17, 30)]),
)
levels = st.builds(
    Level,
    name=st.just("somebody"),
    targets=st.just(("somebody",)),
    timeout_minutes=st.sampled_from([10.0, 15.0, 60.0]),
    working_hours=st.one_of(st.just(()), st.just(()), st.tuples(hours)),
    timezone=st.sampled_from(["UTC", "Europe/Berlin"]),
    minutes_before_deadline=st.sampled_from([None, None, 0.0, 30.0, 120.0]),
)
policies = st.builds(
    Policy,
    policy_id=st.just("p"),
    name=st.just("p"),
    levels=st.lists(levels, min_size=1, max_size=4).map(tuple),
    repeat_after_minutes=st.sampled_from([None, 30.0, 240.0]),
)


@dataclass(frozen=True)
class Event:
    """Something that happens after so many minutes."""

    after: int
    kind: str
    minutes: int


events = st.builds(
    Event,
    after=st.sampled_from([0, 1, 14, 15, 16, 61, 500]),
    kind=st.sampled_from(
        ["taken", "taken for a while", "put off", "silenced", "deadline", "no deadline", "empty", "manned"]
    ),
    minutes=st.sampled_from([5, 100, 400]),
)
lives = st.lists(events, max_size=6)


@dataclass(frozen=True)
class Telling:
    """One level that was told."""

    at: datetime
    loop: int
    level: int
    rests: int


class Climber:
    """A climb that is looked at only when it asks to be, or when something happens."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.now = START
        self.state = begin(policy, START)
        self.everybody = tuple((f"level {n}",) for n in range(len(policy.levels)))
        self.facts = Facts(behind=self.everybody)
        self.told: list[Telling] = []
        self.rests = 0
        self.look()

    def glance(self, at: datetime) -> Step:
        return climb(self.state, self.facts, at)

    def look(self) -> None:
        step = self.glance(self.now)
        assert step.ask_again_at is None or step.ask_again_at > self.now
        before, self.state = self.state, step.state
        assert (before.loops, before.level) <= (self.state.loops, self.state.level)
        assert bool(step.tell) is (step.move in TELLING)
        if step.tell:
            self.told.append(Telling(self.now, self.state.loops, self.state.level, self.rests))

    def live_until(self, end: datetime) -> None:
        while self.state.next_at is not None and self.state.next_at <= end:
            self.now = self.state.next_at
            if self.state.status in (Status.ACKNOWLEDGED, Status.SUPPRESSED):
                self.fires_again()
            self.look()
        self.now = end

    def fires_again(self) -> None:
        self.rests += 1
        self.facts = replace(self.facts, standing=Standing.FIRING, who="", since_at=None, until_at=None)

    def happens(self, event: Event) -> None:
        self.live_until(self.now + event.after * MINUTE)
        span = event.minutes * MINUTE
        match event.kind:
            case "taken" | "taken for a while" if self.facts.standing is Standing.FIRING:
                until_at = None if event.kind == "taken" else self.now + span
                self.facts = replace(
                    self.facts,
                    standing=Standing.ACKNOWLEDGED,
                    who="ann",
                    since_at=self.now,
                    until_at=until_at,
                )
            case "put off" if self.facts.standing is Standing.FIRING:
                self.facts = replace(self.facts, standing=Standing.SUPPRESSED, until_at=self.now + span)
            case "silenced":
                self.facts = replace(self.facts, muted_until=self.now + span)
            case "deadline":
                self.facts = replace(self.facts, deadline_at=self.now + span)
            case "no deadline":
                self.facts = replace(self.facts, deadline_at=None)
            case "empty":
                gone = event.minutes % len(self.everybody)
                behind = tuple(() if n == gone else who for n, who in enumerate(self.facts.behind))
                self.facts = replace(self.facts, behind=behind)
            case "manned":
                self.facts = replace(self.facts, behind=self.everybody)
            case _:
                assert self.facts.standing is not Standing.FIRING
        self.look()


def lived(policy: Policy, life: list[Event]) -> Climber:
    climber = Climber(policy)
    for event in life:
        climber.happens(event)
    return climber


@law
@given(policy=policies, life=lives)
def test_each_level_is_told_once_in_a_loop_unless_a_rest_lay_between(
    policy: Policy, life: list[Event]
) -> None:
    climber = lived(policy, life)
    climber.live_until(climber.now + timedelta(hours=6))

    told = [(one.loop, one.level, one.rests) for one in climber.told]
    assert len(told) == len(set(told))
    assert sorted((one.loop, one.level) for one in climber.told) == [(o.loop, o.level) for o in climber.told]


@law
@given(policy=policies, life=lives, data=st.data())
def test_nothing_changes_before_it_is_asked_again(
    policy: Policy, life: list[Event], data: st.DataObject
) -> None:
    climber = lived(policy, life)
    for _ in range(data.draw(st.integers(0, 6))):
        if climber.state.next_at is not None:
            climber.live_until(climber.state.next_at)
    end = climber.state.next_at or climber.now + A_WHILE
    for share in (0.0, 0.01, 0.5, 1.0):
        instant = climber.now + (end - TICK - climber.now) * share
        step = climber.glance(instant)
        assert (step.tell, step.state) == ((), climber.state), instant


@law
@given(policy=policies, life=lives)
def test_it_is_asked_a_bounded_number_of_times(policy: Policy, life: list[Event]) -> None:
    climber = lived(policy, life)
    looks, first_loop, end = 0, climber.state.loops, climber.now + A_WHILE
    while climber.state.next_at is not None and climber.state.next_at < end:
        climber.live_until(climber.state.next_at)
        looks += 1
    loops = 1 + climber.state.loops - first_loop
    openings = 2 * (A_WHILE // timedelta(days=1) + 1)
    tries = A_WHILE // NOBODY_AGAIN if not any(climber.facts.behind) or climber.state.level == 0 else 0

    assert looks <= (3 + 2 * len(policy.levels)) * loops + openings * len(policy.levels) + tries


@law
@given(policy=policies, life=lives)
def test_nobody_is_forgotten_while_it_fires_and_nobody_has_taken_it(
    policy: Policy, life: list[Event]
) -> None:
    """By the time that all time-outs and hours are over, whoever can be told has been."""
    climber = lived(policy, [*life, Event(0, "manned", 0), Event(0, "no deadline", 0)])
    climber.fires_again()
    climber.facts = replace(climber.facts, muted_until=None)
    climber.look()
    before = climber.state
    climber.live_until(climber.now + timedelta(days=9))

    for number, level in enumerate(policy.levels, start=1):
        passed_by = before.level > number or (level.minutes_before_deadline is not None)
        if not passed_by and policy.repeat_after_minutes is None:
            assert any(one.level >= number for one in climber.told)
    if all(not level.working_hours and level.minutes_before_deadline is None for level in policy.levels):
        last = climber.told[-1]
        assert last.level == len(policy.levels) or policy.repeat_after_minutes is not None
        if policy.repeat_after_minutes is not None:
            assert climber.now - last.at <= timedelta(minutes=policy.repeat_after_minutes + 60)


@law
@given(policy=policies, minutes=st.integers(0, 3_000))
def test_after_a_downtime_one_level_is_told_at_most(policy: Policy, minutes: int) -> None:
    climber = Climber(policy)
    before = len(climber.told)
    climber.now += minutes * MINUTE
    climber.look()
    climber.look()

    assert len(climber.told) - before <= 1


@law
@given(policy=policies, life=lives)
def test_what_is_resolved_never_speaks_again(policy: Policy, life: list[Event]) -> None:
    climber = lived(policy, life)
    ended = Standing.RESOLVED
    climber.facts = replace(climber.facts, standing=ended, who="ann", since_at=climber.now, until_at=None)
    climber.look()

    assert climber.state.status is Status.RESOLVED
    assert climber.state.next_at is None
    assert climber.glance(climber.now + A_WHILE).tell == ()
