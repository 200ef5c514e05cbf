"""What is explained is what a look would do: the same verdicts, on the same facts, at the same instant."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.laws.histories import Life, lives
from tests.laws.test_looking_laws import Watcher, books
from tocsin.engine.book import Book
from tocsin.engine.explained_alert import Standing, explain_alert
from tocsin.engine.explanation import Explanation, Stance, explain
from tocsin.engine.looking import Look
from tocsin.jobs.state import JobState
from tocsin.rules.finding import Finding

# A book is long in words, and hypothesis warns of that where it tells of an example that fails.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
law = settings(derandomize=True, database=None, deadline=None, max_examples=80)


def worst_by_print(explained: Explanation) -> dict[str, Finding]:
    worst: dict[str, Finding] = {}
    for one in explained.opinions:
        found = one.verdict.finding
        if found is None:
            continue
        known = worst.get(one.fingerprint)
        if known is None or (found.severity, found.step) > (known.severity, known.step):
            worst[one.fingerprint] = found
    return worst


def uncounted(state: JobState) -> JobState:
    """What is known of a job but for what a look counts and marks: broken promises, and runs at risk."""
    return replace(
        state,
        occurrences=tuple(replace(one, violated=False) for one in state.occurrences),
        open_runs=tuple(replace(run, violations=()) for run in state.open_runs),
        at_risk=(),
        held_to=None,
    )


def looked_at_anew(watcher: Watcher, life: Life) -> tuple[Explanation, Look]:
    """A look at a job of which nobody has told anything, and its explanation at the same instant."""
    watcher.alerts = ()
    return explain(watcher.watch, watcher.book, life.now), watcher.glance(life.now)


@law
@given(life=lives(most=10), book=books(), minutes=st.integers(0, 2_000))
def test_what_is_explained_is_what_a_look_finds(life: Life, book: Book, minutes: int) -> None:
    watcher = Watcher(life, book)
    life.now += timedelta(minutes=minutes)
    explained, seen = looked_at_anew(watcher, life)

    opened = {a.fingerprint: (a.severity, a.step, a.why, a.since_at, a.run) for a in seen.alerts}
    found = worst_by_print(explained)
    assert {k: (f.severity, f.step, f.why, f.since_at, f.run) for k, f in found.items()} == opened
    unknown = {one.verdict.unknown.what for one in explained.opinions if one.verdict.unknown is not None}
    assert unknown <= {what for _, what in seen.unknown}
    assert uncounted(explained.state) == uncounted(seen.state)


@law
@given(life=lives(most=10), book=books(), minutes=st.integers(0, 2_000))
def test_it_is_explained_when_the_look_will_be_repeated(life: Life, book: Book, minutes: int) -> None:
    watcher = Watcher(life, book)
    life.now += timedelta(minutes=minutes)
    explained, seen = looked_at_anew(watcher, life)

    asks = min(seen.asks, default=None)
    assert seen.watch.due_at == asks
    if not seen.alerts:
        assert explained.asks_at == asks
    elif explained.asks_at is not None:
        assert asks is not None
        assert asks <= explained.asks_at


@law
@given(life=lives(most=10), book=books())
def test_an_alert_that_was_just_looked_at_has_nothing_left_to_say(life: Life, book: Book) -> None:
    """Whatever is said of why it is kept quiet: at the same instant a look has said what there was to say."""
    watcher = Watcher(life, book)
    watcher.look(life.now)
    explained = explain(watcher.watch, watcher.book, life.now)
    for alert in watcher.alerts:
        told = explain_alert(alert, watcher.alerts, explained, watcher.book, life.now)
        assert told.utterance.speech is None
        assert told.standing in (Standing.HOLDS, Standing.OVER)
        assert told.opinion is None or told.opinion.stance is Stance.FINDING
