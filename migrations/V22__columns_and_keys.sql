-- What rows need so that a file and a row are the same thing: a block has a key, a component may be
-- a template, blocks can be put into another order, keys are unique, a published page says since when.

-- Columns of the earlier design that a table which is there may lack. A column without a default
-- that every row must have cannot be made up: `rbgen migrate` says so before anything is changed.
DO $$
DECLARE
    wanted RECORD;
    path TEXT := pg_catalog.current_setting('search_path');
    target TEXT := pg_catalog.quote_ident(pg_catalog.current_schema()::TEXT);
BEGIN
    SET LOCAL search_path = pg_catalog, pg_temp;
    FOR wanted IN SELECT *, format('%s.%I', target, table_name)::REGCLASS AS of_table FROM (VALUES
        ('sync_nodes', 'last_seen', 'TIMESTAMPTZ'),
        ('sync_nodes', 'is_online', 'BOOLEAN DEFAULT false'),
        ('sync_nodes', 'metadata', 'JSONB DEFAULT ''{}'''),
        ('sync_status', 'last_sync_at', 'TIMESTAMPTZ'),
        ('sync_status', 'last_sync_record_count', 'INTEGER'),
        ('sync_status', 'last_sync_duration_ms', 'INTEGER'),
        ('sync_status', 'last_error', 'TEXT'),
        ('sync_status', 'sync_enabled', 'BOOLEAN DEFAULT true'),
        ('sync_conflicts', 'master_data', 'JSONB'),
        ('sync_conflicts', 'replica_data', 'JSONB'),
        ('sync_conflicts', 'resolution', 'VARCHAR(50)'),
        ('sync_conflicts', 'resolved_data', 'JSONB'),
        ('sync_conflicts', 'resolved_by', 'VARCHAR(100)'),
        ('sync_conflicts', 'resolved_at', 'TIMESTAMPTZ'),
        ('sync_metrics', 'metric_unit', 'VARCHAR(50)'),
        ('sync_metrics', 'node_id', 'VARCHAR(100)'),
        ('sync_metrics', 'created_at', 'TIMESTAMPTZ DEFAULT now()'),
        ('robbieblocks_pages', 'meta_title', 'VARCHAR(255)'),
        ('robbieblocks_pages', 'meta_description', 'TEXT'),
        ('robbieblocks_pages', 'status', 'VARCHAR(50) DEFAULT ''draft'''),
        ('robbieblocks_pages', 'version', 'INTEGER DEFAULT 1'),
        ('robbieblocks_pages', 'created_at', 'TIMESTAMPTZ DEFAULT now()'),
        ('robbieblocks_pages', 'updated_at', 'TIMESTAMPTZ DEFAULT now()'),
        ('robbieblocks_pages', 'published_at', 'TIMESTAMPTZ'),
        ('robbieblocks_pages', 'created_by', 'UUID'),
        ('robbieblocks_pages', 'metadata', 'JSONB DEFAULT ''{}'''),
        ('robbieblocks_components', 'react_code', 'TEXT'),
        ('robbieblocks_components', 'css_styles', 'TEXT'),
        ('robbieblocks_components', 'dependencies', 'TEXT[]'),
        ('robbieblocks_components', 'version', 'VARCHAR(20) DEFAULT ''1.0.0'''),
        ('robbieblocks_components', 'is_published', 'BOOLEAN DEFAULT false'),
        ('robbieblocks_components', 'preview_url', 'VARCHAR(500)'),
        ('robbieblocks_components', 'created_at', 'TIMESTAMPTZ DEFAULT now()'),
        ('robbieblocks_components', 'updated_at', 'TIMESTAMPTZ DEFAULT now()'),
        ('robbieblocks_components', 'metadata', 'JSONB DEFAULT ''{}'''),
        ('robbieblocks_page_blocks', 'props', 'JSONB DEFAULT ''{}'''),
        ('robbieblocks_page_blocks', 'conditions', 'JSONB DEFAULT ''{}'''),
        ('robbieblocks_page_blocks', 'created_at', 'TIMESTAMPTZ DEFAULT now()'),
        ('robbieblocks_page_blocks', 'updated_at', 'TIMESTAMPTZ DEFAULT now()'),
        ('robbieblocks_style_tokens', 'description', 'TEXT'),
        ('robbieblocks_style_tokens', 'created_at', 'TIMESTAMPTZ DEFAULT now()'),
        ('robbieblocks_style_tokens', 'updated_at', 'TIMESTAMPTZ DEFAULT now()'),
        ('robbieblocks_node_branding', 'enabled_apps', 'TEXT[] DEFAULT ''{}'''),
        ('robbieblocks_node_branding', 'custom_css', 'TEXT'),
        ('robbieblocks_node_branding', 'custom_scripts', 'TEXT'),
        ('robbieblocks_node_branding', 'created_at', 'TIMESTAMPTZ DEFAULT now()'),
        ('robbieblocks_node_branding', 'updated_at', 'TIMESTAMPTZ DEFAULT now()'),
        ('robbieblocks_deploys', 'node_id', 'VARCHAR(100)'),
        ('robbieblocks_deploys', 'pages_count', 'INTEGER'),
        ('robbieblocks_deploys', 'components_count', 'INTEGER'),
        ('robbieblocks_deploys', 'deploy_status', 'VARCHAR(50) DEFAULT ''pending'''),
        ('robbieblocks_deploys', 'build_duration_ms', 'INTEGER'),
        ('robbieblocks_deploys', 'deploy_duration_ms', 'INTEGER'),
        ('robbieblocks_deploys', 'error_message', 'TEXT'),
        ('robbieblocks_deploys', 'build_log', 'TEXT'),
        ('robbieblocks_deploys', 'started_at', 'TIMESTAMPTZ DEFAULT now()'),
        ('robbieblocks_deploys', 'completed_at', 'TIMESTAMPTZ'),
        ('robbieblocks_change_triggers', 'affected_apps', 'TEXT[]'),
        ('robbieblocks_change_triggers', 'affected_nodes', 'TEXT[]'),
        ('robbieblocks_change_triggers', 'auto_deploy', 'BOOLEAN DEFAULT true'),
        ('robbieblocks_change_triggers', 'created_at', 'TIMESTAMPTZ DEFAULT now()'),
        ('robbieblocks_change_triggers', 'processed_at', 'TIMESTAMPTZ'),
        -- What the earlier design did not have.
        ('robbieblocks_components', 'template', 'TEXT'),
        ('robbieblocks_page_blocks', 'block_key', 'TEXT')
    ) AS list (table_name, column_name, definition)
    LOOP
        IF NOT EXISTS (
            SELECT FROM pg_attribute
            WHERE attrelid = wanted.of_table
              AND attname = wanted.column_name
              AND NOT attisdropped
        ) THEN
            EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s',
                wanted.of_table, wanted.column_name, wanted.definition);
        END IF;
    END LOOP;
    PERFORM set_config('search_path', path, true);
