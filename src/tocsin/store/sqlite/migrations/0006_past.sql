-- What was decided when, so that it can be listed and counted over all alerts. `kept_back` is 1 where
-- somebody was kept from hearing something.
ALTER TABLE alert_history ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert_history ADD COLUMN job_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert_history ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE alert_history ADD COLUMN kept_back INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert_history ADD COLUMN who TEXT NOT NULL DEFAULT '';
UPDATE alert_history SET
    at = CAST(strftime('%s', json_extract(body, '$.at')) AS INTEGER) * 1000000 + CASE
        WHEN instr(json_extract(body, '$.at'), '.') > 0
        THEN CAST(substr(json_extract(body, '$.at'), instr(json_extract(body, '$.at'), '.') + 1, 6) AS INTEGER)
        ELSE 0 END,
    job_id = coalesce((SELECT a.job_id FROM alerts a WHERE a.id = alert_history.alert_id), 0),
    reason = json_extract(body, '$.reason'),
    who = coalesce(json_extract(body, '$.who'), '');
UPDATE alert_history SET kept_back = 1 WHERE reason IN ('silenced', 'deduplicated', 'muted', 'grouped');
CREATE INDEX alert_history_in_time ON alert_history (at, kept_back, reason, job_id, who);

-- What the sums over many alerts are made of, beside their bodies, which would be a hundred times as much to read.
ALTER TABLE alerts ADD COLUMN rule TEXT NOT NULL DEFAULT '';
ALTER TABLE alerts ADD COLUMN condition TEXT NOT NULL DEFAULT '';
ALTER TABLE alerts ADD COLUMN first_taken_at INTEGER;
ALTER TABLE alerts ADD COLUMN ended_by_hand INTEGER NOT NULL DEFAULT 0;
UPDATE alerts SET
    rule = json_extract(body, '$.rule'),
    condition = json_extract(body, '$.condition'),
    first_taken_at = (
        SELECT min(h.at) FROM alert_history h WHERE h.alert_id = alerts.id AND h.reason = 'acknowledged'
    ),
    ended_by_hand = coalesce(json_extract(body, '$.resolved_by'), '') <> '';
CREATE INDEX alerts_by_opening ON alerts (
    opened_at, severity, over_at, first_taken_at, ended_by_hand, rule, condition, job_id
);

CREATE INDEX notifications_in_time ON notifications (created_at, target, kind);
