"""A configuration tried on the past, beside another: what each would have told, and to whom."""

from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tocsin.engine.ahead import play
from tocsin.engine.configuration import Configuration
from tocsin.engine.replaying import Event, Replay, What
from tocsin.engine.together import Together
from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.job import Job, JobKey
from tocsin.jobs.run import Run
from tocsin.notify.message import MessageKind
from tocsin.quality.learned import Learned, Taught, learn
from tocsin.quality.series import Series
from tocsin.rules.finding import Severity

NIGHT_BEGINS: Final = time(22)
NIGHT_ENDS: Final = time(6)
PLAYED_AT_ONCE: Final = 10_000
"""So many check-ins are held, so that each job can go on alone through what is at hand of it."""
MOST_LIVES: Final = 200_000
"""So many alerts of each side are compared one by one; more are only counted."""
MOST_LESSONS: Final = 200
MOST_SERIES: Final = 1_000
"""So many jobs' past runs are at hand as they are learned from; those of more are read at each lesson."""

_NEWS: Final = frozenset({MessageKind.FIRING.value, MessageKind.LOUDER.value, MessageKind.ESCALATED.value})
_AGAIN: Final = MessageKind.REPEAT.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many alerts were opened, and how often somebody was told: news, of these pages, and repeats."""

    alerts: int = 0
    messages: int = 0
    pages: int = 0
    repeats: int = 0

    def plus(self, other: "Counts") -> "Counts":
        """Return both together."""
        return Counts(
            alerts=self.alerts + other.alerts,
            messages=self.messages + other.messages,
            pages=self.pages + other.pages,
            repeats=self.repeats + other.repeats,
        )


NONE: Final = Counts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One alert from its opening to its end, as bad as it ever got; `ended_at` None: not before the end."""

    job: JobKey
    condition: str
    rule: str
    fingerprint: str
    severity: Severity
    opened_at: datetime
    summary: str
    ended_at: datetime | None = None
    receivers: tuple[str, ...] = ()

    def meets(self, other: "Life") -> bool:
        """Whether both were open at the same time."""
        starts, ends = max(self.opened_at, other.opened_at), [self.ended_at, other.ended_at]
        return all(end is None or starts <= end for end in ends)


@dataclass(slots=True)
class Side:
    """What came of the past under one configuration, from `counts_from` on."""

    zone: ZoneInfo
    counts_from: datetime
    total: Counts = NONE
    by_job: dict[JobKey, Counts] = field(default_factory=dict)
    by_receiver: dict[str, Counts] = field(default_factory=dict)
    by_night: dict[date, Counts] = field(default_factory=dict)
    lives: dict[str, Life] = field(default_factory=dict)
    uncompared: int = 0

    def take(self, events: Iterable[Event]) -> None:
        """Count what has happened."""
        for event in events:
            if event.what is What.TOLD:
                self._take_told(event)
            elif event.what is not What.KEPT_BACK:
                self._take_turn(event)

    def _take_turn(self, event: Event) -> None:
        if event.what is What.OPENED:
            if event.at >= self.counts_from:
                self._count(event, Counts(alerts=1))
            if len(self.lives) < MOST_LIVES:
                self.lives[event.alert_id] = _life(event)
            else:
                self.uncompared += 1
            return
        life = self.lives.get(event.alert_id)
        if life is None:
            return
        if event.what is What.RESOLVED:
            self.lives[event.alert_id] = replace(life, ended_at=event.at)
        elif event.severity > life.severity:
            self.lives[event.alert_id] = replace(life, severity=event.severity)

    def _take_told(self, event: Event) -> None:
        life = self.lives.get(event.alert_id)
        if life is not None and event.receiver not in life.receivers and event.reason in _NEWS:
            receivers = tuple(sorted((*life.receivers, event.receiver)))
            self.lives[event.alert_id] = replace(life, receivers=receivers)
        if event.at < self.counts_from:
            return
        if event.reason in _NEWS:
            self._count(event, Counts(messages=1, pages=int(event.severity is Severity.PAGE)))
        elif event.reason == _AGAIN:
            self._count(event, Counts(repeats=1))

    def _count(self, event: Event, counts: Counts) -> None:
        self.total = self.total.plus(counts)
        if event.job:
            key = JobKey(event.environment, event.job)
            self.by_job[key] = self.by_job.get(key, NONE).plus(counts)
        if event.receiver:
            self.by_receiver[event.receiver] = self.by_receiver.get(event.receiver, NONE).plus(counts)
        night = night_of(event.at, self.zone)
        if night is not None:
            self.by_night[night] = self.by_night.get(night, NONE).plus(counts)


def _life(event: Event) -> Life:
    return Life(
        job=JobKey(event.environment, event.job),
        condition=event.condition,
        rule=event.rule,
        fingerprint=event.fingerprint,
        severity=event.severity,
        opened_at=event.at,
        summary=event.summary,
    )


