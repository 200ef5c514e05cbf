"""The one thread that writes: what waits is decided and committed together, then everybody is answered.

Group commit: while one commit is on its way to the disk the next group gathers, so no timer is
needed. Ticks and housekeeping run between groups, in slices, so that a check-in never waits long.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from tocsin.clock import Clock, monotonic
from tocsin.engine.acting import act
from tocsin.engine.apart import NO_JOB
from tocsin.engine.commands import AcknowledgeGroup, NoteUndelivered, ResolveGroup
from tocsin.engine.configuration import Configuration
from tocsin.engine.draft import Draft
from tocsin.engine.ingest import take_in
from tocsin.engine.looking import NewId
from tocsin.engine.portion import Portion
from tocsin.engine.rounds import Rounds
from tocsin.engine.ticking import GROUPS, look_alone, speak_alone, tick
from tocsin.engine.work import (
    Claim,
    Claimed,
    Finish,
    Order,
    Reconfigure,
    Report,
    Waiting,
    Work,
    answer_all,
    refusal_of,
    reply_to,
    weight_of,
)
from tocsin.errors import ChoreFailed, StoreContended, StoreError, StoreRefused, StoreUnavailable
from tocsin.jobs.checkin import Answer
from tocsin.store.base import Writing
from tocsin.telemetry.metrics import Metrics

SLICE_SECONDS = 0.010
TICK_JOBS = 100
RETRY_SECONDS = 1.0
CONTENDED_TRIES = 5
FAULT_SECONDS = 5.0
IDLE = timedelta(seconds=1)
HELD_FOR = timedelta(milliseconds=100)

_log = logging.getLogger("tocsin.engine")


class Writer:
    """Takes work, decides, commits, answers. `turn` is one round of it; `run` goes on until `stop`."""

    def __init__(
        self,
        writing: Writing,
        configuration: Configuration,
        *,
        clock: Clock,
        new_id: NewId,
        metrics: Metrics,
        on_outbox: Callable[[], None],
    ) -> None:
        self._writing = writing
        self._clock = clock
        self._new_id = new_id
        self._metrics = metrics
        self._on_outbox = on_outbox
        self._waiting = Waiting()
        self._portion = Portion()
        self.rounds = Rounds(writing, configuration, new_id, metrics)
        self.fault = ""
        self._faulted = 0.0
        self.last_commit_at: datetime | None = None
        self.last_tick_at: datetime | None = None
        self.next_due_at: datetime | None = None

    def submit(self, work: Work) -> bool:
        """Queue work from any thread; False when too much is waiting already."""
        return self._waiting.add(work)

    @property
    def depth(self) -> int:
        """How many check-ins and other pieces of work wait."""
        return self._waiting.depth

    def stop(self) -> None:
        """Let `run` end once what is queued is done."""
        self._waiting.end()

    def run(self) -> None:
        """Work until stopped; a turn that fails in a way nobody foresaw is seen, and the next one comes."""
        while not self._waiting.is_over:
            try:
                self.turn(self._wait_seconds())
            except Exception as error:  # noqa: BLE001 -- without its writer the server would live on and be silent
                _log.exception("a turn of the writer could not be done")
                self._undo()
                self._failed(StoreUnavailable(f"{type(error).__name__} in the writer; see the server's log"))
        self._settle_at_last()

    def _settle_at_last(self) -> None:
        """Try once more to keep what became of sends, lest they are repeated after the next start."""
        settling = [work for work in self._waiting.put_aside if isinstance(work, Finish)]
        if settling:
            self._do(settling)

    def turn(self, wait_seconds: float = 0.0) -> bool:
        """Wait for work at most so long, do a group of it, then a slice of what time brings.

        Returns whether anything is left to do at once.
        """
        group = self._waiting.take(self._portion.most, wait_seconds, again=not self.fault)
        if group:
            self._do(group)
        try:
            busy = self._pass_time()
        except StoreContended:
            self._undo()
            busy = True
        except StoreUnavailable as fault:
            self._undo()
            self._failed(fault)
            busy = False
        return busy or not self._waiting.is_empty()

    def _wait_seconds(self) -> float:
        if self.fault:
            return RETRY_SECONDS
        now = self._clock.now()
        wake_at = min(at for at in (self.next_due_at, self.rounds.next_at(now), now + IDLE) if at is not None)
        return max((wake_at - now).total_seconds(), 0.0)

    def _do(self, group: Sequence[Work]) -> None:
        try:
            answers = self._commit_again(group)
        except StoreRefused:
            self._undo()
            self._alone(group)
        except StoreError as error:
            # Also a broken store takes nothing in: who reports must keep it until somebody has mended that.
            fault = StoreUnavailable(str(error))
            self._undo()
            self._failed(fault)
            answer_all(group, fault)
            self._waiting.put_aside.extend(work for work in group if isinstance(work, Finish | Reconfigure))
        except Exception:  # noqa: BLE001 -- whatever one piece of work does, the others must be done
            self._undo()
            self._alone(group)
        else:
            for work, answer in zip(group, answers, strict=True):
                reply_to(work, answer)

    def _alone(self, group: Sequence[Work]) -> None:
        """Do each piece of work by itself, so that the one that cannot be done costs only itself."""
        if len(group) > 1:
            for work in group:
                self._do([work])
            return
        work = group[0]
        _log.exception("this work could not be done and was left out: %.500r", work)
        self._metrics.error("engine", "a piece of work could not be done; see the log", self._clock.now())
        if isinstance(work, Report) and len(work.check_ins) > 1:
            self._each_alone(work)
            return
        reply_to(work, refusal_of(work))

    def _each_alone(self, report: Report) -> None:
        answers: list[Answer] = []
        faults: list[StoreUnavailable] = []

        def collect(answer: tuple[Answer, ...] | StoreUnavailable) -> None:
            if isinstance(answer, StoreUnavailable):
                faults.append(answer)
            else:
                answers.extend(answer)

        for check_in in report.check_ins:
            self._do([Report(check_ins=[check_in], reply=collect)])
        report.reply(faults[0] if faults else tuple(answers))

    def _commit_again(self, group: Sequence[Work]) -> list[object]:
        """Commit a group, and once more when another server was in the way."""
        for _ in range(CONTENDED_TRIES - 1):
            try:
                return self._commit(group)
            except StoreContended:
                self._undo()
            except ChoreFailed as failed:
                self._set_aside(failed)
        return self._commit(group)

    def _commit(self, group: Sequence[Work]) -> list[object]:
        now = self._clock.now()
        started = monotonic()
        self._writing.begin()
        self.rounds.refresh_if_needed(now)
        draft = Draft(self._writing, self.rounds.book, now, self._new_id)
        answers: list[object] = [None] * len(group)
        reported = [i for i, work in enumerate(group) if isinstance(work, Report)]
        if reported:
            self._take_reports(draft, group, reported, answers)
            draft.write()
        drafts = [draft]
        for index, work in enumerate(group):
            if not isinstance(work, Report):
                answers[index] = self._other(work, now, drafts)
        self._writing.commit()
        seconds = monotonic() - started
        self._committed(now, drafts, seconds, proves_health=bool(reported))
        self._portion.note(sum(map(weight_of, group)), seconds)
        return answers

    def _take_reports(
        self, draft: Draft, group: Sequence[Work], reported: Sequence[int], answers: list[object]
    ) -> None:
        reports = [work for i in reported if isinstance(work := group[i], Report)]
        taken = take_in(draft, [c for report in reports for c in report.check_ins])
        start = 0
        for index, report in zip(reported, reports, strict=True):
            end = start + len(report.check_ins)
            answers[index] = tuple(taken[start:end])
            start = end
        self._metrics.received(len(taken))

    def _other(self, work: Work, now: datetime, drafts: list[Draft]) -> object:
        if isinstance(work, Order):
            draft = Draft(self._writing, self.rounds.book, now, self._new_id)
            drafts.append(draft)
            result = act(draft, work.command)
            draft.write()
            self.rounds.refresh(now)
            self.next_due_at = now  # it may have made any job due
            if isinstance(work.command, NoteUndelivered):
                self.rounds.undelivered(work.command.key)
            elif isinstance(work.command, AcknowledgeGroup | ResolveGroup) and work.command.goes_on:
                self.rounds.goes_on()
            return result
        if isinstance(work, Claim):
            return self._claim(work, now)
        if isinstance(work, Finish):
            if self.rounds.settled(work.deliveries, self._writing.finish(work.deliveries)):
                self._on_outbox()
        elif isinstance(work, Reconfigure):
            self.rounds.reconfigure(work.configuration, now)
            self.next_due_at = now
        return None

    def _claim(self, claim: Claim, now: datetime) -> Claimed:
        policy = self.rounds.book.configuration.policy
        taken = self._writing.claim(now, lease_for=policy.lease_for, limit=claim.limit, busy=claim.busy)
        next_at = self._writing.next_delivery_at() if len(taken) < claim.limit else now
        return Claimed(notifications=tuple(taken), next_at=next_at)

    def _committed(
        self, now: datetime, drafts: Sequence[Draft], seconds: float, *, proves_health: bool = False
    ) -> None:
        """Take up what a commit means; on a nearly full disk a small one does not mean that all is well."""
        if self.fault and (proves_health or monotonic() - self._faulted >= FAULT_SECONDS):
            self.fault = ""
        self.last_commit_at = now
        for draft in drafts:
            draft.count(self._metrics)
            if draft.has_changed_book:
                self.rounds.outdate()
                self.next_due_at = now
            due_at = draft.next_due_at
            if due_at is not None and (self.next_due_at is None or due_at < self.next_due_at):
                self.next_due_at = due_at
            if draft.looks:
                self._metrics.processed(seconds / draft.looks)
            if draft.notifications:
                self._on_outbox()

    def _undo(self) -> None:
        self._writing.rollback()
        self.rounds.forget()

    def _failed(self, fault: StoreUnavailable) -> None:
        if self.fault != str(fault):
            _log.error("%s", fault)
        self.fault = str(fault)
        self._faulted = monotonic()
        self._metrics.error("store", str(fault), self._clock.now())

    def _pass_time(self) -> bool:
        """Do at most a slice of what is due; return whether more is. Without a chore that raises more is."""
        try:
            return self._do_what_is_due()
        except ChoreFailed as failed:
            self._set_aside(failed)
            return True

    def _do_what_is_due(self) -> bool:
        now = self._clock.now()
        busy = False
        if self.next_due_at is None or self.next_due_at <= now or self._other_servers_may_have_work(now):
            busy = self._tick(now)
        if self.rounds.next_at(now) <= now:
            busy = self._round(now) or busy
        return busy

    def _other_servers_may_have_work(self, now: datetime) -> bool:
        return self.last_tick_at is None or abs(now - self.last_tick_at) >= IDLE

    def _tick(self, now: datetime) -> bool:
        started = monotonic()
        count = TICK_JOBS
        while count == TICK_JOBS and monotonic() - started < SLICE_SECONDS:
            try:
                count = self._tick_some(now, self._tick_slice)
            except (StoreUnavailable, ChoreFailed):
                raise
            except Exception:  # noqa: BLE001 -- whatever one job does, the others must be judged
                _log.exception("a slice of due jobs could not be judged; they are judged one by one")
                self._undo()
                self._tick_alone(now)
        self.last_tick_at = now
        return self._is_due(now)

    def _tick_slice(self, draft: Draft) -> int:
        started = monotonic()
        return tick(draft, TICK_JOBS, lambda: monotonic() - started > SLICE_SECONDS)

    def _tick_some(self, now: datetime, do: Callable[[Draft], int]) -> int:
        started = monotonic()
        self._writing.begin()
        self.rounds.refresh_if_needed(now)
        draft = Draft(self._writing, self.rounds.book, now, self._new_id)
        count = do(draft)
        groups_at = self.rounds.book.is_set_aside(GROUPS, NO_JOB, now) or self._writing.next_group_due_at()
        due = (self._writing.next_due_at(), groups_at)
        self.next_due_at = min((at for at in due if at is not None), default=None)
        if self.next_due_at is not None and not draft.is_written:
            # What is due and was not given to us is held by another server; to ask at once would only spin.
            self.next_due_at = max(self.next_due_at, now + HELD_FOR)
        self._writing.commit()
        self._committed(now, [draft], monotonic() - started)
        return count

    def _tick_alone(self, now: datetime) -> None:
        """Do one by one what could not be done together; what raises is put off under its own name."""
        for do in (speak_alone, *(TICK_JOBS * (look_alone,))):
            try:
                if self._tick_some(now, do) == 0:
                    return
            except ChoreFailed as failed:
                self._set_aside(failed)

    def _set_aside(self, failed: ChoreFailed) -> None:
        """Put off, in a transaction of its own, what has raised, and nothing else."""
        _log.error("%s could not be done", failed.chore, exc_info=failed)
        self._undo()
        now = self._clock.now()
        self._writing.begin()
        draft = Draft(self._writing, self.rounds.book, now, self._new_id)
        draft.set_aside(failed)
        draft.write()
        self._writing.commit()
        self.rounds.set_aside(draft.raised)
        self._committed(now, [draft], 0.0)

    def _round(self, now: datetime) -> bool:
        self._writing.begin()
        draft = Draft(self._writing, self.rounds.book, now, self._new_id)
        owed = self.rounds.go(draft, now)
        self._writing.commit()
        self._committed(now, [draft], 0.0)
        if owed:
            self._on_outbox()
        return self.rounds.kept(now) or self._is_due(now)

    def _is_due(self, now: datetime) -> bool:
        return self.next_due_at is not None and self.next_due_at <= now
