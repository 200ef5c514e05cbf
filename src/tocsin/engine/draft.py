"""What one transaction is going to keep, gathered job by job and written with few statements."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from tocsin.alerts.alert import Alert, Entry
from tocsin.alerts.upstream import as_trouble
from tocsin.engine.apart import (
    EVERYTHING,
    LEARNING,
    NO_JOB,
    TRIED_AGAIN_AFTER,
    counted_as,
    is_of_the_store,
    told_of,
)
from tocsin.engine.book import Book
from tocsin.engine.gathering import Gathering
from tocsin.engine.inhibiting import Inhibiting
from tocsin.engine.looking import NewId, look
from tocsin.engine.voicing import Voiced
from tocsin.errors import ChoreFailed, StoreUnreadable
from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.job import JobKey
from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run, Violation
from tocsin.quality.learned import Learned, Taught, learn
from tocsin.rules.judge import Ask, judge
from tocsin.store.base import Writing
from tocsin.store.rows import Notification, SetAside, Watch
from tocsin.telemetry.metrics import Metrics

SYSTEM_JOB = JobKey("tocsin", "tocsin")
Teach = Callable[[Learned, bytes, Iterable[Run], str, datetime], Taught]
"""How a job is learned from: `tocsin.quality.learned.learn`, or what knows its answer already."""

_log = logging.getLogger("tocsin.engine")


class Draft:
    """The changes of one transaction.

    Load the watches of a group first, `look` at each as often as needed, `write` once at the end.
    """

    def __init__(self, writing: Writing, book: Book, now: datetime, new_id: NewId) -> None:
        self.writing = writing
        self.book = book
        self.now = now
        self.new_id = new_id
        self.teach: Teach = learn
        self.ask: Ask = judge
        self.watches: dict[int, Watch] = {}
        self.check_ins: list[tuple[int, CheckIn]] = []
        self.looks = 0
        self.opened = 0
        self.kept_back: list[str] = []
        self.raised: list[SetAside] = []
        self.put_off: list[tuple[str, str]] = []
        self.notifications: list[Notification] = []
        self.violations: list[tuple[JobKey, Violation]] = []
        self.excused: list[tuple[JobKey, Violation]] = []
        self._alerts: dict[int, list[Alert]] = {}
        self._changed: dict[str, Alert] = {}
        self._entries: list[Entry] = []
        self._cancelled: list[str] = []
        self._histories: list[tuple[int, str, bytes]] = []
        self._gone: list[tuple[int, str]] = []
        self._runs: dict[tuple[int, str], Run] = {}
        self._occurrences: dict[tuple[int, datetime], Occurrence] = {}
        self._amended: dict[tuple[int, datetime], Occurrence] = {}
        self.gathering = Gathering(writing, book.configuration, new_id, now)
        self.inhibiting = Inhibiting(writing, book, self.watches.get, self._alerts)
        self.has_woken = self.is_written = False
        self.moved_ends: dict[JobKey, None] = {}
        self._before: dict[str, Alert] = {}
        self._unknown: dict[tuple[int, int], str] = {}
        self.heard: set[int] = set()

    def load(self, watches: Iterable[Watch]) -> None:
        """Take up locked watches, and the alerts of those that have any."""
        alerting = []
        for watch in watches:
            self.watches[watch.job.id] = watch
            if watch.alerting:
                alerting.append(watch.job.id)
        if alerting:
            self._load_alerts(alerting)

    def _load_alerts(self, job_ids: Sequence[int]) -> None:
        """Load the alerts of jobs; one whose alerts cannot be read is not judged, and holds up no other."""
        try:
            found = self.writing.alerts(job_ids, self.now - self.book.remember_for)
        except StoreUnreadable as error:
            if len(job_ids) > 1:
                for job_id in job_ids:
                    self._load_alerts((job_id,))
                return
            self.watches[job_ids[0]] = replace(self.watches[job_ids[0]], unreadable=str(error))
            return
        self._alerts.update({job_id: list(alerts) for job_id, alerts in found.items()})
        self._before.update({alert.id: alert for alerts in found.values() for alert in alerts})

    def leave(self, job_ids: Iterable[int]) -> None:
        """Let go of watches that were loaded and not looked at."""
        for job_id in job_ids:
            del self.watches[job_id]

    def look(self, job_id: int) -> None:
        """Look at one job, now, and take up everything that follows."""
        self.looks += 1
        watch = self.watches[job_id]
        if watch.unreadable:
            self._put_off(watch, watch.unreadable)
            return
        mark = self.gathering.mark
        try:
            seen = look(
                watch,
                self._alerts.get(job_id, ()),
                self.book,
                self.now,
                self.new_id,
                groups=self.gathering,
                neighbours=self.inhibiting,
                ask=self.ask,
            )
        except Exception as error:  # a job that cannot be judged must cost itself alone
            if is_of_the_store(error):
                raise
            self.gathering.undo(mark)
            self.inhibiting.undo(job_id)
            self._put_off(watch, told_of(error))
            return
        self.watches[job_id] = seen.watch
        if seen.changed:
            self._alerts[job_id] = seen.alerts
            self._changed.update(seen.changed)
            self._entries.extend(seen.entries)
            self.notifications.extend(seen.notifications)
            self._cancelled.extend(seen.cancelled)
            self.kept_back.extend(reason.value for reason in seen.kept_back)
            self.opened += seen.opened
        if seen.violations:
            self.note_violations(watch.job.key, seen.violations)
        if seen.occurrences or seen.runs or seen.unknown or seen.set_aside:
            self.keep_runs(job_id, seen.runs)
            self.keep_occurrences(job_id, seen.occurrences)
            self._unknown.update({(window, job_id): what for window, what in seen.unknown})
            self.raised.extend(seen.set_aside)

    def note_excused(self, job: JobKey, violation: Violation) -> None:
        """Count that a person has excused a broken promise that was counted, once that is committed."""
        self.excused.append((job, violation))

    def note_violations(self, job: JobKey, violations: Iterable[Violation]) -> None:
        """Count promises that a job has broken, once the transaction is committed."""
        self.violations.extend((job, one) for one in violations)

    def _put_off(self, watch: Watch, error: str) -> None:
        known_until_at = self.book.is_set_aside(EVERYTHING, watch.job.id, self.now)
        if known_until_at is not None:
            self.watches[watch.job.id] = replace(watch, due_at=known_until_at)
            return
        until_at = self.now + self.book.configuration.policy.set_aside_for
        self.watches[watch.job.id] = replace(watch, due_at=until_at)
        self._note_raised(EVERYTHING, watch.job.id, until_at, error)

    def put_off_learning(self, watch: Watch, error: Exception, until_at: datetime) -> None:
        """Try again later to learn from a job."""
        unlearned = watch.state.unlearned and replace(watch.state.unlearned, due_at=until_at)
        self.watches[watch.job.id] = replace(watch, state=replace(watch.state, unlearned=unlearned))
        self._note_raised(LEARNING, watch.job.id, until_at, told_of(error))

    def keep_histories(self, job_id: int, kept: Mapping[str, bytes], gone: Iterable[str] = ()) -> None:
        """Keep what the past of a job has been, packed, by series, and nothing of those that are gone."""
        self._histories += [(job_id, series, points) for series, points in kept.items()]
        self._gone += [(job_id, series) for series in gone]

    def set_aside(self, failed: ChoreFailed) -> None:
        """Put off what has raised: a job as a whole, or a chore of our own, which is tried again sooner."""
        if failed.job_id == NO_JOB:
            wait = min(self.book.configuration.policy.set_aside_for, TRIED_AGAIN_AFTER)
            self._note_raised(failed.chore, NO_JOB, self.now + wait, str(failed))
        for watch in self.writing.watches_by_id([failed.job_id] if failed.job_id != NO_JOB else []):
            self._put_off(watch, str(failed))

    def _note_raised(self, rule: str, job_id: int, until_at: datetime, error: str) -> None:
        item = SetAside(rule=rule, job_id=job_id, at=self.now, until_at=until_at, error=error[:500])
        self.raised.append(item)

    def alert_or_none(self, alert_id: str) -> Alert | None:
        """Return an alert as it is kept; None for one that is not there or cannot be read."""
        try:
            return self.writing.alert(alert_id)
        except StoreUnreadable:
            return None

    def alerts_of(self, job_id: int) -> list[Alert]:
        """Return the alerts of a loaded job as they are by now."""
        return self._alerts.get(job_id, [])

    def take(self, job_id: int, voiced: Voiced) -> None:
        """Take up what a person's word has made of an alert."""
        alert = voiced.alert
        kept = [a for a in self._alerts.get(job_id, []) if a.id != alert.id]
        self._alerts[job_id] = [*kept, alert]
        self._changed[alert.id] = alert
        self._entries.extend(voiced.entries)
        self.notifications.extend(voiced.notifications)
        if voiced.cancels_repeats:
            self._cancelled.append(alert.id)

    def keep_runs(self, job_id: int, runs: Iterable[Run]) -> None:
        """Keep the newest reading of runs."""
        for run in runs:
            self._runs[job_id, run.key] = run

    def keep_occurrences(self, job_id: int, occurrences: Iterable[Occurrence]) -> None:
        """Keep how expected runs were decided."""
        for occurrence in occurrences:
            self._occurrences[job_id, occurrence.nominal_at] = occurrence

    def amend_occurrence(self, job_id: int, occurrence: Occurrence) -> None:
        """Keep another word about an expected run that was decided before, and is not decided anew."""
        self._amended[job_id, occurrence.nominal_at] = occurrence

    def run_of(self, job_id: int, key: str) -> Run | None:
        """Return a run that this transaction has already changed."""
        return self._runs.get((job_id, key))

    def write(self) -> None:
        """Write everything, in an order in which the notifications come last."""
        writing, self.is_written = self.writing, True
        if self.check_ins:
            writing.append(self.check_ins)
        if self._runs:
            writing.save_runs((job_id, run) for (job_id, _), run in self._runs.items())
        if self._occurrences or self._amended:
            kept = self._amended | self._occurrences
            writing.save_occurrences((job_id, o) for (job_id, _), o in kept.items())
        if self.watches:
            self._write_watches()
        for item in self.raised:
            writing.save_set_aside(item)
        if self._changed:
            writing.save_alerts(sorted(self._changed.values(), key=lambda alert: alert.is_open))
            writing.record(self._entries)
        if self._changed or self.inhibiting.has_changed:
            self.inhibiting.keep((self._before.get(alert.id), alert) for alert in self._changed.values())
            self.gathering.wake(
                one.group
                for alert in self._changed.values()
                if alert.pooled and _is_muted_no_more(self._before.get(alert.id), alert)
                for one in alert.pooled
            )
        quiet = self.gathering.write()
        for alert_id in (*self._cancelled, *quiet):
            writing.cancel(alert_id, ("repeat", "escalated"), self.now)
        if self.notifications:
            writing.enqueue(self.notifications)
        self._write_unknown()

    def _write_watches(self) -> None:
        self.writing.save(self.watches.values())
        if self._histories:
            self.writing.save_histories(self._histories)
        if self._gone:
            self.writing.forget_histories(self._gone)
        if self._changed and self.book.rule_book.asks_of_needs:
            for alert in self._changed.values():
                if as_trouble(self._before.get(alert.id)) != as_trouble(alert):
                    self.moved_ends[JobKey(alert.environment, alert.job)] = None
        if self.moved_ends:
            self.has_woken = self.writing.wake_needing(self.moved_ends) > 0 or self.has_woken

    def _write_unknown(self) -> None:
        known_again = self.heard & self.book.unknown_jobs if self.book.unknown_jobs else ()
        for job_id in known_again:
            self.writing.clear_unknown(job_id, self.now)
        for (window, job_id), what in self._unknown.items():
            self.writing.save_unknown(window, job_id, what, self.now)
        if known_again or self._unknown:
            system = self.writing.watches([SYSTEM_JOB]).values()
            self.writing.mark_due((watch.job.id for watch in system), self.now)

    @property
    def next_due_at(self) -> datetime | None:
        """When the first of what was looked at is due again."""
        asks = [watch.due_at for watch in self.watches.values() if watch.due_at is not None]
        if self.gathering.next_due_at is not None:
            asks.append(self.gathering.next_due_at)
        if self.has_woken or self.inhibiting.has_woken or self.gathering.has_woken:
            asks.append(self.now)
        return min(asks, default=None)

    @property
    def has_changed_book(self) -> bool:
        """Whether the facts that all jobs share are others after this transaction."""
        heard_again = self.book.unknown_jobs and not self.heard.isdisjoint(self.book.unknown_jobs)
        return bool(self._unknown or self.raised or heard_again)

    def count(self, metrics: Metrics) -> None:
        """Tell the metrics what the committed transaction did."""
        for _ in range(self.opened):
            metrics.alert_opened()
        for reason in self.kept_back:
            metrics.suppressed(reason)
        for job, violation in self.violations:
            metrics.violated(job.name, job.environment, violation.value)
        for job, violation in self.excused:
            metrics.violated(job.name, job.environment, violation.value, excused=True)
        for occurrence in self._occurrences.values():
            metrics.decided(occurrence.status.value)
        for item in self.raised:
            metrics.set_aside(item.rule if item.job_id != NO_JOB else counted_as(item.rule))
            of_job = f" for job {self.watches[item.job_id].job.name}" if item.job_id in self.watches else ""
            _log.error("%s is set aside%s: %s", item.rule, of_job, item.error)
        for what, error in self.put_off:
            metrics.set_aside(what.partition(" ")[0])
            metrics.error("engine", f"{what} is put off: {error}", self.now)


def _is_muted_no_more(before: Alert | None, alert: Alert) -> bool:
    """Whether what another alert explained is to be told again from now on."""
    return before is not None and before.inhibited is not None and alert.inhibited is None
