"""Watches the engine from a thread of its own: audits it, tells of what it finds, and sends signs of life.

What it finds becomes alerts like those of any job, as long as the engine takes them; else people are told
past the engine. The sign of life goes out only after an audit that found nothing, here or at another server,
and waits while something is suspicious of which the next audit decides: until it has moved, or is a trouble.
"""

import logging
import platform
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from tocsin.alerts.alert import AlertState
from tocsin.clock import Clock, monotonic
from tocsin.engine.auditing import Auditor, Threads
from tocsin.engine.commands import Done, NoteAudit, Result
from tocsin.engine.configuration import Configuration
from tocsin.engine.directly import Directly
from tocsin.engine.draft import SYSTEM_JOB
from tocsin.engine.findings import NOTE, read_reports
from tocsin.engine.troubles import CONDITION, AuditReport, Trouble
from tocsin.engine.work import Order
from tocsin.engine.writer import Writer
from tocsin.errors import ChannelError, StoreError, StoreUnavailable
from tocsin.notify.channel import Channel
from tocsin.notify.heartbeat import Heartbeat
from tocsin.store.base import Reading, Store
from tocsin.store.rows import Notification, NotificationState

EVERY_SECONDS: Final = 60.0
FIRST_SECONDS: Final = 5.0
GLANCE_SECONDS: Final = 5.0
NOTED_WITHIN: Final = timedelta(seconds=10)
GONE_AFTER_AUDITS: Final = 3
MAX_ALERTS: Final = 20

