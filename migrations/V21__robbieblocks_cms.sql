-- The content tables, the records of deploys and the queue of changes, as installations of the
-- earlier design have them, with their functions and views. What is there already is adopted: no
-- table is made anew, no row and no function of somebody else is changed.

CREATE TABLE IF NOT EXISTS robbieblocks_pages (
    id               UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    page_key         VARCHAR(255) NOT NULL UNIQUE,
    app_namespace    VARCHAR(50) NOT NULL,
    page_name        VARCHAR(255) NOT NULL,
    page_route       VARCHAR(255) NOT NULL,
    layout_template  VARCHAR(50) NOT NULL,
    meta_title       VARCHAR(255),
    meta_description TEXT,
    status           VARCHAR(50) DEFAULT 'draft'
                     CHECK (status::TEXT IN ('draft', 'published', 'archived')),
    version          INTEGER DEFAULT 1,
    created_at       TIMESTAMPTZ DEFAULT now(),
    updated_at       TIMESTAMPTZ DEFAULT now(),
    published_at     TIMESTAMPTZ,
    created_by       UUID,
    metadata         JSONB DEFAULT '{}'
);

CREATE TABLE IF NOT EXISTS robbieblocks_components (
    id             UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    component_key  VARCHAR(255) NOT NULL UNIQUE,
    component_name VARCHAR(255) NOT NULL,
    component_type VARCHAR(50) NOT NULL,
    react_code     TEXT NOT NULL,
    props_schema   JSONB NOT NULL,
    css_styles     TEXT,
    dependencies   TEXT[],
    version        VARCHAR(20) DEFAULT '1.0.0',
    is_published   BOOLEAN DEFAULT false,
    preview_url    VARCHAR(500),
    created_at     TIMESTAMPTZ DEFAULT now(),
    updated_at     TIMESTAMPTZ DEFAULT now(),
    metadata       JSONB DEFAULT '{}'
);

CREATE TABLE IF NOT EXISTS robbieblocks_page_blocks (
    id           UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    page_id      UUID REFERENCES robbieblocks_pages (id) ON DELETE CASCADE,
    component_id UUID REFERENCES robbieblocks_components (id),
    block_order  INTEGER NOT NULL,
    zone         VARCHAR(50) NOT NULL,
    props        JSONB DEFAULT '{}',
    conditions   JSONB DEFAULT '{}',
    created_at   TIMESTAMPTZ DEFAULT now(),
    updated_at   TIMESTAMPTZ DEFAULT now(),
    UNIQUE (page_id, block_order)
);

CREATE TABLE IF NOT EXISTS robbieblocks_style_tokens (
    id             UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    token_key      VARCHAR(255) NOT NULL UNIQUE,
    token_category VARCHAR(50) NOT NULL,
    default_value  TEXT NOT NULL,
    description    TEXT,
    created_at     TIMESTAMPTZ DEFAULT now(),
    updated_at     TIMESTAMPTZ DEFAULT now()
);

CREATE TABLE IF NOT EXISTS robbieblocks_node_branding (
    id              UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    node_id         VARCHAR(100) NOT NULL UNIQUE,
    node_name       VARCHAR(255) NOT NULL,
    style_overrides JSONB NOT NULL,
    enabled_apps    TEXT[] DEFAULT '{}',
    custom_css      TEXT,
    custom_scripts  TEXT,
    created_at      TIMESTAMPTZ DEFAULT now(),
    updated_at      TIMESTAMPTZ DEFAULT now()
);

CREATE TABLE IF NOT EXISTS robbieblocks_deploys (
    id                 UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    node_id            VARCHAR(100),
    app_namespace      VARCHAR(50) NOT NULL,
    build_hash         VARCHAR(64) NOT NULL,
    pages_count        INTEGER,
    components_count   INTEGER,
    deploy_status      VARCHAR(50) DEFAULT 'pending'
                       CHECK (deploy_status::TEXT IN
                              ('pending', 'building', 'deploying', 'success', 'failed')),
    build_duration_ms  INTEGER,
    deploy_duration_ms INTEGER,
    error_message      TEXT,
    build_log          TEXT,
    started_at         TIMESTAMPTZ DEFAULT now(),
    completed_at       TIMESTAMPTZ,
    triggered_by       VARCHAR(50) NOT NULL
);

CREATE TABLE IF NOT EXISTS robbieblocks_change_triggers (
    id             UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    trigger_type   VARCHAR(50) NOT NULL,
    entity_type    VARCHAR(50) NOT NULL,
    entity_id      UUID NOT NULL,
    affected_apps  TEXT[],
    affected_nodes TEXT[],
    auto_deploy    BOOLEAN DEFAULT true,
    created_at     TIMESTAMPTZ DEFAULT now(),
    processed_at   TIMESTAMPTZ
);

