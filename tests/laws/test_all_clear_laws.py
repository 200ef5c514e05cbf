"""Whatever is taken, put off, muted, gets worse or ends: no message says that all is over before it is.

And at rest nobody is forgotten: what fires and is kept quiet by nothing was told since it last had to be.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from tests.laws.profile import whole_engine
from tests.stories.server import ALIVE_EVERY
from tests.stories.story import Story
from tocsin.alerts.alert import Alert, AlertState, Left, Pooled, SnoozeEnd
from tocsin.alerts.group import Group, Pace
from tocsin.alerts.matcher import read_matcher
from tocsin.alerts.muting import muted
from tocsin.engine import auditing, rounds
from tocsin.engine.commands import (
    Acknowledge,
    AcknowledgeGroup,
    AddSilence,
    Command,
    ExpireSilence,
    Resolve,
    ResolveGroup,
    Snooze,
)
from tocsin.engine.voicing import labels_of
from tocsin.rules.finding import Severity

JOBS: Final = tuple(f"job-{number}" for number in range(6))
BEGINS: Final = "2026-03-10 02:00"
# Longer than anything waits for: a group, the settling, the room of deduplication, a cool-down.
REST: Final = timedelta(hours=2, minutes=10)
TELLING: Final = frozenset({"firing", "louder", "repeat", "escalated"})
SECONDS: Final = (0, 0, 3, 20, 31, 90, 301, 600, 1_300, 4_000)
OF_MANY: Final = ("storm", "worse", "calm", "group taken", "group taken for", "all taken for", "group over")
OF_FEW: Final = ("fails", "succeeds", "taken for", "taken", "snoozed", "resolved")
MUTING: Final = (
    *("silenced", "silenced for", "silence of one", "lifted"),
    *("source fails", "source succeeds", "window begins", "window ends"),
)
WHATEVER: Final = (*OF_MANY, *OF_MANY, *OF_FEW, *MUTING, "dies", "away")
events = st.tuples(st.sampled_from(SECONDS), st.sampled_from(WHATEVER), st.sampled_from(JOBS))


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[int, str, str]]:
    """Return what happens after a storm that was told, and mostly until all is well."""
    life = draw(st.lists(events, min_size=3, max_size=14))
    ends = draw(st.sampled_from([(), ((600, "calm", JOBS[0]),), ((4_000, "calm", JOBS[0]),)]))
    return [(0, "storm", JOBS[0]), (draw(st.sampled_from([0, 40, 600])), "fails", JOBS[1]), *life, *ends]


class Witness:
    """Remembers what was told as one, and sees at each step that no end was told too early."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self._told_as_one: dict[str, set[str]] = {}
        self._heard = 0

    def look(self) -> None:
        alerts = {alert.id: alert for alert in self.story.alerts()}
        for heard in self.story.messages[self._heard :]:
            if heard.message.tells_of_many and heard.message.kind.value == "resolved":
                event("an end of many was told")
                members = self._told_as_one.get(heard.message.alert_id, set())
                left = [one for one in members if not _is_over(alerts[one], heard.at)]
                assert left == [], f"{heard.message.text} at {heard.at}"
        self._heard = len(self.story.messages)
        with self.story.server.store.reading() as reading:
            groups = reading.groups(100)
        for group in groups:
            bonds = [
                (alert, one) for alert in alerts.values() for one in alert.bonds if one.group == group.id
            ]
            told = [(alert, one) for alert, one in bonds if one.batch < group.batch]
            self._told_as_one.setdefault(group.id, set()).update(alert.id for alert, _ in told)
            see_that_a_group_counts_right(group, bonds)


def see_that_a_group_counts_right(group: Group, bonds: list[tuple[Alert, Pooled | Left]]) -> None:
    """See that what a group says of its alerts is what these say of it."""
    pooled = [(alert.id, one) for alert, one in bonds if isinstance(one, Pooled)]
    waits = [(name, one) for name, one in pooled if one.batch == group.batch and name not in group.released]
    released = [one for name, one in pooled if one.batch == group.batch and name in group.released]
    told_before = [one for one in released if one.was_told]
    left = [one for _, one in bonds if isinstance(one, Left) and not one.is_taken]
    counted = (group.waiting, group.again, group.open, group.taken, group.apart)
    assert counted == (
        len(waits),
        len([one for _, one in waits if one.was_told]),
        len(bonds) - len(waits) - len(released) + len(told_before),
        len([one for _, one in bonds if one.is_taken]),
        len(left) + len(told_before),
    )


def _is_over(alert: Alert, at: datetime) -> bool:
    return alert.resolved_at is not None and alert.resolved_at <= at