END
$$;

COMMENT ON COLUMN robbieblocks_components.template IS
    'minijinja; a component has it or react_code';
ALTER TABLE robbieblocks_components ALTER COLUMN react_code DROP NOT NULL;

-- Every key is unique. A table that is there may have that as a constraint or as an index.
DO $$
DECLARE
    wanted RECORD;
    path TEXT := pg_catalog.current_setting('search_path');
    target TEXT := pg_catalog.quote_ident(pg_catalog.current_schema()::TEXT);
BEGIN
    SET LOCAL search_path = pg_catalog, pg_temp;
    FOR wanted IN SELECT *, format('%s.%I', target, table_name)::REGCLASS AS of_table FROM (VALUES
        ('robbieblocks_pages', ARRAY['id']),
        ('robbieblocks_pages', ARRAY['page_key']),
        ('robbieblocks_components', ARRAY['id']),
        ('robbieblocks_components', ARRAY['component_key']),
        ('robbieblocks_page_blocks', ARRAY['id']),
        ('robbieblocks_page_blocks', ARRAY['page_id', 'block_order']),
        ('robbieblocks_page_blocks', ARRAY['page_id', 'block_key']),
        ('robbieblocks_style_tokens', ARRAY['id']),
        ('robbieblocks_style_tokens', ARRAY['token_key']),
        ('robbieblocks_node_branding', ARRAY['id']),
        ('robbieblocks_node_branding', ARRAY['node_id']),
        ('robbieblocks_deploys', ARRAY['id']),
        ('robbieblocks_change_triggers', ARRAY['id'])
    ) AS list (table_name, columns)
    LOOP
        IF NOT EXISTS (
            SELECT FROM pg_index
            WHERE indrelid = wanted.of_table
              AND indisunique AND indisvalid AND indpred IS NULL AND indexprs IS NULL
              AND (
                  SELECT array_agg(attname::TEXT ORDER BY attname)
                  FROM pg_attribute
                  WHERE attrelid = indrelid
                    AND attnum = ANY ((indkey::INT2[])[0:indnkeyatts - 1])
              ) = (SELECT array_agg(name ORDER BY name) FROM unnest(wanted.columns) AS name)
        ) THEN
            EXECUTE format('ALTER TABLE %s ADD UNIQUE (%s)',
                wanted.of_table, array_to_string(wanted.columns, ', '));
        END IF;
    END LOOP;
    PERFORM set_config('search_path', path, true);
