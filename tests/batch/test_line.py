"""Those who wait for one limiter: by priority, in order within one, and nobody for ever."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.batch.config import Priority
from tocsin.batch.limiter import Limiter
from tocsin.batch.line import FAIR_EVERY, Line, Waiter

priorities = st.sampled_from(Priority)


def free_line() -> Line:
    """A line whose limiter holds nobody up, so that order alone decides."""
    return Line(Limiter(now=0.0))


def go(line: Line) -> Waiter:
    """Let the next one go."""
    waiter = line.next
    assert waiter is not None
    assert line.ask(waiter, 0.0) <= 0.0
    return waiter


def test_a_higher_priority_goes_first() -> None:
    line = free_line()
    for priority in Priority:
        line.join(1, priority)

    assert [go(line).priority for _ in Priority] == ["critical", "high", "normal", "low"]


@given(st.lists(st.one_of(priorities, st.none()), max_size=200))
def test_within_a_priority_first_come_is_first_served(steps: list[Priority | None]) -> None:
    line, gone = free_line(), list[Waiter]()
    for priority in steps:
        if priority is not None:
            line.join(1, priority)
        elif len(line):
            gone.append(go(line))

    for priority in Priority:
        numbers = [waiter.number for waiter in gone if waiter.priority is priority]
        assert numbers == sorted(numbers)


@given(st.sampled_from(Priority), st.integers(1, 6), st.lists(priorities, min_size=1, max_size=4))
def test_nobody_waits_for_ever_however_many_of_higher_priority_come(
    priority: Priority, before: int, others: list[Priority]
) -> None:
    line = free_line()
    for _ in range(before):
        line.join(1, priority)
    one = line.join(1, priority)
    slots = 0
    gone: Waiter | None = None
    while gone is not one:
        for other in others:
            line.join(1, other)
        gone = go(line)
        slots += 1
        assert slots <= (before + 1) * FAIR_EVERY


def test_a_lower_priority_gets_one_slot_in_twenty_while_a_higher_one_never_rests() -> None:
    line = free_line()
    for _ in range(10):
        line.join(1, Priority.LOW)
    gone = []
    for _ in range(100):
        line.join(1, Priority.HIGH)
        gone.append(go(line).priority)

    assert gone.count(Priority.LOW) == 5


def test_only_the_next_one_looks_at_the_time_and_the_others_are_woken() -> None:
    line, woken = Line(Limiter(requests_per_second=10, burst_seconds=0, now=0.0)), list[str]()
    first = line.join(1, wake=lambda: woken.append("first"))
    second = line.join(1, wake=lambda: woken.append("second"))

    assert line.ask(second, 0.0) == inf
    assert line.ask(first, 0.0) == 0.0
    assert woken == ["second"]
    assert line.ask(second, 0.0) == 0.1
    assert line.ask(second, 0.1) == 0.1
    assert len(line) == 0


def test_whoever_is_overtaken_while_it_waits_is_told_to_wait_for_the_other() -> None:
    line, woken = Line(Limiter(requests_per_second=10, burst_seconds=0, now=0.0)), list[str]()
    line.ask(line.join(1), 0.0)
    normal = line.join(1, wake=lambda: woken.append("normal"))
    assert line.ask(normal, 0.0) == 0.1
    critical = line.join(1, Priority.CRITICAL)

    assert line.ask(critical, 0.05) == 0.1
    assert line.ask(normal, 0.1) == inf
    assert line.ask(critical, 0.1) == 0.1
    assert woken == ["normal"]


@pytest.mark.parametrize("who", ["first", "second"])
def test_whoever_leaves_takes_no_slot_and_holds_nobody_up(who: str) -> None:
    line, woken = Line(Limiter(requests_per_second=10, burst_seconds=0, now=0.0)), list[str]()
    waiters = {name: line.join(1, wake=lambda name=name: woken.append(name)) for name in ("first", "second")}  # type: ignore[misc] # mypy takes a default of a lambda for one too many
    line.leave(waiters.pop(who))
    (name, left), *_ = waiters.items()

    assert line.ask(left, 0.0) == 0.0
    assert woken == (["second"] if name == "second" else [])


def test_leaving_twice_or_after_having_gone_does_no_harm() -> None:
    line = free_line()
    waiter = line.join(1)
    go(line)
    line.leave(waiter)
    line.leave(waiter)

    assert line.next is None


def test_a_gate_holds_up_the_whole_line() -> None:
    limiter = Limiter(now=0.0)
    line = Line(limiter)
    limiter.close_until(5.0)

    assert line.ask(line.join(1, Priority.CRITICAL), 1.0) == 5.0
