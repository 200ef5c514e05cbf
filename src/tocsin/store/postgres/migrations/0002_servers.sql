-- When each server last lived, by its own clock.
CREATE TABLE servers (
    id TEXT COLLATE "C" PRIMARY KEY,
    alive_at BIGINT NOT NULL
);
INSERT INTO servers SELECT '', at FROM liveness;
DROP TABLE liveness;
