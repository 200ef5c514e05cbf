"""Histories made up by dice, kept in a store the way the engine does, to be reckoned with by hand."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.contracts.kept import NOON, an_alert, changed, committed, owed, registered, tried
from tocsin.alerts.alert import Alert, AlertState, Entry, Reason
from tocsin.rules.finding import Severity
from tocsin.store.base import Store
from tocsin.store.rows import Notification, NotificationState

JOBS = 4
OF_DRILLS_FROM = 60
RULES = ("failed", "late", "stuck")
TARGETS = ("team/slack", "team/email", "teamster", "ada")
REASONS = (Reason.SILENCED, Reason.GROUPED, Reason.MUTED)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
SINCE, UNTIL = NOON + DAY, NOON + 3 * DAY
END = NOON + 10 * DAY


@dataclass(slots=True)
class History:
    """Everything that was kept, as plain lists."""

    alerts: list[Alert] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    owed: list[Notification] = field(default_factory=list)
    dead: set[str] = field(default_factory=set)

    @property
    def within(self) -> list[Alert]:
        """The alerts that were opened in the span; drills are none."""
        return [one for one in self.alerts if SINCE <= one.opened_at < UNTIL and not is_of_drill(one.id)]

    def job_of(self, entry: Entry) -> int:
        """The id of the job whose alert an entry is of."""
        return next(alert.job_id for alert in self.alerts if alert.id == entry.alert_id)

    def first_taken(self, alert: Alert) -> datetime | None:
        """When an alert was first acknowledged."""
        at = [e.at for e in self.entries if e.alert_id == alert.id and e.reason is Reason.ACKNOWLEDGED]
        return min(at, default=None)


def is_of_drill(alert_id: str) -> bool:
    """Whether an alert is told in a drill."""
    return alert_id.startswith("drill-")


def made_up(seed: int) -> History:
    """Return a history of four days; instants often fall on the edges of the span."""
    dice, found = random.Random(seed), History()
    edges = [SINCE, UNTIL, SINCE - timedelta(microseconds=1), UNTIL - timedelta(microseconds=1)]
    for number in range(80):
        is_drill = number >= OF_DRILLS_FROM
        opened_at = dice.choice([*edges, NOON + dice.random() * 4 * DAY])
        alert = changed(
            an_alert(
                f"{'drill-' if is_drill else 'a'}{number:02}",
                fingerprint=f"p{number}",
                job_id=1 + dice.randrange(JOBS),
            ),
            opened_at=opened_at,
            changed_at=opened_at,
            severity=dice.choice(list(Severity)),
            rule="drill" if is_drill else dice.choice(RULES),
            condition="drill" if is_drill else dice.choice(["job_failure", "stalled"]),
        )
        found.alerts.append(alert)
        _note(found, alert, Reason.OPENED, opened_at)
        for reason in dice.sample(REASONS, dice.randrange(3)):
            _note(found, alert, reason, opened_at + dice.randrange(90) * MINUTE, kept_back=True)
        for seq in range(dice.randrange(3)):
            _owe(found, alert, seq, opened_at, dice)
    return found


def _note(found: History, alert: Alert, reason: Reason, at: datetime, *, kept_back: bool = False) -> None:
    entry = Entry(
        alert_id=alert.id,
        at=at,
        reason=reason,
        state=alert.state,
        severity=alert.severity,
        kept_back=kept_back,
    )
    found.entries.append(entry)


def _owe(found: History, alert: Alert, seq: int, at: datetime, dice: random.Random) -> None:
    key = f"{alert.id}-{seq}"
    kind = dice.choice(["firing", "repeat"])
    target = dice.choice(TARGETS)
    found.owed.append(
        owed(key, alert_id=alert.id, target=target, seq=seq, created_at=at, due_at=at, kind=kind)
    )
    if dice.random() < 0.2:
        found.dead.add(key)


def keep(store: Store, history: History, dice: random.Random) -> None:
    """Keep a history the way the engine does: alerts change, and are saved again each time."""
    with committed(store) as writing:
        registered(writing, *(f"job {n}" for n in range(JOBS)))
        writing.save_alerts(history.alerts)
        writing.record(history.entries)
        writing.enqueue(history.owed)
    for _ in range(2):
        _save(store, history, [_acknowledged(a, dice) if dice.random() < 0.4 else a for a in history.alerts])
    _save(store, history, [_over(a, dice) if dice.random() < 0.8 else a for a in history.alerts])
    _let_die(store, history)


def _save(store: Store, history: History, changed_alerts: list[Alert]) -> None:
    lines = [
        Entry(
            alert_id=now.id,
            at=now.changed_at,
            reason=Reason.ACKNOWLEDGED,
            state=now.state,
            severity=now.severity,
            who=now.acknowledged_by,
        )
        for before, now in zip(history.alerts, changed_alerts, strict=True)
        if now != before and now.is_open
    ]
    with committed(store) as writing:
        writing.save_alerts(changed_alerts)
        writing.record(lines)
    history.alerts, history.entries = changed_alerts, [*history.entries, *lines]


def _acknowledged(alert: Alert, dice: random.Random) -> Alert:
    at = alert.changed_at + dice.randrange(1, 200) * MINUTE
    return changed(
        alert, state=AlertState.ACKNOWLEDGED, acknowledged_at=at, acknowledged_by="kim", changed_at=at
    )


def _over(alert: Alert, dice: random.Random) -> Alert:
    at, by = alert.changed_at + dice.randrange(1, 500) * MINUTE, dice.choice(["", "", "kim"])
    return changed(alert, state=AlertState.RESOLVED, resolved_at=at, resolved_by=by, changed_at=at)


def _let_die(store: Store, history: History) -> None:
    with committed(store) as writing:
        while claimed := writing.claim(END, lease_for=MINUTE, limit=100, busy=()):
            states = {True: NotificationState.DEAD, False: NotificationState.SENT}
            writing.finish([tried(one, states[one.key in history.dead], at=END) for one in claimed])