def night_of(at: datetime, zone: ZoneInfo) -> date | None:
    """Return the night in which an instant lies, by the day on which it began; None for the day."""
    local = at.astimezone(zone)
    if local.time() >= NIGHT_BEGINS:
        return local.date()
    return local.date() - timedelta(days=1) if local.time() < NIGHT_ENDS else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two sides compared: alerts that only one of them has, and how many of the others are not the same.

    An alert is the same where one of the same job and condition is open at the same time on the other side;
    then it may be `louder` or `quieter` at its worst, come `earlier` or `later`, or reach `others`.
    """

    gained: tuple[Life, ...]
    lost: tuple[Life, ...]
    same: int = 0
    louder: int = 0
    quieter: int = 0
    earlier: int = 0
    later: int = 0
    others: int = 0


def compared(old: Side, new: Side) -> Difference:
    """Return what the new side has more and less than the old one, in the order of the instants."""
    before, after = _grouped(old), _grouped(new)
    gained, lost, counted = list[Life](), list[Life](), Counter[str]()
    for kind in sorted(before.keys() | after.keys()):
        waiting = before.get(kind, deque())
        for life in after.get(kind, ()):
            while waiting and _is_past(waiting[0], life.opened_at):
                lost.append(waiting.popleft())
            met = next((one for one in waiting if one.meets(life)), None)
            if met is None:
                gained.append(life)
                continue
            waiting.remove(met)
            counted.update(_changes(met, life))
        lost += waiting
    return Difference(
        gained=_in_order(gained, new.counts_from),
        lost=_in_order(lost, old.counts_from),
        same=counted["same"],
        louder=counted["louder"],
        quieter=counted["quieter"],
        earlier=counted["earlier"],
        later=counted["later"],
        others=counted["others"],
    )


def _grouped(side: Side) -> dict[tuple[JobKey, str], deque[Life]]:
    found: dict[tuple[JobKey, str], deque[Life]] = {}
    for life in sorted(side.lives.values(), key=lambda one: one.opened_at):
        found.setdefault((life.job, life.condition), deque()).append(life)
    return found


def _is_past(life: Life, at: datetime) -> bool:
    return life.ended_at is not None and life.ended_at < at


def _changes(old: Life, new: Life) -> Iterator[str]:
    if new.severity == old.severity and new.opened_at == old.opened_at and new.receivers == old.receivers:
        yield "same"
    if new.severity != old.severity:
        yield "louder" if new.severity > old.severity else "quieter"
    if new.opened_at != old.opened_at:
        yield "earlier" if new.opened_at < old.opened_at else "later"
    if new.receivers != old.receivers:
        yield "others"


def _in_order(lives: Iterable[Life], since: datetime) -> tuple[Life, ...]:
    wanted = (life for life in lives if life.opened_at >= since)
    return tuple(sorted(wanted, key=lambda one: (one.opened_at, one.job, one.condition)))


class Lessons:
    """Learns once what two replays of the same past ask for: what is normal is no matter of rules."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[datetime, bytes], tuple[Learned, list[Run], str, Taught]] = (
            OrderedDict()
        )
        self._series: OrderedDict[bytes, Series] = OrderedDict()

    def teach(
        self, learned: Learned, history: bytes, ended: Iterable[Run], timezone: str, now: datetime
    ) -> Taught:
        """Return what `learn` does."""
        runs, place = list(ended), (now, history)
        known = self._known.pop(place, None)
        if known is not None and known[:3] == (learned, runs, timezone):
            return known[3]
        taught = learn(learned, history, runs, timezone, now, series=self._series.pop(history, None))
        self._known[place] = (learned, runs, timezone, taught)
        if len(self._known) > MOST_LESSONS:
            self._known.popitem(last=False)
        self._keep_series(taught)
        return taught

    def _keep_series(self, taught: Taught) -> None:
        if taught.series is not None:
            self._series[taught.history] = taught.series
            if len(self._series) > MOST_SERIES:
                self._series.popitem(last=False)


class Backtest:
    """The same past under two configurations, in step; what comes before `counts_from` only warms both up.

    `zone` is where a night is a night.
    """

    def __init__(
        self,
        old: Configuration,
        new: Configuration,
        *,
        starts_at: datetime,
        counts_from: datetime,
        zone: ZoneInfo,
    ) -> None:
        self.old, self.new = Side(zone, counts_from), Side(zone, counts_from)
        teach, together = Lessons().teach, Together()
        self._replays = (
            Replay(old, starts_at=starts_at, teach=teach, together=together),
            Replay(new, starts_at=starts_at, teach=teach, together=together),
        )
        self._fed: list[CheckIn] = []

    def register(self, job: Job) -> None:
        """Know a job from when it was registered."""
        for replay in self._replays:
            replay.register(job)

    def feed(self, check_in: CheckIn) -> None:
        """Take in one check-in; they come in the order of their arrival."""
        self._fed.append(check_in)
        if len(self._fed) == PLAYED_AT_ONCE:
            self._play()

    def end(self, at: datetime) -> Difference:
        """Let time pass until the end of the past, and compare."""
        self._play()
        for replay in self._replays:
            replay.advance(at)
        self._take()
        return compared(self.old, self.new)

    @property
    def raised(self) -> tuple[str, ...]:
        """What could not be judged under the new configuration, and why; empty where all could."""
        return tuple(dict.fromkeys(self._replays[1].raised))

    def _play(self) -> None:
        play(self._replays, self._fed)
        self._fed.clear()
        self._take()

    def _take(self) -> None:
        for side, replay in zip((self.old, self.new), self._replays, strict=True):
            side.take(replay.take_events())
