"""Everything that holds for all jobs while one transaction decides about some of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin.alerts.maintenance import opens_after
from tocsin.alerts.matcher import compile_pattern, match_all, read_matcher
from tocsin.alerts.muting import Mute, muted
from tocsin.alerts.silence import Silence, pending
from tocsin.alerts.telling import Manners
from tocsin.engine.configuration import Configuration
from tocsin.jobs.job import Definition, Job, JobKey
from tocsin.jobs.state import BlindWindow
from tocsin.oncall.override import Override
from tocsin.rules.rule import Rule
from tocsin.store.rows import SetAside

MAX_REMEMBERED_JOBS = 20_000


class RuleBook:
    """Which rules of one configuration watch which job; remembers the answer for the latest jobs."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = tuple(
            (
                rule,
                compile_pattern(rule.job_pattern) if rule.job_pattern else None,
                tuple(read_matcher(m) for m in rule.matchers),
            )
            for rule in rules
            if rule.enabled
        )
        self._fits_all = tuple(
            rule for rule, pattern, matchers in self._rules if not pattern and not matchers
        )
        self._remembered: dict[int, tuple[Job, tuple[Rule, ...]]] = {}

    def rules_for(self, job: Job) -> tuple[Rule, ...]:
        """Return the rules whose pattern and matchers fit the job."""
        known = self._remembered.get(job.id)
        if known is not None and (known[0] is job or _matches_alike(known[0], job)):
            return known[1]
        if len(self._remembered) >= MAX_REMEMBERED_JOBS:
            self._remembered.clear()
        found = self._find(job)
        self._remembered[job.id] = (job, found)
        return found

    def _find(self, job: Job) -> tuple[Rule, ...]:
        if len(self._fits_all) == len(self._rules):
            return self._fits_all
        labels = dict(job.all_labels)
        return tuple(
            rule
            for rule, pattern, matchers in self._rules
            if (pattern is None or pattern.match(job.name) is not None) and match_all(matchers, labels)
        )


def _matches_alike(one: Job, other: Job) -> bool:
    return one.all_labels == other.all_labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The configuration under its version, and the facts that concern all jobs."""

    configuration: Configuration
    version: int
    rule_book: RuleBook
    silences: tuple[Silence, ...] = ()
    overrides: tuple[Override, ...] = ()
    blind: tuple[BlindWindow, ...] = ()
    set_aside: Mapping[tuple[str, int], SetAside] = field(default_factory=dict)
    unknown_jobs: frozenset[int] = frozenset()

    @property
    def manners(self) -> Manners:
        """How often to speak."""
        policy = self.configuration.policy
        return Manners(
            repeat_every=policy.repeat_every,
            acknowledged_for=policy.acknowledged_for,
            window=policy.deduplication_window,
            limit=policy.deduplication_limit,
            memory=policy.throttle.memory if policy.throttle is not None else timedelta(0),
            remembered=policy.throttle.limit if policy.throttle is not None else 0,
        )

    def definition_of(self, key: JobKey) -> Definition | None:
        """Return what the file says of a job."""
        return self.configuration.jobs.get(key)

    def is_set_aside(self, rule: str, job_id: int, now: datetime) -> datetime | None:
        """Return until when a rule is not asked about a job."""
        item = self.set_aside.get((rule, job_id))
        return item.until_at if item is not None and item.until_at > now else None

    def mute_of(self, labels: dict[str, str], now: datetime) -> Mute | None:
        """Return what keeps everything about an alert with these labels quiet now."""
        windows = self.configuration.maintenance
        if not self.silences and not windows:
            return None
        return muted(self.silences, windows, labels, now)

    def mute_begins_at(self, labels: dict[str, str], now: datetime) -> datetime | None:
        """Return when something that does not mute these labels now may begin to; None if nothing will."""
        windows = self.configuration.maintenance
        if not self.silences and not windows:
            return None
        begins = [silence.starts_at for silence in pending(self.silences, labels, now)]
        opens_at = opens_after(windows, labels, now)
        return min(begins if opens_at is None else [*begins, opens_at], default=None)

    @property
    def remember_for(self) -> timedelta:
        """How long what was told of a fingerprint matters after its alert is over."""
        manners = self.manners
        return max(manners.window, manners.memory)