_log = logging.getLogger("tocsin.watchdog")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the watchdog knows: `audited_at` is None before its first audit.

    `troubles` are what stands, `elsewhere` what other servers have found. `beat_fault` says why the last sign
    of life was not taken; empty where it was. While `is_unsettled`, something was seen for the first time: no
    sign of life goes out before it has passed.
    """

    audited_at: datetime | None = None
    is_unsettled: bool = False
    troubles: tuple[Trouble, ...] = ()
    elsewhere: tuple[AuditReport, ...] = ()
    is_beating: bool = False
    beat_at: datetime | None = None
    beat_fault: str = ""

    @property
    def is_clean(self) -> bool:
        """Whether an audit has been made and nothing stands, here or elsewhere."""
        return self.audited_at is not None and not self.troubles and not self.elsewhere


class Watchdog:
    """`turn` is one audit with what follows from it; `start` makes one each minute until `stop`.

    Between two of them `glance` sends the sign of life that a suspicion held up, once that is gone.
    `threads` says how the engine's threads do.
    """

    def __init__(
        self,
        store: Store,
        writer: Writer,
        *,
        clock: Clock,
        threads: Callable[[], Threads],
        configuration: Callable[[], Configuration],
        channels: Callable[[], Mapping[str, Channel]],
    ) -> None:
        self.heartbeat: Heartbeat | None = None
        self.every_seconds = EVERY_SECONDS
        self.first_seconds = FIRST_SECONDS
        self.glance_seconds = GLANCE_SECONDS
        self.standing = Standing()
        self._store = store
        self._writer = writer
        self._clock = clock
        self._threads = threads
        self._configuration = configuration
        self._channels = channels
        self._server = writer.rounds.living.server
        self._host = platform.node() or "this server"
        self._auditor = Auditor(store)
        self._directly = Directly(self._server, self._host)
        self._noted: tuple[Trouble, ...] = ()
        self._noted_at: datetime | None = None
        self._answered = threading.Event()
        self._answered.set()
        self._others: dict[str, tuple[datetime, int]] = {}
        self._beaten: tuple[float, bool | None] = (0.0, None)
        self._stopping = threading.Event()
        self._audited_seconds = monotonic()
        self._thread = threading.Thread(target=self._run, name="tocsin-watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._audited_seconds = monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer; what is being sent is finished first."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def is_alive(self) -> bool:
        """Whether it watches."""
        return self._thread.is_alive()

    @property
    def since_audit_seconds(self) -> float:
        """How long ago the last audit ended, or the start was."""
        return monotonic() - self._audited_seconds

    def _run(self) -> None:
        audit_seconds = monotonic() + self.first_seconds
        while not self._stopping.wait(self._until_seconds(audit_seconds)):
            try:
                if monotonic() < audit_seconds:
                    self.glance()
                    continue
                audit_seconds = monotonic() + self.every_seconds
                self.turn()
            except Exception:  # noqa: BLE001 -- whatever fails here, the next audit must come
                _log.exception("an audit could not be made; no sign of life goes out")

    def _until_seconds(self, audit_seconds: float) -> float:
        """Return how long to wait for the next audit, or for a glance where one may change something."""
        left_seconds = max(audit_seconds - monotonic(), 0.0)
        waits = self.heartbeat is not None and self.standing.is_unsettled
        return min(left_seconds, self.glance_seconds) if waits else left_seconds

    def glance(self) -> Standing:
        """Send the sign of life that waits if what was suspicious has moved since the last audit."""
        now = self._clock.now()
        if self.standing.is_unsettled:
            is_still_so = self._auditor.is_still_so(self._threads(), self._configuration().policy, now)
            self.standing = replace(self.standing, is_unsettled=is_still_so)
            self._beat(now)
        return self.standing

    def turn(self) -> Standing:
        """Audit once, tell what is new, and say that all is well if it is."""
        now, configuration = self._clock.now(), self._configuration()
        self._directly.channels = self._channels()
        troubles = self._auditor.audit(self._threads(), configuration.policy, now)
        self._log_news(troubles)
        elsewhere, gone = self._of_others()
        left = self._left_by_engine(troubles, gone, now)
        self._directly.tell(left, configuration, now)
        self._directly.hand_over(self._not_tried(troubles, now), now)
        self._directly.close(troubles, now)
        self._audited_seconds, self._noted_at = monotonic(), self._clock.now()
        self.standing = replace(
            self.standing,
            audited_at=now,
            is_unsettled=self._auditor.is_unsettled,
            troubles=troubles,
            elsewhere=elsewhere,
        )
        self._beat(now)
        return self.standing

    def _log_news(self, troubles: tuple[Trouble, ...]) -> None:
        before = {trouble.check for trouble in self.standing.troubles}
        for trouble in troubles:
            if trouble.check not in before:
                _log.error("the audit has found: %s", trouble.sentence)
        for check in before - {trouble.check for trouble in troubles}:
            _log.info("the audit does not find any more: %s", check.value)

    def _of_others(self) -> tuple[tuple[AuditReport, ...], frozenset[str]]:
        """Return what other servers have found, and which servers that had found something are gone.

        Who lives reports again with each of its audits; by how many of ours it has not is asked of no clock.
        """
        try:
            with self._store.reading() as reading:
                found = [one for one in read_reports(reading.note(NOTE)) if one.server != self._server]
        except StoreError:
            return self.standing.elsewhere, frozenset()
        seen = {one.server: self._seen(one) for one in found}
        gone = frozenset(server for server, (_, times) in seen.items() if times > GONE_AFTER_AUDITS)
        self._others = seen
        return tuple(one for one in found if one.server not in gone), gone

    def _seen(self, report: AuditReport) -> tuple[datetime, int]:
        at, times = self._others.get(report.server, (report.at, 0))
        return report.at, times + 1 if at == report.at else 1

    def _left_by_engine(
        self, troubles: tuple[Trouble, ...], gone: frozenset[str], now: datetime
    ) -> tuple[Trouble, ...]:
        """Let the engine tell of troubles, and return those that people must be told of without it."""
        told, known = self._directly.open, {trouble.check for trouble in self._noted}
        news = tuple(trouble for trouble in troubles if trouble.check not in told)
        has_taken = self._is_taken(news, gone, now) if news or self._noted or gone else True
        return tuple(t for t in troubles if t.check in told or not (has_taken or t.check in known))

    def _is_taken(self, news: tuple[Trouble, ...], gone: frozenset[str], now: datetime) -> bool:
        """Hand a report to the engine, unless it has not yet answered the last one."""
        if not self._answered.is_set():
            return False
        answers: list[Result | StoreUnavailable] = []
        answered = self._answered = threading.Event()

        def reply(result: Result | StoreUnavailable) -> None:
            answers.append(result)
            answered.set()

        report = AuditReport(server=self._server, host=self._host, at=now, troubles=news)
        command = NoteAudit(report=report, until_at=now + NOTED_WITHIN, gone=gone)
        self._writer.submit(Order(command=command, reply=reply))
        taken = answered.wait(self._patience_seconds()) and isinstance(answers[0], Done)
        self._noted = news if taken else self._noted
        return taken

    def _patience_seconds(self) -> float:
        return NOTED_WITHIN.total_seconds() if self._threads().is_judging else 0.0

    def _not_tried(self, troubles: tuple[Trouble, ...], now: datetime) -> list[Notification]:
        """Return what the last audit left owed about our own troubles, and nobody has tried to send."""
        before = self._noted_at
        if before is None or not troubles:
            return []
        try:
            with self._store.reading() as reading:
                owed = _owed_about_ourselves(reading)
        except StoreError:
            return []
        return [one for one in owed if one.created_at <= before and _is_left_alone(one, now)]

    def _beat(self, now: datetime) -> None:
        heart = self.heartbeat
        self.standing = replace(self.standing, is_beating=heart is not None)
        is_clean = self.standing.is_clean
        if heart is None or not (is_clean or heart.tells_failures) or not self._is_time(heart):
            return
        if is_clean and self.standing.is_unsettled:
            return
        try:
            if is_clean:
                heart.beat(now)
            else:
                heart.fail(now)
        except ChannelError as error:
            _log.warning("the sign of life to %r was not taken: %s", heart, error)
            self.standing = replace(self.standing, beat_fault=str(error))
            return
        self._beaten = (monotonic(), is_clean)
        beat_at = now if is_clean else self.standing.beat_at
        self.standing = replace(self.standing, beat_at=beat_at, beat_fault="")

    def _is_time(self, heart: Heartbeat) -> bool:
        """Whether there is something new to say, or it is so long ago that the next audit would be late."""
        at_seconds, was_clean = self._beaten
        since_seconds = monotonic() - at_seconds
        is_news = was_clean is not self.standing.is_clean
        return is_news or since_seconds >= heart.every.total_seconds() - self.every_seconds / 2


def _is_left_alone(owed: Notification, now: datetime) -> bool:
    """Whether nobody has tried to send a notification, nor is doing so."""
    if owed.attempts:
        return False
    is_leased = owed.lease_until is not None and owed.lease_until > now
    return owed.state is NotificationState.PENDING or (
        owed.state is NotificationState.SENDING and not is_leased
    )


def _owed_about_ourselves(reading: Reading) -> list[Notification]:
    watch = reading.job(SYSTEM_JOB)
    if watch is None:
        return []
    firing = reading.alerts(states=(AlertState.FIRING,), job_id=watch.job.id, limit=MAX_ALERTS)
    ours = [alert.id for alert in firing if alert.condition == CONDITION]
    return [one for alert_id in ours for one in reading.notifications(alert_id)]
