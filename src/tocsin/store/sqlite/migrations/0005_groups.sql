-- Alerts that are told together; `due_at` is when something may have to be said of them next.
CREATE TABLE alert_groups (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    due_at INTEGER,
    closed_at INTEGER,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX alert_groups_one_open ON alert_groups (key) WHERE closed_at IS NULL;
CREATE INDEX alert_groups_due ON alert_groups (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX alert_groups_closed ON alert_groups (closed_at) WHERE closed_at IS NOT NULL;

CREATE TABLE group_alerts (
    group_id TEXT NOT NULL,
    alert_id TEXT NOT NULL,
    PRIMARY KEY (group_id, alert_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_alerts_by_alert ON group_alerts (alert_id);
