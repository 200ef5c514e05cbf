"""A climb, level by level, in wall-clock words: what is told when, and why not."""

from dataclasses import replace
from datetime import UTC, datetime, time

import pytest

from tocsin.oncall.escalation import (
    Climb,
    Facts,
    Level,
    Move,
    Passed,
    PassedOver,
    Policy,
    Standing,
    Status,
    begin,
    climb,
)
from tocsin.oncall.restriction import Restriction

BEHIND = (("ann",), ("bob",), ("cem",))
LEVELS = (
    Level(name="on-call", targets=("on-call",), timeout_minutes=15),
    Level(name="manager", targets=("manager",), timeout_minutes=15),
    Level(name="vp", targets=("vp",), timeout_minutes=30),
)
PLAIN = Policy(policy_id="plain", name="plain", levels=LEVELS)
OFFICE = Restriction(weekdays=(0, 1, 2, 3, 4), starts=time(9), ends=time(17))


def at(clock: str, day: int = 10) -> datetime:
    """Return an instant of Tuesday, 10 March 2026, or of another day of that month."""
    return datetime.combine(datetime(2026, 3, day, tzinfo=UTC), time.fromisoformat(clock), UTC)


class Walk:
    """A climb that remembers what it told."""

    def __init__(self, policy: Policy, *, since: str = "02:00") -> None:
        self.state: Climb = begin(policy, at(since))
        self.facts = Facts(behind=BEHIND[: len(policy.levels)])
        self.told: list[tuple[str, str, Move]] = []

    def looks(self, clock: str, day: int = 10) -> Move:
        step = climb(self.state, self.facts, at(clock, day))
        self.state = step.state
        self.told += [(clock, who, step.move) for who in step.tell]
        return step.move

    def until(self, clock: str, day: int = 10) -> "Walk":
        """Look whenever the climb has asked to be looked at."""
        self.looks(f"{self.state.started_at:%H:%M}")
        while self.state.next_at is not None and self.state.next_at <= at(clock, day):
            self.looks(f"{self.state.next_at:%H:%M}", self.state.next_at.day)
        return self

    def now(self, **facts: object) -> None:
        self.facts = replace(self.facts, **facts)  # type: ignore[arg-type] # the fields are named by the test


def with_levels(*levels: Level, **more: object) -> Policy:
    return replace(PLAIN, levels=levels, **more)  # type: ignore[arg-type] # the fields are named by the test


def at_work(level: Level, hours: Restriction) -> Level:
    return replace(level, working_hours=(hours,), timezone="Europe/Berlin")


def test_each_level_is_told_when_the_time_of_the_one_below_is_over() -> None:
    walk = Walk(PLAIN).until("23:00")

    assert walk.told == [
        ("02:00", "ann", Move.BEGUN),
        ("02:15", "bob", Move.ESCALATED),
        ("02:30", "cem", Move.ESCALATED),
    ]
    assert (walk.state.status, walk.state.level, walk.state.next_at) == (Status.ESCALATED, 3, None)


def test_a_policy_is_begun_anew_so_long_after_its_last_level() -> None:
    walk = Walk(replace(PLAIN, repeat_after_minutes=60)).until("04:15")

    assert walk.told[3:] == [("04:00", "ann", Move.BEGUN_ANEW), ("04:15", "bob", Move.ESCALATED)]
    assert walk.state.loops == 1


def test_who_takes_it_stops_it_also_after_it_has_escalated() -> None:
    walk = Walk(PLAIN).until("02:15")
    walk.now(standing=Standing.ACKNOWLEDGED, who="dan", since_at=at("02:20"))

    assert walk.looks("02:20") is Move.ACKNOWLEDGED
    assert (walk.state.status, walk.state.who, walk.state.next_at) == (Status.ACKNOWLEDGED, "dan", None)
    assert walk.looks("09:00") is Move.ACKNOWLEDGED
    assert len(walk.told) == 2


def test_an_acknowledgement_that_expires_goes_on_at_the_level_where_it_was() -> None:
    walk = Walk(PLAIN).until("02:15")
    walk.now(standing=Standing.ACKNOWLEDGED, who="dan", since_at=at("02:20"), until_at=at("03:20"))
    walk.looks("02:20")
    assert walk.state.next_at == at("03:20")

    walk.now(standing=Standing.FIRING)
    walk.looks("03:20")
    walk.looks("03:35")

    assert walk.told[2:] == [("03:20", "bob", Move.WENT_ON), ("03:35", "cem", Move.ESCALATED)]


def test_a_silence_suppresses_it_until_it_ends() -> None:
    walk = Walk(PLAIN).until("02:00")
    walk.now(muted_until=at("04:00"))
    assert walk.looks("02:10") is Move.WAITS
    walk.looks("02:15")
    assert (walk.state.status, walk.state.next_at) == (Status.SUPPRESSED, at("04:00"))

    walk.looks("04:00")

    assert walk.told[1:] == [("04:00", "ann", Move.WENT_ON)]
    assert walk.state.status is Status.PENDING


@pytest.mark.parametrize(("back_at", "who"), [("02:20", "bob"), ("02:31", "cem"), ("20:00", "cem")])
def test_after_a_downtime_the_level_whose_time_it_is_is_told_once(back_at: str, who: str) -> None:
    walk = Walk(PLAIN).until("02:00")
    walk.looks(back_at)
    walk.looks(back_at)

    assert walk.told[1:] == [(back_at, who, Move.ESCALATED)]


