"""What the writer does besides: sign of life, shared facts, new configuration, fallbacks, retention."""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from tocsin.alerts.drill import ID_PREFIX
from tocsin.engine.adopting import judge_outdated, register_slice, slices_of_jobs, version_of
from tocsin.engine.blindness import REMEMBER_FOR, note_blind
from tocsin.engine.book import Book, RuleBook
from tocsin.engine.configuration import Configuration
from tocsin.engine.digesting import send_digests
from tocsin.engine.draft import Draft
from tocsin.engine.hastening import hasten, hasten_groups, is_set_back
from tocsin.engine.link_key import link_key
from tocsin.engine.living import Living
from tocsin.engine.looking import NewId
from tocsin.engine.own_jobs import DRILLS, wake_own_jobs
from tocsin.engine.silencing import let_out, lifted
from tocsin.engine.standing_in import turn_overdue_to_fallback
from tocsin.engine.whole_groups import go_on
from tocsin.store.base import Writing
from tocsin.store.rows import Delivery, DeliveryOutcome
from tocsin.telemetry.metrics import Metrics

ALIVE_EVERY = timedelta(seconds=5)
PRUNE_EVERY = timedelta(minutes=1)
PRUNE_ROWS = 500
KEPT_SINCE = "all alerts are kept since"


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
        self.book = Book(configuration=configuration, version=0, rule_book=RuleBook(configuration.rules))
        self._silences = self.book.silences
        self.link_key = b""
        self._refreshed_at: datetime | None = None
        self._is_stale = False
        self._alive_at: datetime | None = None
        self._prune_at: datetime | None = None
        self._to_register = deque(slices_of_jobs(configuration))
        self._registering = False
        self._adopting = True
        self._must_turn = False
        self._must_look = False
        self._goes_on = True
        self._wakes_groups = True
        self._waking_groups = False

    def next_at(self, now: datetime) -> datetime:
        """Return when the next chore is due."""
        must = (self._adopting, self._must_turn, self._must_look, self._goes_on, self._wakes_groups)
        if self._alive_at is None or any(must):
            return now
        return self._alive_at + ALIVE_EVERY

    def reconfigure(self, configuration: Configuration, now: datetime) -> None:
        """Judge under another configuration from now on; jobs follow in slices."""
        version = version_of(self._writing, configuration)
        if version != self.book.version or configuration is not self.book.configuration:
            self._to_register = deque(slices_of_jobs(configuration))
            self._adopting = self._wakes_groups = True
        self.book = replace(
            self.book,
            configuration=configuration,
            version=version,
            rule_book=RuleBook(configuration.rules),
        )
        self.refresh(now)
        if self._adopting:
            # Other routes and time intervals may let out earlier what the old ones kept back.
            held_back = self._writing.open_alerts_held_back()
            self._writing.mark_due((alert.job_id for alert in held_back), now)
            wake_own_jobs(self._writing, configuration, now)

    def refresh_if_needed(self, now: datetime) -> None:
        """Load the facts that all jobs share, when this server has not done so lately."""
        if self._refreshed_at is None:
            self.reconfigure(self.book.configuration, now)
            self._note_alive(now)
        elif self._has_slept(now):
            self._note_alive(now)
        elif self._is_stale:
            self.refresh(now)

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
        self._waking_groups = False
        self.living.forget()

    def kept(self) -> None:
        """Take note that what `go` has done is committed, so that none of it is done again."""
        if self._registering:
            self._registering = False
            self._to_register.popleft()
        if self._waking_groups:
            self._wakes_groups = self._waking_groups = False
        self._silences = self.book.silences
        if not self._must_turn:
            self._must_look = False
        self._must_turn = False

    def settled(self, deliveries: Iterable[Delivery], held: set[str]) -> bool:
        """Take note of tries that ended, and whose leases still held; return whether one failed for good.

        What a receiver will never take goes to its fallback next, and a drill that this concerns is looked
        at, each in a transaction of its own: who settles a try holds what others may need who hold the job.
        """
        counted = [one for one in deliveries if one.key in held]
        has_failed = any(one.outcome is DeliveryOutcome.FAILED for one in counted)
        self._must_turn = self._must_turn or has_failed
        self._must_look = self._must_look or any(one.key.startswith(ID_PREFIX) for one in counted)
        return has_failed

    def undelivered(self, key: str) -> None:
        """Take note that what was sent has failed after all: the same follows from it."""
        self._must_turn = True
        self._must_look = self._must_look or key.startswith(ID_PREFIX)

    def goes_on(self) -> None:
        """Take note that something was said of a whole group, of which the first slice is done."""
        self._goes_on = True

    def refresh(self, now: datetime) -> None:
        """Load the facts that all jobs share."""
        self._refreshed_at = now
        self._is_stale = False
        self._writing.take_up_shared()
        self.book = replace(
            self.book,
            silences=self._writing.silences(now),
            overrides=self._writing.overrides(now),
            blind=self._writing.blind(now - REMEMBER_FOR),
            set_aside={(item.rule, item.job_id): item for item in self._writing.set_aside(now)},
            unknown_jobs=self._writing.unknown_jobs(),
        )
        # Whoever lifted one could not see what was judged under it here at that moment.
        let_out(self._writing, lifted(self._silences, self.book.silences, now), now)

    def go(self, draft: Draft, now: datetime) -> tuple[bool, bool]:
        """Do what is due; return whether more is left, and whether the outbox has something new."""
        self.refresh_if_needed(now)
        draft.book = self.book
        owes = False
        if self._alive_at is None or now - self._alive_at >= ALIVE_EVERY or now < self._alive_at:
            self._note_alive(now)
            self._must_turn = self._goes_on = True
            self._prune(now)
            owes = send_digests(self._writing, self.book.configuration, now) > 0
            draft.book = self.book
        if self._must_turn:
            owes = turn_overdue_to_fallback(self._writing, self.book.configuration, now) > 0 or owes
        elif self._must_look:
            self._wake_drills(draft)
        elif self._goes_on:
            self._goes_on = go_on(draft)
        elif self._wakes_groups:
            hasten_groups(self._writing, now)
            draft.has_woken = self._waking_groups = True
        elif self._adopting:
            self._adopt(draft)
            draft.write()
        return self._adopting or self._must_look or self._goes_on or self._wakes_groups, owes

    def _note_alive(self, now: datetime) -> None:
        before = self.living.note(self._writing, now, ALIVE_EVERY)
        policy = self.book.configuration.policy
        note_blind(self._writing, policy, before, now)
        if is_set_back(before, now):
            hasten(self._writing, now, lease_for=policy.lease_for)
            self._prune_at = None
        if self.book.configuration.base_url:
            self.link_key = link_key(self._writing, self._new_id)
        self._alive_at = now
        self.refresh(now)

    def _wake_drills(self, draft: Draft) -> None:
        """Have it seen at once whether a drill is over; it would be at its end, if this hint were lost."""
        for watch in draft.writing.watches([DRILLS]).values():
            draft.watches[watch.job.id] = msgspec.structs.replace(watch, due_at=draft.now)
        draft.write()

    def _adopt(self, draft: Draft) -> None:
        if self._to_register:
            register_slice(draft, self._to_register[0])
            self._registering = True
        elif judge_outdated(draft) == 0:
            self._adopting = False

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
