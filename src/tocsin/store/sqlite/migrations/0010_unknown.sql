-- Expected runs of which nobody can say whether they came, by when they were due.
ALTER TABLE occurrences ADD COLUMN is_unknown INTEGER NOT NULL DEFAULT 0;
UPDATE occurrences SET is_unknown = 1 WHERE instr(body, '"status":"unknown"') > 0;
CREATE INDEX occurrences_unknown ON occurrences (nominal_at, job_id) WHERE is_unknown = 1;

-- What could not be told of a job stays on record once it has been heard again, at `known_at`.
ALTER TABLE unknown ADD COLUMN known_at INTEGER;
CREATE INDEX unknown_now ON unknown (job_id) WHERE known_at IS NULL;
CREATE INDEX unknown_in_time ON unknown (at);
