"""What is in a window, of the last outcomes and of what is counted by time."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from tests.rules.facts import HOUR, at, bad, facts, good
from tocsin.jobs.state import EVERY_CONDITION, BlindWindow, JobState, Outcome
from tocsin.jobs.tally import counted
from tocsin.rules.windows import Counts, window_of

NAME = "failure_rate"
FROM, TO = at("08:00"), at("09:00")


def stretch(*ends: Outcome) -> str:
    """One stretch of time that counts these runs."""
    text = ""
    for end in ends:
        text = counted(text, end, at("12:00"))
    first, last = text[1:-1].split("],[")[0].split(","), text[1:-1].split("],[")[-1].split(",")
    bad_ones = sum(end.status is not None and end.status.is_bad for end in ends)
    return f"[{first[0]},{last[0]},{len(ends)},{bad_ones},0,0]"


OLD = JobState(tallies=stretch(bad("a", "08:00"), good("b", "08:10"), good("c", "09:00")))


@pytest.mark.parametrize(("now", "runs"), [("11:29", 3), ("11:30", 0), ("11:45", 0), ("09:00", 3)], ids=str)
def test_a_stretch_counts_while_its_middle_lies_in_the_window(now: str, runs: int) -> None:
    window = window_of(facts(OLD), NAME, 3 * HOUR, at(now))

    assert (window.counts.runs, window.counts.bad) == (runs, 1 if runs else 0)
    assert window.changes_at(lambda counts: counts.runs) == (at("11:30") if runs else None)


@pytest.mark.parametrize("condition", [NAME, EVERY_CONDITION])
@pytest.mark.parametrize(("forgiven", "runs"), [("07:59", 3), ("08:00", 0), ("08:30", 0), ("10:00", 0)])
def test_of_a_stretch_that_a_person_has_declared_over_in_part_nothing_counts(
    condition: str, forgiven: str, runs: int
) -> None:
    state = replace(OLD, forgiven=((condition, at(forgiven)),))

    assert window_of(facts(state), NAME, 5 * HOUR, at("12:00")).counts.runs == runs


def test_what_would_leave_while_nobody_could_be_heard_leaves_when_the_wait_is_over() -> None:
    state = JobState(recent=(bad("a", "10:00"), good("b", "10:30")))
    blind = (BlindWindow(id=1, from_at=at("10:50"), to_at=at("11:10"), hold_until=at("11:15")),)

    known = replace(facts(state), blind=blind)

    assert window_of(known, NAME, HOUR, at("11:14")).counts.bad == 1
    assert window_of(known, NAME, HOUR, at("11:15")).counts.bad == 0
    assert window_of(known, NAME, HOUR, at("10:40")).changes_at(lambda counts: counts.bad) == at("11:15")


def test_an_opinion_that_does_not_change_is_not_asked_for_again() -> None:
    state = JobState(recent=tuple(good(f"r{n}", f"10:{n:02}") for n in range(20)))

    window = window_of(facts(state), NAME, HOUR, at("10:30"))

    assert window.changes_at(lambda counts: counts.bad > 0) is None
    assert window.changes_at(lambda counts: counts.runs >= 5) == at("10:15") + HOUR
    assert window.counts == Counts(at("10:00"), 20, 0, 0, 0)


def test_what_leaves_at_one_instant_leaves_together() -> None:
    state = JobState(recent=(bad("a", "10:00"), good("b", "10:00"), good("c", "10:01")))
    window = window_of(facts(state), NAME, HOUR, at("10:30"))

    seen = list[tuple[datetime, int]]()
    for instant, counts in window.later:
        seen.append((instant, counts.runs))
    assert seen == [(at("11:00"), 1), (at("11:00") + timedelta(minutes=1), 0)]
