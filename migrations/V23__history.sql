-- The history of a database, as a git remote has one: which database this is, its sealed revisions,
-- and which of them are which commits. History is only added to.

-- One row: a database that was copied or restored is told apart by what it says here.
CREATE TABLE IF NOT EXISTS robbieblocks_lineage (
    id         UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    single     BOOLEAN NOT NULL DEFAULT true UNIQUE CHECK (single)
);

INSERT INTO robbieblocks_lineage (single) VALUES (true) ON CONFLICT DO NOTHING;

-- A revision is named by the digest of what it holds.
CREATE TABLE IF NOT EXISTS robbieblocks_revisions (
    digest    TEXT PRIMARY KEY,
    number    BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE,
    parent    TEXT REFERENCES robbieblocks_revisions (digest),
    lineage   UUID NOT NULL,
    actors    TEXT[] NOT NULL DEFAULT '{}',
    sealed_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    snapshot  TEXT,
    xid       XID8 NOT NULL DEFAULT pg_current_xact_id()
);

-- History is a line: of two who seal or push at the same time, one comes second and finds out.
CREATE UNIQUE INDEX IF NOT EXISTS robbieblocks_revisions_line
ON robbieblocks_revisions ((coalesce(parent, '')));

COMMENT ON COLUMN robbieblocks_revisions.snapshot IS
    'pg_current_snapshot() when the rows were read: a change that it cannot see came later';

-- What a revision changed against its parent. No digest: the entity was deleted.
CREATE TABLE IF NOT EXISTS robbieblocks_revision_entities (
    revision   TEXT NOT NULL REFERENCES robbieblocks_revisions (digest),
    kind       TEXT NOT NULL CHECK (kind IN ('page', 'component', 'token', 'node')),
    entity_key TEXT NOT NULL,
    digest     TEXT,
    content    TEXT,
    PRIMARY KEY (revision, kind, entity_key),
    CHECK ((digest IS NULL) = (content IS NULL))
);

CREATE INDEX IF NOT EXISTS robbieblocks_revision_entities_entity
ON robbieblocks_revision_entities (kind, entity_key);

CREATE TABLE IF NOT EXISTS robbieblocks_sync_edges (
    id        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lineage   UUID NOT NULL,
    revision  TEXT NOT NULL REFERENCES robbieblocks_revisions (digest),
    commit    TEXT NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('push', 'pull')),
    at        TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS robbieblocks_sync_edges_revision ON robbieblocks_sync_edges (revision);
CREATE INDEX IF NOT EXISTS robbieblocks_sync_edges_commit ON robbieblocks_sync_edges (commit);

-- The text of a content file where it says more than rows can: comments, order, spacing. Always safe
-- to delete.
CREATE TABLE IF NOT EXISTS robbieblocks_sources (
    path TEXT PRIMARY KEY,
    text TEXT NOT NULL
);

CREATE OR REPLACE FUNCTION robbieblocks_refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is only added to: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'object_not_in_prerequisite_state';
END
$$;

DO $$
BEGIN
    PERFORM robbieblocks_pin('robbieblocks_refuse_rewriting()'::REGPROCEDURE);
END
$$;

DROP TRIGGER IF EXISTS rbgen_append_only ON robbieblocks_revisions;
CREATE TRIGGER rbgen_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON robbieblocks_revisions
FOR EACH STATEMENT EXECUTE FUNCTION robbieblocks_refuse_rewriting();
ALTER TABLE robbieblocks_revisions ENABLE ALWAYS TRIGGER rbgen_append_only;

DROP TRIGGER IF EXISTS rbgen_append_only ON robbieblocks_revision_entities;
CREATE TRIGGER rbgen_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON robbieblocks_revision_entities
FOR EACH STATEMENT EXECUTE FUNCTION robbieblocks_refuse_rewriting();
ALTER TABLE robbieblocks_revision_entities ENABLE ALWAYS TRIGGER rbgen_append_only;

INSERT INTO robbieblocks_migrations (version, name)
VALUES (23, 'history')
ON CONFLICT (version) DO NOTHING;
