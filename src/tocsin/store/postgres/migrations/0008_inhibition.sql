-- Which jobs have said that they need which, by the name of the one that is needed.
CREATE TABLE needs (
    environment TEXT COLLATE "C" NOT NULL,
    upstream TEXT COLLATE "C" NOT NULL,
    job_id BIGINT NOT NULL,
    PRIMARY KEY (environment, upstream, job_id)
);
CREATE INDEX needs_by_job ON needs (job_id);
INSERT INTO needs
    SELECT j.environment, need.name, j.id
    FROM jobs j, LATERAL jsonb_array_elements_text(j.definition::jsonb -> 'upstream') AS need (name)
    WHERE strpos(j.definition, '"upstream":') > 0
    ON CONFLICT DO NOTHING;

-- Under which keys open alerts mute others (side 'source', or 'both' where they can be muted themselves), and
-- under which they can be muted ('target').
CREATE TABLE inhibition_bonds (
    key TEXT COLLATE "C" NOT NULL,
    side TEXT COLLATE "C" NOT NULL,
    alert_id TEXT COLLATE "C" NOT NULL,
    job_id BIGINT NOT NULL,
    job TEXT NOT NULL,
    PRIMARY KEY (key, side, alert_id)
);
CREATE INDEX inhibition_bonds_by_alert ON inhibition_bonds (alert_id);

-- Keys of which the targets are yet to be looked at, from behind the alert `after`.
CREATE TABLE inhibition_wakes (
    key TEXT COLLATE "C" PRIMARY KEY,
    after TEXT COLLATE "C" NOT NULL
);
