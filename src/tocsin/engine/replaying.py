"""History decided anew: the engine's own steps on a virtual clock, with nothing kept and nobody told.

Check-ins are taken in at the instants at which they were received, and between them time passes from one
instant to the next at which anything could be different. Who is told hears at once. What people did, such as
silences, acknowledgements, pauses and overrides, and when a server could not hear, is no part of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from heapq import heappop, heappush
from itertools import count
from typing import Final, cast

import msgspec

from tocsin.alerts.alert import UNWATCHED, Alert, Entry, Reason
from tocsin.engine.adopting import definition_under
from tocsin.engine.book import Book, RuleBook
from tocsin.engine.configuration import Configuration
from tocsin.engine.draft import SYSTEM_JOB, Draft, Teach
from tocsin.engine.ingest import take_in
from tocsin.engine.opinions import Opinions
from tocsin.engine.quietly import Quietly
from tocsin.engine.ticking import tick
from tocsin.engine.together import Together
from tocsin.jobs.checkin import Answer, CheckIn
from tocsin.jobs.job import Definition, Job, JobKey
from tocsin.notify.message import unpack
from tocsin.quality.learned import learn
from tocsin.rules.finding import Severity
from tocsin.store.base import Writing
from tocsin.store.fleeting import FleetingWriting
from tocsin.store.rows import Notification

JOBS_AT_ONCE: Final = 100
MOST_TURNS: Final = 10_000
MOST_RAISED: Final = 100


class What(Enum):
    """What an event of a replay is: a turn in the life of an alert, or somebody who is told of it."""

    OPENED = "opened"
    LOUDER = "louder"
    QUIETER = "quieter"
    RESOLVED = "resolved"
    KEPT_BACK = "kept_back"
    TOLD = "told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that would have happened, at its instant.

    `alert_id` is a number in the order of their opening. `reason` says why (`recovered`, `silenced` …); of
    TOLD it is the kind of message: firing, louder, repeat, escalated, resolved. `target` is who is told
    ("on-call/slack") and `receiver` whose target that is; both are empty for everything else. What is told
    of many alerts as one has a number of its own, is about no one job (`job` is empty) and of no rule.
    """

    at: datetime
    what: What
    reason: str
    alert_id: str
    job: str
    environment: str
    condition: str
    rule: str
    severity: Severity
    summary: str
    run: str = ""
    target: str = ""
    receiver: str = ""
    note: str = ""
    fingerprint: str = ""


_TURNS: Final = {
    Reason.OPENED: What.OPENED,
    Reason.LOUDER: What.LOUDER,
    Reason.QUIETER: What.QUIETER,
    **dict.fromkeys((Reason.RECOVERED, Reason.SETTLED, *UNWATCHED), What.RESOLVED),
}


@dataclass(order=True)
class _ToCome:
    at: datetime
    number: int
    job: Job = field(compare=False)


