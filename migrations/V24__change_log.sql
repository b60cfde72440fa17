-- Every change of content leaves a line in a log, a row in the queue of changes, and one notification
-- for its transaction, whoever makes it and however many rows it has. A change that changes nothing
-- leaves nothing. The log is a hint where to look; what counts is what the rows say.

CREATE TABLE IF NOT EXISTS robbieblocks_changes (
    seq        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid        XID8 NOT NULL DEFAULT pg_current_xact_id(),
    at         TIMESTAMPTZ NOT NULL DEFAULT now(),
    actor      TEXT NOT NULL DEFAULT session_user,
    kind       TEXT NOT NULL CHECK (kind IN ('page', 'component', 'token', 'node')),
    entity_key TEXT NOT NULL,
    entity_id  UUID NOT NULL,
    operation  TEXT NOT NULL CHECK (operation IN ('insert', 'update', 'delete', 'truncate'))
);

COMMENT ON TABLE robbieblocks_changes IS
    'one line for an entity and a transaction; a truncation has no key and the id of zeros';

-- Within one transaction an entity is logged once, and once more if it is deleted.
CREATE UNIQUE INDEX IF NOT EXISTS robbieblocks_changes_once
ON robbieblocks_changes (xid, kind, entity_id, entity_key, (operation = 'delete'));

-- The same for the queue: the rows that rbgen adds know their transaction.
ALTER TABLE robbieblocks_change_triggers ADD COLUMN IF NOT EXISTS xid XID8;
CREATE UNIQUE INDEX IF NOT EXISTS robbieblocks_change_triggers_once
ON robbieblocks_change_triggers (xid, trigger_type, entity_id);

-- The triggers of the earlier design that did not work, and their functions where nothing else uses
-- them.
DO $$
DECLARE
    broken RECORD;
BEGIN
    FOR broken IN
        SELECT table_name, trigger_name, pg_catalog.to_regprocedure(function_name || '()') AS function
        FROM (VALUES
            ('robbieblocks_pages', 'page_update_trigger', 'trigger_page_rebuild'),
            ('robbieblocks_components', 'component_update_trigger', 'trigger_component_rebuild'),
            ('robbieblocks_node_branding', 'branding_update_trigger', 'trigger_branding_rebuild')
        ) AS list (table_name, trigger_name, function_name)
        WHERE pg_catalog.to_regprocedure(function_name || '()') IS NOT NULL
    LOOP
        IF EXISTS (
            SELECT FROM pg_trigger
            WHERE tgrelid = broken.table_name::REGCLASS::OID
              AND tgname = broken.trigger_name
              AND tgfoid = broken.function::OID
        ) THEN
            EXECUTE pg_catalog.format('DROP TRIGGER %I ON %I', broken.trigger_name, broken.table_name);
            IF NOT EXISTS (
                SELECT FROM pg_depend
                WHERE refclassid = 'pg_catalog.pg_proc'::REGCLASS::OID
                  AND refobjid = broken.function::OID
            ) THEN
                EXECUTE pg_catalog.format('DROP FUNCTION %s', broken.function);
            END IF;
        END IF;
    END LOOP;
END
$$;

-- Functions of rbgen are called with exactly the types that they take: somebody else's of the same
-- name, with other types, is never meant.

-- Writes the log and wakes who listens. Equal notifications of a transaction are sent once.
CREATE OR REPLACE FUNCTION robbieblocks_log_entities(
    of_kind TEXT, what TEXT, ids UUID[], keys TEXT[]
) RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO robbieblocks_changes (kind, entity_id, entity_key, operation)
    SELECT of_kind, entity.id, entity.key, what
    FROM unnest(ids, keys) AS entity (id, key)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        PERFORM pg_notify('robbieblocks_change', pg_current_xact_id()::TEXT);
    END IF;
END
$$;

