"""The review of a span: how much was told, how much was held back, how soon somebody had it in hand."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from tocsin.alerts.alert import Alert, Reason
from tocsin.engine.configuration import Configuration
from tocsin.engine.rounds import KEPT_SINCE
from tocsin.engine.span import Span, before
from tocsin.engine.unknowing import NotKnown, not_known
from tocsin.jobs.walltime import ONE_DAY, local_date
from tocsin.rules.finding import Severity
from tocsin.store.past import DrillCounts, OfJob, Opened, Past, Quantiles, Tally

T = TypeVar("T")

MOST = 10
MOST_NOT_TAKEN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisyRule:
    """A rule and what became of its alerts; `left` are those that nobody acknowledged or ended."""

    rule: str
    conditions: tuple[str, ...]
    count: int
    taken: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietRule:
    """A rule of the configuration that opened no alert in the span, and when it last did before its end."""

    rule: str
    condition: str
    last_fired_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """The alerts that were opened in the span, and what has become of them by now.

    `taken` somebody has acknowledged; `by_hand` a person's word has ended without that; `left` neither.
    `previous` is how many were opened in the span before, None where not all of that is kept.
    """

    alerts: int
    taken: int
    by_hand: int
    left: int
    open: int
    previous: int | None
    by_severity: tuple[tuple[Severity, int], ...]
    by_condition: tuple[tuple[str, int], ...]
    by_day: tuple[tuple[date, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """What somebody was kept from hearing in the span; `percent` of it and what was owed together."""

    kept_back: int
    percent: float
    by_reason: tuple[tuple[str, int], ...]
    jobs: tuple[OfJob, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """The notifications of the span, without those of drills; `dead` of them their own target never took."""

    owed: int
    dead: int
    escalated: int
    by_target: tuple[tuple[str, int], ...]
    by_kind: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The review of a span as of `made_at`; what ended before `kept_since` is not all kept any more."""

    span: Span
    made_at: datetime
    kept_since: datetime | None
    volume: Volume
    telling: Telling
    drills: DrillCounts
    suppression: Suppression
    until_taken: tuple[Quantiles, ...]
    until_over: tuple[Quantiles, ...]
    rules: tuple[NoisyRule, ...]
    jobs: tuple[OfJob, ...]
    not_taken: tuple[Alert, ...]
    quiet_rules: tuple[QuietRule, ...]
    not_known: NotKnown

    @property
    def is_whole(self) -> bool:
        """Whether everything that the span held is still kept."""
        return self.kept_since is None or self.kept_since <= self.span.from_at

    @property
    def is_over(self) -> bool:
        """Whether the span had ended when the report was made."""
        return self.span.to_at <= self.made_at


def report_of(past: Past, configuration: Configuration, span: Span, now: datetime) -> Report:
    """Return the review of a span, from one reading session."""
    since, until = span.from_at, span.to_at
    opened, kept_since = past.opened(since, until), kept_since_of(past)
    tallies = past.tallies(since, until)
    telling = _telling(past, tallies, since, until)
    return Report(
        span=span,
        made_at=now,
        kept_since=kept_since,
        volume=_volume(past, opened, span, kept_since),
        telling=telling,
        drills=past.drill_counts(since, until),
        suppression=_suppression(past, tallies, span, telling.owed),
        until_taken=tuple(past.until_taken(since, until)),
        until_over=tuple(past.until_over(since, until)),
        rules=_noisiest(opened),
        jobs=tuple(past.noisiest_jobs(since, until, MOST)),
        not_taken=tuple(past.not_taken(since, until, MOST_NOT_TAKEN)),
        quiet_rules=_quiet(past, configuration, {one.rule for one in opened}, until),
        not_known=not_known(past, since, until),
    )


def kept_since_of(past: Past) -> datetime | None:
    """Return before which instant alerts may have been removed because they were old; None: none were."""
    kept = past.note(KEPT_SINCE)
    return None if kept is None else datetime.fromisoformat(kept)


def _volume(past: Past, opened: Sequence[Opened], span: Span, kept_since: datetime | None) -> Volume:
    earlier, previous = before(span), None
    if kept_since is None or kept_since <= earlier.from_at:
        previous = _total(past.opened(earlier.from_at, earlier.to_at))
    total, taken = _total(opened), sum(one.taken for one in opened)
    by_hand = sum(one.by_hand for one in opened)
    severities = _summed((one.severity, one.count) for one in opened)
    return Volume(
        alerts=total,
        taken=taken,
        by_hand=by_hand,
        left=total - taken - by_hand,
        open=sum(one.open for one in opened),
        previous=previous,
        by_severity=tuple((one, severities[one]) for one in reversed(Severity)),
        by_condition=_ranked(_summed((one.condition, one.count) for one in opened)),
        by_day=_by_day(past.opened_in_quarters(span.from_at, span.to_at), span),
    )


def _by_day(quarters: Iterable[tuple[datetime, int]], span: Span) -> tuple[tuple[date, int], ...]:
    counts = _summed((local_date(at, span.timezone), count) for at, count in quarters)
    days = (span.first + ONE_DAY * n for n in range(span.days))
    return tuple((day, counts[day]) for day in days)


def _telling(past: Past, tallies: Iterable[Tally], since: datetime, until: datetime) -> Telling:
    counts = past.owed_counts(since, until)
    escalated = sum(one.count for one in tallies if one.reason == Reason.ESCALATED.value)
    return Telling(
        owed=sum(one.count for one in counts),
        dead=past.dead_count(since, until),
        escalated=escalated,
        by_target=_ranked(_summed((one.target, one.count) for one in counts)),
        by_kind=_ranked(_summed((one.kind, one.count) for one in counts)),
    )


def _suppression(past: Past, tallies: Iterable[Tally], span: Span, owed: int) -> Suppression:
    reasons = _summed((one.reason, one.count) for one in tallies if one.kept_back)
    total = reasons.total()
    return Suppression(
        kept_back=total,
        percent=round(100 * total / (total + owed), 1) if total else 0.0,
        by_reason=_ranked(reasons),
        jobs=tuple(past.most_kept_back(span.from_at, span.to_at, MOST)),
    )


def _noisiest(opened: Sequence[Opened]) -> tuple[NoisyRule, ...]:
    counts = _ranked(_summed((one.rule, one.count) for one in opened))
    return tuple(_noisy(rule, [one for one in opened if one.rule == rule]) for rule, _ in counts[:MOST])


def _noisy(rule: str, opened: Sequence[Opened]) -> NoisyRule:
    count, taken = _total(opened), sum(one.taken for one in opened)
    return NoisyRule(
        rule=rule,
        conditions=tuple(dict.fromkeys(one.condition for one in opened)),
        count=count,
        taken=taken,
        left=count - taken - sum(one.by_hand for one in opened),
    )


def _quiet(
    past: Past, configuration: Configuration, fired: set[str], until: datetime
) -> tuple[QuietRule, ...]:
    last = dict(past.last_fired(until))
    return tuple(
        QuietRule(rule=rule.name, condition=rule.condition, last_fired_at=last.get(rule.name))
        for rule in configuration.rules
        if rule.enabled and rule.name not in fired
    )


def _total(opened: Iterable[Opened]) -> int:
    return sum(one.count for one in opened)


def _summed(pairs: Iterable[tuple[T, int]]) -> Counter[T]:
    counts: Counter[T] = Counter()
    for key, count in pairs:
        counts[key] += count
    return counts


def _ranked(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
