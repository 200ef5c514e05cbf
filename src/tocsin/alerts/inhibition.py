"""Inhibition: while one alert fires, others that follow from it are not told.

Alertmanager's `inhibit_rules`, to the letter: a firing alert that matches the source side mutes those that
match the target side, if both have equal values of all labels under `equal`, where a label that is missing is
empty. An alert that matches both sides is muted only by one that does not, so that none mutes itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tocsin.alerts.matcher import Matcher, match_all


@dataclass(frozen=True, slots=True, kw_only=True)
class InhibitRule:
    """Which alerts mute which; `name` is for people."""

    source_matchers: tuple[Matcher, ...]
    target_matchers: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()
    name: str = ""

    def has_source(self, labels: dict[str, str]) -> bool:
        """Whether an alert with these labels mutes others while it fires."""
        return match_all(self.source_matchers, labels)

    def has_target(self, labels: dict[str, str]) -> bool:
        """Whether an alert with these labels can be muted."""
        return match_all(self.target_matchers, labels)

    def equals(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """Return the values that a source and a target must share."""
        return tuple(labels.get(name, "") for name in self.equal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An alert that fires now, as far as it may mute others; `labels` are what routes match, too."""

    alert_id: str
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhibition:
    """That an alert is muted: by which alert, and under which rule (its number, from 0)."""

    alert_id: str
    rule: int


class Inhibitors:
    """The firing alerts, by what they mute; made once for many questions."""

    def __init__(self, rules: tuple[InhibitRule, ...], sources: Iterable[Source]) -> None:
        self._rules = rules
        self._by_rule: list[dict[tuple[str, ...], list[_Firing]]] = [{} for _ in rules]
        for source in sources:
            labels = dict(source.labels)
            for rule, by_values in zip(rules, self._by_rule, strict=True):
                if rule.has_source(labels):
                    firing = _Firing(alert_id=source.alert_id, is_target=rule.has_target(labels))
                    by_values.setdefault(rule.equals(labels), []).append(firing)

    def of(self, labels: dict[str, str]) -> Inhibition | None:
        """Return what mutes an alert with these labels, by the first rule that does; or None."""
        for number, (rule, by_values) in enumerate(zip(self._rules, self._by_rule, strict=True)):
            if not by_values or not rule.has_target(labels):
                continue
            firing = by_values.get(rule.equals(labels), ())
            is_source = bool(firing) and rule.has_source(labels)
            found = next((one for one in firing if not (is_source and one.is_target)), None)
            if found is not None:
                return Inhibition(alert_id=found.alert_id, rule=number)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Firing:
    alert_id: str
    is_target: bool


def inhibited(
    rules: tuple[InhibitRule, ...], labels: dict[str, str], sources: Iterable[Source]
) -> Inhibition | None:
    """Return what mutes an alert with these labels while these others fire, or None."""
    return Inhibitors(rules, sources).of(labels)
