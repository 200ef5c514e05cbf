"""The reckoning of inhibition: muted while its source is open, by nothing else, and told after that."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tests.simulation.server import Server
from tests.simulation.setting import MUTED_BY
from tests.simulation.world import START, World
from tocsin.alerts.alert import Alert, AlertState, Entry, Reason
from tocsin.alerts.inhibition import SETTLE_FOR

SPOKE = {
    Reason.TOLD,
    Reason.REPEATED,
    Reason.CAUGHT_UP,
    Reason.ESCALATION_BEGUN,
    Reason.ESCALATED,
    Reason.ESCALATION_WENT_ON,
}
TURNS = {Reason.FLAPPING, Reason.SETTLED}
ABOUT_MUTING = {Reason.INHIBITED, Reason.INHIBITION_ENDED}
# What a server needs that fails for some seconds, or whose answer to a commit is lost.
SLACK = timedelta(seconds=60)
BY_ALERT = re.compile(r"while alert (\S+) of ")


def is_muted(alert: Alert) -> bool:
    """Whether another alert mutes it now."""
    return alert.inhibited is not None and alert.inhibited.is_by_another


class Muting:
    """Judges what was muted, by when the alerts that mute it opened and ended."""

    def __init__(
        self,
        world: World,
        server: Server,
        alerts: Iterable[Alert],
        histories: Mapping[str, Sequence[Entry]],
    ) -> None:
        self._world = world
        self._server = server
        self._alerts = {alert.id: alert for alert in alerts}
        self._histories = histories
        # An instant of a clock that was moved tells nothing of the order of things.
        self._jumps = "clock forward" in world.sometimes or "clock back" in world.sometimes

    def judge(self, alert: Alert, history: Sequence[Entry]) -> None:
        """Accuse an alert that was told while muted, or muted by nothing, or for too long."""
        self._as_the_rules_say_now(alert)
        self._said_once(alert, history)
        if not self._jumps:
            self._not_told_meanwhile(alert, history)
            self._begins_with_its_source(alert, history)
            self._ends_with_its_source(alert, history)
            self._told_after_it(alert, history)

    def was_short(self, alert: Alert, history: Sequence[Entry]) -> bool:
        """Whether an alert that can be muted was over, or in hand, before it had waited for what mutes it."""
        if not self._world.swarm.inhibits or len(history) == 1:
            return False
        return self._jumps or history[1].at <= self._at_the_latest(alert.opened_at, SETTLE_FOR)

    def _as_the_rules_say_now(self, alert: Alert) -> None:
        """See that at rest, when only failures are open, exactly what a rule names is muted."""
        sources = [source for source in self._sources_of(alert) if source.is_open]
        expected = alert.is_open and bool(sources)
        if is_muted(alert) and alert.is_open:
            self._world.happened("an alert was muted in the end")
        if any(source.flapping for source in sources):
            return  # it mutes while its job is down, and its alert does not say whether it is
        if alert.is_open and is_muted(alert) != expected:
            what = "is muted by nothing" if is_muted(alert) else "is not muted"
            self._world.accuse("muted by rule", f"{alert.id} of {alert.job} {what}")

    def _said_once(self, alert: Alert, history: Sequence[Entry]) -> None:
        known = ""
        for entry in history:
            if entry.reason is Reason.INHIBITION_ENDED:
                known = ""
            elif _source_of(entry):
                if entry.note == known:
                    self._world.accuse("muted once", f"{alert.id} began twice to be muted: {known}")
                known = entry.note

    def _not_told_meanwhile(self, alert: Alert, history: Sequence[Entry]) -> None:
        for entry in history:
            for source in self._sources_of(alert) if entry.reason in SPOKE else ():
                if self._flapped(source, entry.at):
                    continue  # it mutes nothing while its job is well, which its history does not say
                until_at = source.resolved_at
                if source.opened_at < entry.at and (until_at is None or entry.at < until_at):
                    self._world.accuse(
                        "muted",
                        f"{alert.id} of {alert.job} was {entry.reason.value} while {source.id} was open",
                    )

    def _begins_with_its_source(self, alert: Alert, history: Sequence[Entry]) -> None:
        """See that it was muted as soon as both were open, though nothing else happened to its job."""
        for source in self._sources_of(alert):
            by = self._at_the_latest(max(source.opened_at, alert.opened_at), SLACK)
            ends = [one.resolved_at or self._world.now() for one in (alert, source)]
            if by >= min(ends) or self._flapped(source, by):
                continue
            self._world.happened("an alert was to be muted")
            turns = [one for one in history if one.at <= by and one.reason in ABOUT_MUTING]
            if not turns or turns[-1].reason is not Reason.INHIBITED:
                self._world.accuse("muting begins", f"{alert.id} was not muted by {source.id}")

    def _ends_with_its_source(self, alert: Alert, history: Sequence[Entry]) -> None:
        """See that what muted it was open then, and that it was looked at as soon as that was over."""
        turns = [entry for entry in history if entry.reason is Reason.INHIBITION_ENDED or _source_of(entry)]
        ends = [*(entry.at for entry in turns[1:]), alert.resolved_at or self._world.now()]
        for entry, until in zip(turns, ends, strict=False):
            if entry.reason is Reason.INHIBITION_ENDED:
                continue
            self._world.happened("an alert was muted")
            source = self._alerts[_source_of(entry)]
            over_at = source.resolved_at
            if source.opened_at > entry.at or (over_at is not None and over_at < entry.at):
                self._world.accuse("muted", f"{alert.id} was muted by {source.id}, which was not open")
            if over_at is not None and until > self._at_the_latest(over_at, SLACK):
                self._world.accuse("muting ends", f"{alert.id} was muted on when {source.id} was over")

    def _told_after_it(self, alert: Alert, history: Sequence[Entry]) -> None:
        """See that what nobody had heard of is told, or says why not, once nothing mutes it any more."""
        for number, entry in enumerate(history):
            if entry.reason is not Reason.INHIBITION_ENDED:
                continue
            by = self._at_the_latest(entry.at, SETTLE_FOR)
            before = {one.reason for one in history[:number]} - ABOUT_MUTING - {Reason.OPENED}
            after = any(one.at <= by for one in history[number + 1 :])
            holds = alert.state is AlertState.FIRING or (alert.resolved_at or self._world.now()) > by
            if holds and by < self._world.now() and not before and not after:
                self._world.accuse("muting ends", f"{alert.id} was not told once nothing muted it")

    def _flapped(self, source: Alert, at: datetime) -> bool:
        """Whether an alert was held open at an instant because its job flapped."""
        told = (one.reason for one in self._histories[source.id] if one.at <= at and one.reason in TURNS)
        return next(reversed([*told]), None) is Reason.FLAPPING

    def _sources_of(self, alert: Alert) -> list[Alert]:
        if not self._world.swarm.inhibits or alert.job not in MUTED_BY:
            return []
        return [source for source in self._alerts.values() if source.job == MUTED_BY[alert.job]]

    def _at_the_latest(self, since_at: datetime, wait_for: timedelta) -> datetime:
        """Return by when a server has had the time to do what it should do so long after an instant."""
        by = since_at + wait_for + SLACK
        lives = [*self._server.lives, (self._server.up_since, 0.0)]
        for (_, gone), (back, _) in pairwise(lives):
            if self._instant(gone) <= by and self._instant(back) > since_at:
                by = max(by, self._instant(back) + wait_for + SLACK)
        return by

    def _instant(self, seconds: float) -> datetime:
        return START + self._world.agreed + timedelta(seconds=seconds)


def _source_of(entry: Entry) -> str:
    """Return which alert mutes another from now on, if this line says so."""
    found = BY_ALERT.match(entry.note) if entry.reason is Reason.INHIBITED else None
    return found[1] if found else ""
