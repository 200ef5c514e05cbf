"""What the writer does besides: sign of life, shared facts, new configuration, fallbacks, retention.

Each chore has a name, under which it is set aside when it raises; the others are done without it.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from functools import partial

import msgspec

from tocsin.alerts.drill import ID_PREFIX
from tocsin.alerts.silence import Silence
from tocsin.engine.adopting import is_newest, judge_outdated, register_slice, slices_of_jobs, version_of
from tocsin.engine.apart import NO_JOB, apart, named
from tocsin.engine.blindness import REMEMBER_FOR, note_blind
from tocsin.engine.book import Book, RuleBook
from tocsin.engine.configuration import Configuration
from tocsin.engine.digesting import send_digests
from tocsin.engine.draft import Draft
from tocsin.engine.hastening import hasten, hasten_alerts, hasten_groups, is_set_back, see_again
from tocsin.engine.link_key import link_key
from tocsin.engine.living import Living
from tocsin.engine.looking import NewId
from tocsin.engine.own_jobs import DRILLS, wake_own_jobs
from tocsin.engine.silencing import let_out, lifted
from tocsin.engine.standing_in import turn_overdue_to_fallback
from tocsin.engine.whole_groups import go_on
from tocsin.errors import InvalidMatcher
from tocsin.store.base import Writing
from tocsin.store.rows import Delivery, DeliveryOutcome, SetAside
from tocsin.telemetry.metrics import Metrics

ALIVE_EVERY = timedelta(seconds=5)
PRUNE_EVERY = timedelta(minutes=1)
PRUNE_ROWS = 500
KEPT_SINCE = "all alerts are kept since"

_log = logging.getLogger("tocsin.engine")


class Chore(Enum):
    """What is wanted until it is done, each in a transaction of its own, the first one first."""

    FALLBACK = "fallback"
    DRILLS = "drills"
    GOING_ON = "words about groups"
    LETTING_OUT = "what was kept back"
    WAKING = "waking groups"
    CONFIGURATION = "configuration"


# Jobs are looked at before the groups that speak for them, or levels would hear of too few.
FOLLOWING = frozenset({Chore.LETTING_OUT, Chore.WAKING, Chore.CONFIGURATION})
SIGN_OF_LIFE = "sign of life"
LINKS = "key of links"
HASTENING = "clock set back"
RETENTION = "retention"
LIFTING = "silences lifted"


class Rounds:
    """The book that decisions are made under, kept fresh, and the chores between them.

    Each chore runs within a transaction of the writer's and does a bounded slice of its work.
    """

    def __init__(
        self, writing: Writing, configuration: Configuration, new_id: NewId, metrics: Metrics
    ) -> None:
        self._writing = writing
        self._new_id = new_id
        self._metrics = metrics
        self.living = Living(new_id())
        self.is_outdated = False
        self.book = Book(configuration=configuration, version=0, rule_book=RuleBook(configuration.rules))
        self._silences = self.book.silences
        self.link_key = b""
        self._refreshed_at: datetime | None = None
        self._is_stale = False
        self._alive_at: datetime | None = None
        self._round_at: datetime | None = None
        self._going_round_at: datetime | None = None
        self._prune_at: datetime | None = None
        self._to_register = deque(slices_of_jobs(configuration))
        self._registering = False
        self._must_hasten = False
        self._wanted = {Chore.GOING_ON, *FOLLOWING}
        self._done: Chore | None = None

    def next_at(self, now: datetime) -> datetime:
        """Return when the next chore is due."""
        if self._round_at is None or self._is_time(self._round_at, now) or self._next(now) is not None:
            return now
        return self._round_at + ALIVE_EVERY

    def _is_time(self, before: datetime, now: datetime) -> bool:
        return not timedelta() <= now - before < ALIVE_EVERY

    def reconfigure(self, configuration: Configuration, now: datetime) -> None:
        """Judge under another configuration from now on; jobs follow in slices."""
        version = version_of(self._writing, configuration, now)
        if version != self.book.version or configuration is not self.book.configuration:
            self._to_register = deque(slices_of_jobs(configuration))
            self._wanted |= FOLLOWING
        self.book = replace(
            self.book,
            configuration=configuration,
            version=version,
            rule_book=RuleBook(configuration.rules),
        )
        self.refresh(now)

    def refresh_if_needed(self, now: datetime) -> None:
        """Load the facts that all jobs share, when this server has not done so lately."""
        is_new, has_slept = self._refreshed_at is None, self._has_slept(now)
        if is_new:
            self.reconfigure(self.book.configuration, now)
        if is_new or has_slept:
            self._note_alive(now)
        elif self._is_stale:
            self.refresh(now)
        if has_slept:
            # What could not be sent meanwhile has a moment for that before fallbacks are turned to.
            self._round_at = now

    def _has_slept(self, now: datetime) -> bool:
        """Whether the process stood still or the clock was moved: to be noted before anything is judged."""
        if self._alive_at is None:
            return False
        blind_after = self.book.configuration.policy.blind_after
        return abs(now - self._alive_at) > blind_after or is_set_back(self._alive_at, now)

    def outdate(self) -> None:
        """Load what all jobs share anew before the next decision: a transaction has changed it."""
        self._is_stale = True

    def forget(self) -> None:
        """Load everything anew: what was loaded or noted may have been rolled back."""
        self._refreshed_at = None
        self._registering = False
        self._done = self._going_round_at = None
        self.living.forget()

    def set_aside(self, items: Iterable[SetAside]) -> None:
        """Do chores no more before their time; what is loaded anew says the same."""
        aside = {**self.book.set_aside, **{(item.rule, item.job_id): item for item in items}}
        self.book = replace(self.book, set_aside=aside)

    def kept(self, now: datetime) -> bool:
        """Take note that what `go` has done is committed; return whether more is to be done."""
        if self._registering:
            self._registering = False
            self._to_register.popleft()
        self._silences = self.book.silences
        if self._going_round_at is not None:
            self._round_at, self._going_round_at = self._going_round_at, None
        if self._done is not None:
            self._wanted.discard(self._done)
            self._done = None
        return self._next(now) is not None

    def _next(self, now: datetime) -> Chore | None:
        """Return what is to be done first of what is wanted and not set aside."""
        due = (chore for chore in Chore if chore in self._wanted)
        return next((c for c in due if self.book.is_set_aside(c.value, NO_JOB, now) is None), None)

    def _apart(self, chore: str, do: Callable[[], object], now: datetime) -> None:
        apart(self.book, chore, now, do)

    def settled(self, deliveries: Iterable[Delivery], held: set[str]) -> bool:
        """Take note of tries that ended, and whose leases still held; return whether one failed for good.

        What a receiver will never take goes to its fallback next, and a drill that this concerns is looked
        at, each in a transaction of its own: who settles a try holds what others may need who hold the job.
        """
        counted = [one for one in deliveries if one.key in held]
        has_failed = any(one.outcome is DeliveryOutcome.FAILED for one in counted)
        if has_failed:
            self._wanted.add(Chore.FALLBACK)
        if any(one.key.startswith(ID_PREFIX) for one in counted):
            self._wanted.add(Chore.DRILLS)
        return has_failed

    def undelivered(self, key: str) -> None:
        """Take note that what was sent has failed after all: the same follows from it."""
        self._wanted.add(Chore.FALLBACK)
        if key.startswith(ID_PREFIX):
            self._wanted.add(Chore.DRILLS)

    def goes_on(self) -> None:
        """Take note that something was said of a whole group, of which the first slice is done."""
        self._wanted.add(Chore.GOING_ON)

    def refresh(self, now: datetime) -> None:
        """Load the facts that all jobs share."""
        self._refreshed_at = now
        self._is_stale = False
        self._writing.take_up_shared()
        self.book = replace(
            self.book,
            silences=tuple(filter(_can_be_asked, self._writing.silences(now))),
            overrides=self._writing.overrides(now),
            blind=self._writing.blind(now - REMEMBER_FOR),
            set_aside={(item.rule, item.job_id): item for item in self._writing.set_aside(now)},
            unknown_jobs=self._writing.unknown_jobs(),
        )
        # Whoever lifted one could not see what was judged under it here at that moment.
        ended = lifted(self._silences, self.book.silences, now)
        self._apart(LIFTING, partial(let_out, self._writing, ended, now), now)

    def go(self, draft: Draft, now: datetime) -> int:
        """Do what is due; return how much the outbox has that is new. `kept` says whether more is left."""
        self.refresh_if_needed(now)
        draft.book = self.book
        owed = 0
        if self._round_at is None or self._is_time(self._round_at, now):
            self._going_round_at = now
            if self._alive_at != now:
                self._note_alive(now)
            self._wanted |= {Chore.FALLBACK, Chore.GOING_ON}
            self._apart(RETENTION, partial(self._prune, now), now)
            draft.book = self.book
            owed = send_digests(self._writing, self.book, now)
        chore = self._next(now)
        if chore is not None:
            with named(chore.value):
                owed += self._do(chore, draft)
        return owed

    def _do(self, chore: Chore, draft: Draft) -> int:
        """Do a slice of a chore; return how much is owed by it."""
        owed, is_done = 0, True
        match chore:
            case Chore.FALLBACK:
                owed = turn_overdue_to_fallback(draft)
                draft.write()
            case Chore.DRILLS:
                self._wake_drills(draft)
            case Chore.GOING_ON:
                is_done = not go_on(draft)
            case Chore.LETTING_OUT:
                self._let_out(draft)
            case Chore.WAKING:
                hasten_groups(self._writing, draft.now)
                draft.has_woken = True
            case Chore.CONFIGURATION:
                is_done = self._is_adopted(draft)
                draft.write()
        self._done = chore if is_done else None
        return owed

    def _note_alive(self, now: datetime) -> None:
        self._apart(SIGN_OF_LIFE, partial(self._give_sign, now), now)
        if self._must_hasten:
            self._apart(HASTENING, partial(self._hasten, now), now)
        if self.book.configuration.base_url:
            self._apart(LINKS, self._take_link_key, now)
        self._alive_at = now
        self._round_at = self._round_at or now
        self.refresh(now)

    def _give_sign(self, now: datetime) -> None:
        before = self.living.note(self._writing, now, ALIVE_EVERY)
        self.is_outdated = not is_newest(self._writing, self.book.version)
        note_blind(self._writing, self.book.configuration.policy, before, now)
        self._must_hasten = self._must_hasten or is_set_back(before, now)

    def _hasten(self, now: datetime) -> None:
        policy = self.book.configuration.policy
        see_again(self._writing, now, flush_wait_for=policy.flush_wait_for)
        hasten(self._writing, now, lease_for=policy.lease_for)
        self._prune_at = None
        self._must_hasten = False

    def _take_link_key(self) -> None:
        self.link_key = link_key(self._writing, self._new_id)

    def _let_out(self, draft: Draft) -> None:
        """Look at what is kept back: other routes and time intervals may let it out earlier."""
        held_back = self._writing.open_alerts_held_back()
        self._writing.mark_due((alert.job_id for alert in held_back), draft.now)
        wake_own_jobs(self._writing, self.book.configuration, draft.now)
        draft.has_woken = True

    def _wake_drills(self, draft: Draft) -> None:
        """Have it seen at once whether a drill is over; it would be at its end, if this hint were lost."""
        for watch in draft.writing.watches([DRILLS]).values():
            draft.watches[watch.job.id] = msgspec.structs.replace(watch, due_at=draft.now)
        draft.write()

    def _is_adopted(self, draft: Draft) -> bool:
        """Let a slice of jobs follow the configuration; return whether all have."""
        if not self._to_register:
            return self._is_judged(draft)
        register_slice(draft, self._to_register[0])
        self._registering = True
        return False

    def _is_judged(self, draft: Draft) -> bool:
        """Judge some jobs anew; after the last look at all that is open, which may belong to others now.

        Not before, for what was looked at counts as judged.
        """
        if judge_outdated(draft):
            return False
        hasten_alerts(self._writing, draft.now)
        draft.has_woken = True
        return True

    def _prune(self, now: datetime) -> None:
        if self._prune_at is not None and now < self._prune_at:
            return
        policy = self.book.configuration.policy
        gone = self._writing.prune(
            logs_before=now - policy.keep_logs_for, runs_before=now - policy.keep_runs_for, limit=PRUNE_ROWS
        )
        if gone:
            self._writing.save_note(KEPT_SINCE, (now - policy.keep_runs_for).isoformat())
        self._prune_at = now if gone >= PRUNE_ROWS else now + PRUNE_EVERY


def _can_be_asked(silence: Silence) -> bool:
    """Whether a silence can tell what it covers; one that cannot mutes nothing: rather a message too many."""
    try:
        for matcher in silence.matchers:
            matcher.matches({})
    except InvalidMatcher as error:
        _log.error("silence %s is left out: %s", silence.id, error)
        return False
    return True
