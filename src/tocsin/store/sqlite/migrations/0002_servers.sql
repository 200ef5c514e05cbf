-- When each server last lived, by its own clock.
CREATE TABLE servers (
    id TEXT PRIMARY KEY,
    alive_at INTEGER NOT NULL
) STRICT;
INSERT INTO servers SELECT '', at FROM liveness;
DROP TABLE liveness;
