"""What mutes what within one transaction: by the rules of inhibition, and along dependencies.

A target is found by its ties when a source opens, changes or ends: its job is then made due, in portions,
and looks for itself. So nothing is decided here about other jobs.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from msgspec import structs

from tocsin.alerts.advance import Change
from tocsin.alerts.alert import Alert, AlertState, Entry, Reason
from tocsin.alerts.inhibition import (
    Bond,
    Inhibited,
    Inhibitor,
    Side,
    Tie,
    key_of_job,
    name_of,
    settled,
    ties_of,
    waiting,
)
from tocsin.alerts.route import FOR_EVER
from tocsin.alerts.same_run import (
    afterwards,
    can_be_spoken_for,
    is_spoken_for,
    is_spoken_for_by,
    speakers_for,
    speaking,
)
from tocsin.alerts.upstream import Needed, inhibitor_of, lack_of, troubles_of
from tocsin.engine.at_risk import at_risk_of
from tocsin.engine.audible import changes_at, is_heard_by_all, unheard
from tocsin.engine.awaiting import FURTHEST, awaited_by, is_waiting
from tocsin.engine.book import Book
from tocsin.engine.explaining import explained, is_to_be_explained
from tocsin.engine.kinship import Above, Kinship
from tocsin.engine.neighbours import Placed
from tocsin.engine.resembling import Resembling
from tocsin.engine.voicing import entry_of, labels_of
from tocsin.errors import StoreUnreadable
from tocsin.jobs.job import Job
from tocsin.jobs.state import JobState
from tocsin.rules.facts import Awaited, Trouble
from tocsin.rules.finding import Severity
from tocsin.rules.wording import clock_time
from tocsin.store.base import Writing
from tocsin.store.rows import Watch

SOURCES_AT_ONCE = 20
LONGEST_CHAIN = 100
"""Alerts of which each mutes the next that are followed; what a longer chain would mute is told."""


class Inhibiting:
    """Places alerts among those of other jobs, and keeps what ties them together.

    `loaded` returns a job of this transaction as it is by now; `alerts` are those of such jobs, by now.
    Neither leads back to the transaction: it is let go of when it is done with, not at the next collection.
    """

    def __init__(
        self,
        writing: Writing,
        book: Book,
        loaded: Callable[[int], Watch | None],
        alerts: Mapping[int, Sequence[Alert]],
    ) -> None:
        self._writing = writing
        self._book = book
        self._loaded = loaded
        self._alerts = alerts
        self._kinship = Kinship(writing, loaded)
        self._resembling = Resembling(writing)
        self._open: dict[int, tuple[Alert, ...]] = {}
        self._seen: dict[str, Alert] = {}
        self._of_job: dict[int, dict[str, Alert]] = {}
        self._sources: dict[str, dict[str, Bond]] = {}
        self._ended_well: dict[str, None] = {}
        self._is_locked = False
        self.has_woken = False

    @property
    def has_changed(self) -> bool:
        """Whether a run has ended in a way that may concern the alerts of other jobs."""
        return bool(self._ended_well)

    def ended_well(self, job: Job) -> None:
        """Note that a run ended well where that may end what is muted, though no alert ends with it.

        That is so of a job between two others, and of one whose alert is held open because it flaps.
        """
        if job.definition.upstream or any(a.is_open and a.flapping for a in self._alerts.get(job.id, ())):
            self._ended_well[key_of_job(*job.key)] = None

    def place(self, change: Change, job: Job, now: datetime) -> Placed:
        """Return the change of an alert with what mutes it, and with the jobs that it puts at risk."""
        before = change.alert
        if not before.is_open:
            self._note(before)
            return Placed(change=change)
        alert = at_risk_of(change, job, self._kinship, now)
        if alert.error_class:
            alert = self._resembling.alike(change, alert, now)
        if job.definition.upstream and is_to_be_explained(alert, change.reason):
            alert = self._explained(alert, job, now)
        if self._is_apart(alert, job, now):
            self._note(alert)
            return Placed(change=change if alert is before else replace(change, alert=alert))
        placed = self._placed(alert, job, change, now)
        if (placed.ties, placed.inhibited) != (before.ties, before.inhibited) and not self._is_locked:
            # What was read without the lock may have been changed by another server since.
            self._lock()
            placed = self._placed(alert, job, change, now)
        alert = placed
        self._note(alert)
        until_at = self._asks_at(alert, job, now) if alert.inhibited is not None else None
        return Placed(
            change=replace(change, alert=alert),
            entries=_entries(before.inhibited, alert, now),
            ask_again_at=until_at,
        )

    def awaited(self, watch: Watch) -> tuple[Awaited, ...]:
        """Return the ends of other jobs that a job waits for, where its own end depends on them."""
        return awaited_by(watch, self._kinship.watch) if is_waiting(watch) else ()

    def troubles(self, job: Job) -> tuple[Trouble, ...]:
        """Return what is late or failed of what a job needs, itself or by way of others."""
        near = [one for one in self._kinship.above(job) if len(one.between) < FURTHEST]
        return troubles_of(self._needed(near))

    def keep(self, changed: Iterable[tuple[Alert | None, Alert]]) -> None:
        """Write the ties of alerts that were changed, each before and after, and wake what they mute."""
        bound, bonds, woken = list[str](), list[Bond](), dict(self._ended_well)
        for before, alert in changed:
            is_unknown = before is None and not alert.is_open
            ties, had = _ties_now(alert), alert.ties if is_unknown else _ties_now(before)
            if ties != had:
                bound.append(alert.id)
                bonds += [_bond(alert, tie) for tie in ties]
                moved = set(ties) ^ set(had)
                woken |= dict.fromkeys(tie.key for tie in moved if tie.side is not Side.TARGET)
            if before is None or _as_a_source(before) != _as_a_source(alert):
                woken[key_of_job(alert.environment, alert.job)] = None
        if not bound and not woken:
            return
        self._lock()
        if bound:
            self._writing.bind(bound, bonds)
        if woken:
            self.has_woken = self._writing.wake(sorted(woken)) > 0 or self.has_woken

    def undo(self, job_id: int) -> None:
        """Let the alerts of a job be again as they were kept: it could not be judged to the end."""
        for of_key in self._sources.values():
            for alert_id in [bond.alert_id for bond in of_key.values() if bond.job_id == job_id]:
                del of_key[alert_id]
        for alert_id in [alert.id for alert in self._seen.values() if alert.job_id == job_id]:
            del self._seen[alert_id]
        self._of_job.pop(job_id, None)

    def _explained(self, alert: Alert, job: Job, now: datetime) -> Alert:
        """Return the alert with what it most likely follows from."""
        watch = self._loaded(job.id)
        state = JobState() if watch is None else watch.state
        return explained(alert, state, self._needed(self._kinship.above(job)), now)

    def _is_apart(self, alert: Alert, job: Job, now: datetime) -> bool:
        """Whether nothing can ever mute an alert, nor it another by a rule."""
        if self._book.configuration.inhibit_rules or alert.ties or alert.inhibited is not None:
            return False
        if can_be_spoken_for(alert) and self._speaking_for(alert, job, now) is not None:
            return False
        return not job.definition.upstream or lack_of(alert) is None

    def _placed(self, alert: Alert, job: Job, change: Change, now: datetime) -> Alert:
        rules = self._book.configuration.inhibit_rules
        labels = labels_of(alert) if rules else {}
        ties = ties_of(rules, labels)
        above = self._kinship.above(job) if job.definition.upstream and lack_of(alert) is not None else ()
        needed = tuple(Tie(key=key_of_job(*one.key), side=Side.TARGET) for one in above)
        found = self._by_rule(alert.id, ties, labels) or (self._along(alert, above, now) if above else None)
        found = found or self._speaking_for(alert, job, now)
        inhibited = settled(alert.inhibited, found, now)
        if is_spoken_for(alert):
            inhibited = afterwards(change, inhibited, now)
        if change.reason is Reason.LOUDER and found is None and not _can_wait(alert):
            inhibited = None
        can_be_muted = bool(above) or any(tie.side is Side.TARGET for tie in ties)
        if change.reason is Reason.OPENED and found is None and can_be_muted and _can_wait(alert):
            inhibited = waiting(now)
        if alert.backfill or (alert.flapping and self._is_well(job)):
            ties = tuple(tie for tie in ties if tie.side is Side.TARGET)
        if is_spoken_for_by(alert, inhibited):
            needed = (*needed, Tie(key=key_of_job(*job.key), side=Side.TARGET))
        ties = (*ties, *needed)
        if (ties, inhibited) == (alert.ties, alert.inhibited):
            return alert
        return structs.replace(alert, ties=ties, inhibited=inhibited)

    def _speaking_for(self, alert: Alert, job: Job, now: datetime) -> Inhibitor | None:
        """Return an alert of the job that says more of the same run, to all whom this one would reach."""
        others = speakers_for(alert, self._beside(job))
        found = (one for one in others if is_heard_by_all(one, alert, self._book, now))
        return next((speaking(alert, one) for one in found), None)

    def _beside(self, job: Job) -> tuple[Alert, ...]:
        """Return the alerts of a job as they are by now, also in the midst of a look at it."""
        known = {alert.id: alert for alert in self._alerts.get(job.id, ())}
        return tuple({**known, **self._of_job.get(job.id, {})}.values())

    def _is_well(self, job: Job) -> bool:
        """Whether the last runs of a job ended well, so that an alert which flaps is only held open."""
        watch = self._loaded(job.id)
        return watch is not None and all(run.backfill for run in watch.state.failures)

    def by_rule(self, labels: dict[str, str]) -> Inhibitor | None:
        """Return what would mute an alert with these labels by a rule of inhibition, if it opened now."""
        return self._by_rule("", ties_of(self._book.configuration.inhibit_rules, labels), labels)

    def _by_rule(self, alert_id: str, ties: tuple[Tie, ...], labels: dict[str, str]) -> Inhibitor | None:
        """Return what mutes an alert by the first rule that does; what is both, only by one that is not."""
        rules = self._book.configuration.inhibit_rules
        for tie in ties:
            if tie.side is not Side.TARGET:
                continue
            bond = self._source(tie.key, Side.SOURCE, alert_id)
            if bond is None and Tie(key=tie.key, side=Side.BOTH) not in ties:
                bond = self._source(tie.key, Side.BOTH, alert_id)
            if bond is not None:
                return Inhibitor(alert_id=bond.alert_id, job=bond.job, rule=name_of(rules, labels, tie.key))
        return None

    def _source(self, key: str, side: Side, alert_id: str) -> Bond | None:
        """Return an open alert on a side of a key: of this transaction, else as it was kept.

        One that this alert itself mutes, also by way of others, does not count: else nobody would be told.
        """
        for bond in self._sources.get(key, {}).values():
            if bond.side is side and bond.alert_id != alert_id and not self._follows(bond, alert_id):
                return bond
        after, seen = "", {*self._seen, alert_id}
        while True:
            page = self._writing.bonds(key, side, after=after, limit=SOURCES_AT_ONCE)
            fresh = (one for one in page if one.alert_id not in seen)
            found = next((one for one in fresh if not self._follows(one, alert_id)), None)
            if found is not None or len(page) < SOURCES_AT_ONCE:
                return found
            after = page[-1].alert_id

    def _follows(self, bond: Bond, alert_id: str) -> bool:
        """Whether a source is muted by an alert, itself or by way of others."""
        by = self._muting(bond.alert_id)
        for _ in range(LONGEST_CHAIN):
            if by is None or by.alert_id == alert_id:
                return by is not None
            by = self._muting(by.alert_id)
        return True

    def _muting(self, alert_id: str) -> Inhibitor | None:
        """Return what mutes another alert by now; nothing mutes what is over or cannot be read."""
        try:
            alert = self._seen.get(alert_id) or self._writing.alert(alert_id)
        except StoreUnreadable:
            return None
        if alert is None or not alert.is_open or alert.inhibited is None:
            return None
        return alert.inhibited.by if alert.inhibited.is_by_another else None

    def _along(self, alert: Alert, above: Iterable[Above], now: datetime) -> Inhibitor | None:
        needed = self._needed(above)
        return inhibitor_of(
            alert, [structs.replace(one, unheard=unheard(one.alerts, self._book, now)) for one in needed]
        )

    def _needed(self, above: Iterable[Above]) -> tuple[Needed, ...]:
        return tuple(
            Needed(
                job=one.key.name,
                state=one.watch.state,
                alerts=self._open_alerts(one.watch),
                between=one.between,
            )
            for one in above
            if one.watch is not None
        )

    def _asks_at(self, alert: Alert, job: Job, now: datetime) -> datetime | None:
        """Return when a muted alert is to be looked at again, though nothing changes the one that mutes it.

        That is when nobody may hear of what it needs any more, because a silence or a window begins.
        """
        inhibited = alert.inhibited
        if inhibited is None or inhibited.until_at is not None or inhibited.by is None or inhibited.by.rule:
            return None if inhibited is None else inhibited.until_at
        above = (one for needed in self._needed(self._kinship.above(job)) for one in needed.alerts)
        sources = self._beside(job) if is_spoken_for(alert) else above
        begin = (changes_at(one, self._book, now) for one in sources if one.id == inhibited.by.alert_id)
        return next(begin, None)

    def _open_alerts(self, watch: Watch) -> tuple[Alert, ...]:
        job_id = watch.job.id
        if self._loaded(job_id) is not None:
            return tuple(alert for alert in self._alerts.get(job_id, ()) if alert.is_open)
        if job_id not in self._open:
            try:
                self._open[job_id] = self._writing.alerts([job_id], FOR_EVER).get(job_id, ())
            except StoreUnreadable:
                # What cannot be read mutes nothing, and costs its own job alone.
                self._open[job_id] = ()
        return self._open[job_id]

    def _note(self, alert: Alert) -> None:
        """Let the alerts that come later in this transaction see what this one mutes by now."""
        if alert.id in self._seen:
            for of_key in self._sources.values():
                of_key.pop(alert.id, None)
        self._seen[alert.id] = alert
        self._of_job.setdefault(alert.job_id, {})[alert.id] = alert
        for tie in _ties_now(alert):
            if tie.side is not Side.TARGET:
                self._sources.setdefault(tie.key, {})[alert.id] = _bond(alert, tie)

    def _lock(self) -> None:
        if not self._is_locked:
            self._writing.lock_groups()
            self._is_locked = True
            self._kinship.forget()
            self._open.clear()


def _ties_now(alert: Alert | None) -> tuple[Tie, ...]:
    return alert.ties if alert is not None and alert.is_open else ()


def _bond(alert: Alert, tie: Tie) -> Bond:
    return Bond(key=tie.key, side=tie.side, alert_id=alert.id, job_id=alert.job_id, job=alert.job)


def _can_wait(alert: Alert) -> bool:
    return alert.severity is not Severity.PAGE


def _as_a_source(alert: Alert) -> tuple[object, ...]:
    """Return what of an alert matters to those of the jobs that need its own."""
    if not alert.is_open:
        return ()
    is_muted = alert.inhibited is not None and alert.inhibited.is_by_another
    is_quiet = alert.snooze is not None, alert.held_back_until is not None, bool(alert.told.targets)
    is_taken = alert.state is AlertState.ACKNOWLEDGED
    return alert.why, alert.severity is Severity.PAGE, is_taken, is_muted, *is_quiet


def _entries(before: Inhibited | None, alert: Alert, now: datetime) -> tuple[Entry, ...]:
    """Return what an alert's history says of having been muted, or of the end of that."""
    after = alert.inhibited
    was_by = before.by if before is not None and before.is_by_another else None
    now_by = after.by if after is not None and after.is_by_another else None
    if now_by == was_by:
        return ()
    if now_by is not None:
        return (entry_of(alert, Reason.INHIBITED, now, note=words_of(now_by, alert.job), kept_back=True),)
    note = ""
    if after is not None and after.until_at is not None:
        note = f"told at {clock_time(after.until_at, alert.timezone)} if it still holds"
    return (entry_of(alert, Reason.INHIBITION_ENDED, now, note=note),)


def words_of(by: Inhibitor, job: str = "") -> str:
    """Return what mutes an alert of a job, for its history."""
    needed = "which tells of the same run" if by.job == job else "which it needs"
    how = f"by {by.rule!r}" if by.rule else needed
    return f"while alert {by.alert_id} of {by.job} is open, {how}"
