"""The whole file."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from tocsin.config.grammar.base import (
    Name,
    OneOrMore,
    Part,
    ReadableFile,
    SecretText,
    Span,
    WebAddress,
    usable_by,
)
from tocsin.config.grammar.delivery import Delivery
from tocsin.config.grammar.drills import Drills
from tocsin.config.grammar.escalation import EscalationPolicies
from tocsin.config.grammar.failures import FailureRows
from tocsin.config.grammar.jobs import Defaults, Jobs, SlaFiles
from tocsin.config.grammar.maintenance import MaintenanceWindows
from tocsin.config.grammar.means.base import Port
from tocsin.config.grammar.oncall import OnCallSchedules, Responders
from tocsin.config.grammar.routing import InhibitRules, NamedIntervals, RootRoute
from tocsin.config.grammar.rules import Rules
from tocsin.config.grammar.telling import Receivers
from tocsin.config.grammar.watchdog import Watchdog
from tocsin.config.problems import refuse, shown
from tocsin.config.settings import LOOPBACK, PORT
from tocsin.jobs.state import MAX_RECENT

MIN_KEY = 16
MAX_KEYS = 100

Days = Annotated[int, Field(ge=1, le=3_660)]


def _hard_to_guess(secret: str) -> None:
    if len(secret) < MIN_KEY:
        raise ValueError(f"must have at least {MIN_KEY} characters; make one with: openssl rand -base64 32")
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ValueError("must be printable ASCII without blanks, for it goes into a header")


def _database(secret_text: str) -> None:
    scheme, found, _ = secret_text.partition("://")
    if found and scheme not in ("postgresql", "postgres"):
        raise ValueError("must be a path for SQLite or an address that starts with postgresql://")


Key = Annotated[SecretText, usable_by(_hard_to_guess)]


class Deduplication(Part):
    """How often one trouble is told."""

    window_minutes: Annotated[int, Field(ge=1, le=7 * 24 * 60)] = 60
    """Length of the window in minutes; 60 if left out."""

    limit: Annotated[int, Field(ge=1, le=1_000)] = 3
    """Most notifications of one fingerprint within the window; 3 if left out."""


class Flapping(Part):
    """When a job that is good and bad by turns is told once, and not at each turn."""

    enabled: bool = True
    """Whether it is recognised; true if left out."""

    runs: Annotated[int, Field(ge=3, le=MAX_RECENT)] = 10
    """How many of its last runs are looked at, at most 20; 10 if left out."""

    changes: Annotated[int, Field(ge=2, le=MAX_RECENT - 1)] = 5
    """How many changes between good and bad among them make it flap; 5 if left out."""

    settled_runs: Annotated[int, Field(ge=2, le=MAX_RECENT)] = 3
    """How many runs in a row must be alike until it has settled; 3 if left out."""

    @field_validator("changes")
    @classmethod
    def _fewer_than_runs(cls, value: int, info: ValidationInfo) -> int:
        if value >= info.data.get("runs", MAX_RECENT):
            raise refuse(f"must be fewer than 'runs', not {shown(value)}: each change lies between two runs")
        return value


class Throttle(Part):
    """When a job that raises too many alerts is told of as one, but for what is critical."""

    enabled: bool = True
    """Whether jobs are throttled; true if left out."""

    window_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 15
    """Length of the window in minutes; 15 if left out."""

    limit: Annotated[int, Field(ge=2, le=1_000)] = 10
    """Notifications of one job within the window after which it is throttled; 10 if left out."""

    cool_down_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 30
    """How long what is not critical waits then, to be told as one, in minutes; 30 if left out."""


class Alerts(Part):
    """How alerts are told and told again."""

    repeat_interval: Span = "4h"
    """How long a firing alert that nobody acknowledged rests before it is told again; 4h if left out."""

    acknowledged_for: Span = "24h"
    """How long an acknowledgement without an end holds for what goes wrong after it, too; 24h if left out."""

    deduplication: Deduplication = Field(default_factory=Deduplication)
    """How often one trouble is told at most."""

    throttle: Throttle = Field(default_factory=Throttle)
    """When a job has raised too many alerts."""

    flapping: Flapping = Field(default_factory=Flapping)
    """When a job counts as good and bad by turns."""

    fallback_after_minutes: Annotated[float, Field(gt=0, le=24 * 60, allow_inf_nan=False)] = 2
    """Minutes without success after which the fallback is told too; 2 if left out."""

    give_up_after_hours: Annotated[float, Field(gt=0, le=30 * 24, allow_inf_nan=False)] = 24
    """Hours of tries after which a notification is given up, which is shown; 24 if left out."""

    flush_wait_minutes: Annotated[float, Field(ge=0, le=24 * 60, allow_inf_nan=False)] = 5
    """After Tocsin itself was down: minutes before a job without a sign of life is unknown; 5 if left out."""


class Retention(Part):
    """How long is kept what happened."""

    days: Days = 30
    """Days that check-ins and log tails are kept; 30 if left out."""

    run_days: Days = 400
    """Days that one compact row of each run is kept; 400 if left out."""

    @field_validator("run_days")
    @classmethod
    def _runs_outlive_logs(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("days", 0):
            raise refuse(f"must be at least as many as 'days', not {shown(value)}")
        return value


class Server(Part):
    """Where the server listens and where it keeps its data; a change needs a restart."""

    host: Name = LOOPBACK
    """Address to listen on; 127.0.0.1 if left out. Any other needs keys."""

    port: Port = PORT
    """Port to listen on; 8465 if left out."""

    tls_certificate: ReadableFile | None = None
    """Certificate chain (PEM) to serve HTTPS with."""

    tls_key: ReadableFile | None = None
    """Private key (PEM) of the certificate."""

    database: Annotated[SecretText, usable_by(_database)] | None = None
    """Path of the SQLite file, or `postgresql://…`; left out: tocsin.db in the data directory."""


class Keys(Part):
    """Credentials from the file; more are made with `tocsin token create`."""

    ingest: Annotated[list[Key], OneOrMore(), Field(max_length=MAX_KEYS)] | None = None
    """Keys that may only report check-ins: `env:TOCSIN_INGEST_KEY`."""

    users: Annotated[dict[Name, Key], Field(max_length=MAX_KEYS)] | None = None
    """Tokens of people by name: `ada: "file:/run/secrets/ada"`."""


class File(Part):
    """What Tocsin watches and whom it tells: tocsin.yaml."""

    defaults: Defaults = Field(default_factory=Defaults)
    """Promises of every job that does not say otherwise."""

    jobs: Jobs = Field(default_factory=dict)
    """Jobs by name, a list of them where one name runs in several environments; others may check in too."""

    sla_files: SlaFiles | None = None
    """Files with nothing but `defaults` and jobs, read as if their jobs stood here; paths from this file."""

    rules: Rules | None = None
    """What is watched for; a condition that no rule names keeps its default rule."""

    failure_classes: FailureRows | None = None
    """What failures are called and whether they pass by themselves; asked before what Tocsin knows itself."""

    default_rules: bool = True
    """Whether conditions that no rule names are watched by their default rules."""

    route: RootRoute | None = None
    """Who is told of what; left out: the only receiver, or the console."""

    time_intervals: NamedIntervals | None = None
    """Recurring stretches of time in which routes are quiet, or outside of which they are."""

    mute_time_intervals: NamedIntervals | None = None
    """The same under its old name."""

    inhibit_rules: InhibitRules | None = None
    """Which alerts are not told while certain others fire."""

    maintenance: MaintenanceWindows | None = None
    """Recurring stretches of time in which alerts that match are not told."""

    receivers: Receivers | None = None
    """Who can be told; left out: the console alone."""

    responders: Responders | None = None
    """People who can be called upon, by name."""

    oncall: OnCallSchedules | None = None
    """On-call schedules by name: who of the responders is on call when."""

    escalation_policies: EscalationPolicies | None = None
    """Who is told next while nobody has taken an alert in hand; `standard` and `business-hours` are ready."""

    drills: Drills | None = None
    """Marked tests that begin at certain hours, to prove that whoever has to be told would be."""

    alerts: Alerts = Field(default_factory=Alerts)
    """Repeats, limits and waits of what is told."""

    delivery: Delivery = Field(default_factory=Delivery)
    """How many notifications go out, how many at once, and how far."""

    watchdog: Watchdog = Field(default_factory=Watchdog)
    """Who hears from outside that Tocsin itself lives and keeps its promises."""

    retention: Retention = Field(default_factory=Retention)
    """How long check-ins and runs are kept."""

    base_url: Annotated[WebAddress, Field(max_length=500)] | None = None
    """Address under which people reach the server; messages link to it."""

    server: Server = Field(default_factory=Server)
    """Where the server listens and keeps its data."""

    keys: Keys = Field(default_factory=Keys)
    """Credentials from the file."""
