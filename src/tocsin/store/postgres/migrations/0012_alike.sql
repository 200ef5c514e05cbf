-- Alerts of failures by the id of their error's signature, so that equal ones are found across jobs.
ALTER TABLE alerts ADD COLUMN error_id text NOT NULL DEFAULT '';
CREATE INDEX alerts_alike ON alerts (error_id, over_at, id) WHERE error_id <> '';
