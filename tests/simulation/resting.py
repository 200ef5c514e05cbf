"""When a storm rests: by what its alerts and the silences say, and not by what its group does."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from tests.simulation.world import START
from tocsin.alerts.alert import Alert, Entry, Reason
from tocsin.alerts.group import Group
from tocsin.alerts.matcher import match_all
from tocsin.alerts.silence import Silence
from tocsin.engine.voicing import labels_of

JOINS = {Reason.GROUPED, Reason.ESCALATED_AS_ONE}
TAKEN = {Reason.ACKNOWLEDGED, Reason.SNOOZED}
GIVEN_BACK = {Reason.ACKNOWLEDGEMENT_ENDED, Reason.SNOOZE_ENDED}
GONE = {Reason.LOUDER, Reason.TOLD}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when to when somebody was to be told of a storm, in seconds of true time."""

    begin: float
    end: float


class Resting:
    """Which of the alerts of a group were in nobody's hand, and muted by nothing, and when.

    Worth asking only in a world whose clocks never jumped.
    """

    def __init__(
        self,
        alerts: Iterable[Alert],
        histories: Mapping[str, Sequence[Entry]],
        silences: Sequence[Silence],
    ) -> None:
        self._alerts = tuple(alerts)
        self._histories = histories
        self._silences = silences

    def awake(self, group: Group, told: Sequence[float]) -> list[Span]:
        """Return the spans in which any alert of a group waited for somebody, in their order.

        `told` is when some were told as one; whatever joined the group since waits for that first.
        """
        spans: list[Span] = []
        loud = (span for alert in self._alerts for span in self._loud(alert, group, told))
        for span in sorted(loud, key=lambda one: one.begin):
            if spans and span.begin <= spans[-1].end:
                spans[-1] = Span(begin=spans[-1].begin, end=max(spans[-1].end, span.end))
            else:
                spans.append(span)
        return spans

    def _loud(self, alert: Alert, group: Group, told: Sequence[float]) -> Iterable[Span]:
        """Return the spans in which one alert waited for somebody as one of a group."""
        history = self._histories[alert.id]
        if not any(_joins(entry, group) for entry in history):
            return
        changes = {_seconds(at) for at in (alert.resolved_at, *(entry.at for entry in history)) if at}
        changes |= set(told)
        changes |= {_seconds(at) for one in self._silences for at in (one.starts_at, one.ends_at)}
        for begin, end in pairwise([*sorted(changes), math.inf]):
            if self._waits(alert, group, told, begin):
                yield Span(begin=begin, end=end)

    def _waits(self, alert: Alert, group: Group, told: Sequence[float], at: float) -> bool:
        joined_at, is_taken, is_muted, is_beside = math.inf, False, False, False
        if alert.resolved_at is not None and at >= _seconds(alert.resolved_at):
            return False
        for entry in self._histories[alert.id]:
            if _seconds(entry.at) > at:
                break
            if _joins(entry, group):
                joined_at, is_taken = _seconds(entry.at), False
                is_beside = entry.reason is Reason.ESCALATED_AS_ONE
            elif entry.reason in GONE:
                joined_at = math.inf
            elif entry.reason in TAKEN | GIVEN_BACK:
                is_taken = entry.reason in TAKEN
            elif entry.reason in (Reason.INHIBITED, Reason.INHIBITION_ENDED):
                is_muted = entry.reason is Reason.INHIBITED
        is_bound = joined_at <= at and (is_beside or any(joined_at <= one <= at for one in told))
        return is_bound and not is_taken and not is_muted and not self._is_silenced(alert, at)

    def _is_silenced(self, alert: Alert, at: float) -> bool:
        """Whether a silence covers an alert at an instant: not as the alert came to know it."""
        labels = labels_of(alert)
        return any(
            _seconds(one.starts_at) <= at < _seconds(one.ends_at) and match_all(one.matchers, labels)
            for one in self._silences
        )


def _joins(entry: Entry, group: Group) -> bool:
    return entry.reason in JOINS and entry.note.endswith(group.id)


def _seconds(at: datetime) -> float:
    return (at - START).total_seconds()