-- The nodes that show any of these apps; NULL where that is every node.
CREATE OR REPLACE FUNCTION robbieblocks_nodes_of(apps TEXT[]) RETURNS TEXT[]
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT CASE WHEN 'shared' = ANY (apps) THEN NULL ELSE coalesce(
        (
            SELECT array_agg(node_id::TEXT ORDER BY node_id)
            FROM robbieblocks_node_branding
            WHERE enabled_apps::TEXT[] && apps
        ),
        '{}'
    ) END
$$;

-- Queues pages, given once for each app that they belong or belonged to. A page that no node shows
-- has been dealt with: a node that begins to show its app is a change of the node.
CREATE OR REPLACE FUNCTION robbieblocks_queue_pages(ids UUID[], apps TEXT[]) RETURNS VOID
LANGUAGE sql SECURITY DEFINER AS $$
    WITH page AS (
        SELECT id, array_agg(DISTINCT app ORDER BY app) AS apps
        FROM unnest(ids, apps) AS given (id, app)
        GROUP BY id
    ),
    reach AS (
        SELECT distinct_apps.apps, robbieblocks_nodes_of(distinct_apps.apps) AS nodes
        FROM (SELECT DISTINCT page.apps FROM page) AS distinct_apps
    )
    INSERT INTO robbieblocks_change_triggers AS queued
        (xid, trigger_type, entity_type, entity_id, affected_apps, affected_nodes, processed_at)
    SELECT
        pg_current_xact_id(), 'page_update', 'page', page.id, reach.apps, reach.nodes,
        CASE WHEN reach.nodes = '{}' THEN now() END
    FROM page
    JOIN reach ON reach.apps = page.apps
    ON CONFLICT (xid, trigger_type, entity_id) DO UPDATE SET
        affected_apps = (
            SELECT array_agg(DISTINCT app ORDER BY app)
            FROM (SELECT unnest(queued.affected_apps) UNION SELECT unnest(excluded.affected_apps)) AS merged (app)
        ),
        affected_nodes = CASE
            WHEN queued.affected_nodes IS NOT NULL AND excluded.affected_nodes IS NOT NULL THEN (
                SELECT coalesce(array_agg(DISTINCT node ORDER BY node), '{}')
                FROM (SELECT unnest(queued.affected_nodes) UNION SELECT unnest(excluded.affected_nodes)) AS merged (node)
            )
        END,
        processed_at = CASE
            WHEN queued.affected_nodes = '{}' THEN excluded.processed_at
        END
    WHERE NOT (
        queued.affected_apps @> excluded.affected_apps
        AND (queued.affected_nodes IS NULL OR queued.affected_nodes @> excluded.affected_nodes)
    )
$$;

-- Queues anything else. No apps are all apps, and no nodes all nodes.
CREATE OR REPLACE FUNCTION robbieblocks_queue_entity(
    what TEXT, of_type TEXT, id UUID, apps TEXT[], nodes TEXT[]
) RETURNS VOID
LANGUAGE sql SECURITY DEFINER AS $$
    INSERT INTO robbieblocks_change_triggers AS queued
        (xid, trigger_type, entity_type, entity_id, affected_apps, affected_nodes, processed_at)
    VALUES
        (pg_current_xact_id(), what, of_type, id, apps, nodes, CASE WHEN nodes = '{}' THEN now() END)
    ON CONFLICT (xid, trigger_type, entity_id) DO UPDATE SET
        affected_apps = CASE
            WHEN queued.affected_apps IS NOT NULL AND excluded.affected_apps IS NOT NULL THEN (
                SELECT coalesce(array_agg(DISTINCT app ORDER BY app), '{}')
                FROM (SELECT unnest(queued.affected_apps) UNION SELECT unnest(excluded.affected_apps)) AS merged (app)
            )
        END,
        affected_nodes = CASE
            WHEN queued.affected_nodes IS NOT NULL AND excluded.affected_nodes IS NOT NULL THEN (
                SELECT coalesce(array_agg(DISTINCT node ORDER BY node), '{}')
                FROM (SELECT unnest(queued.affected_nodes) UNION SELECT unnest(excluded.affected_nodes)) AS merged (node)
            )
        END,
        processed_at = CASE
            WHEN queued.affected_nodes = '{}' THEN excluded.processed_at
        END
    WHERE queued.affected_apps IS DISTINCT FROM excluded.affected_apps
       OR queued.affected_nodes IS DISTINCT FROM excluded.affected_nodes
