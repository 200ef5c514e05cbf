"""What the engine is told to do: the configuration file as values, without any secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from tocsin.alerts.digest import DigestPlan
from tocsin.alerts.drill import DrillPlan
from tocsin.alerts.flapping import Flapping
from tocsin.alerts.group import Pace
from tocsin.alerts.inhibition import InhibitRule
from tocsin.alerts.maintenance import MaintenanceWindow
from tocsin.alerts.route import Route
from tocsin.alerts.throttle import Throttle
from tocsin.alerts.timeinterval import NamedInterval
from tocsin.engine.pacing import DEFAULT_LIMITS, Limit
from tocsin.jobs.job import Definition, JobKey
from tocsin.oncall import escalation
from tocsin.oncall.responder import Responder
from tocsin.oncall.schedule import OnCallSchedule
from tocsin.rules.failure import FailureTable
from tocsin.rules.known_failures import OUR_TABLE
from tocsin.rules.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The times and limits of telling and keeping.

    `limits` and `at_once` are by kind of channel: how many may go to one target in a time, and at once.
    """

    repeat_every: timedelta = timedelta(hours=4)
    acknowledged_for: timedelta = timedelta(hours=24)
    pace: Pace = field(default_factory=Pace)
    flapping: Flapping | None = field(default_factory=Flapping)
    throttle: Throttle | None = field(default_factory=Throttle)
    deduplication_window: timedelta = timedelta(minutes=60)
    deduplication_limit: int = 3
    flush_wait_for: timedelta = timedelta(minutes=5)
    blind_after: timedelta = timedelta(seconds=30)
    fallback_after: timedelta = timedelta(minutes=2)
    give_up_after: timedelta = timedelta(hours=24)
    lease_for: timedelta = timedelta(seconds=30)
    set_aside_for: timedelta = timedelta(hours=1)
    abandon_after: timedelta = timedelta(days=7)
    keep_logs_for: timedelta = timedelta(days=30)
    keep_runs_for: timedelta = timedelta(days=400)
    limits: Mapping[str, tuple[Limit, ...]] = field(default_factory=lambda: DEFAULT_LIMITS)
    at_once: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One version of what to watch and whom to tell.

    `targets` lists, for each receiver, the names of the channels it speaks through ("on-call/slack");
    the channels themselves are given to the engine beside this. `fallbacks` names the receiver that
    stands in for another; a receiver without one falls back on the root route's. `time_intervals` are
    those that routes may name. `hears_acknowledgements` are the targets that are told when somebody takes
    in hand what they were told of; `digests` are for targets that are told once a day and not at once, and
    so stand in no list of `targets`. `escalations` are the escalation policies by their ids. `digest` is
    equal for two configurations that judge alike. `drills` are begun when their hour comes. `known_failures`
    tell what a failed run has failed of.
    """

    digest: str
    rules: tuple[Rule, ...]
    route: Route
    targets: Mapping[str, tuple[str, ...]]
    fallbacks: Mapping[str, str] = field(default_factory=dict)
    hears_acknowledgements: frozenset[str] = frozenset()
    digests: tuple[DigestPlan, ...] = ()
    time_intervals: Mapping[str, NamedInterval] = field(default_factory=dict)
    inhibit_rules: tuple[InhibitRule, ...] = ()
    maintenance: tuple[MaintenanceWindow, ...] = ()
    escalations: Mapping[str, escalation.Policy] = field(default_factory=dict)
    jobs: Mapping[JobKey, Definition] = field(default_factory=dict)
    defaults: Definition = field(default_factory=Definition)
    policy: Policy = field(default_factory=Policy)
    base_url: str = ""
    responders: Mapping[str, Responder] = field(default_factory=dict)
    on_call_schedules: Mapping[str, OnCallSchedule] = field(default_factory=dict)
    drills: tuple[DrillPlan, ...] = ()
    known_failures: FailureTable = OUR_TABLE