END
$$;

-- Blocks that change places collide for a moment within one statement, so their order is checked
-- when the statement has ended. The constraint keeps its name. Where a foreign key needs it as it
-- is, it stays.
DO $$
DECLARE
    there RECORD;
    blocks REGCLASS := 'robbieblocks_page_blocks';
    path TEXT := pg_catalog.current_setting('search_path');
    target TEXT := pg_catalog.quote_ident(pg_catalog.current_schema()::TEXT);
BEGIN
    SET LOCAL search_path = pg_catalog, pg_temp;
    FOR there IN
        SELECT index_class.relname AS index_name, pg_constraint.conname AS constraint_name
        FROM pg_index
        JOIN pg_class AS index_class ON index_class.oid = indexrelid
        LEFT JOIN pg_constraint ON conindid = indexrelid AND conrelid = indrelid
        WHERE indrelid = blocks
          AND indisunique AND indimmediate AND indpred IS NULL AND indexprs IS NULL
          AND (
              SELECT array_agg(attname::TEXT ORDER BY attname)
              FROM pg_attribute
              WHERE attrelid = indrelid AND attnum = ANY ((indkey::INT2[])[0:indnkeyatts - 1])
          ) = ARRAY['block_order', 'page_id']
          AND NOT EXISTS (
              SELECT FROM pg_constraint AS foreign_key
              WHERE foreign_key.contype = 'f' AND foreign_key.conindid = indexrelid
          )
    LOOP
        IF there.constraint_name IS NULL THEN
            EXECUTE format('DROP INDEX %s.%I', target, there.index_name);
        ELSE
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', blocks, there.constraint_name);
        END IF;
        EXECUTE format(
            'ALTER TABLE %s ADD CONSTRAINT %I
             UNIQUE (page_id, block_order) DEFERRABLE INITIALLY IMMEDIATE',
            blocks, coalesce(there.constraint_name, there.index_name));
    END LOOP;
    PERFORM set_config('search_path', path, true);
END
$$;

-- A key of a page that is free for a block of a component: its key, then `-2`, `-3` and so on. After the
-- first few, numbers are not tried one by one, which would take for ever on a page of thousands of
-- blocks: they are doubled until one is free, and from there halved down to the end of those taken.
-- A key is asked for as the next in the order of the index, which leaves no other way to find it: a
-- plan that was made for an empty table would read all of a full one.
CREATE OR REPLACE FUNCTION robbieblocks_free_block_key(of_page UUID, of_component UUID) RETURNS TEXT
LANGUAGE plpgsql SET enable_seqscan = off SET enable_sort = off AS $$
DECLARE
    stem TEXT;
    wanted TEXT;
    found_key TEXT;
    number BIGINT := 1;
    taken BIGINT := 0;
    free BIGINT;
