"""Inhibition: while one alert fires, others that follow from it are not told.

Alertmanager's `inhibit_rules`, to the letter: a firing alert that matches the source side mutes those that
match the target side, if both have equal values of all labels under `equal`, where a label that is missing is
empty. An alert that matches both sides is muted only by one that does not, so that none mutes itself.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from tocsin.alerts.matcher import Matcher, match_all

SETTLE_FOR: Final = timedelta(seconds=15)
"""How long what can be muted waits for an alert that mutes it, and after the end of that one."""


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

    def mutes(self, source: dict[str, str], target: dict[str, str]) -> bool:
        """Whether an alert with the labels of the source keeps one with those of the target quiet."""
        if not (self.has_source(source) and self.has_target(target)):
            return False
        are_both = self.has_target(source) and self.has_source(target)
        return not are_both and self.equals(source) == self.equals(target)


class Side(Enum):
    """What an alert is to others under a key; BOTH is a source that could itself be muted under it."""

    SOURCE = "source"
    BOTH = "both"
    TARGET = "target"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """A key under which an alert mutes others or can be muted: a rule with equal values, or a needed job."""

    key: str
    side: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Bond:
    """A tie with whose it is, as it is found by its key."""

    key: str
    side: Side
    alert_id: str
    job_id: int
    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhibitor:
    """The open alert that mutes another; `rule` is the rule's name, empty along a dependency.

    One of the same job tells of the same `run`, which is empty while that has not started.
    """

    alert_id: str
    job: str
    rule: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhibited:
    """That an alert is muted, by what and since when.

    `until_at` is set once that is over, or when none was found that mutes it: until then it waits
    whether one comes.
    """

    by: Inhibitor | None
    since_at: datetime
    until_at: datetime | None = None

    @property
    def is_by_another(self) -> bool:
        """Whether an alert that is open mutes it now."""
        return self.until_at is None


def settled(before: Inhibited | None, found: Inhibitor | None, now: datetime) -> Inhibited | None:
    """Return whether an alert is muted from now on, given what it was before and what mutes it now.

    After the end of what muted it, it waits for SETTLE_FOR: in that time it may end as well, or another
    may begin that explains it.
    """
    if found is not None:
        if before is not None and before.is_by_another:
            return before if before.by == found else replace(before, by=found)
        return Inhibited(by=found, since_at=now)
    if before is None:
        return None
    if before.until_at is None:
        return replace(before, until_at=now + SETTLE_FOR)
    return before if before.until_at > now else None


def waiting(now: datetime) -> Inhibited:
    """Return that an alert which has just opened waits for one that mutes it."""
    return Inhibited(by=None, since_at=now, until_at=now + SETTLE_FOR)


def ties_of(rules: Iterable[InhibitRule], labels: dict[str, str]) -> tuple[Tie, ...]:
    """Return what ties an alert with these labels to others by the rules, in the order of the rules."""
    ties = []
    for rule in rules:
        is_source, is_target = rule.has_source(labels), rule.has_target(labels)
        if is_source or is_target:
            key = key_of(rule, labels)
            if is_source:
                ties.append(Tie(key=key, side=Side.BOTH if is_target else Side.SOURCE))
            if is_target:
                ties.append(Tie(key=key, side=Side.TARGET))
    return tuple(ties)


def name_of(rules: Iterable[InhibitRule], labels: dict[str, str], key: str) -> str:
    """Return what the rule behind a key is called: its name, or else its place in the file."""
    found = ((n, rule) for n, rule in enumerate(rules) if key_of(rule, labels) == key)
    return next((rule.name or f"inhibit_rules[{number}]" for number, rule in found), "")


def key_of(rule: InhibitRule, labels: Mapping[str, str]) -> str:
    """Return the key that a source and a target share: that of the rule and the values that must be equal."""
    return _short(
        "rule", repr((rule.source_matchers, rule.target_matchers, rule.equal)), *rule.equals(labels)
    )


def key_of_job(environment: str, job: str) -> str:
    """Return the key that the alerts of a job share with those of the jobs that need it."""
    return _short("job", environment, job)


def _short(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=10).hexdigest()