@contextmanager
def lived(life: list[tuple[int, str, str]], *, by_severity: bool) -> Iterator[Story]:
    """Return a story in which this has happened, and then nothing for long."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounds, "ALIVE_EVERY", ALIVE_EVERY)
        patch.setattr(auditing, "SILENT_AFTER", 2 * ALIVE_EVERY)
        patch.setattr(auditing, "TURNED_AFTER", 2 * ALIVE_EVERY)
        story = Story(Path(folder) / "tocsin.db")
        witness = Witness(story)
        pace = Pace(together_from=2)
        story.policy = replace(story.policy, pace=pace, flapping=None, throttle=None)
        story.rule("job_failure", severity="warning")
        story.rule("job_failure", name="often", severity="critical", in_a_row=2)
        story.inhibits("job=source", "job=~job-.*")
        if not by_severity:
            story.route = replace(story.route, group_by=("condition",))
        try:
            story.until(BEGINS)
            for seconds, what, job in life:
                story.server.live_until(story.clock.at + timedelta(seconds=seconds))
                witness.look()
                happens(story, what, job)
                witness.look()
            for _ in range(13):
                story.server.live_until(story.clock.at + REST / 13)
                witness.look()
            yield story
        finally:
            story.close()


def happens(story: Story, what: str, job: str) -> None:
    """Let something happen now: to all jobs, to one of them, to what is muted, or to the server."""
    moment = story.at(f"{story.clock.at:%Y-%m-%d %H:%M:%S.%f}")
    match what:
        case "storm" | "worse" | "calm":
            for one in JOBS:
                moment.succeeds(one) if what == "calm" else moment.fails(one)
        case "fails" | "source fails":
            moment.fails("source" if what == "source fails" else job)
        case "succeeds" | "source succeeds":
            moment.succeeds("source" if what == "source succeeds" else job)
        case "window begins" | "window ends":
            story.maintenance.clear()
            if what == "window begins":
                story.maintains("upgrade", "condition=job_failure", "")
            story.reloads()
        case "dies" | "away":
            story.server.die()
            story.clock.at += timedelta(minutes=25 if what == "away" else 0)
            story.server.boot(story.configuration)
        case _:
            for command in said_of(story, what, job):
                story.server.order(command)


def said_of(story: Story, what: str, job: str) -> list[Command]:
    """Return what somebody orders now, of a group, an alert, or what is to be muted."""
    now = story.clock.at
    soon, groups = now + timedelta(minutes=20), _groups(story)
    alerts = [alert for alert in story.alerts() if alert.is_open]
    of_job = [alert for alert in alerts if alert.job == job]
    with story.server.store.reading() as reading:
        silences = reading.silences(ended_since=now)
    made: dict[str, list[Command]] = {
        "group taken": [AcknowledgeGroup(group_id=one, who="ann") for one in groups],
        "group taken for": [AcknowledgeGroup(group_id=one, who="ann", until_at=soon) for one in groups],
        "group over": [ResolveGroup(group_id=one, who="ann") for one in groups[:1]],
        "taken": [Acknowledge(alert_id=one.id, who="bob") for one in of_job],
        "taken for": [Acknowledge(alert_id=one.id, who="bob", until_at=soon) for one in of_job],
        "all taken for": [Acknowledge(alert_id=one.id, who="bob", until_at=soon) for one in alerts],
        "snoozed": [Snooze(alert_id=one.id, who="bob", end=SnoozeEnd.TIME, until_at=soon) for one in alerts],
        "resolved": [Resolve(alert_id=one.id, who="bob") for one in of_job],
        "silenced": [_silence("condition=job_failure", now, timedelta(days=1))],
        "silenced for": [_silence("condition=job_failure", now, timedelta(minutes=30))],
        "silence of one": [_silence(f"job={job}", now, timedelta(minutes=30))],
        "lifted": [ExpireSilence(silence_id=one.id, who="ann") for one in silences],
    }
    return made[what]


def _groups(story: Story) -> list[str]:
    with story.server.store.reading() as reading:
        return [group.id for group in sorted(reading.groups(100), key=lambda group: group.opened_at)]


def _silence(matcher: str, now: datetime, lasts: timedelta) -> AddSilence:
    matchers = (read_matcher(matcher),)
    return AddSilence(matchers=matchers, starts_at=now, ends_at=now + lasts, who="ann", comment="known")


def is_muted(story: Story, alert: Alert) -> bool:
    """Whether something keeps an alert quiet now."""
    with story.server.store.reading() as reading:
        silences = reading.silences(ended_since=story.clock.at)
    mute = muted(silences, story.maintenance, labels_of(alert), story.clock.at)
    return mute is not None or alert.inhibited is not None or alert.snooze is not None


@whole_engine
@given(life=lives(), by_severity=st.booleans())
def test_no_end_is_told_too_early_and_nobody_is_forgotten(
    life: list[tuple[int, str, str]], *, by_severity: bool
) -> None:
    with lived(life, by_severity=by_severity) as story:
        for alert in story.alerts():
            if alert.state is not AlertState.FIRING or is_muted(story, alert):
                continue
            event("something fires in the end")
            names = {alert.id, *(one.group for one in alert.pooled)}
            told = [
                h for h in story.messages if h.message.alert_id in names and h.message.kind.value in TELLING
            ]
            assert told, f"{alert.job} was never told"
            last_at = max(h.at for h in told)
            assert last_at >= (alert.due_again_at or alert.opened_at), f"{alert.job} is forgotten"
            worst = max(Severity[h.message.severity.upper()] for h in told)
            assert worst >= alert.severity, f"{alert.job} got worse and nobody was told"
        see_that_each_was_told_once(story)


def see_that_each_was_told_once(story: Story) -> None:
    """See that nobody hears for the first time twice of the same alert."""
    known: dict[tuple[str, str], datetime] = {}
    for heard in story.messages:
        name = heard.target, heard.message.alert_id
        if heard.message.tells_of_many:
            continue
        if heard.message.kind.value == "firing":
            assert name not in known, f"{heard.message.job} at {heard.at}, and at {known[name]}"
            known[name] = heard.at
        elif heard.message.kind.value == "resolved":
            known.pop(name, None)