$$;

CREATE OR REPLACE FUNCTION robbieblocks_log_pages() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    ids UUID[];
    keys TEXT[];
    shown UUID[];
    apps TEXT[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT
            array_agg(id), array_agg(page_key),
            array_agg(id) FILTER (WHERE status = 'published'),
            array_agg(app_namespace) FILTER (WHERE status = 'published')
        INTO ids, keys, shown, apps
        FROM rows_after;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT
            array_agg(id), array_agg(page_key),
            array_agg(id) FILTER (WHERE status = 'published'),
            array_agg(app_namespace) FILTER (WHERE status = 'published')
        INTO ids, keys, shown, apps
        FROM rows_before;
    ELSIF TG_OP = 'UPDATE' THEN
        -- Where a key, an app or the status changed, both the old and the new count.
        SELECT
            array_agg(state.id), array_agg(state.page_key),
            array_agg(state.id) FILTER (WHERE 'published' IN (was, becomes)),
            array_agg(state.app) FILTER (WHERE 'published' IN (was, becomes))
        INTO ids, keys, shown, apps
        FROM (
            SELECT
                before.id AS before_id, before.page_key AS before_key,
                before.app_namespace AS before_app, before.status AS was,
                after.id AS after_id, after.page_key AS after_key,
                after.app_namespace AS after_app, after.status AS becomes
            FROM rows_before AS before
            FULL JOIN rows_after AS after ON after.id = before.id
            WHERE ROW(before.id, before.page_key, before.app_namespace, before.page_name,
                      before.page_route, before.layout_template, before.meta_title,
                      before.meta_description, before.status, before.metadata::TEXT)
               IS DISTINCT FROM
                  ROW(after.id, after.page_key, after.app_namespace, after.page_name,
                      after.page_route, after.layout_template, after.meta_title,
                      after.meta_description, after.status, after.metadata::TEXT)
        ) AS changed
        CROSS JOIN LATERAL (
            VALUES (before_id, before_key, before_app), (after_id, after_key, after_app)
        ) AS state (id, page_key, app)
        WHERE state.id IS NOT NULL;
    ELSE
        PERFORM robbieblocks_log_entities('page'::TEXT, 'truncate'::TEXT,
            ARRAY['00000000-0000-0000-0000-000000000000'::UUID], ARRAY['']::TEXT[]);
        PERFORM robbieblocks_queue_entity('page_update'::TEXT, 'page'::TEXT,
            '00000000-0000-0000-0000-000000000000'::UUID, NULL::TEXT[], NULL::TEXT[]);
        RETURN NULL;
    END IF;
    IF ids IS NOT NULL THEN
        PERFORM robbieblocks_log_entities('page'::TEXT, lower(TG_OP), ids, keys);
        IF shown IS NOT NULL THEN
            PERFORM robbieblocks_queue_pages(shown, apps);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

-- A block is a part of its page, and of both pages where it moved from one to the other. Blocks that
-- go because their page went have no page any more, and the page is in the log already.
CREATE OR REPLACE FUNCTION robbieblocks_log_blocks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    pages UUID[];
    ids UUID[];
    keys TEXT[];
    shown UUID[];
    apps TEXT[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT page_id) INTO pages FROM rows_after;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT page_id) INTO pages FROM rows_before;
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg(DISTINCT state.page_id) INTO pages
        FROM (
            SELECT before.page_id AS page_before, after.page_id AS page_after
            FROM rows_before AS before
            FULL JOIN rows_after AS after ON after.id = before.id
            WHERE ROW(before.id, before.page_id, before.component_id, before.block_key,
                      before.block_order, before.zone, before.props::TEXT, before.conditions::TEXT)
               IS DISTINCT FROM
                  ROW(after.id, after.page_id, after.component_id, after.block_key,
                      after.block_order, after.zone, after.props::TEXT, after.conditions::TEXT)
        ) AS changed
        CROSS JOIN LATERAL (VALUES (page_before), (page_after)) AS state (page_id);
    ELSE
        PERFORM robbieblocks_log_entities('page'::TEXT, 'truncate'::TEXT,
            ARRAY['00000000-0000-0000-0000-000000000000'::UUID], ARRAY['']::TEXT[]);
        PERFORM robbieblocks_queue_entity('page_update'::TEXT, 'page'::TEXT,
            '00000000-0000-0000-0000-000000000000'::UUID, NULL::TEXT[], NULL::TEXT[]);
        RETURN NULL;
    END IF;
    SELECT
        array_agg(page.id), array_agg(page.page_key),
        array_agg(page.id) FILTER (WHERE page.status = 'published'),
        array_agg(page.app_namespace) FILTER (WHERE page.status = 'published')
    INTO ids, keys, shown, apps
    FROM unnest(pages) AS touched (id)
    JOIN robbieblocks_pages AS page ON page.id = touched.id;
    IF ids IS NOT NULL THEN
        PERFORM robbieblocks_log_entities('page'::TEXT, 'update'::TEXT, ids, keys);
        IF shown IS NOT NULL THEN
            PERFORM robbieblocks_queue_pages(shown, apps);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION robbieblocks_log_components() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    ids UUID[];
    keys TEXT[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(id), array_agg(component_key) INTO ids, keys FROM rows_after;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(id), array_agg(component_key) INTO ids, keys FROM rows_before;
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg(state.id), array_agg(state.component_key) INTO ids, keys
        FROM (
            SELECT
                before.id AS before_id, before.component_key AS before_key,
                after.id AS after_id, after.component_key AS after_key
            FROM rows_before AS before
            FULL JOIN rows_after AS after ON after.id = before.id
            WHERE ROW(before.id, before.component_key, before.component_name, before.component_type,
                      before.react_code, before.template, before.props_schema::TEXT,
                      before.css_styles, before.dependencies, before.version, before.is_published,
                      before.preview_url, before.metadata::TEXT)
               IS DISTINCT FROM
                  ROW(after.id, after.component_key, after.component_name, after.component_type,
                      after.react_code, after.template, after.props_schema::TEXT,
                      after.css_styles, after.dependencies, after.version, after.is_published,
                      after.preview_url, after.metadata::TEXT)
        ) AS changed
        CROSS JOIN LATERAL (VALUES (before_id, before_key), (after_id, after_key))
            AS state (id, component_key)
        WHERE state.id IS NOT NULL;
    ELSE
        PERFORM robbieblocks_log_entities('component'::TEXT, 'truncate'::TEXT,
            ARRAY['00000000-0000-0000-0000-000000000000'::UUID], ARRAY['']::TEXT[]);
        PERFORM robbieblocks_queue_entity('component_update'::TEXT, 'component'::TEXT,
            '00000000-0000-0000-0000-000000000000'::UUID, NULL::TEXT[], NULL::TEXT[]);
        RETURN NULL;
    END IF;
    IF ids IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM robbieblocks_log_entities('component'::TEXT, lower(TG_OP), ids, keys);
    -- A component that no published page uses shows nowhere.
    PERFORM robbieblocks_queue_entity('component_update'::TEXT, 'component'::TEXT, uses.component_id,
        uses.apps, robbieblocks_nodes_of(uses.apps))
    FROM (
        SELECT
            block.component_id,
            array_agg(DISTINCT page.app_namespace::TEXT ORDER BY page.app_namespace::TEXT) AS apps
        FROM robbieblocks_page_blocks AS block
        JOIN robbieblocks_pages AS page ON page.id = block.page_id
        WHERE block.component_id = ANY (ids) AND page.status = 'published'
        GROUP BY block.component_id
    ) AS uses;
    RETURN NULL;
END
$$;

-- A token shows on every node.
CREATE OR REPLACE FUNCTION robbieblocks_log_tokens() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    ids UUID[];
    keys TEXT[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(id), array_agg(token_key) INTO ids, keys FROM rows_after;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(id), array_agg(token_key) INTO ids, keys FROM rows_before;
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg(state.id), array_agg(state.token_key) INTO ids, keys
        FROM (
            SELECT
                before.id AS before_id, before.token_key AS before_key,
                after.id AS after_id, after.token_key AS after_key
            FROM rows_before AS before
            FULL JOIN rows_after AS after ON after.id = before.id
            WHERE ROW(before.id, before.token_key, before.token_category, before.default_value,
                      before.description)
               IS DISTINCT FROM
                  ROW(after.id, after.token_key, after.token_category, after.default_value,
                      after.description)
        ) AS changed
        CROSS JOIN LATERAL (VALUES (before_id, before_key), (after_id, after_key))
            AS state (id, token_key)
        WHERE state.id IS NOT NULL;
    ELSE
        ids := ARRAY['00000000-0000-0000-0000-000000000000'];
        keys := ARRAY[''];
    END IF;
    IF ids IS NOT NULL THEN
        PERFORM robbieblocks_log_entities('token'::TEXT, lower(TG_OP), ids, keys);
        PERFORM robbieblocks_queue_entity('style_change'::TEXT, 'style_token'::TEXT, token.id, NULL::TEXT[], NULL::TEXT[])
        FROM (SELECT DISTINCT given.id FROM unnest(ids) AS given (id)) AS token;
    END IF;
    RETURN NULL;
END
$$;

-- A node shows on itself alone.
CREATE OR REPLACE FUNCTION robbieblocks_log_nodes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    node RECORD;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM robbieblocks_log_entities('node'::TEXT, 'truncate'::TEXT,
            ARRAY['00000000-0000-0000-0000-000000000000'::UUID], ARRAY['']::TEXT[]);
        PERFORM robbieblocks_queue_entity('branding_change'::TEXT, 'node_branding'::TEXT,
            '00000000-0000-0000-0000-000000000000'::UUID, NULL::TEXT[], NULL::TEXT[]);
        RETURN NULL;
    END IF;
    -- There are few nodes, and each has apps of its own: one after the other.
    IF TG_OP = 'INSERT' THEN
        FOR node IN SELECT id, node_id, enabled_apps FROM rows_after LOOP
            PERFORM robbieblocks_log_entities('node'::TEXT, 'insert'::TEXT, ARRAY[node.id],
                ARRAY[node.node_id]::TEXT[]);
            PERFORM robbieblocks_queue_entity('branding_change'::TEXT, 'node_branding'::TEXT, node.id,
                node.enabled_apps::TEXT[], ARRAY[node.node_id]::TEXT[]);
        END LOOP;
    ELSIF TG_OP = 'DELETE' THEN
        FOR node IN SELECT id, node_id, enabled_apps FROM rows_before LOOP
            PERFORM robbieblocks_log_entities('node'::TEXT, 'delete'::TEXT, ARRAY[node.id],
                ARRAY[node.node_id]::TEXT[]);
            PERFORM robbieblocks_queue_entity('branding_change'::TEXT, 'node_branding'::TEXT, node.id,
                node.enabled_apps::TEXT[], ARRAY[node.node_id]::TEXT[]);
        END LOOP;
    ELSE
        FOR node IN
            SELECT state.id, state.node_id, state.enabled_apps
            FROM (
                SELECT
                    before.id AS before_id, before.node_id AS before_node,
                    before.enabled_apps AS before_apps,
                    after.id AS after_id, after.node_id AS after_node,
                    after.enabled_apps AS after_apps
                FROM rows_before AS before
                FULL JOIN rows_after AS after ON after.id = before.id
                WHERE ROW(before.id, before.node_id, before.node_name, before.style_overrides::TEXT,
                          before.enabled_apps, before.custom_css, before.custom_scripts)
                   IS DISTINCT FROM
                      ROW(after.id, after.node_id, after.node_name, after.style_overrides::TEXT,
                          after.enabled_apps, after.custom_css, after.custom_scripts)
            ) AS changed
            CROSS JOIN LATERAL (
                VALUES (before_id, before_node, before_apps), (after_id, after_node, after_apps)
            ) AS state (id, node_id, enabled_apps)
            WHERE state.id IS NOT NULL
        LOOP
            PERFORM robbieblocks_log_entities('node'::TEXT, 'update'::TEXT, ARRAY[node.id],
                ARRAY[node.node_id]::TEXT[]);
            PERFORM robbieblocks_queue_entity('branding_change'::TEXT, 'node_branding'::TEXT, node.id,
                node.enabled_apps::TEXT[], ARRAY[node.node_id]::TEXT[]);
        END LOOP;
    END IF;
    RETURN NULL;
END
$$;

-- Four triggers for each content table. They fire in every session, also in one that restores or
-- replicates: a change that deploys nothing is worse than one that is logged twice.
DO $$
DECLARE
    content RECORD;
    event RECORD;
    path TEXT := pg_catalog.current_setting('search_path');
    target TEXT := pg_catalog.quote_ident(pg_catalog.current_schema()::TEXT);
BEGIN
    SET LOCAL search_path = pg_catalog, pg_temp;
    FOR content IN SELECT *, format('%s.%I', target, table_name)::REGCLASS AS of_table FROM (VALUES
        ('robbieblocks_pages', 'robbieblocks_log_pages'),
        ('robbieblocks_components', 'robbieblocks_log_components'),
        ('robbieblocks_page_blocks', 'robbieblocks_log_blocks'),
        ('robbieblocks_style_tokens', 'robbieblocks_log_tokens'),
        ('robbieblocks_node_branding', 'robbieblocks_log_nodes')
    ) AS list (table_name, function_name)
    LOOP
        FOR event IN SELECT * FROM (VALUES
            ('rbgen_log_insert', 'INSERT', 'REFERENCING NEW TABLE AS rows_after'),
            ('rbgen_log_update', 'UPDATE',
             'REFERENCING OLD TABLE AS rows_before NEW TABLE AS rows_after'),
            ('rbgen_log_delete', 'DELETE', 'REFERENCING OLD TABLE AS rows_before'),
            ('rbgen_log_truncate', 'TRUNCATE', '')
        ) AS list (trigger_name, operation, rows)
        LOOP
            IF EXISTS (
                SELECT FROM pg_trigger
                WHERE tgrelid = content.of_table AND tgname = event.trigger_name
            ) THEN
                EXECUTE format('DROP TRIGGER %I ON %s', event.trigger_name, content.of_table);
            END IF;
            EXECUTE format(
                'CREATE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION %s.%I()',
                event.trigger_name, event.operation, content.of_table, event.rows,
                target, content.function_name);
            EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I',
                content.of_table, event.trigger_name);
        END LOOP;
    END LOOP;
    PERFORM set_config('search_path', path, true);
END
$$;

-- The functions run with the rights of their owner, so that who may change content need not be able
-- to write the log. They look up names where nobody else could put something, and nobody else may
-- call them.
DO $$
DECLARE
    own TEXT;
BEGIN
    FOREACH own IN ARRAY ARRAY[
        'robbieblocks_log_entities(text, text, uuid[], text[])',
        'robbieblocks_nodes_of(text[])',
        'robbieblocks_queue_pages(uuid[], text[])',
        'robbieblocks_queue_entity(text, text, uuid, text[], text[])',
        'robbieblocks_log_pages()',
        'robbieblocks_log_blocks()',
        'robbieblocks_log_components()',
        'robbieblocks_log_tokens()',
        'robbieblocks_log_nodes()'
    ] LOOP
        PERFORM robbieblocks_pin(own::REGPROCEDURE);
        EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', own);
    END LOOP;
END
$$;

INSERT INTO robbieblocks_migrations (version, name)
VALUES (24, 'change_log')
ON CONFLICT (version) DO NOTHING;
