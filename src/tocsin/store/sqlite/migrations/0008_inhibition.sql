-- Which jobs have said that they need which, by the name of the one that is needed.
CREATE TABLE needs (
    environment TEXT NOT NULL,
    upstream TEXT NOT NULL,
    job_id INTEGER NOT NULL,
    PRIMARY KEY (environment, upstream, job_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX needs_by_job ON needs (job_id);
INSERT OR IGNORE INTO needs
    SELECT j.environment, need.value, j.id
    FROM jobs j, json_each(CASE WHEN json_valid(j.definition) THEN j.definition ELSE '{}' END, '$.upstream') need;

-- Under which keys open alerts mute others (side 'source', or 'both' where they can be muted themselves), and
-- under which they can be muted ('target').
CREATE TABLE inhibition_bonds (
    key TEXT NOT NULL,
    side TEXT NOT NULL,
    alert_id TEXT NOT NULL,
    job_id INTEGER NOT NULL,
    job TEXT NOT NULL,
    PRIMARY KEY (key, side, alert_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX inhibition_bonds_by_alert ON inhibition_bonds (alert_id);

-- Keys of which the targets are yet to be looked at, from behind the alert `after`.
CREATE TABLE inhibition_wakes (
    key TEXT PRIMARY KEY,
    after TEXT NOT NULL
) STRICT, WITHOUT ROWID;
