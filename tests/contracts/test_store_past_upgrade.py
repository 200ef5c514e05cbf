"""What an older version has kept is listed and counted like what came after it."""

import sqlite3
from datetime import timedelta

from tests.contracts.kept import MINUTE, NOON, Place, an_alert, changed
from tocsin.alerts.alert import AlertState, Entry, Reason
from tocsin.store.codec import micros
from tocsin.store.migrating import migrations
from tocsin.store.past import Place as At
from tocsin.store.postgres.door import PostgresDoor
from tocsin.store.shapes import ALERT, ENTRY
from tocsin.store.sqlite.door import APPLICATION_ID

OLD = next(step.number for step in migrations("tocsin.store.sqlite") if step.name.endswith("_past")) - 1
END = NOON + timedelta(days=1)
OPEN = changed(
    an_alert(),
    state=AlertState.ACKNOWLEDGED,
    acknowledged_at=NOON + 9 * MINUTE,
    acknowledged_by="kim",
    log_tail='\x00\\u0000 "quoted" \u2028 ü',
)
OVER = changed(
    an_alert("alert-2", fingerprint="print-2"),
    state=AlertState.RESOLVED,
    resolved_at=NOON + MINUTE,
    resolved_by="kim",
)
ENTRIES = [
    Entry(alert_id=alert_id, at=at, reason=reason, state=OPEN.state, severity=OPEN.severity, note="\x00")
    for alert_id, at, reason in (
        ("alert-1", NOON, Reason.SILENCED),
        ("alert-1", NOON + 5 * MINUTE, Reason.ACKNOWLEDGED),
        ("alert-1", NOON + 9 * MINUTE, Reason.ACKNOWLEDGED),
        ("alert-2", NOON.replace(microsecond=0), Reason.OPENED),
    )
]
ALERT_ROWS = [
    (a.id, a.fingerprint, 1, a.state.value, 2, micros(a.opened_at), over_at, 0, ALERT.encode(a))
    for a, over_at in ((OPEN, 2**63 - 1), (OVER, micros(NOON + MINUTE)))
]
SAVE = (
    "INSERT INTO alerts (id, fingerprint, job_id, state, severity, opened_at, over_at, held_back, body) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
RECORD = "INSERT INTO alert_history (alert_id, body) VALUES (?, ?)"


def write_old(place: Place) -> None:
    """Write what the version before would have."""
    entries = [(entry.alert_id, ENTRY.encode(entry)) for entry in ENTRIES]
    if place.kind == "sqlite":
        with sqlite3.connect(place.url) as older:
            for step in migrations("tocsin.store.sqlite")[:OLD]:
                older.executescript(step.sql)
            older.executemany(SAVE, ALERT_ROWS)
            older.executemany(RECORD, entries)
            older.execute(f"PRAGMA user_version = {OLD}")
            older.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        older.close()
        return
    door = PostgresDoor(place.url)
    door.run("CREATE TABLE schema_version (number INTEGER PRIMARY KEY)")
    door.run("INSERT INTO schema_version VALUES (?)", (OLD,))
    for step in migrations("tocsin.store.postgres")[:OLD]:
        door.run(step.sql)
    door.many(SAVE, ALERT_ROWS)
    door.many(RECORD, entries)
    door.close()


def test_the_history_of_an_older_version_is_found_and_counted(place: Place) -> None:
    write_old(place)

    store = place.open()
    with store.reading() as reading:
        listed = reading.decisions(NOON - MINUTE, At(at=END), limit=10)
        opened = reading.opened(NOON, END)
        taken = reading.until_taken(NOON, END)
        tallies = {(one.reason, one.kept_back): one.count for one in reading.tallies(NOON - MINUTE, END)}
    store.close()

    wanted = [changed(entry, kept_back=entry.reason is Reason.SILENCED) for entry in ENTRIES]
    assert [one.entry for one in listed] == sorted(wanted, key=lambda entry: entry.at, reverse=True)
    assert [one.alert.log_tail for one in listed][:1] == [OPEN.log_tail]
    assert [(o.rule, o.condition, o.count, o.taken, o.by_hand, o.open) for o in opened] == [
        ("failed", "job_failure", 2, 1, 1, 1)
    ]
    assert [one.median_seconds for one in taken] == [300.0, 300.0]
    assert tallies == {("silenced", True): 1, ("acknowledged", False): 2, ("opened", False): 1}
