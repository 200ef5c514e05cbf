"""An instant of a story: what jobs report and people do then."""

from collections.abc import Callable
from datetime import datetime
from typing import Unpack

from tests.stories.server import Server
from tests.stories.words import CheckInWords, JobWords, check_in_of, definition_of
from tocsin.alerts.alert import Alert, AlertState, SnoozeEnd
from tocsin.alerts.matcher import read_matcher
from tocsin.engine.commands import (
    Acknowledge,
    AcknowledgeGroup,
    AddSilence,
    Command,
    Define,
    Delete,
    ExcuseOccurrence,
    ExpireSilence,
    ExtendSilence,
    Pause,
    Rename,
    Resolve,
    Resume,
    SkipOccurrence,
    Snooze,
    UnskipOccurrence,
)
from tocsin.jobs.checkin import DEFAULT_ENVIRONMENT, Answer, CheckIn, CheckInKind
from tocsin.jobs.job import JobKey

Said = tuple[CheckInKind, str, CheckInWords]
WHO = "ann"


def production(job: str) -> JobKey:
    return JobKey(DEFAULT_ENVIRONMENT, job)


class Moment:
    """See the top of this file; every method can be followed by another one at the same instant.

    `answers` and `told` are what the last report and the last order were answered.
    """

    def __init__(self, server: Server, instant: Callable[[str], datetime]) -> None:
        self._server = server
        self._instant = instant
        self.answers: tuple[Answer, ...] = ()
        self.told = ""

    # ------------------------------------------------------------ jobs
    def reports(self, kind: CheckInKind, job: str, **words: Unpack[CheckInWords]) -> "Moment":
        return self.report_all((kind, job, words))

    def report_all(self, *said: Said) -> "Moment":
        """Let several reports come in one request."""
        self.answers = self._server.report(*(self._check_in(*one) for one in said))
        return self

    def _check_in(self, kind: CheckInKind, job: str, words: CheckInWords) -> CheckIn:
        now = self._server.clock.at
        return check_in_of(
            kind,
            job,
            at=self._instant(words["happened"]) if "happened" in words else now,
            received_at=now,
            nominal_at=self._instant(words["nominal"]) if "nominal" in words else None,
            **words,
        )

    def starts(self, job: str, **words: Unpack[CheckInWords]) -> "Moment":
        return self.reports(CheckInKind.START, job, **words)

    def beats(self, job: str, **words: Unpack[CheckInWords]) -> "Moment":
        return self.reports(CheckInKind.HEARTBEAT, job, **words)

    def succeeds(self, job: str, **words: Unpack[CheckInWords]) -> "Moment":
        return self.reports(CheckInKind.SUCCESS, job, **words)

    def fails(self, job: str, **words: Unpack[CheckInWords]) -> "Moment":
        return self.reports(CheckInKind.FAIL, job, **words)

    def times_out(self, job: str, **words: Unpack[CheckInWords]) -> "Moment":
        return self.reports(CheckInKind.TIMEOUT, job, **words)

    def will_retry(self, job: str, **words: Unpack[CheckInWords]) -> "Moment":
        return self.reports(CheckInKind.RETRYING, job, **words)

    def skips(self, job: str, **words: Unpack[CheckInWords]) -> "Moment":
        return self.reports(CheckInKind.SKIP, job, **words)

    def queues(self, job: str, **words: Unpack[CheckInWords]) -> "Moment":
        return self.reports(CheckInKind.QUEUED, job, **words)

    def logs(self, job: str, **words: Unpack[CheckInWords]) -> "Moment":
        return self.reports(CheckInKind.LOG, job, **words)

    # ------------------------------------------------------------ people
    def orders(self, command: Command) -> "Moment":
        self.told = self._server.order(command).message
        return self

    def acknowledges(self, who: str, *, until: str = "", job: str = "") -> "Moment":
        """Somebody takes the one open alert in hand, or that of a job."""
        until_at = self._instant(until) if until else None
        return self.orders(Acknowledge(alert_id=self._the_alert(job).id, who=who, until_at=until_at))

    def snoozes(self, who: str, *, until: str = "", end: str = "time", job: str = "") -> "Moment":
        """Somebody puts off the one open alert, or that of a job."""
        until_at = self._instant(until) if until else None
        found = self._the_alert(job).id
        return self.orders(Snooze(alert_id=found, who=who, end=SnoozeEnd(end), until_at=until_at))

    def acknowledges_all(self, who: str) -> "Moment":
        """Somebody takes every open alert in hand."""
        with self._server.store.reading() as reading:
            firing = reading.alerts(states=(AlertState.FIRING,), limit=1_000)
        for alert in firing:
            self.orders(Acknowledge(alert_id=alert.id, who=who))
        return self

    def acknowledges_the_group(self, who: str, *, until: str = "") -> "Moment":
        """Somebody takes what the oldest group speaks for in hand, as much of it as one order takes."""
        with self._server.store.reading() as reading:
            group = min(reading.groups(100), key=lambda group: group.opened_at)
        until_at = self._instant(until) if until else None
        return self.orders(AcknowledgeGroup(group_id=group.id, who=who, until_at=until_at))

    def resolves(self, who: str, *, job: str = "") -> "Moment":
        return self.orders(Resolve(alert_id=self._the_alert(job).id, who=who))

    def _the_alert(self, job: str = "") -> Alert:
        states = (AlertState.FIRING, AlertState.ACKNOWLEDGED)
        with self._server.store.reading() as reading:
            found = reading.alerts(states=states, limit=1_000)
        (alert,) = [one for one in found if job in ("", one.job)]
        return alert

    def silences(self, matchers: str, until: str, *, since: str = "") -> "Moment":
        """Mute what matches; several matchers are separated by blanks."""
        command = AddSilence(
            matchers=tuple(read_matcher(m) for m in matchers.split()),
            starts_at=self._instant(since) if since else self._server.clock.at,
            ends_at=self._instant(until),
            who=WHO,
            comment="known",
        )
        return self.orders(command)

    def lifts_the_silence(self) -> "Moment":
        with self._server.store.reading() as reading:
            (silence,) = reading.silences(ended_since=self._server.clock.at)
        return self.orders(ExpireSilence(silence_id=silence.id, who=WHO))

    def extends_the_silence(self, until: str) -> "Moment":
        with self._server.store.reading() as reading:
            (silence,) = reading.silences(ended_since=self._server.clock.at)
        return self.orders(ExtendSilence(silence_id=silence.id, ends_at=self._instant(until), who=WHO))

    def pauses(self, job: str) -> "Moment":
        return self.orders(Pause(job=production(job), who=WHO))

    def resumes(self, job: str) -> "Moment":
        return self.orders(Resume(job=production(job), who=WHO))

    def skips_the_run(self, job: str, at: str = "", *, reason: str = "") -> "Moment":
        """Somebody says that a run need not come: that of an instant, or the next."""
        when = self._instant(at) if at else None
        return self.orders(SkipOccurrence(job=production(job), who=WHO, at=when, reason=reason))

    def expects_the_run_again(self, job: str, at: str) -> "Moment":
        return self.orders(UnskipOccurrence(job=production(job), who=WHO, at=self._instant(at)))

    def excuses_the_run(self, job: str, at: str = "", *, reason: str = "") -> "Moment":
        """Somebody says that it does not count what became of a run: that of an instant, or the newest."""
        when = self._instant(at) if at else None
        return self.orders(ExcuseOccurrence(job=production(job), who=WHO, at=when, reason=reason))

    def renames(self, job: str, name: str) -> "Moment":
        return self.orders(Rename(job=production(job), name=name, who=WHO))

    def deletes(self, job: str) -> "Moment":
        return self.orders(Delete(job=production(job), who=WHO))

    def defines(self, job: str, **words: Unpack[JobWords]) -> "Moment":
        definition = definition_of("UTC", **words)
        return self.orders(Define(job=production(job), definition=definition, who=WHO))
