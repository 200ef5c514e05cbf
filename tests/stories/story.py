"""A day in the life of jobs, told in the order in which it happens.

`story.at("08:20").succeeds("sales")` lets everything happen that is due until 08:20, at its exact
instant, and then the job report. Instants are wall times of the story's zone: "08:20", "08:20:30",
"Sun 02:30" for the first such day from the day of the story on, "2026-04-01 02:30".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Unpack
from zoneinfo import ZoneInfo

from tests.stories.moment import Moment
from tests.stories.server import BLIND_AFTER, Server, VirtualClock
from tests.stories.words import JobWords, RuleWords, definition_of, route_of, rule_of
from tocsin.alerts.alert import Alert, AlertState, Entry
from tocsin.alerts.digest import DigestPlan
from tocsin.alerts.drill import DrillPlan
from tocsin.alerts.inhibition import InhibitRule
from tocsin.alerts.maintenance import MaintenanceWindow
from tocsin.alerts.matcher import read_matcher, read_matchers
from tocsin.alerts.route import Route
from tocsin.alerts.timeinterval import NamedInterval, TimeInterval, read_times, read_weekdays
from tocsin.config.loading import load
from tocsin.engine.configuration import Configuration, Policy
from tocsin.errors import ChannelError
from tocsin.jobs.checkin import DEFAULT_ENVIRONMENT
from tocsin.jobs.job import Definition, JobKey
from tocsin.jobs.run import Run
from tocsin.notify.channel import Accepted
from tocsin.notify.message import Message
from tocsin.oncall import escalation
from tocsin.oncall.responder import Responder
from tocsin.oncall.schedule import OnCallSchedule
from tocsin.rules.defaults import DEFAULT_RULES
from tocsin.rules.known_failures import OUR_TABLE
from tocsin.rules.rule import Rule
from tocsin.store.rows import Watch

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
A_TUESDAY = date(2026, 3, 10)
ONE_DAY = timedelta(days=1)
THE_EVENING_BEFORE = timedelta(hours=2)


@dataclass(frozen=True)
class Heard:
    """One message that arrived."""

    at: datetime
    target: str
    message: Message


class Receiver:
    """A channel that remembers what it was told, can be out of order, and may track who has it in hand."""

    kind = "recording"
    recognises_repeats = True

    def __init__(self, name: str, log: list[Heard]) -> None:
        self.name = name
        self.is_down = False
        self.tracks = False
        self.digest_at = ""
        self._log = log

    def send(self, message: Message, *, at: datetime) -> Accepted:
        if self.is_down:
            raise ChannelError("nobody answers")
        self._log.append(Heard(at=at, target=self.name, message=message))
        return Accepted(detail="heard")


class Story:
    """See the top of this file."""

    def __init__(self, path: Path) -> None:
        self.zone = ZoneInfo("UTC")
        self.day = A_TUESDAY
        self.policy = Policy(blind_after=BLIND_AFTER)
        self.base_url = ""
        self.rules: tuple[Rule, ...] = DEFAULT_RULES
        self.known_failures = OUR_TABLE
        self.route = Route(receiver="team")
        self.inhibit_rules: tuple[InhibitRule, ...] = ()
        self.time_intervals: dict[str, NamedInterval] = {}
        self.maintenance: list[MaintenanceWindow] = []
        self.receivers: dict[str, Receiver] = {}
        self.messages: list[Heard] = []
        self.escalations: dict[str, escalation.Policy] = {}
        self.responders: dict[str, Responder] = {}
        self.on_call: dict[str, OnCallSchedule] = {}
        self.drills: tuple[DrillPlan, ...] = ()
        self.clock = VirtualClock(datetime.combine(self.day, time(), UTC) - THE_EVENING_BEFORE)
        self._defined: dict[JobKey, Definition] = {}
        self._has_begun = False
        self.receiver("team")
        self.server = Server(path, self.clock, self.receivers)

    # ------------------------------------------------------------ how things stand at the beginning
    def begins(self, day: str, *, zone: str = "UTC", at: str = "") -> None:
        """Say on which day and where the story plays; the server is up since the evening before."""
        self.zone = ZoneInfo(zone)
        self.day = date.fromisoformat(day)
        self.clock.at = self.instant(at) if at else self.instant("00:00") - THE_EVENING_BEFORE

    def begins_at(self, instant: datetime) -> None:
        """Let the server come up at this instant."""
        self.clock.at = instant
        self._begin()

    def receiver(self, name: str) -> Receiver:
        self.receivers[name] = Receiver(name, self.messages)
        return self.receivers[name]

    def routes(self, *routes: tuple[str, ...], default: str = "team") -> None:
        """Route by matchers: `("severity=page", "on-call")`; several are separated by blanks.

        Behind them may stand "continue", "mute=night,weekend" or "active=office".
        """
        for _, receiver, *_ in routes:
            self.receivers.get(receiver) or self.receiver(receiver)
        self.route = Route(receiver=default, routes=tuple(route_of(*words) for words in routes))

    def time_interval(self, name: str, times: str, *, weekdays: str = "", zone: str = "UTC") -> None:
        """Name a time of the day, "09:00-17:00", on days such as "monday:friday"; empty: always."""
        interval = TimeInterval(
            times=(read_times(*times.split("-")),) if times else (),
            weekdays=(read_weekdays(weekdays),) if weekdays else (),
            timezone=zone,
        )
        self.time_intervals[name] = NamedInterval(name=name, intervals=(interval,))

    def maintains(
        self, name: str, matchers: str, times: str, *, weekdays: str = "", zone: str = "UTC"
    ) -> None:
        """Mute what matches at these times, again and again; the words are those of `time_interval`."""
        self.time_interval(name, times, weekdays=weekdays, zone=zone)
        times_of_it = self.time_intervals.pop(name)
        window = MaintenanceWindow(
            name=name, matchers=read_matchers(matchers), times=times_of_it, comment="upgrade"
        )
        self.maintenance.append(window)

    def escalates(
        self, *levels: escalation.Level, repeat: float | None = None, name: str = "standard"
    ) -> None:
        """Climb this policy for every alert; each target of a level is a receiver of its own."""
        for target in (target for level in levels for target in level.targets):
            if target not in self.receivers:
                self.receiver(target)
        policy = escalation.Policy(policy_id=name, name=name, levels=levels, repeat_after_minutes=repeat)
        self.escalations[name] = policy
        self.route = replace(self.route, escalation=name)

    def inhibits(self, source: str, target: str, *equal: str, name: str = "") -> None:
        """While an alert that matches `source` is open, mute those that match `target`."""
        rule = InhibitRule(
            source_matchers=tuple(read_matcher(m) for m in source.split()),
            target_matchers=tuple(read_matcher(m) for m in target.split()),
            equal=equal,
            name=name,
        )
        self.inhibit_rules = (*self.inhibit_rules, rule)

    def rule(self, condition: str, **words: Unpack[RuleWords]) -> None:
        """Put this rule in the place of the default rule of its condition, or beside the rules of its own."""
        others = tuple(r for r in self.rules if r not in DEFAULT_RULES or r.condition != condition)
        self.rules = (*others, rule_of(condition, **words))

    def job(self, name: str, *, environment: str = DEFAULT_ENVIRONMENT, **words: Unpack[JobWords]) -> None:
        """Define a job in the configuration file."""
        self._defined[JobKey(environment, name)] = definition_of(str(self.zone), **words)

    def defines(self, defined: Mapping[str, Definition]) -> None:
        """Define jobs in the configuration file by values."""
        self._defined |= {JobKey(DEFAULT_ENVIRONMENT, name): one for name, one in defined.items()}

    def jobs_of(self, folder: Path, *names: str) -> None:
        """Define the jobs of a configuration as it stands in a file, or those of these names."""
        jobs = load(folder / "tocsin.yaml", {}).configuration.jobs
        self._defined.update({key: jobs[key] for key in jobs if not names or key.name in names})

    def forget(self, name: str) -> None:
        """Take a job out of the configuration file."""
        del self._defined[JobKey(DEFAULT_ENVIRONMENT, name)]

    @property
    def configuration(self) -> Configuration:
        return Configuration(
            digest=str(hash((self.rules, str(self._defined), self.inhibit_rules))),
            rules=self.rules,
            known_failures=self.known_failures,
            route=self.route,
            targets={name: () if one.digest_at else (name,) for name, one in self.receivers.items()},
            digests=tuple(
                DigestPlan(
                    target=name,
                    receiver=name,
                    at=time.fromisoformat(one.digest_at),
                    timezone=str(self.zone),
                )
                for name, one in self.receivers.items()
                if one.digest_at
            ),
            hears_acknowledgements=frozenset(name for name, one in self.receivers.items() if one.tracks),
            time_intervals=dict(self.time_intervals),
            maintenance=tuple(self.maintenance),
            inhibit_rules=self.inhibit_rules,
            escalations=dict(self.escalations),
            responders=dict(self.responders),
            on_call_schedules=dict(self.on_call),
            drills=self.drills,
            jobs=dict(self._defined),
            base_url=self.base_url,
            policy=self.policy,
        )

    # ------------------------------------------------------------ what happens
    def at(self, when: str) -> Moment:
        """Let everything happen until then."""
        self.until(when)
        return Moment(self.server, self.instant)

    def until(self, when: str) -> None:
        self._begin()
        self.server.live_until(self.instant(when))

    def silent_until(self, when: str) -> bool:
        """Let time pass; whether nobody was told anything meanwhile."""
        before = len(self.messages)
        self.until(when)
        return len(self.messages) == before

    def down(self, since: str, until: str) -> None:
        """Let the server die and come back."""
        self.until(since)
        self.server.die()
        self.clock.at = self.instant(until)
        self.server.boot(self.configuration)

    def sleeps(self, since: str, until: str) -> None:
        """Let the server's machine be suspended and go on."""
        self.until(since)
        self.clock.at = self.instant(until)
        self.server.work()

    def set_back(self, since: str, to: str) -> None:
        """Let somebody set the clock of the server's machine back."""
        self.until(since)
        self.server.set_back(self.instant(to))

    def reloads(self) -> None:
        """Let the server read its configuration anew."""
        self.server.reconfigure(self.configuration)

    def close(self) -> None:
        if self.server.up:
            self.server.die()

    # ------------------------------------------------------------ what came of it
    @property
    def heard(self) -> list[tuple[str, str, str]]:
        """What was told to anybody: when, how severe, and what kind of news."""
        return [(self.clock_time(h.at), h.message.severity, h.message.kind.value) for h in self.messages]

    def heard_by(self, target: str) -> list[tuple[str, str, str]]:
        return [self.heard[i] for i, h in enumerate(self.messages) if h.target == target]

    def heard_of(self, job: str) -> list[tuple[str, str, str]]:
        return [self.heard[i] for i, h in enumerate(self.messages) if h.message.job == job]

    @property
    def titles(self) -> list[str]:
        return [h.message.title for h in self.messages]

    @property
    def last(self) -> Message:
        return self.messages[-1].message

    @property
    def open(self) -> list[tuple[str, str, str]]:
        """The open alerts: job, condition, severity."""
        return sorted((a.job, a.condition, a.severity.word) for a in self.alerts() if a.is_open)

    def alerts(self) -> list[Alert]:
        with self.server.store.reading() as reading:
            found = reading.alerts(states=AlertState, limit=1000)
        return sorted(found, key=lambda alert: alert.opened_at)

    def history(self, job: str) -> list[tuple[str, str]]:
        """When and why the alerts of a job changed."""
        return [(self.clock_time(entry.at), entry.reason.value) for entry in self._entries(job)]

    def notes(self, job: str) -> list[str]:
        """What stands beside the lines of `history`."""
        return [entry.note for entry in self._entries(job)]

    def _entries(self, job: str) -> list[Entry]:
        entries: list[Entry] = []
        with self.server.store.reading() as reading:
            for alert in self.alerts():
                entries += reading.history(alert.id) if alert.job == job else []
        return entries

    def watch(self, job: str, environment: str = DEFAULT_ENVIRONMENT) -> Watch:
        with self.server.store.reading() as reading:
            found = reading.job(JobKey(environment, job))
        assert found is not None, job
        return found

    def run(self, job: str, run: str) -> Run:
        with self.server.store.reading() as reading:
            found = reading.run(self.watch(job).job.id, run)
        assert found is not None, run
        return found

    def occurrences(self, job: str) -> list[tuple[str, str]]:
        """The expected runs that were decided, oldest first: when, and what became of them."""
        with self.server.store.reading() as reading:
            job_id = self.watch(job).job.id
            found = reading.recent_occurrences([job_id], 100).get(job_id, [])
        return [(self.clock_time(o.nominal_at), o.status.value) for o in reversed(found)]

    # ------------------------------------------------------------ instants
    def clock_time(self, instant: datetime) -> str:
        local = instant.astimezone(self.zone)
        text = local.strftime("%H:%M:%S" if local.second else "%H:%M")
        return text if local.date() == self.day else f"{WEEKDAYS[local.weekday()]} {text}"

    def instant(self, when: str) -> datetime:
        day_name, _, clock = when.rpartition(" ")
        day = date.fromisoformat(day_name) if "-" in day_name else self.day
        while day_name in WEEKDAYS and WEEKDAYS[day.weekday()] != day_name:
            day += ONE_DAY
        return datetime.combine(day, time.fromisoformat(clock), self.zone).astimezone(UTC)

    def _begin(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self.server.boot(self.configuration)