class Replay:
    """Jobs under one configuration as time passes: `feed` it with check-ins in the order of their arrival.

    `jobs` are known from the beginning, at `starts_at`, or from when they were registered if that is later;
    a job of which the first check-in comes is registered then. What the configuration says of a job wins
    over what the job brings along. `events` are what came of it so far, in the order in which it came;
    `raised` says which rules, or jobs ("*"), could not be judged, and why. Two replays of the same are equal.
    """

    def __init__(
        self,
        configuration: Configuration,
        *,
        starts_at: datetime,
        jobs: Iterable[Job] = (),
        teach: Teach = learn,
        together: Together | None = None,
    ) -> None:
        self.now = starts_at
        self.events: list[Event] = []
        self.raised: list[str] = []
        self._teach = teach
        self._tables = FleetingWriting()
        # Of a store only what decides is asked here; a test holds that this is all of it.
        self._writing = cast("Writing", self._tables)
        self._book = Book(
            configuration=configuration, version=1, rule_book=RuleBook(configuration.rules), is_mute=True
        )
        self._ids = (f"{number:08d}" for number in count(1))
        self._opinions = Opinions()
        self._quietly = Quietly(self._tables, teach, self._ids.__next__, together or Together())
        self._receivers = _receivers_of(configuration)
        self._to_come: list[_ToCome] = []
        self._numbers = count()
        self._needed: set[JobKey] = set()
        for key, definition in configuration.jobs.items():
            self._needed |= needed_of(key.environment, definition)
        for job in jobs:
            self.register(job)

    def register(self, job: Job) -> None:
        """Know a job from when it was registered on, or from now on if that is past; once for each."""
        if job.environment == SYSTEM_JOB.environment:
            return
        defined = msgspec.structs.replace(
            job, definition=definition_under(job, self._book), id=0, paused_at=None, paused_by=""
        )
        self._needed |= needed_of(job.environment, defined.definition)
        heappush(self._to_come, _ToCome(max(job.registered_at, self.now), next(self._numbers), defined))

    def is_needed(self, key: JobKey) -> bool:
        """Whether another job may need this one, now or once it is known."""
        return key in self._needed or bool(self._tables.needing(key, 1))

    def feed(self, *check_ins: CheckIn) -> list[Answer]:
        """Let time pass until the first was received, and take them in together; return the answers.

        It stands still where their clock has been set back since.
        """
        self.advance(max(self.now, check_ins[0].received_at))
        if len(check_ins) == 1:
            answer = self._quietly.take_in(check_ins[0], self._book, self.now)
            if answer is not None:
                return [answer]
        draft = self._draft()
        answers = take_in(draft, check_ins)
        draft.write()
        self._taken(draft)
        return answers

    def go_ahead(self, check_in: CheckIn, now: datetime) -> datetime | None:
        """Take in a check-in before all that comes to other jobs until then, where that makes no difference.

        `now` is how far its job, which nobody may need, has come; return how far it comes by that. None: it
        does make one, and the check-in is to be fed when its time has come.
        """
        return self._quietly.go_on(check_in, self._book, now)

    def advance(self, until: datetime) -> None:
        """Let time pass until then; time that is over is passed over."""
        if self._to_come:
            self._register_until(min(until, self.now))
        turns = 0
        while (at := self._next_at()) is not None and at <= until:
            turns = turns + 1 if at <= self.now else 0
            if turns > MOST_TURNS:
                raise RuntimeError(f"the replay finds no rest at {self.now}")
            self.now = max(self.now, at)
            if self._to_come:
                self._register_until(self.now)
            if not self._quietly.pass_over(self._book, self.now):
                draft = self._draft()
                tick(draft, JOBS_AT_ONCE)
                self._taken(draft)
        self.now = max(self.now, until)

    def take_events(self) -> list[Event]:
        """Return the events so far, and forget them."""
        taken, self.events = self.events, []
        return taken

    def _next_at(self) -> datetime | None:
        tables = self._tables
        if tables.has_wakes:
            return self.now
        first_at = tables.next_due_at()
        for at in (tables.next_group_due_at(), self._to_come[0].at if self._to_come else None):
            if first_at is None or (at is not None and at < first_at):
                first_at = at
        return first_at

    def _register_until(self, until: datetime) -> None:
        while self._to_come and self._to_come[0].at <= until:
            coming = heappop(self._to_come)
            if self._tables.peek(coming.job.key) is not None:
                continue
            draft = self._draft()
            job = msgspec.structs.replace(coming.job, registered_at=coming.at)
            draft.load(self._tables.register([job]).values())
            for job_id in list(draft.watches):
                draft.look(job_id)
            draft.write()
            self._taken(draft)

    def _draft(self) -> Draft:
        draft = Draft(self._writing, self._book, self.now, self._ids.__next__)
        draft.teach = self._teach
        draft.ask = self._opinions.ask
        return draft

    def _taken(self, draft: Draft) -> None:
        """Take up what a transaction has said and owed, and which rules it has set aside."""
        if draft.raised:
            aside = {(item.rule, item.job_id): item for item in draft.raised}
            self._book = replace(self._book, set_aside={**self._book.set_aside, **aside})
            self.raised += [f"{item.rule}: {item.error}" for item in draft.raised][
                : MOST_RAISED - len(self.raised)
            ]
        tables = self._tables
        if tables.entries:
            for entry in tables.entries:
                self._note(entry)
            tables.entries.clear()
        if tables.notifications:
            self.events += [self._told(owed, draft.now) for owed in tables.notifications]
            tables.notifications.clear()

    def _note(self, entry: Entry) -> None:
        what = _what(entry)
        alert = self._tables.alert(entry.alert_id)
        if what is not None and alert is not None:
            self.events.append(
                _event(
                    alert,
                    at=entry.at,
                    what=what,
                    reason=entry.reason.value,
                    severity=entry.severity,
                    note=entry.note,
                )
            )

    def _told(self, owed: Notification, now: datetime) -> Event:
        receiver = self._receivers.get(owed.target) or owed.target.partition("/")[0]
        alert = self._tables.alert(owed.alert_id)
        if alert is not None:
            return _event(
                alert,
                at=now,
                what=What.TOLD,
                reason=owed.kind,
                severity=Severity(owed.severity),
                target=owed.target,
                receiver=receiver,
            )
        message = unpack(owed.message)
        return Event(
            at=now,
            what=What.TOLD,
            reason=owed.kind,
            alert_id=owed.alert_id,
            job="",
            environment=message.environment,
            condition=message.condition,
            rule="",
            severity=Severity(owed.severity),
            summary=f"{message.job} {message.title}",
            target=owed.target,
            receiver=receiver,
        )


def needed_of(environment: str, definition: Definition) -> set[JobKey]:
    """Return the jobs that one of this environment needs by its definition."""
    return {JobKey(environment, name) for name in definition.upstream}


def _event(
    alert: Alert,
    *,
    at: datetime,
    what: What,
    reason: str,
    severity: Severity,
    target: str = "",
    receiver: str = "",
    note: str = "",
) -> Event:
    return Event(
        at=at,
        what=what,
        reason=reason,
        alert_id=alert.id,
        job=alert.job,
        environment=alert.environment,
        condition=alert.condition,
        rule=alert.rule,
        severity=severity,
        summary=alert.summary,
        run=alert.run,
        target=target,
        receiver=receiver,
        note=note,
        fingerprint=alert.fingerprint,
    )


def _what(entry: Entry) -> What | None:
    """Return which turn of an alert's life a line of its history is; None for what is only said of it."""
    if entry.kept_back:
        return What.KEPT_BACK
    return _TURNS.get(entry.reason)


def _receivers_of(configuration: Configuration) -> dict[str, str]:
    """Return whose targets the targets are."""
    return {target: name for name, targets in configuration.targets.items() for target in targets}
