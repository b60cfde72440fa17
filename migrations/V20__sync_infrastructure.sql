-- What nodes and databases tell of each other: who is there, what was copied when, what was in
-- conflict. Also the table in which every migration notes that it was applied.
--
-- This file and those after it can be applied by hand, in order, by the owner of the schema:
--
--     psql -1 -v ON_ERROR_STOP=1 -f migrations/V20__sync_infrastructure.sql
--
-- `rbgen migrate` does the same in one transaction, and looks first whether anything is in the way.
-- Tables are made in the first schema of the search path. No statement deletes or renames a row.
--
-- Others may be able to put functions and operators into that schema, and one that takes exactly the
-- types that are given, such as VARCHAR, comes before one of PostgreSQL that takes them as TEXT. So
-- that theirs are never meant: what looks up functions runs with a search path of pg_catalog alone, or
-- gives values the types that PostgreSQL's own take, or says `pg_catalog.`.

CREATE TABLE IF NOT EXISTS robbieblocks_migrations (
    version    INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    checksum   TEXT,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_by TEXT NOT NULL DEFAULT session_user
);

COMMENT ON COLUMN robbieblocks_migrations.checksum IS
    'blake3 of the file that rbgen applied; NULL where it was applied by hand';

CREATE TABLE IF NOT EXISTS sync_nodes (
    id                UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    node_id           VARCHAR(100) NOT NULL UNIQUE,
    node_name         VARCHAR(255) NOT NULL,
    node_type         VARCHAR(50) NOT NULL DEFAULT 'replica'
                      CHECK (node_type::TEXT IN ('master', 'replica', 'edge')),
    connection_string TEXT,
    last_seen         TIMESTAMPTZ,
    is_online         BOOLEAN DEFAULT false,
    metadata          JSONB DEFAULT '{}'
);

CREATE TABLE IF NOT EXISTS sync_status (
    id                     UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    table_name             VARCHAR(100) NOT NULL UNIQUE,
    last_sync_at           TIMESTAMPTZ,
    last_sync_record_count INTEGER,
    last_sync_duration_ms  INTEGER,
    last_error             TEXT,
    sync_enabled           BOOLEAN DEFAULT true
);

CREATE TABLE IF NOT EXISTS sync_conflicts (
    id            UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    table_name    VARCHAR(100) NOT NULL,
    record_id     TEXT NOT NULL,
    source_node   VARCHAR(100),
    master_data   JSONB,
    replica_data  JSONB,
    resolution    VARCHAR(50)
                  CHECK (resolution::TEXT IN ('master_wins', 'replica_wins', 'merge', 'manual')),
    resolved_data JSONB,
    resolved_by   VARCHAR(100),
    resolved_at   TIMESTAMPTZ
);

CREATE TABLE IF NOT EXISTS sync_metrics (
    id           UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    metric_name  VARCHAR(100) NOT NULL,
    metric_value NUMERIC NOT NULL,
    metric_unit  VARCHAR(50),
    node_id      VARCHAR(100),
    created_at   TIMESTAMPTZ DEFAULT now()
);

CREATE TABLE IF NOT EXISTS pending_sync (
    id          UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    table_name  VARCHAR(100) NOT NULL,
    operation   VARCHAR(20) NOT NULL,
    data        JSONB,
    synced_at   TIMESTAMPTZ,
    error       TEXT,
    retry_count INTEGER DEFAULT 0,
    priority    INTEGER DEFAULT 0,
    node_id     VARCHAR(100)
);

-- An index is made where no index of any name does the same.
DO $$
DECLARE
    wanted RECORD;
    path TEXT := pg_catalog.current_setting('search_path');
    target TEXT := pg_catalog.quote_ident(pg_catalog.current_schema()::TEXT);
BEGIN
    SET LOCAL search_path = pg_catalog, pg_temp;
    FOR wanted IN SELECT *, format('%s.%I', target, table_name)::REGCLASS AS of_table FROM (VALUES
        ('idx_sync_metrics_name', 'sync_metrics', '(metric_name, created_at DESC)'),
        ('idx_pending_sync_waiting', 'pending_sync', '(priority DESC) WHERE (synced_at IS NULL)')
    ) AS list (index_name, table_name, definition)
    LOOP
        IF NOT EXISTS (
            SELECT FROM pg_index
            WHERE indrelid = wanted.of_table
              AND pg_get_indexdef(indexrelid) LIKE '% USING btree ' || wanted.definition
        ) THEN
            EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %s %s',
                wanted.index_name, wanted.of_table, wanted.definition);
        END IF;
    END LOOP;
    PERFORM set_config('search_path', path, true);
END
$$;

-- A function that was written with plain names gets the schema before those of rbgen, and runs with a
-- search path on which nobody else can put anything. A name after a quote is no name but a text.
CREATE OR REPLACE FUNCTION robbieblocks_pin(own REGPROCEDURE) RETURNS VOID
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target TEXT;
BEGIN
    SELECT replace(quote_ident(nspname::TEXT), '\', '\\') INTO target
    FROM pg_proc
    JOIN pg_namespace ON pg_namespace.oid = pronamespace
    WHERE pg_proc.oid = own;
    EXECUTE regexp_replace(pg_get_functiondef(own),
        '(^|[^.\w''"])((robbieblocks|sync)_\w+)', '\1' || target || '.\2', 'g');
    EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, pg_temp', own);
END
$$;

REVOKE EXECUTE ON FUNCTION robbieblocks_pin(REGPROCEDURE) FROM PUBLIC;

INSERT INTO robbieblocks_migrations (version, name)
VALUES (20, 'sync_infrastructure')
ON CONFLICT (version) DO NOTHING;
