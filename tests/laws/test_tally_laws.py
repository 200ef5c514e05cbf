"""What is known of the runs of hours and days is what can be counted by hand."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.laws.histories import KINDS, MINUTE, START, Life
from tests.rules.facts import facts
from tocsin.jobs.checkin import CheckIn, Records
from tocsin.jobs.job import Job
from tocsin.jobs.run import RunStatus
from tocsin.jobs.state import MAX_RECENT, JobState, Outcome
from tocsin.jobs.tally import MAX_TALLIES, counted, read_tallies, uncounted
from tocsin.rules.conditions import failure_rate
from tocsin.rules.windows import window_of

law = settings(derandomize=True, database=None, deadline=None, max_examples=100)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ONE_IN_TEN = 0.1
NAME = failure_rate.NAME


@st.composite
def endings(draw: st.DrawFn, *, most: int = 260) -> list[Outcome]:
    """Runs as they are heard of: mostly in order, some late."""
    count, dice = draw(st.integers(0, most)), Random(draw(st.integers(0, 10**6)))
    at, heard = START, list[Outcome]()
    for number in range(count):
        at += dice.choice([0.2, 1, 7, 60, 300]) * MINUTE
        late = dice.choice([0, 0, 0, 0, 3, 70, 900]) * MINUTE
        heard.append(
            Outcome(
                at=max(at - late, START),
                order_at=at,
                status=dice.choice([RunStatus.SUCCESS, RunStatus.SUCCESS, RunStatus.FAILED]),
                run=f"run-{number}",
                records=number % 7,
                records_failed=number % 3,
            )
        )
    return heard


@law
@given(heard=endings(), seed=st.integers(0, 10**6))
def test_every_stretch_counts_what_ended_in_it(heard: list[Outcome], seed: int) -> None:
    text, newest_at = "", START
    gone, dice = set[str](), Random(seed)
    for outcome in heard:
        newest_at = max(newest_at, outcome.at)
        text = counted(text, outcome, newest_at)
        if dice.random() < ONE_IN_TEN:
            text = uncounted(text, outcome)
            gone.add(outcome.run)
    tallies = read_tallies(text)

    assert len(tallies) <= MAX_TALLIES
    assert sum(t.runs for t in tallies) == len(heard) - len(gone)
    assert sum(t.bad for t in tallies) == sum(
        o.status is RunStatus.FAILED for o in heard if o.run not in gone
    )
    left = [o for o in heard if o.run not in gone]
    assert sum(t.ok for t in tallies) == sum(o.records or 0 for o in left)
    assert sum(t.failed for t in tallies) == sum(o.records_failed or 0 for o in left)
    for earlier, later in pairwise(tallies):
        assert earlier.from_seconds <= earlier.to_seconds <= later.from_seconds <= later.to_seconds
    ends = Counter(o.at.replace(microsecond=0) for o in left)
    borders = {t.from_at for t in tallies} | {t.to_at for t in tallies}
    for tally in tallies:
        inside = sum(n for at, n in ends.items() if tally.from_at < at < tally.to_at)
        at_the_ends = sum(n for at, n in ends.items() if at in borders and tally.from_at <= at <= tally.to_at)
        assert inside <= tally.runs <= inside + at_the_ends


def remembered_of(heard: list[Outcome]) -> JobState:
    """The state of a job whose runs ended so."""
    state = JobState()
    for outcome in heard:
        ordered = sorted((*state.recent, outcome), key=lambda one: one.at)
        text = state.tallies
        for leaves in ordered[:-MAX_RECENT]:
            text = counted(text, leaves, ordered[-1].at)
        state = replace(state, recent=tuple(ordered[-MAX_RECENT:]), tallies=text)
    return state


@law
@given(heard=endings(), hours=st.sampled_from([0.1, 1, 5, 24, 100]), after=st.sampled_from([0, 1, 90, 900]))
def test_a_window_counts_what_ended_in_it(heard: list[Outcome], hours: float, after: int) -> None:
    state = remembered_of(heard)
    now = max((o.at for o in heard), default=START) + after * MINUTE
    counts = window_of(facts(state), NAME, hours * HOUR, now).counts

    def ended_after(since: datetime) -> tuple[int, int]:
        inside = [o for o in heard if o.at > since]
        return len(inside), sum(o.status is RunStatus.FAILED for o in inside)

    since = now - hours * HOUR
    tallies = read_tallies(state.tallies)
    if not tallies or tallies[-1].to_at < since:
        assert (counts.runs, counts.bad) == ended_after(since), (
            "exact, where it lies within the last outcomes"
        )
    cut = next((t for t in tallies if t.from_at <= since <= t.to_at), None)
    half = timedelta(seconds=1) if cut is None else (cut.to_at - cut.from_at) / 2 + timedelta(seconds=1)
    fewest, most = ended_after(since + half), ended_after(since - half)
    assert fewest[0] <= counts.runs <= most[0]
    assert fewest[1] <= counts.bad <= most[1]


@law
@given(heard=endings(most=60), hours=st.sampled_from([1, 5, 24]), threshold=st.sampled_from([0.0, 0.2, 0.5]))
def test_an_opinion_on_a_window_changes_when_it_says_and_at_no_other_instant(
    heard: list[Outcome], hours: float, threshold: float
) -> None:
    known = facts(remembered_of(heard))
    now = max((o.at for o in heard), default=START)

    def opinion(at: datetime) -> bool:
        counts = window_of(known, NAME, hours * HOUR, at).counts
        return counts.runs >= 3 and counts.bad > threshold * counts.runs

    for _ in range(len(heard) + 1):
        window = window_of(known, NAME, hours * HOUR, now)
        changes_at = window.changes_at(lambda c: c.runs >= 3 and c.bad > threshold * c.runs)
        until = now + 10 * DAY if changes_at is None else changes_at
        steps = [o.at + hours * HOUR for o in heard if now < o.at + hours * HOUR < until]
        assert all(opinion(at) == opinion(now) for at in steps)
        if changes_at is None:
            return
        assert opinion(changes_at) != opinion(now)
        now = changes_at
    raise AssertionError("more changes than runs")


@settings(law, max_examples=40)
@given(seed=st.integers(0, 10**6), count=st.integers(30, 150), names=st.sampled_from([12, 25, 40]))
def test_no_run_is_counted_twice_and_none_is_lost_whatever_becomes_of_it(
    seed: int, count: int, names: int
) -> None:
    job = Job(name="etl", environment="production", registered_at=START - HOUR)
    life, dice = Life(job=job, state=JobState(), now=START), Random(seed)
    for seq in range(1, count + 1):
        life.now += dice.choice([0.5, 1, 4, 20, 70]) * MINUTE
        happened_at = life.now - dice.choice([0, 0, 0, 0.05, 3, 45]) * MINUTE
        life.hear(
            CheckIn(
                job="etl",
                kind=dice.choice(KINDS),
                at=happened_at,
                received_at=life.now,
                run=f"run-{dice.randrange(names)}",
                seq=seq,
                backfill=dice.random() < ONE_IN_TEN / 4,
                attempt=dice.choice([None, None, 1, 2]),
                records=Records(ok=1),
            )
        )
    state = life.state
    known = sum(o.is_run and not o.backfill for o in state.recent)
    tallied = sum(t.runs for t in read_tallies(state.tallies))
    open_keys = {run.key for run in state.open_runs}
    ended = [run for key, run in life.kept.items() if key not in open_keys and not run.backfill]

    assert known + tallied == sum(
        not run.status.is_open and run.status is not RunStatus.SKIPPED for run in ended
    )