-- What a table is for, where nobody has said it yet.
DO $$
DECLARE
    wanted RECORD;
    path TEXT := pg_catalog.current_setting('search_path');
    target TEXT := pg_catalog.quote_ident(pg_catalog.current_schema()::TEXT);
BEGIN
    SET LOCAL search_path = pg_catalog, pg_temp;
    FOR wanted IN SELECT *, format('%s.%I', target, table_name)::REGCLASS AS of_table FROM (VALUES
        ('robbieblocks_pages', 'pages: where each is shown, and what it is called'),
        ('robbieblocks_components', 'components: what a block of a page looks like'),
        ('robbieblocks_page_blocks', 'blocks: what a page shows, in this order'),
        ('robbieblocks_style_tokens', 'style tokens: colours, fonts, spaces by name'),
        ('robbieblocks_node_branding', 'nodes: which apps each shows, and in which style')
    ) AS list (table_name, words)
    LOOP
        IF obj_description(wanted.of_table, 'pg_class') IS NULL THEN
            EXECUTE format('COMMENT ON TABLE %s IS %L', wanted.of_table, wanted.words);
        END IF;
    END LOOP;
    PERFORM set_config('search_path', path, true);
END
$$;

-- An index is made where no index of any name does the same.
DO $$
DECLARE
    wanted RECORD;
    path TEXT := pg_catalog.current_setting('search_path');
    target TEXT := pg_catalog.quote_ident(pg_catalog.current_schema()::TEXT);