def test_after_a_downtime_the_next_level_has_to_wait_its_whole_time() -> None:
    walk = Walk(PLAIN).until("02:00")
    walk.looks("02:29")

    assert walk.state.next_at == at("02:44")


def test_a_level_with_nobody_behind_it_is_passed_over_at_once() -> None:
    walk = Walk(PLAIN)
    walk.now(behind=((), ("bob",), ("cem",)))
    walk.until("02:15")

    assert walk.told == [("02:00", "bob", Move.BEGUN), ("02:15", "cem", Move.ESCALATED)]
    assert walk.state.passed == (Passed(level=1, why=PassedOver.NOBODY),)


def test_with_nobody_behind_any_level_it_looks_again_until_there_is_somebody() -> None:
    walk = Walk(PLAIN)
    walk.now(behind=((), (), ()))
    assert walk.looks("02:00") is Move.NOBODY
    assert walk.state.next_at == at("02:15")
    walk.now(behind=((), ("bob",), ()))

    walk.looks("02:15")
    assert walk.told == [("02:15", "bob", Move.BEGUN)]


def test_a_level_by_the_deadline_comes_then_whatever_is_below_it() -> None:
    by_deadline = replace(LEVELS[2], minutes_before_deadline=30)
    walk = Walk(with_levels(replace(LEVELS[0], timeout_minutes=600), LEVELS[1], by_deadline))
    walk.now(deadline_at=at("06:00"))
    walk.until("06:00")

    assert walk.told == [("02:00", "ann", Move.BEGUN), ("05:30", "cem", Move.ESCALATED)]
    assert walk.state.passed == (Passed(level=2, why=PassedOver.OVERTAKEN),)


def test_a_level_by_the_deadline_is_waited_for() -> None:
    walk = Walk(with_levels(LEVELS[0], replace(LEVELS[1], minutes_before_deadline=30), LEVELS[2]))
    walk.now(deadline_at=at("06:00"))
    walk.until("06:00")

    assert [(clock, who) for clock, who, _ in walk.told] == [
        ("02:00", "ann"),
        ("05:30", "bob"),
        ("05:45", "cem"),
    ]


def test_nobody_above_a_level_by_the_deadline_is_told_before_it_nor_is_the_policy_begun_anew() -> None:
    levels = (LEVELS[0], replace(LEVELS[1], minutes_before_deadline=30), LEVELS[2])
    walk = Walk(with_levels(*levels, repeat_after_minutes=10))
    walk.now(deadline_at=at("06:00"))
    for clock in ("02:00", "02:20", "05:29"):
        walk.looks(clock)

    assert [(clock, who) for clock, who, _ in walk.told] == [("02:00", "ann")]


def test_after_a_downtime_the_level_above_one_by_the_deadline_is_told_when_it_is_its_time() -> None:
    levels = (
        replace(LEVELS[0], timeout_minutes=600),
        LEVELS[1],
        replace(LEVELS[1], minutes_before_deadline=30),
        LEVELS[2],
    )
    walk = Walk(with_levels(*levels))
    walk.now(deadline_at=at("06:00"), behind=(*BEHIND, ("dan",)))
    walk.looks("02:00")
    walk.looks("05:50")

    assert [(clock, who) for clock, who, _ in walk.told] == [("02:00", "ann"), ("05:50", "dan")]


def test_a_level_by_a_deadline_that_is_near_already_follows_the_one_below() -> None:
    walk = Walk(with_levels(LEVELS[0], replace(LEVELS[1], minutes_before_deadline=30)))
    walk.now(deadline_at=at("02:20"))
    walk.until("06:00")

    assert [(clock, who) for clock, who, _ in walk.told] == [("02:00", "ann"), ("02:15", "bob")]


def test_a_level_by_the_deadline_is_passed_over_when_the_job_has_finished() -> None:
    walk = Walk(with_levels(LEVELS[0], replace(LEVELS[1], minutes_before_deadline=30), LEVELS[2]))
    walk.until("06:00")

    assert [(clock, who) for clock, who, _ in walk.told] == [("02:00", "ann"), ("02:15", "cem")]
    assert walk.state.passed == (Passed(level=2, why=PassedOver.NO_DEADLINE),)


def test_a_level_outside_its_hours_is_passed_over() -> None:
    walk = Walk(with_levels(at_work(LEVELS[0], OFFICE), *LEVELS[1:]))
    walk.until("02:15")

    assert walk.told == [("02:00", "bob", Move.BEGUN), ("02:15", "cem", Move.ESCALATED)]
    assert walk.state.passed == (Passed(level=1, why=PassedOver.OUTSIDE_HOURS),)


def test_when_every_level_is_outside_its_hours_the_first_one_to_open_is_told_then() -> None:
    late = replace(OFFICE, starts=time(10))
    levels = [at_work(LEVELS[0], late), at_work(LEVELS[1], OFFICE)]
    walk = Walk(with_levels(*levels)).until("23:00")

    assert walk.told == [("08:00", "bob", Move.BEGUN)]


def test_a_policy_of_office_hours_rests_over_the_weekend() -> None:
    levels = [at_work(level, OFFICE) for level in LEVELS[:2]]
    walk = Walk(with_levels(*levels))
    walk.state = begin(walk.state.policy, at("15:50", 13))
    walk.looks("15:50", 13)
    assert walk.state.next_at == at("16:05", 13)

    walk.looks("16:05", 13)
    assert walk.state.next_at == at("08:00", 16)
    walk.looks("08:00", 16)
    assert [(clock, who) for clock, who, _ in walk.told] == [("15:50", "ann"), ("08:00", "bob")]
