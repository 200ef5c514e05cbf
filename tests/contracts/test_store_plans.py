"""No statement of the embedded store reads a table that grows from end to end."""

import re
import sqlite3
from pathlib import Path

from tests.contracts.kept import (
    LEASE,
    MINUTE,
    NOON,
    a_check_in,
    a_job,
    a_run,
    an_alert,
    an_occurrence,
    committed,
    due,
    ended,
    key,
    owed,
    registered,
    running,
    tried,
)
from tests.contracts.test_store_drills import a_drill
from tocsin.alerts.alert import AlertState, Entry, Reason
from tocsin.rules.finding import Severity
from tocsin.store.base import Reading
from tocsin.store.past import Place
from tocsin.store.rows import NotificationState
from tocsin.store.sqlite import SqliteStore

END = NOON + MINUTE
# Tables that hold a handful of rows, and what is no table.
SMALL = {"set_aside", "unknown", "tokens", "blind_windows", "leftovers", "servers", "tallies", "notes"}
NO_TABLE = {
    "ranked",
    "subjects",
    "found",
    "worst",
    "json_each",
    "chain",
    "unfinished",
    "firing",
    "ahead",
    "CONSTANT",
    "sqlite_schema",
}
# Takes so many rows from the beginning and stops there.
BOUNDED = "SELECT id, received_at FROM check_ins ORDER BY id LIMIT"
WHOLE = re.compile(r"SCAN (\w+)(?! (?:AS \w+ )?USING )\b")


def fill(store: SqliteStore) -> int:
    with committed(store) as writing:
        watch, gone = registered(writing, "etl", "gone")
        job = watch.job.id
        writing.save_runs([(job, a_run()), (job, ended(a_run("x"), NOON))])
        writing.runs([(job, "x")])
        writing.save_occurrences([(job, an_occurrence())])
        writing.append([(job, a_check_in(n)) for n in range(3)])
        writing.save([due(watch, NOON, state=running(a_run()))])
        writing.save_alerts([an_alert()])
        line = Entry(
            alert_id="alert-1", at=NOON, reason=Reason.TOLD, state=AlertState.FIRING, severity=Severity.INFO
        )
        writing.record([line])
        writing.enqueue([owed("a"), owed("b", seq=2)])
        writing.save_unknown(1, job, "it", NOON)
        writing.rename(job, "etl2")
        writing.delete(gone.job.id)
    return job


def look(store: SqliteStore, job: int) -> None:
    with committed(store) as writing:
        writing.due(NOON, 5)
        writing.next_due_at()
        writing.due_before(NOON)
        writing.mark_due([job], NOON)
        writing.outdated(3, 5)
        writing.register([a_job()])
        writing.alerts([job], NOON)
        writing.alert("alert-1")
        writing.open_alerts_held_back()
        writing.finish([tried(one) for one in writing.claim(NOON, lease_for=LEASE, limit=5, busy=())])
        writing.cancel("alert-1", ["firing"], NOON)
        writing.next_delivery_at()
        writing.overdue(NOON, 5)
        writing.set_fallback("a", "b")
        writing.silences(NOON)
        writing.overrides(NOON)
        writing.save_drill(a_drill("one"))
        writing.drills_under_way(5)
        writing.owed("alert-1")
        writing.set_aside(NOON)
        writing.alive("one", NOON)
        writing.bury(["two"])
        writing.blind(NOON)
        writing.clear_unknown(job, NOON)
        writing.unknown(1, 5)
        writing.unknown_jobs()
        writing.note("x")
        writing.prune(logs_before=NOON + MINUTE, runs_before=NOON + MINUTE, limit=5)


def read(store: SqliteStore, job: int) -> None:
    with store.reading() as reading:
        reading.job(key())
        reading.jobs(after=key(), limit=5, search="e")
        reading.recent_runs([job], 5)
        reading.recent_occurrences([job], 5)
        reading.run(job, "x")
        reading.log(job, before=5, limit=5)
        for of_job in (None, job):
            reading.alerts(states=AlertState, job_id=of_job, before=NOON, limit=5)
        reading.history("alert-1")
        reading.notifications("alert-1")
        reading.deliveries(["a"])
        reading.silences(ended_since=NOON)
        reading.overrides(ended_since=NOON)
        reading.drill("one")
        reading.drills(5)
        reading.tokens()
        read_the_past(reading, job)
        reading.counts()
        audit(reading)


def audit(reading: Reading) -> None:
    reading.lying_jobs(NOON, 5)
    reading.lying_groups(NOON, 5)
    reading.lying_aside(NOON, NOON, 5)
    reading.open_groups("", 5)
    reading.unclaimed(NOON, NOON)
    reading.unclaimable(NOON, 5)
    reading.without_fallback(NOON, 5)
    reading.unfinished(NOON, 5)
    reading.firing((-1, 0, ""), 5)
    reading.firing_one("alert-1")
    reading.lived_at("one")


def read_the_past(reading: Reading, job: int) -> None:
    reading.opened(NOON, END)
    reading.opened_in_quarters(NOON, END)
    reading.noisiest_jobs(NOON, END, 5)
    reading.not_taken(NOON, END, 5)
    reading.until_taken(NOON, END)
    reading.until_over(NOON, END)
    reading.tallies(NOON, END)
    reading.most_kept_back(NOON, END, 5)
    reading.owed_counts(NOON, END)
    reading.dead_count(NOON, END)
    reading.drill_counts(NOON, END)
    reading.last_fired(END)
    reading.note("x")
    place = Place(at=END)
    for of_job in (None, job):
        reading.decisions(NOON, place, job_id=of_job, kept_back=True, acted=False, name="kim", limit=5)
        reading.owed(NOON, place, job_id=of_job, limit=5)
        states = [NotificationState.SENT]
        reading.owed(NOON, place, job_id=of_job, receivers=["team"], states=states, limit=5)


def test_every_statement_finds_its_rows_by_an_index(tmp_path: Path) -> None:
    path = str(tmp_path / "tocsin.db")
    SqliteStore(path).close()
    statements: list[str] = []
    store = SqliteStore(path, hook=lambda connection: connection.set_trace_callback(statements.append))
    job = fill(store)
    look(store, job)
    read(store, job)
    store.close()

    explained = sqlite3.connect(path)
    looked_at = [
        s for s in dict.fromkeys(statements) if re.match(r"\s*(WITH|SELECT|UPDATE|DELETE|INSERT)", s)
    ]
    scans = [
        (table, statement)
        for statement in looked_at
        for *_, step in explained.execute(f"EXPLAIN QUERY PLAN {statement}")
        for table in WHOLE.findall(step)
        if table not in SMALL | NO_TABLE and BOUNDED not in statement
    ]
    explained.close()

    assert len(looked_at) > 60
    assert scans == []
