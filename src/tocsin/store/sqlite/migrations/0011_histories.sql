-- What is kept of a job's past runs, and of each metric that it sends, to tell what is normal: points, packed.
-- `series` is empty for the runs themselves.
CREATE TABLE histories (
    job_id INTEGER NOT NULL,
    series TEXT NOT NULL,
    points BLOB NOT NULL,
    PRIMARY KEY (job_id, series)
) STRICT;

-- What was learned from them: changes when a job is learned from, not when it checks in.
ALTER TABLE memories ADD COLUMN learned TEXT;
