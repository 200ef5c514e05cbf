-- Instants are microseconds since 1970 in UTC; `body`, `definition`, `state` and `memory` are JSON text.
-- COLLATE "C": the same order as in the embedded store, whatever the language of the database.

CREATE TABLE jobs (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    environment TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    definition TEXT NOT NULL,
    registered_at BIGINT NOT NULL,
    paused_at BIGINT,
    paused_by TEXT NOT NULL
);
CREATE UNIQUE INDEX jobs_by_name ON jobs (environment, name);

-- What changes with every check-in stands in a row of its own, which is also the lock of its job.
-- `version` grows when the job's row in `jobs` or `memories` changes, so that servers may remember those.
CREATE TABLE watches (
    job_id BIGINT PRIMARY KEY,
    state TEXT NOT NULL,
    due_at BIGINT,
    judged_under BIGINT NOT NULL,
    alerting INTEGER NOT NULL,
    version BIGINT NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX watches_due ON watches (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX watches_judged ON watches (judged_under);

-- The part of a job's state that changes only when a run ends.
CREATE TABLE memories (
    job_id BIGINT PRIMARY KEY,
    memory TEXT NOT NULL
);

CREATE TABLE runs (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    order_at BIGINT NOT NULL,
    ended_at BIGINT,
    body TEXT NOT NULL
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX runs_by_key ON runs (job_id, key);
CREATE INDEX runs_in_order ON runs (job_id, order_at);
CREATE INDEX runs_ended ON runs (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE occurrences (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id BIGINT NOT NULL,
    nominal_at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE UNIQUE INDEX occurrences_by_job ON occurrences (job_id, nominal_at);
CREATE INDEX occurrences_old ON occurrences (nominal_at);

CREATE TABLE check_ins (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX check_ins_by_job ON check_ins (job_id, id);

-- Deleted jobs whose check-ins are yet to be removed.
CREATE TABLE leftovers (
    job_id BIGINT PRIMARY KEY
);

-- `over_at` is when it was resolved, and the largest number while it is open.
CREATE TABLE alerts (
    id TEXT COLLATE "C" PRIMARY KEY,
    fingerprint TEXT COLLATE "C" NOT NULL,
    job_id BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    severity INTEGER NOT NULL,
    opened_at BIGINT NOT NULL,
    over_at BIGINT NOT NULL,
    held_back INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE UNIQUE INDEX alerts_one_open ON alerts (fingerprint) WHERE state <> 'resolved';
CREATE INDEX alerts_open ON alerts (severity, opened_at) WHERE state <> 'resolved';
CREATE INDEX alerts_held_back ON alerts (id) WHERE held_back = 1;
CREATE INDEX alerts_resolved ON alerts (opened_at) WHERE state = 'resolved';
CREATE INDEX alerts_over ON alerts (over_at) WHERE state = 'resolved';
CREATE INDEX alerts_by_job ON alerts (job_id, over_at);

CREATE TABLE alert_history (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id TEXT COLLATE "C" NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX alert_history_by_alert ON alert_history (alert_id);

-- The outbox. `look_at` is when a row can be claimed, by its `due_at` or the end of its lease; it is
-- not set while an earlier one of the same alert and target is unfinished, and once it is finished.
CREATE TABLE notifications (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key TEXT COLLATE "C" NOT NULL UNIQUE,
    alert_id TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    message TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    severity INTEGER NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    attempts BIGINT NOT NULL,
    unknown INTEGER NOT NULL,
    fallback_of TEXT COLLATE "C" NOT NULL,
    fallback_key TEXT COLLATE "C" NOT NULL,
    lease BIGINT NOT NULL,
    lease_until BIGINT,
    finished_at BIGINT,
    last_error TEXT NOT NULL,
    look_at BIGINT
);
CREATE INDEX notifications_by_alert ON notifications (alert_id);
CREATE INDEX notifications_in_order ON notifications (alert_id, target, seq) WHERE state IN ('pending', 'sending');
CREATE INDEX notifications_ready ON notifications (target, severity, look_at) WHERE look_at IS NOT NULL;
-- Of an expression, so that it is never taken for a claim: that would pass over all that others are owed.
CREATE INDEX notifications_next ON notifications ((look_at + 0)) WHERE look_at IS NOT NULL;
CREATE INDEX notifications_open ON notifications (created_at) WHERE state IN ('pending', 'sending');
CREATE INDEX notifications_alone ON notifications (created_at)
    WHERE fallback_key = '' AND fallback_of = '' AND state IN ('pending', 'sending');
CREATE INDEX notifications_dead_alone ON notifications (created_at)
    WHERE fallback_key = '' AND fallback_of = '' AND state = 'dead';
CREATE INDEX notifications_dead ON notifications (created_at) WHERE state = 'dead';
CREATE INDEX notifications_old ON notifications (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE deliveries (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key TEXT COLLATE "C" NOT NULL,
    lease BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    next_state TEXT NOT NULL,
    next_due_at BIGINT NOT NULL,
    unknown INTEGER NOT NULL
);
CREATE INDEX deliveries_by_key ON deliveries (key);

CREATE TABLE silences (
    id TEXT COLLATE "C" PRIMARY KEY,
    ends_at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX silences_by_end ON silences (ends_at);

CREATE TABLE tokens (
    id TEXT COLLATE "C" PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

CREATE TABLE set_aside (
    rule TEXT COLLATE "C" NOT NULL,
    job_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    error TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (rule, job_id)
);

CREATE TABLE blind_windows (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    from_at BIGINT NOT NULL,
    to_at BIGINT NOT NULL,
    hold_until BIGINT NOT NULL
);

-- `window` is a word of SQL.
CREATE TABLE unknown (
    window_id BIGINT NOT NULL,
    job_id BIGINT NOT NULL,
    what TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (window_id, job_id)
);
CREATE INDEX unknown_by_job ON unknown (job_id);

CREATE TABLE notes (
    name TEXT COLLATE "C" PRIMARY KEY,
    value TEXT NOT NULL
);

-- Sums that would take a walk through a million rows to count. Each change is a row of its own, so that
-- servers do not wait for each other; `prune` adds them up.
CREATE TABLE tallies (
    name TEXT NOT NULL,
    n BIGINT NOT NULL
);

CREATE TABLE liveness (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at BIGINT NOT NULL
);
