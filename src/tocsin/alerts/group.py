"""Alerts that are told together, so that a storm is one message and not ten thousand. Pure.

The first alert of a group is told at once, and one that must wake somebody and is not one of many as well.
What follows waits a moment for more to come; few are then told one by one, many as one message that says how
many there are, which came first and what they share.
"""

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from tocsin.alerts.alert import AtRisk
from tocsin.alerts.causes import TROUBLE, Cause
from tocsin.oncall.escalation import Climb
from tocsin.rules.finding import Severity

THROTTLED = "throttled"
SHARED_BY = 0.5
PAGE_EVERY = timedelta(seconds=30)
MAX_BESIDE = 50


class Pace(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How long to gather: `wait` after the newest alert, never longer than `interval` after the first.

    As one are told `together_from` and more that came within `interval`; what goes on is repeated, and with
    `repeats_past` also what is over and told once elsewhere.
    """

    wait: timedelta = timedelta(seconds=30)
    interval: timedelta = timedelta(minutes=5)
    together_from: int = 5
    repeat_every: timedelta = timedelta(hours=4)
    repeats_past: bool = False

    @property
    def page_every(self) -> timedelta:
        """How far apart pages come at least that are told as one: however short `wait` is, a storm is few."""
        return min(PAGE_EVERY, self.interval)


EACH_ALONE = Pace(wait=timedelta(0), interval=timedelta(0))


class Member(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One of the alerts of a group, in the few words in which a message names it."""

    alert_id: str
    job_id: int
    job: str
    environment: str
    summary: str
    at: datetime


class Alone(Struct, frozen=True, kw_only=True, gc=False):
    """An alert that was told by itself, and when."""

    alert_id: str
    at: datetime


class Group(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The alerts of one route and the same values of its labels, while anything is owed of them.

    It keeps the `pace` that it began with. `told` are the instants within the last interval at which
    something was told, `together_at` when last as one, `batch` how often anew, `batches_at` when the last of
    these. `waiting` were added since, from `waiting_since_at` to `added_at`; `named` are the first of them.
    `released` may be told one by one.
    Of those that were told as one, `open` are not over, somebody has `taken` so many of these in hand, others
    are told `apart` since, or kept from it, and `over` have ended, `unwatched` of them only because nobody
    looks at them any more; `total` is how many ever were among them, or wait to be. Of what waits, `again`
    were told as one of it before. `targets` are those who were
    told, `seq` numbers what they were told, and `heard` are the numbers that each of them was told last.
    `due_at` is when there may be more to say; before `quiet_until`, when the time intervals of its route are
    over, nothing but that all of it is.
    `climb` is how far its escalation policy has been climbed for those that were told as one, `deadline_at`
    the earliest deadline among them, and `taken_by` who last took one in hand; `told_in_hand`: it was said
    that somebody has all of them. `alone` were told by themselves within the last interval; `beside` were so
    before the others were told as one, and are escalated with these. What waits is told only after
    `hushed_until`, since `hushed_at`, when silences that were made meanwhile cover some of it: these leave
    first. `at_risk` are the jobs that need theirs. `is_louder`: some of what waits was told as one of it
    before, `is_worse`: and was less severe then. After a turn that could not be taken nothing is said
    before `aside_until`.
    Nothing is repeated before `muted_until`, while all that is in nobody's hand is muted. The newest page
    came at `page_at`; those that wait have done so since `page_waits_since_at`.
    """

    id: str
    key: str
    receiver: str
    labels: tuple[tuple[str, str], ...]
    opened_at: datetime
    severity: Severity
    pace: Pace = Pace()
    told: tuple[datetime, ...] = ()
    together_at: datetime | None = None
    batch: int = 0
    batches_at: tuple[datetime, ...] = ()
    waiting: int = 0
    again: int = 0
    waiting_since_at: datetime | None = None
    added_at: datetime | None = None
    named: tuple[Member, ...] = ()
    first: Member | None = None
    released: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()
    open: int = 0
    taken: int = 0
    apart: int = 0
    over: int = 0
    unwatched: int = 0
    total: int = 0
    targets: tuple[str, ...] = ()
    seq: int = 0
    heard: tuple[tuple[str, int], ...] = ()
    due_at: datetime | None = None
    quiet_until: datetime | None = None
    closed_at: datetime | None = None
    climb: Climb | None = None
    deadline_at: datetime | None = None
    taken_by: str = ""
    told_in_hand: bool = False
    alone: tuple[Alone, ...] = ()
    beside: tuple[str, ...] = ()
    hushed_at: datetime | None = None
    hushed_until: datetime | None = None
    at_risk: AtRisk | None = None
    is_louder: bool = False
    is_worse: bool = False
    aside_until: datetime | None = None
    muted_until: datetime | None = None
    page_at: datetime | None = None
    page_waits_since_at: datetime | None = None

    @property
    def waits_for_somebody(self) -> bool:
        """Whether any of those that were told as one, and that it still tells of, is in nobody's hand."""
        return self.open > self.taken + self.apart

    @property
    def told_of(self) -> int:
        """How many of those that were told as one, and are not over, it still tells of."""
        return self.open - self.apart

    @property
    def told_as_one(self) -> int:
        """How many of its alerts were ever told as one."""
        return self.total - self.waiting + self.again

    @property
    def owes_in_hand(self) -> bool:
        """Whether it is still to be said that somebody has all of those in hand that were told as one."""
        return bool(self.open) and self.open == self.taken and not self.told_in_hand

    @property
    def has_spoken(self) -> bool:
        """Whether some of its alerts were told as one, so that their end is the group's to tell."""
        return self.together_at is not None


def forgetting(group: Group, now: datetime) -> Group:
    """Return the group without what it has said longer ago than its pace's interval."""
    since = now - group.pace.interval
    recent = tuple(at for at in group.told if at > since)
    if recent == group.told:
        return group
    return replace(group, told=recent, alone=tuple(one for one in group.alone if one.at > since))


def shared_cause(group: Group) -> Cause | None:
    """Return what most of the alerts that were added have in common, or None.

    An error comes before everything else, then a job that they need and that is in trouble; of what equally
    many share, a job that they need comes before a label.
    """
    found = [cause for cause in group.causes if cause.count > max(1, group.total * SHARED_BY)]
    found = [cause for cause in found if (cause.kind.removeprefix("label "), cause.what) not in group.labels]
    return max(found, key=_weight, default=None)


def _weight(cause: Cause) -> tuple[bool, bool, int, int]:
    rank = {"upstream": 2, "host": 1}.get(cause.kind, 0)
    return cause.kind == "error", cause.kind == TROUBLE, cause.count, rank
