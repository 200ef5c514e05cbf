"""Whatever mutes what, and in whatever order it happens: at rest somebody has been told of the cause."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from tests.alerts.reckoning import Source, inhibited
from tests.laws.profile import whole_engine
from tests.stories.server import ALIVE_EVERY
from tests.stories.story import Story
from tocsin.alerts.alert import Alert, AlertState
from tocsin.alerts.inhibition import InhibitRule, Side
from tocsin.alerts.upstream import lack_of
from tocsin.engine import auditing, rounds
from tocsin.engine.voicing import labels_of

TARGET: Final = Side.TARGET
JOBS: Final = ("a", "b", "c", "d", "e")
TEAMS: Final = ("red", "blue")
SIDES: Final = (
    *(f"job={job}" for job in JOBS),
    *(f"team={team}" for team in TEAMS),
    "team!=red",
    "condition=job_failure",
    "condition=no_data",
    "severity=critical",
    "severity!=critical",
)
EQUAL: Final = ((), ("team",), ("job",))
# Longer than anything waits for: the settling, a group, the room of deduplication, a cool-down.
REST = timedelta(hours=2, minutes=10)
BEGINS = "2026-03-10 02:00"
TELLING: Final = frozenset({"firing", "louder", "repeat"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Jobs, of which each may need some that stand before it; who runs by the hour; and what mutes what."""

    teams: tuple[str, ...]
    needs: tuple[frozenset[str], ...]
    hourly: frozenset[str]
    rules: tuple[tuple[tuple[str, str], tuple[str, ...]], ...]


_sides = st.sampled_from(SIDES)
# Some have the same on both sides, where an alert must mute neither itself nor its like.
rules = st.tuples(
    st.one_of(st.tuples(_sides, _sides), _sides.map(lambda side: (side, side))), st.sampled_from(EQUAL)
)


@st.composite
def towns(draw: st.DrawFn) -> Town:
    return Town(
        teams=tuple(draw(st.sampled_from(TEAMS)) for _ in JOBS),
        needs=tuple(
            draw(st.frozensets(st.sampled_from(JOBS[:n] or JOBS), max_size=2)) - {JOBS[n]} for n in _NUMBERS
        ),
        hourly=draw(st.frozensets(st.sampled_from(JOBS), max_size=2)),
        rules=tuple(draw(st.lists(rules, max_size=3))),
    )


_NUMBERS: Final = range(len(JOBS))
events = st.tuples(
    st.sampled_from([0, 0, 5, 14, 16, 40, 600, 4_000]),
    st.sampled_from(JOBS),
    st.sampled_from(["fails", "fails", "fails", "is empty", "succeeds", "succeeds", "is taken", "dies"]),
)


@contextmanager
def lived(town: Town, life: list[tuple[int, str, str]]) -> Iterator[Story]:
    """Return a story in which this has happened, and then nothing for long."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounds, "ALIVE_EVERY", ALIVE_EVERY)
        patch.setattr(auditing, "SILENT_AFTER", 2 * ALIVE_EVERY)
        patch.setattr(auditing, "TURNED_AFTER", 2 * ALIVE_EVERY)
        story = Story(Path(folder) / "tocsin.db")
        for number, job in enumerate(JOBS):
            needs, team = tuple(sorted(town.needs[number])), (("team", town.teams[number]),)
            story.job(job, upstream=needs, labels=team, schedule="0 * * * *" if job in town.hourly else "")
        for (source, target), equal in town.rules:
            story.inhibits(source, target, *equal)
        try:
            story.until(BEGINS)
            for seconds, job, what in life:
                story.server.live_until(story.clock.at + timedelta(seconds=seconds))
                happens(story, job, what)
            story.server.live_until((story.clock.at + REST).replace(minute=50))
            yield story
        finally:
            story.close()


def happens(story: Story, job: str, what: str) -> None:
    moment = story.at(f"{story.clock.at:%Y-%m-%d %H:%M:%S.%f}")
    if what == "fails":
        moment.fails(job)
    elif what == "succeeds":
        moment.succeeds(job)
    elif what == "is empty":
        moment.succeeds(job, records=0)
    elif what == "is taken":
        if any(one.job == job and one.is_open for one in story.alerts()):
            moment.acknowledges_all("ann")
    else:
        story.server.die()
        story.server.boot(story.configuration)


def muting(alert: Alert, others: dict[str, Alert]) -> Alert | None:
    """Return what mutes an alert, which must be open."""
    if alert.inhibited is None or alert.inhibited.by is None or not alert.inhibited.is_by_another:
        return None
    return others[alert.inhibited.by.alert_id]


def by_rules(rules: tuple[InhibitRule, ...], open_: dict[str, Alert]) -> set[str]:
    """Return what the rules mute, by what they say of all that is open now and not only held open."""
    firing = [
        one for one in open_.values() if not one.flapping or any(t.side is not TARGET for t in one.ties)
    ]
    sources = [Source(alert_id=one.id, labels=tuple(labels_of(one).items())) for one in firing]
    return {one.id for one in open_.values() if inhibited(rules, labels_of(one), sources) is not None}


def cause_of(alert: Alert, open_: dict[str, Alert]) -> Alert | None:
    """Return what an alert follows from in the end; nothing where it goes round in a circle."""
    for _ in open_:
        source = muting(alert, open_)
        if source is None:
            return alert
        alert = source
    return None


def mutes_itself(alert: Alert, open_: dict[str, Alert], story: Story) -> bool:
    """Whether the rules let an alert mute itself by way of others, so that something of it must be told."""
    reached, to_go = set[str](), [alert]
    while to_go:
        source = to_go.pop()
        sources = (Source(alert_id=source.id, labels=tuple(labels_of(source).items())),)
        for one in open_.values():
            if one.id not in reached and inhibited(story.inhibit_rules, labels_of(one), sources) is not None:
                reached.add(one.id)
                to_go.append(one)
    return alert.id in reached


@whole_engine
@given(town=towns(), life=st.lists(events, min_size=3, max_size=14))
def test_at_rest_whatever_fires_is_told_or_follows_from_what_fires(
    town: Town, life: list[tuple[int, str, str]]
) -> None:
    with lived(town, life) as story:
        open_ = {one.id: one for one in story.alerts() if one.is_open}
        heard = {h.message.alert_id for h in story.messages if h.message.kind.value in TELLING}
        named = by_rules(story.inhibit_rules, open_)
        for alert in open_.values():
            source = muting(alert, open_)
            event("muted" if source is not None else "told")
            assert alert.id not in named or source is not None or mutes_itself(alert, open_, story)
            if source is None:
                is_told = not heard.isdisjoint({alert.id, *(one.group for one in alert.pooled)})
                assert is_told or alert.state is not AlertState.FIRING
                continue
            above = muting(source, open_)
            assert cause_of(alert, open_) is not None
            if alert.id not in named:
                event("muted along a dependency")
                assert lack_of(alert) is not None
                assert above is None
