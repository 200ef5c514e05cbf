-- Who is on call instead, and for which span.
CREATE TABLE overrides (
    id TEXT COLLATE "C" PRIMARY KEY,
    ends_at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX overrides_by_end ON overrides (ends_at);
