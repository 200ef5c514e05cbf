-- What was decided when, so that it can be listed and counted over all alerts. `kept_back` is 1 where
-- somebody was kept from hearing something.
ALTER TABLE alert_history ADD COLUMN at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alert_history ADD COLUMN job_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alert_history ADD COLUMN reason TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE alert_history ADD COLUMN kept_back INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert_history ADD COLUMN who TEXT COLLATE "C" NOT NULL DEFAULT '';
-- No text of PostgreSQL holds the character 0, which a body may hold in its escaped form.
UPDATE alert_history SET
    at = (extract(epoch FROM (replace(body, '\u0000', '\ufffd')::json ->> 'at')::timestamptz) * 1000000)::bigint,
    job_id = coalesce((SELECT a.job_id FROM alerts a WHERE a.id = alert_history.alert_id), 0),
    reason = replace(body, '\u0000', '\ufffd')::json ->> 'reason',
    who = coalesce(replace(body, '\u0000', '\ufffd')::json ->> 'who', '');
UPDATE alert_history SET kept_back = 1 WHERE reason IN ('silenced', 'deduplicated', 'muted', 'grouped');
CREATE INDEX alert_history_in_time ON alert_history (at, kept_back, reason, job_id, who);

-- What the sums over many alerts are made of, beside their bodies, which would be a hundred times as much to read.
ALTER TABLE alerts ADD COLUMN rule TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE alerts ADD COLUMN condition TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE alerts ADD COLUMN first_taken_at BIGINT;
ALTER TABLE alerts ADD COLUMN ended_by_hand INTEGER NOT NULL DEFAULT 0;
UPDATE alerts SET
    rule = replace(body, '\u0000', '\ufffd')::json ->> 'rule',
    condition = replace(body, '\u0000', '\ufffd')::json ->> 'condition',
    first_taken_at = (
        SELECT min(h.at) FROM alert_history h WHERE h.alert_id = alerts.id AND h.reason = 'acknowledged'
    ),
    ended_by_hand = CASE WHEN coalesce(replace(body, '\u0000', '\ufffd')::json ->> 'resolved_by', '') <> '' THEN 1 ELSE 0 END;
CREATE INDEX alerts_by_opening ON alerts (
    opened_at, severity, over_at, first_taken_at, ended_by_hand, rule, condition, job_id
);

CREATE INDEX notifications_in_time ON notifications (created_at, target, kind);
