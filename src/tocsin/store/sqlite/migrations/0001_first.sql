-- Instants are microseconds since 1970 in UTC; `body`, `definition`, `state` and `memory` are JSON text.

CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: what is left of a deleted job must not find a new one
    environment TEXT NOT NULL,
    name TEXT NOT NULL,
    definition TEXT NOT NULL,
    registered_at INTEGER NOT NULL,
    paused_at INTEGER,
    paused_by TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX jobs_by_name ON jobs (environment, name);

-- What changes with every check-in stands in a row of its own, so that it stays on one page.
-- `head` is the newest row of the job in check_ins.
CREATE TABLE watches (
    job_id INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    due_at INTEGER,
    judged_under INTEGER NOT NULL,
    alerting INTEGER NOT NULL,
    head INTEGER NOT NULL
) STRICT;
CREATE INDEX watches_due ON watches (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX watches_judged ON watches (judged_under);

-- The part of a job's state that changes only when a run ends.
CREATE TABLE memories (
    job_id INTEGER PRIMARY KEY,
    memory TEXT NOT NULL
) STRICT;

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    job_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    order_at INTEGER NOT NULL,
    ended_at INTEGER,
    body TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX runs_by_key ON runs (job_id, key);
CREATE INDEX runs_in_order ON runs (job_id, order_at);
CREATE INDEX runs_ended ON runs (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE occurrences (
    id INTEGER PRIMARY KEY,
    job_id INTEGER NOT NULL,
    nominal_at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX occurrences_by_job ON occurrences (job_id, nominal_at);
CREATE INDEX occurrences_old ON occurrences (nominal_at);

-- Without an index: one on job_id would cost six times the insert. Instead each row names the job's
-- row before it, and the job's watch names the last, so that a log page follows the chain.
CREATE TABLE check_ins (
    id INTEGER PRIMARY KEY,
    job_id INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- Chains of deleted jobs that are yet to be removed.
CREATE TABLE leftovers (
    job_id INTEGER PRIMARY KEY,
    head INTEGER NOT NULL
) STRICT;

-- `over_at` is when it was resolved, and the largest number while it is open.
CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    job_id INTEGER NOT NULL,
    state TEXT NOT NULL,
    severity INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    over_at INTEGER NOT NULL,
    held_back INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX alerts_one_open ON alerts (fingerprint) WHERE state <> 'resolved';
CREATE INDEX alerts_open ON alerts (severity, opened_at) WHERE state <> 'resolved';
CREATE INDEX alerts_held_back ON alerts (id) WHERE held_back = 1;
CREATE INDEX alerts_resolved ON alerts (opened_at) WHERE state = 'resolved';
CREATE INDEX alerts_over ON alerts (over_at) WHERE state = 'resolved';
CREATE INDEX alerts_by_job ON alerts (job_id, over_at);

CREATE TABLE alert_history (
    id INTEGER PRIMARY KEY,
    alert_id TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX alert_history_by_alert ON alert_history (alert_id);

-- The outbox. `look_at` is when a row can be claimed, by its `due_at` or the end of its lease; it is
-- not set while an earlier one of the same alert and target is unfinished, and once it is finished.
CREATE TABLE notifications (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    alert_id TEXT NOT NULL,
    target TEXT NOT NULL,
    kind TEXT NOT NULL,
    seq INTEGER NOT NULL,
    message TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    unknown INTEGER NOT NULL,
    fallback_of TEXT NOT NULL,
    fallback_key TEXT NOT NULL,
    lease INTEGER NOT NULL,
    lease_until INTEGER,
    finished_at INTEGER,
    last_error TEXT NOT NULL,
    look_at INTEGER
) STRICT;
CREATE INDEX notifications_by_alert ON notifications (alert_id);
CREATE INDEX notifications_in_order ON notifications (alert_id, target, seq) WHERE state IN ('pending', 'sending');
CREATE INDEX notifications_ready ON notifications (target, severity, look_at) WHERE look_at IS NOT NULL;
CREATE INDEX notifications_next ON notifications (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX notifications_open ON notifications (created_at) WHERE state IN ('pending', 'sending');
CREATE INDEX notifications_alone ON notifications (created_at)
    WHERE fallback_key = '' AND fallback_of = '' AND state IN ('pending', 'sending');
CREATE INDEX notifications_dead_alone ON notifications (created_at)
    WHERE fallback_key = '' AND fallback_of = '' AND state = 'dead';
CREATE INDEX notifications_dead ON notifications (created_at) WHERE state = 'dead';
CREATE INDEX notifications_old ON notifications (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    lease INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    next_state TEXT NOT NULL,
    next_due_at INTEGER NOT NULL,
    unknown INTEGER NOT NULL
) STRICT;
CREATE INDEX deliveries_by_key ON deliveries (key);

CREATE TABLE silences (
    id TEXT PRIMARY KEY,
    ends_at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX silences_by_end ON silences (ends_at);

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE set_aside (
    rule TEXT NOT NULL,
    job_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    until_at INTEGER NOT NULL,
    error TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (rule, job_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE blind_windows (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: an alert may still name an old one
    from_at INTEGER NOT NULL,
    to_at INTEGER NOT NULL,
    hold_until INTEGER NOT NULL
) STRICT;

-- `window` is a word of SQL.
CREATE TABLE unknown (
    window_id INTEGER NOT NULL,
    job_id INTEGER NOT NULL,
    what TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (window_id, job_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX unknown_by_job ON unknown (job_id);

CREATE TABLE notes (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Sums that would take a walk through a million rows to count.
CREATE TABLE tallies (
    name TEXT PRIMARY KEY,
    n INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO tallies VALUES ('jobs', 0);

CREATE TABLE liveness (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at INTEGER NOT NULL
) STRICT;
