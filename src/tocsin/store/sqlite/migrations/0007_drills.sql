-- Drills, also those that are over; `over_at` is null while one is under way.
CREATE TABLE drills (
    id TEXT PRIMARY KEY,
    started_at INTEGER NOT NULL,
    over_at INTEGER,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX drills_under_way ON drills (started_at) WHERE over_at IS NULL;
CREATE INDEX drills_over ON drills (over_at) WHERE over_at IS NOT NULL;
CREATE INDEX drills_by_start ON drills (started_at);

-- When a try took its notification, before it went out.
ALTER TABLE deliveries ADD COLUMN claimed_at INTEGER;