BEGIN
    SET LOCAL search_path = pg_catalog, pg_temp;
    FOR wanted IN SELECT *, format('%s.%I', target, table_name)::REGCLASS AS of_table FROM (VALUES
        ('idx_robbieblocks_pages_app', 'robbieblocks_pages', '(app_namespace, status)'),
        ('idx_robbieblocks_pages_route', 'robbieblocks_pages', '(page_route)'),
        ('idx_robbieblocks_page_blocks_component', 'robbieblocks_page_blocks', '(component_id)'),
        ('idx_robbieblocks_style_tokens_category', 'robbieblocks_style_tokens', '(token_category)'),
        ('idx_robbieblocks_deploys_node', 'robbieblocks_deploys', '(node_id, started_at DESC)'),
        ('idx_robbieblocks_deploys_status', 'robbieblocks_deploys', '(deploy_status)'),
        ('idx_robbieblocks_deploys_app', 'robbieblocks_deploys', '(app_namespace, started_at DESC)'),
        ('idx_robbieblocks_change_triggers_waiting', 'robbieblocks_change_triggers',
         '(created_at) WHERE (processed_at IS NULL)')
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

-- Somebody else's function would run with the rights of who migrates here, and later of who changes
-- content. That of an administrator or of one's own is trusted.
DO $$
DECLARE
    there RECORD;
BEGIN
    FOR there IN
        SELECT pg_proc.oid::REGPROCEDURE AS function
        FROM (VALUES
            (pg_catalog.to_regprocedure('update_updated_at_column()')),
            (pg_catalog.to_regprocedure('get_page_config(character varying)')),
            (pg_catalog.to_regprocedure('get_node_styles(character varying)'))
        ) AS list (function)
        JOIN pg_proc ON pg_proc.oid = list.function::OID
        JOIN pg_roles ON pg_roles.oid = proowner
        WHERE NOT rolsuper AND NOT pg_catalog.pg_has_role(proowner, 'USAGE')
    LOOP
        RAISE EXCEPTION 'the function % belongs to somebody else', there.function;
    END LOOP;
END
$$;

-- `updated_at` follows every update. The function has this name in installations where tables of
-- other programs use it as well, so one that is there stays as it is.
DO $$
DECLARE
    content TEXT;
BEGIN
    IF pg_catalog.to_regprocedure('update_updated_at_column()') IS NULL THEN
        CREATE FUNCTION update_updated_at_column() RETURNS trigger
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
        BEGIN
            NEW.updated_at = now();
            RETURN NEW;
        END
        $body$;
    END IF;
    FOREACH content IN ARRAY ARRAY[
        'robbieblocks_pages', 'robbieblocks_components', 'robbieblocks_page_blocks',
        'robbieblocks_style_tokens', 'robbieblocks_node_branding'
    ] LOOP
        IF NOT EXISTS (
            SELECT FROM pg_trigger
            WHERE tgrelid = content::REGCLASS::OID
              AND tgfoid = 'update_updated_at_column()'::REGPROCEDURE::OID
        ) THEN
            EXECUTE pg_catalog.format(
                'CREATE TRIGGER %I BEFORE UPDATE ON %I
                 FOR EACH ROW EXECUTE FUNCTION update_updated_at_column()',
                'update_' || content || '_updated_at', content);
        END IF;
    END LOOP;
END
$$;

-- A function of this name that is there already has readers: it stays, unless it is rbgen's own or
-- fails when it is called.
DO $$
DECLARE
    own TEXT := 'rbgen: ';
    there REGPROCEDURE := pg_catalog.to_regprocedure('get_page_config(character varying)');
    works BOOLEAN := true;
BEGIN
    IF there IS NOT NULL
        AND coalesce(pg_catalog.obj_description(there::OID, 'pg_proc'), '') NOT LIKE own || '%'
    THEN
        BEGIN
            PERFORM get_page_config(page_key::VARCHAR) FROM (
                SELECT page_key FROM robbieblocks_pages ORDER BY status DESC LIMIT 1
            ) AS some_page;
            PERFORM get_page_config(''::VARCHAR);
        EXCEPTION WHEN OTHERS THEN
            works := false;
        END;
        IF works THEN
            RETURN;
        END IF;
    END IF;
    CREATE OR REPLACE FUNCTION get_page_config(page_key_param VARCHAR) RETURNS JSON
    LANGUAGE sql STABLE AS $body$
        SELECT json_build_object(
            'page', row_to_json(page),
            'blocks', (
                SELECT json_agg(
                    json_build_object(
                        'block', row_to_json(block),
                        'component', row_to_json(component)
                    )
                    ORDER BY block.block_order
                )
                FROM robbieblocks_page_blocks AS block
                LEFT JOIN robbieblocks_components AS component ON component.id = block.component_id
                WHERE block.page_id = page.id
            )
        )
        FROM robbieblocks_pages AS page
        WHERE page.page_key = page_key_param AND page.status = 'published'
    $body$;
    COMMENT ON FUNCTION get_page_config(VARCHAR) IS
        'rbgen: a published page with its blocks and their components';
    PERFORM robbieblocks_pin('get_page_config(character varying)'::REGPROCEDURE);
END
$$;

DO $$
DECLARE
    own TEXT := 'rbgen: ';
    there REGPROCEDURE := pg_catalog.to_regprocedure('get_node_styles(character varying)');
    works BOOLEAN := true;
BEGIN
    IF there IS NOT NULL
        AND coalesce(pg_catalog.obj_description(there::OID, 'pg_proc'), '') NOT LIKE own || '%'
    THEN
        BEGIN
            PERFORM get_node_styles(node_id::VARCHAR) FROM (
                SELECT node_id FROM robbieblocks_node_branding LIMIT 1
            ) AS some_node;
            PERFORM get_node_styles(''::VARCHAR);
        EXCEPTION WHEN OTHERS THEN
            works := false;
        END;
        IF works THEN
            RETURN;
        END IF;
    END IF;
    CREATE OR REPLACE FUNCTION get_node_styles(node_id_param VARCHAR) RETURNS JSON
    LANGUAGE sql STABLE AS $body$
        SELECT json_build_object(
            'base_tokens', (
                SELECT json_object_agg(token.token_key, token.default_value ORDER BY token.token_key)
                FROM robbieblocks_style_tokens AS token
            ),
            'overrides', node.style_overrides,
            'enabled_apps', node.enabled_apps
        )
        FROM robbieblocks_node_branding AS node
        WHERE node.node_id = node_id_param
    $body$;
    COMMENT ON FUNCTION get_node_styles(VARCHAR) IS
        'rbgen: the tokens of a node, its overrides and its apps';
    PERFORM robbieblocks_pin('get_node_styles(character varying)'::REGPROCEDURE);
END
$$;

-- A view of this name that is there already has readers too.
DO $$
BEGIN
    IF pg_catalog.to_regclass('robbieblocks_active_deploys') IS NULL THEN
        CREATE VIEW robbieblocks_active_deploys AS
        SELECT
            id,
            node_id,
            app_namespace,
            deploy_status,
            started_at,
            extract(EPOCH FROM now() - started_at)::INTEGER AS running_seconds,
            build_duration_ms,
            deploy_duration_ms
        FROM robbieblocks_deploys
        WHERE deploy_status::TEXT IN ('pending', 'building', 'deploying')
        ORDER BY started_at DESC;
    END IF;
    IF pg_catalog.to_regclass('robbieblocks_published_pages') IS NULL THEN
        CREATE VIEW robbieblocks_published_pages AS
        SELECT
            page.app_namespace,
            pg_catalog.count(DISTINCT page.id) AS page_count,
            pg_catalog.count(DISTINCT block.component_id) AS component_count,
            max(page.updated_at) AS last_update
        FROM robbieblocks_pages AS page
        LEFT JOIN robbieblocks_page_blocks AS block ON block.page_id = page.id
        WHERE page.status::TEXT = 'published'
        GROUP BY page.app_namespace;
    END IF;
END
$$;

INSERT INTO robbieblocks_migrations (version, name)
VALUES (21, 'robbieblocks_cms')
ON CONFLICT (version) DO NOTHING;