BEGIN
    SELECT component_key::TEXT INTO stem FROM robbieblocks_components WHERE id = of_component;
    stem := coalesce(stem, 'block');
    -- A component's key that is no key gives one that is.
    IF stem COLLATE "C" !~ '^[a-z0-9][a-z0-9._-]*$' OR stem ~ '\.\.|\.$' OR length(stem) > 240 THEN
        stem := regexp_replace(lower(stem), '[^a-z0-9_-]+', '-', 'g');
        stem := coalesce(nullif(left(btrim(stem, '-_'), 240), ''), 'block');
    END IF;
    LOOP
        wanted := CASE number WHEN 1 THEN stem ELSE stem || '-' || number::TEXT END;
        SELECT block_key::TEXT INTO found_key
        FROM robbieblocks_page_blocks
        WHERE page_id = of_page AND block_key >= wanted
        ORDER BY block_key
        LIMIT 1;
        IF found_key = wanted THEN
            taken := number;
        ELSE
            free := number;
        END IF;
        IF free IS NULL THEN
            number := CASE WHEN taken < 8 THEN taken + 1 ELSE taken * 2 END;
        ELSIF free - taken > 1 THEN
            number := (taken + free) / 2;
        ELSE
            RETURN CASE free WHEN 1 THEN stem ELSE stem || '-' || free::TEXT END;
        END IF;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION robbieblocks_fill_block_key() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    -- Two who add a block to one page at the same time wait for each other, and do not take the
    -- same key.
    PERFORM FROM robbieblocks_pages WHERE id = NEW.page_id FOR NO KEY UPDATE;
    NEW.block_key := robbieblocks_free_block_key(NEW.page_id, NEW.component_id);
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION robbieblocks_note_published_at() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR OLD.status IS DISTINCT FROM 'published' THEN
        NEW.published_at := now();
    END IF;
    RETURN NEW;
END
$$;

-- They look up names where nobody else could put something.
DO $$
DECLARE
    own TEXT;
BEGIN
    FOREACH own IN ARRAY ARRAY[
        'robbieblocks_free_block_key(uuid, uuid)',
        'robbieblocks_fill_block_key()',
        'robbieblocks_note_published_at()'
    ] LOOP
        PERFORM robbieblocks_pin(own::REGPROCEDURE);
        EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', own);
    END LOOP;
END
$$;

-- Rows that have no key yet get theirs in the order of the blocks. Nothing else of them changes:
-- neither `updated_at` nor what somebody's trigger would do.
DO $$
DECLARE
    stopped RECORD;
    nameless RECORD;
    paused TEXT[] := '{}';
    resume TEXT;
BEGIN
    IF EXISTS (SELECT FROM robbieblocks_page_blocks WHERE block_key IS NULL) THEN
        FOR stopped IN
            SELECT tgname, tgenabled
            FROM pg_trigger
            WHERE tgrelid = 'robbieblocks_page_blocks'::REGCLASS::OID
              AND NOT tgisinternal AND tgenabled <> 'D'
        LOOP
            EXECUTE pg_catalog.format('ALTER TABLE robbieblocks_page_blocks DISABLE TRIGGER %I',
                stopped.tgname);
            paused := pg_catalog.array_append(paused, pg_catalog.format(
                'ALTER TABLE robbieblocks_page_blocks ENABLE %s TRIGGER %I',
                CASE stopped.tgenabled WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' ELSE '' END,
                stopped.tgname));
        END LOOP;
        FOR nameless IN
            SELECT id, page_id, component_id
            FROM robbieblocks_page_blocks
            WHERE block_key IS NULL
            ORDER BY page_id, block_order, id
        LOOP
            UPDATE robbieblocks_page_blocks
            SET block_key = robbieblocks_free_block_key(nameless.page_id, nameless.component_id)
            WHERE id = nameless.id;
        END LOOP;
        FOREACH resume IN ARRAY paused LOOP
            EXECUTE resume;
        END LOOP;
    END IF;
END
$$;

ALTER TABLE robbieblocks_page_blocks ALTER COLUMN block_key SET NOT NULL;

DROP TRIGGER IF EXISTS rbgen_fill_block_key ON robbieblocks_page_blocks;
CREATE TRIGGER rbgen_fill_block_key BEFORE INSERT ON robbieblocks_page_blocks
FOR EACH ROW WHEN (NEW.block_key IS NULL) EXECUTE FUNCTION robbieblocks_fill_block_key();

DROP TRIGGER IF EXISTS rbgen_note_published_at ON robbieblocks_pages;
CREATE TRIGGER rbgen_note_published_at BEFORE INSERT OR UPDATE ON robbieblocks_pages
FOR EACH ROW WHEN (NEW.status::TEXT = 'published' AND NEW.published_at IS NULL)
EXECUTE FUNCTION robbieblocks_note_published_at();

INSERT INTO robbieblocks_migrations (version, name)
VALUES (22, 'columns_and_keys')
ON CONFLICT (version) DO NOTHING;
