-- Alerts that are told together; `due_at` is when something may have to be said of them next.
CREATE TABLE alert_groups (
    id TEXT COLLATE "C" PRIMARY KEY,
    key TEXT COLLATE "C" NOT NULL,
    due_at BIGINT,
    closed_at BIGINT,
    body TEXT NOT NULL
);
CREATE UNIQUE INDEX alert_groups_one_open ON alert_groups (key) WHERE closed_at IS NULL;
CREATE INDEX alert_groups_due ON alert_groups (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX alert_groups_closed ON alert_groups (closed_at) WHERE closed_at IS NOT NULL;

CREATE TABLE group_alerts (
    group_id TEXT COLLATE "C" NOT NULL,
    alert_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (group_id, alert_id)
);
CREATE INDEX group_alerts_by_alert ON group_alerts (alert_id);
