"""The reckoning: what the store, the receivers, the jobs and the people know must fit together."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from tests.simulation.behaviour import Behaviour
from tests.simulation.climbing import in_hand, judge_climb, judge_group_climb, judge_pace, judge_put_off
from tests.simulation.jobs import JobActor, RunOfJob
from tests.simulation.limit import SPEAKING, judge_limit
from tests.simulation.muting import Muting, is_muted
from tests.simulation.people import People, Promise
from tests.simulation.receivers import Arrival, Ledger
from tests.simulation.resting import Resting
from tests.simulation.server import Server
from tests.simulation.setting import (
    DEFAULT_RECEIVER,
    ESCALATED,
    FALLBACKS,
    POLICY,
    RECEIVER_OF,
    RECEIVERS,
)
from tests.simulation.world import START, World
from tocsin.alerts.alert import KEEPS_BACK, Alert, AlertState, Entry, Reason
from tocsin.alerts.group import Group
from tocsin.alerts.silence import Silence
from tocsin.alerts.telling import is_told_once
from tocsin.engine.commands import Acknowledge, AcknowledgeGroup, AddSilence, Resolve, Snooze
from tocsin.jobs.checkin import CheckInKind
from tocsin.jobs.run import Run, RunStatus
from tocsin.rules.finding import Severity
from tocsin.store.base import Reading
from tocsin.store.rows import Notification, NotificationState

# What lets an alert be told again though somebody has it in hand, or has put it off.
TELLS_AGAIN = (Reason.LOUDER, Reason.ACKNOWLEDGEMENT_ENDED, Reason.SNOOZE_ENDED)
IN_HAND = SPEAKING | {"escalated"}
SAID_WHY = {*KEEPS_BACK, Reason.GROUPED, Reason.INHIBITED}
STATUS_OF = {
    None: RunStatus.RUNNING,
    CheckInKind.SUCCESS: RunStatus.SUCCESS,
    CheckInKind.FAIL: RunStatus.FAILED,
    CheckInKind.TIMEOUT: RunStatus.TIMEOUT,
}


class Auditor:
    """Judges a world that is quiet again; whatever does not fit is accused."""

    def __init__(
        self, world: World, server: Server, ledger: Ledger, jobs: Sequence[JobActor], people: People
    ) -> None:
        self._world = world
        self._server = server
        self._ledger = ledger
        self._jobs = jobs
        self._people = people
        self._jumps = "clock forward" in world.sometimes or "clock back" in world.sometimes
        self._alerts: list[Alert] = []
        self._silences: list[Silence] = []
        self._history: dict[str, list[Entry]] = {}
        self._owed: dict[str, list[Notification]] = {}
        self._by_key: dict[str, Notification] = {}
        self._groups: dict[str, Group | None] = {}
        self._muting = Muting(world, server, (), {})

    def judge(self) -> None:
        """Judge everything."""
        if not self._server.up:
            self._world.accuse("quiet", "the server is not up in a healed world")
            return
        self._server.read(self._load)
        self._server.read(self._check_ins)
        for job in self._jobs:
            self._no_false_alarm(job)
        self._no_verdict_too_early()
        self._promises()
        for group_id, group in self._groups.items():
            self._group_closed_where_opened(group_id, group)
            if group is not None:
                self._group_climbs(group)
        self._groups_in_hand()
        self._muting = Muting(self._world, self._server, self._alerts, self._history)
        for alert in self._alerts:
            self._muting.judge(alert, self._history[alert.id])
            self._told_or_said_why(alert)
            self._not_repeated_once_acknowledged(alert)
            self._escalated(alert)
            self._closed_where_opened(alert)
        self._outbox()
        self._arrivals()
        judge_limit(self._world, self._alerts, self._owed, self._ledger)
        self._moods()
        self._count()

    def _load(self, reading: Reading) -> None:
        self._alerts = reading.alerts(states=AlertState, limit=100_000)
        self._silences = reading.silences(ended_since=self._world.now() - timedelta(days=9))
        for alert in self._alerts:
            self._history[alert.id] = reading.history(alert.id)
            self._owed[alert.id] = reading.notifications(alert.id)
            for pooled in alert.pooled:
                self._groups[pooled.group] = reading.group(pooled.group)
        others = {a.alert_id for a in self._ledger.arrivals} - set(self._owed)
        self._groups |= {other: group for other in others if (group := reading.group(other)) is not None}
        others |= set(self._groups)
        others |= {p.id for p in self._people.promises if p.id not in self._owed}
        for other in sorted(others):
            self._owed[other] = reading.notifications(other)
        self._by_key = {n.key: n for owed in self._owed.values() for n in owed}
        for alert in self._alerts:
            self._world.tell(
                "alert", alert.id, alert.job, alert.condition, alert.state.value, alert.told.count
            )
        for key, owed in sorted(self._by_key.items()):
            self._world.tell("owed", key, owed.target, owed.kind, owed.state.value, owed.attempts)

    # ---------------------------------------------------------------- what jobs said
    def _check_ins(self, reading: Reading) -> None:
        for job in self._jobs:
            watch = reading.job(job.plan.key)
            if watch is None:
                if any(said.answers for said in job.reporter.said):
                    self._world.accuse("nothing lost", f"{job.plan.name} is not known any more")
                continue
            lines = reading.log(watch.job.id, before=None, limit=1_000_000)
            logged = Counter((line.check_in.run, line.check_in.seq) for line in lines)
            for said in job.reporter.said:
                count = logged.pop((said.run, said.seq), 0)
                if said.answers and count != 1:
                    what = f"{said.run} {said.seq} {said.line.kind.value} {[a.value for a in said.answers]}"
                    self._world.accuse("each once", f"{what} stands {count} times in the log")
                if not said.answers:
                    self._world.accuse("quiet", f"{said.run} {said.seq} was never answered")
            if logged:
                self._world.accuse("nothing made up", f"{logged} was never said")
            for run in job.runs:
                if run.said:
                    self._run(job, run, reading.run(watch.job.id, run.key))

    def _no_false_alarm(self, job: JobActor) -> None:
        """No run that began in time, and said so once it could be heard, was ever called missing."""
        if self._jumps:
            return
        missed = {a.since_at for a in self._alerts if (a.job, a.condition) == (job.plan.name, "missing_run")}
        for run in job.runs:
            start_by = run.expected_seconds + job.plan.grace_minutes * 60.0
            if run.said and run.said[0].true_seconds <= start_by and self._could_be_heard(run, start_by):
                self._world.happened("a run in time was looked for")
                if START + timedelta(seconds=start_by) in missed:
                    self._world.accuse("no false alarm", f"{run.key} began in time and was called missing")

    def _no_verdict_too_early(self) -> None:
        """See that what fell into a time without us was not called missing before the stated wait."""
        if self._jumps:
            return
        wait = POLICY.flush_wait_for.total_seconds()
        for gone, back in self._times_away():
            for alert in self._alerts:
                since, opened = ((at - START).total_seconds() for at in (alert.since_at, alert.opened_at))
                if alert.condition == "missing_run" and gone <= since < back <= opened < back + wait - 1.0:
                    self._world.accuse(
                        "no false alarm", f"{alert.job} was called missing as soon as we were back"
                    )

    def _times_away(self) -> list[tuple[float, float]]:
        """Return from when to when, in true time, no process lived for so long that it was blind."""
        lives = [*self._server.lives, (self._server.up_since, 0.0)]
        away = [(gone, back) for (_, gone), (back, _) in pairwise(lives)]
        return [(gone, back) for gone, back in away if back - gone > POLICY.blind_after.total_seconds()]

    def _could_be_heard(self, run: RunOfJob, start_by: float) -> bool:
        """Whether its start was told in time, or in time after the server had been away for long."""
        told = run.said[0].acknowledged_seconds
        if told is None or told <= start_by:
            return told is not None
        for gone, back in self._times_away():
            held_until = back + POLICY.flush_wait_for.total_seconds()
            if gone <= start_by and max(start_by, told) < held_until:
                self._world.happened("a run was heard only after a blind window")
                return True
        return False

    def _run(self, job: JobActor, run: RunOfJob, kept: Run | None) -> None:
        expected = STATUS_OF[job.expected_end(run)]
        found = None if kept is None else kept.status
        if found is not expected:
            self._world.accuse(
                "takes effect", f"{run.key} ({run.behaviour.value}) is {found}, not {expected}"
            )

    # ---------------------------------------------------------------- what people were promised
    def _promises(self) -> None:
        alerts = {alert.id: alert for alert in self._alerts}
        silences = {silence.id for silence in self._silences}
        for promise in self._people.promises:
            command = promise.command
            if isinstance(command, AddSilence) and promise.id not in silences:
                self._world.accuse("kept to people", f"silence {promise.id} is gone")
            if not isinstance(command, Acknowledge | Resolve | Snooze) or promise.already:
                continue
            alert = alerts.get(command.alert_id)
            if alert is None or not self._is_kept(promise, alert):
                self._world.accuse("kept to people", f"{command} was forgotten")
            elif not self._jumps:
                judge_put_off(self._world, alert, self._history[alert.id], promise)

    def _is_kept(self, promise: Promise, alert: Alert) -> bool:
        entries = self._history[alert.id]
        if isinstance(promise.command, Resolve):
            return alert.state is AlertState.RESOLVED and alert.resolved_by == promise.who
        reason = Reason.SNOOZED if isinstance(promise.command, Snooze) else Reason.ACKNOWLEDGED
        return any(e.reason is reason and e.who == promise.who for e in entries)

    def _not_repeated_once_acknowledged(self, alert: Alert) -> None:
        acknowledged = [
            p
            for p in self._people.promises
            if isinstance(p.command, Acknowledge | Snooze) and p.id == alert.id and not p.already
        ]
        for promise in acknowledged:
            entries = self._history[alert.id]
            at = next((i for i, e in enumerate(entries) if e.who == promise.who), len(entries))
            if any(e.reason in TELLS_AGAIN for e in entries[at:]):
                continue
            later = [n for n in self._owed[alert.id] if n.key not in promise.keys and n.kind in IN_HAND]
            if any(not n.fallback_of for n in later):
                self._world.accuse("in hand", f"{alert.id} was told again after it was acknowledged")

    def _group_climbs(self, group: Group) -> None:
        owed, awake = self._owed[group.id], None
        if not self._jumps:
            made, deaths = self._ledger.made_seconds, [gone for _, gone in self._server.lives]
            told = [made[one.key] for one in owed if one.kind == "firing" and not one.fallback_of]
            awake = Resting(self._alerts, self._history, self._silences).awake(group, told)
            judge_pace(self._world, group, owed, awake, made_seconds=made, deaths=deaths)
        judge_group_climb(self._world, group, owed, awake)

    def _groups_in_hand(self) -> None:
        for promise in self._people.promises:
            if isinstance(promise.command, AcknowledgeGroup):
                until_at = promise.command.until_at
                later = [
                    one
                    for one in in_hand(self._owed[promise.id], promise.keys)
                    if until_at is None or one.created_at < until_at
                ]
                if any(one.kind in ("repeat", "escalated") and not one.fallback_of for one in later):
                    self._world.accuse("in hand", f"group {promise.id} was told again once it was taken")

    # ---------------------------------------------------------------- what was owed
    def _told_or_said_why(self, alert: Alert) -> None:
        entries, owed = self._history[alert.id], self._owed[alert.id]
        reasons = {entry.reason for entry in entries}
        spoken = [n for n in owed if n.kind in SPEAKING]
        by_group = [n for p in alert.pooled for n in self._owed[p.group] if n.kind in SPEAKING]
        if not spoken and not reasons & SAID_WHY and not self._muting.was_short(alert, entries):
            self._world.accuse("told or said why", f"{alert.id} {alert.condition} of {alert.job}: silence")
        if alert.state is AlertState.FIRING and not (spoken or by_group or is_muted(alert)):
            self._world.accuse("told or said why", f"{alert.id} still fires and nobody heard of it")
        targets: dict[int, set[str]] = defaultdict(set)
        for one in spoken:
            if not one.fallback_of and one.target not in ESCALATED:
                targets[one.seq].add(one.target)
        for one in spoken:
            expected = set(RECEIVERS[RECEIVER_OF[Severity(one.severity)]])
            if one.seq in targets and targets[one.seq] != expected:
                self._world.accuse("to whom", f"{one.key} went to {targets[one.seq]}, not {expected}")

    def _escalated(self, alert: Alert) -> None:
        spoken = [n for n in self._owed[alert.id] if n.kind in SPEAKING and n.severity == Severity.CRITICAL]
        judge_climb(self._world, alert, self._history[alert.id], is_told=bool(spoken))

    def _outbox(self) -> None:
        arrived = {arrival.key for arrival in self._ledger.arrivals}
        for key, owed in self._by_key.items():
            what = f"{key} to {owed.target} is {owed.state.value}"
            if owed.state in (NotificationState.PENDING, NotificationState.SENDING):
                self._world.accuse("delivered", f"{what} in a quiet world")
            if owed.state is NotificationState.SENT and key not in arrived:
                self._world.accuse("delivered", f"{what} and never arrived")
            if owed.state is NotificationState.UNKNOWN and (
                owed.severity >= Severity.CRITICAL or owed.target.endswith("/webhook")
            ):
                self._world.accuse("delivered", f"{what}, though it may be repeated")
            if owed.state is NotificationState.DEAD and not owed.fallback_of:
                self._has_stand_in(owed)

    def _has_stand_in(self, owed: Notification) -> None:
        """See that a fallback was told the same, or had heard of something newer by then."""
        receiver = owed.target.partition("/")[0]
        fallback = RECEIVERS[FALLBACKS.get(receiver, DEFAULT_RECEIVER)] if receiver != "spare" else ()
        told = {n.target for n in self._owed[owed.alert_id] if n.seq >= owed.seq}
        if owed.kind != "test" and not told.issuperset(set(fallback) - {owed.target}):
            self._world.accuse("fallback", f"nobody stands in for {owed.key} to {owed.target}")

    def _group_closed_where_opened(self, group_id: str, group: Group | None) -> None:
        """See that whoever heard of a group hears when all that it told of is over, and not before."""
        if group is None:
            self._world.accuse("closed", f"group {group_id} is gone")
            return
        self._world.happened("alerts were told as one")
        mine = [a for a in self._alerts if any(p.group == group_id for p in a.pooled)]
        if group.closed_at is not None and any(alert.is_open for alert in mine):
            self._world.accuse("closed", f"group {group_id} is closed and has open alerts")
        last = {a.target: a.kind for a in self._ledger.arrivals if a.alert_id == group_id and not a.stale}
        for target, kind in last.items():
            dead_end = any(
                n.target == target and n.state in (NotificationState.DEAD, NotificationState.UNKNOWN)
                for n in self._owed[group_id]
            )
            if (kind == "resolved") != (group.closed_at is not None) and not dead_end:
                self._world.accuse("closed", f"group {group_id} was last told as {kind} at {target}")

    def _closed_where_opened(self, alert: Alert) -> None:
        owed = {n.key: n for n in self._owed[alert.id]}
        last: dict[str, Arrival] = {}
        for arrival in self._ledger.arrivals:
            if arrival.alert_id == alert.id and not arrival.stale and arrival.kind != "test":
                last[arrival.target] = arrival
        for target, arrival in last.items():
            dead_end = any(
                n.target == target
                and n.kind == "resolved"
                and n.state in (NotificationState.DEAD, NotificationState.UNKNOWN)
                for n in owed.values()
            )
            if alert.state is AlertState.RESOLVED and arrival.kind != "resolved" and not dead_end:
                self._world.accuse("closed", f"{alert.id} is resolved but stays open at {target}")
            if alert.state is not AlertState.RESOLVED and arrival.kind == "resolved":
                self._world.accuse("closed", f"{alert.id} is open but was closed at {target}")

    # ---------------------------------------------------------------- what arrived
    def _arrivals(self) -> None:
        contents: dict[str, str] = {}
        newest: dict[tuple[str, str], int] = {}
        for arrival in self._ledger.arrivals:
            owed = self._by_key.get(arrival.key)
            if owed is None or (owed.alert_id, owed.target, owed.kind) != (
                arrival.alert_id,
                arrival.target,
                arrival.kind,
            ):
                self._world.accuse("known keys", f"{arrival.key} at {arrival.target} was never made")
                continue
            if contents.setdefault(arrival.key, arrival.content) != arrival.content:
                self._world.accuse("known keys", f"{arrival.key} came with another content")
            thread = (arrival.alert_id, arrival.target)
            if owed.seq < newest.get(thread, 0) and not arrival.stale:
                self._world.accuse("in order", f"{arrival.key} came after a later one")
            newest[thread] = max(newest.get(thread, 0), owed.seq)

    # ---------------------------------------------------------------- what must hold in the end
    def _moods(self) -> None:
        names = {alert.fingerprint for alert in self._alerts if alert.is_open}
        if len(names) != sum(alert.is_open for alert in self._alerts):
            self._world.accuse("one open", "two open alerts have one fingerprint")
        opened = {(a.alert_id, a.target) for a in self._ledger.arrivals if a.kind in SPEAKING}
        for job in self._jobs:
            mine = [a for a in self._alerts if a.job == job.plan.name and a.is_open]
            open_conditions = sorted(alert.condition for alert in mine)
            expected = ["job_failure"] if job.mood is Behaviour.FAILS else []
            if open_conditions != expected:
                self._world.accuse("as it is", f"{job.plan.name} ends with {open_conditions}, not {expected}")
            for alert in mine:
                if is_muted(alert):
                    continue
                speakers = {alert.id, *(pooled.group for pooled in alert.pooled)}
                for target in RECEIVERS[RECEIVER_OF[alert.severity]]:
                    has_heard = any((speaker, target) in opened for speaker in speakers)
                    if not has_heard and not self._refused_all(alert, target):
                        self._world.accuse("told", f"{target} never heard of {alert.id} of {alert.job}")

    def _refused_all(self, alert: Alert, target: str) -> bool:
        """Whether a receiver refused for good what is told once.

        What flaps is not repeated until it settles, nor is what is mild and has ended. What was refused for
        good is not tried again: its fallback hears it in the place of the receiver, as `_has_stand_in` sees.
        """
        mine = [n for n in self._owed[alert.id] if n.target == target and n.kind in SPEAKING]
        is_once = alert.flapping or is_told_once(alert)
        return is_once and bool(mine) and all(n.state is NotificationState.DEAD for n in mine)

    def _count(self) -> None:
        for alert in self._alerts:
            self._world.happened(f"alert {alert.condition}")
            for entry in self._history[alert.id]:
                self._world.happened(f"entry {entry.reason.value}")
        for owed in self._by_key.values():
            self._world.happened(f"notification {owed.state.value}")
            if owed.fallback_of:
                self._world.happened("a fallback was told")
