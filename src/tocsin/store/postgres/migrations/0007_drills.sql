-- Drills, also those that are over; `over_at` is null while one is under way.
CREATE TABLE drills (
    id TEXT COLLATE "C" PRIMARY KEY,
    started_at BIGINT NOT NULL,
    over_at BIGINT,
    body TEXT NOT NULL
);
CREATE INDEX drills_under_way ON drills (started_at) WHERE over_at IS NULL;
CREATE INDEX drills_over ON drills (over_at) WHERE over_at IS NOT NULL;
CREATE INDEX drills_by_start ON drills (started_at);

-- When a try took its notification, before it went out.
ALTER TABLE deliveries ADD COLUMN claimed_at BIGINT;
