-- Who is on call instead, and for which span.
CREATE TABLE overrides (
    id TEXT PRIMARY KEY,
    ends_at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX overrides_by_end ON overrides (ends_at);
