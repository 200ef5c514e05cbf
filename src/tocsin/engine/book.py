"""Everything that holds for all jobs while one transaction decides about some of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from tocsin.alerts.maintenance import opens_after
from tocsin.alerts.matcher import match_all, read_matcher
from tocsin.alerts.muting import Mute, muted
from tocsin.alerts.silence import Silence, pending
from tocsin.alerts.telling import Manners
from tocsin.engine.configuration import Configuration, Policy
from tocsin.jobs.job import Definition, Job, JobKey
from tocsin.jobs.state import BlindWindow, HeldTo
from tocsin.oncall.override import Override
from tocsin.quality.remembering import by_identity
from tocsin.rules.good_runs import held_to
from tocsin.rules.judge import concerning
from tocsin.rules.pattern import PatternSet
from tocsin.rules.rule import Rule
from tocsin.store.rows import SetAside

MAX_REMEMBERED_JOBS = 100_000
MAX_REMEMBERED_DEFINITIONS = 5_000
REMEMBERED_POLICIES = 8
_OF_NEEDS: Final = "upstream"


class _Fit(NamedTuple):
    """Which rules fit a job of this name and definition, which are asked of it, and to what they hold it."""

    name: str
    definition: Definition
    rules: tuple[Rule, ...]
    asked: tuple[Rule, ...]
    held_to: HeldTo | None


class RuleBook:
    """Which rules of one configuration watch which job; remembers the answer for the latest jobs.

    The patterns of all rules are tried at once, for a thousand of them one by one would take longer than all
    the rest of a check-in.
    """

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = tuple(
            (rule, tuple(read_matcher(m) for m in rule.matchers)) for rule in rules if rule.enabled
        )
        self._plain = tuple(n for n, (rule, _) in enumerate(self._rules) if not rule.job_pattern)
        self._patterned = tuple(n for n, (rule, _) in enumerate(self._rules) if rule.job_pattern)
        self._patterns = PatternSet(self._rules[n][0].job_pattern for n in self._patterned)
        is_for_all = not self._patterned and not any(matchers for _, matchers in self._rules)
        self._fits_all = tuple(rule for rule, _ in self._rules) if is_for_all else None
        self._remembered: dict[int, _Fit] = {}
        self._asked: dict[int, _Fit] = {}
        self.asks_of_needs: Final = any(rule.enabled and rule.condition == _OF_NEEDS for rule in rules)
        self._is_any_held = held_to(rule for rule in rules if rule.enabled) is not None
        # Most jobs are watched by the same rules, so that these are kept once.
        self._alike: dict[tuple[int, ...], tuple[Rule, ...]] = {}

    def rules_for(self, job: Job) -> tuple[Rule, ...]:
        """Return the rules whose pattern and matchers fit the job, in the order of the configuration."""
        return self._fits_all if self._fits_all is not None else self._fit(job).rules

    def asked_of(self, job: Job) -> tuple[Rule, ...]:
        """Return those of them that could ever say anything of a job that is defined so."""
        if self._fits_all is None:
            return self._fit(job).asked
        # Jobs that are defined alike share their definition.
        known = self._asked.get(id(job.definition))
        if known is not None and known.definition is job.definition:
            return known.asked
        if len(self._asked) >= MAX_REMEMBERED_DEFINITIONS:
            self._asked.clear()
        fit = _Fit("", job.definition, self._fits_all, concerning(self._fits_all, job.definition), None)
        self._asked[id(job.definition)] = fit
        return fit.asked

    def held_to(self, job: Job) -> HeldTo | None:
        """Return the limits of their own that the rules which watch the job hold its good runs to."""
        return self._fit(job).held_to if self._is_any_held else None

    def _fit(self, job: Job) -> _Fit:
        known = self._remembered.get(job.id)
        if known is not None and known.name == job.name and known.definition is job.definition:
            return known
        if known is None and len(self._remembered) >= MAX_REMEMBERED_JOBS:
            del self._remembered[next(iter(self._remembered))]
        rules = known.rules if known is not None and _matches_alike(known, job) else self._find(job)
        fit = _Fit(job.name, job.definition, rules, concerning(rules, job.definition), held_to(rules))
        self._remembered[job.id] = fit
        return fit

    def asks_of_needs_of(self, job: Job) -> bool:
        """Whether a rule that watches the job asks what is wrong with those that it needs."""
        if not self.asks_of_needs or not job.definition.upstream:
            return False
        return any(rule.condition == _OF_NEEDS for rule in self.asked_of(job))

    def _find(self, job: Job) -> tuple[Rule, ...]:
        labels = dict(job.all_labels)
        fitting = (*self._plain, *(self._patterned[n] for n in self._patterns.fitting(job.name)))
        numbers = tuple(n for n in sorted(fitting) if match_all(self._rules[n][1], labels))
        if numbers not in self._alike:
            if len(self._alike) >= MAX_REMEMBERED_JOBS:
                self._alike.clear()
            self._alike[numbers] = tuple(self._rules[n][0] for n in numbers)
        return self._alike[numbers]


def _matches_alike(known: _Fit, job: Job) -> bool:
    return known.name == job.name and known.definition.labels == job.definition.labels


@by_identity(REMEMBERED_POLICIES)
def _manners_of(policy: Policy) -> Manners:
    return Manners(
        repeat_every=policy.repeat_every,
        acknowledged_for=policy.acknowledged_for,
        window=policy.deduplication_window,
        limit=policy.deduplication_limit,
        memory=policy.throttle.memory if policy.throttle is not None else timedelta(0),
        remembered=policy.throttle.limit if policy.throttle is not None else 0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The configuration under its version, and the facts that concern all jobs.

    `is_mute`: nobody is going to be told, so that what is owed is put into no words.
    """

    configuration: Configuration
    version: int
    rule_book: RuleBook
    silences: tuple[Silence, ...] = ()
    overrides: tuple[Override, ...] = ()
    blind: tuple[BlindWindow, ...] = ()
    set_aside: Mapping[tuple[str, int], SetAside] = field(default_factory=dict)
    unknown_jobs: frozenset[int] = frozenset()
    is_mute: bool = False

    @property
    def manners(self) -> Manners:
        """How often to speak."""
        return _manners_of(self.configuration.policy)

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
