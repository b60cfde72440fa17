-- Roles for the programs that use a migrated database. Applied by hand by somebody who owns the tables
-- and may create roles (CREATEROLE), after the migrations, in the schema of the tables:
--
--     psql -1 -v ON_ERROR_STOP=1 -f migrations/roles.sql
--
-- The roles cannot log in: they are granted to those who can, `GRANT rbgen_editor TO anna`. They are
-- made if they are missing, and the file may be applied again.
--
--     rbgen_builder   reads content; writes deploys, receipts and the state of nodes
--     rbgen_editor    changes content; the log of changes is written for it
--     rbgen_sync      an editor that also writes the history
--     rbgen_migrator  owns: what it makes it may alter
--
-- Who migrates does so as rbgen_migrator, whoever of them made a table:
--
--     GRANT rbgen_migrator TO anna;
--     ALTER ROLE anna SET role = rbgen_migrator;
--
-- Tables that are there are handed over with `ALTER TABLE name OWNER TO rbgen_migrator`, if their present
-- owner is to alter them no more. This file hands nothing over.

DO $$
DECLARE
    missing TEXT;
    columns_without_address TEXT;
    target TEXT := current_schema();
    tables_of_content TEXT := 'robbieblocks_pages, robbieblocks_components, robbieblocks_page_blocks, '
        'robbieblocks_style_tokens, robbieblocks_node_branding';
BEGIN
    FOR missing IN
        SELECT name
        FROM unnest(ARRAY['rbgen_builder', 'rbgen_editor', 'rbgen_sync', 'rbgen_migrator']) AS name
        WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
    LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', missing);
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'the role % is missing, and % may not create roles', missing, current_user
                USING HINT = 'apply this file as a role with CREATEROLE';
        END;
    END LOOP;

    EXECUTE format('GRANT USAGE ON SCHEMA %I TO rbgen_builder, rbgen_editor, rbgen_sync', target);
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO rbgen_migrator', target);

    -- Everybody reads content, what is queued, what was deployed, and which database this is.
    EXECUTE 'GRANT SELECT ON robbieblocks_migrations, ' || tables_of_content || ',
        robbieblocks_deploys, robbieblocks_change_triggers, robbieblocks_lineage,
        robbieblocks_revisions, robbieblocks_revision_entities, robbieblocks_sync_edges,
        robbieblocks_sources, robbieblocks_changes, robbieblocks_trigger_receipts,
        robbieblocks_node_state, robbieblocks_active_deploys, robbieblocks_published_pages,
        sync_status, sync_conflicts, sync_metrics
        TO rbgen_builder, rbgen_editor, rbgen_sync';

    -- The address of a node may hold a password, so only its owner reads it.
    SELECT string_agg(quote_ident(attname::TEXT), ', ' ORDER BY attnum) INTO columns_without_address
    FROM pg_attribute
    WHERE attrelid = 'sync_nodes'::regclass AND attnum > 0 AND NOT attisdropped
      AND attname <> 'connection_string';
    REVOKE SELECT ON sync_nodes FROM rbgen_builder, rbgen_editor, rbgen_sync;
    EXECUTE format('GRANT SELECT (%s) ON sync_nodes TO rbgen_builder, rbgen_editor, rbgen_sync',
        columns_without_address);

    GRANT INSERT, UPDATE ON robbieblocks_deploys, robbieblocks_node_state TO rbgen_builder;
    GRANT INSERT, UPDATE, DELETE ON robbieblocks_trigger_receipts TO rbgen_builder;
    GRANT INSERT, UPDATE ON sync_nodes TO rbgen_builder;
    GRANT INSERT ON sync_metrics TO rbgen_builder;

    EXECUTE 'GRANT INSERT, UPDATE, DELETE ON ' || tables_of_content || ' TO rbgen_editor, rbgen_sync';

    GRANT INSERT ON robbieblocks_revisions, robbieblocks_revision_entities, robbieblocks_sync_edges
        TO rbgen_sync;
    GRANT INSERT, UPDATE, DELETE ON robbieblocks_sources TO rbgen_sync;
    GRANT INSERT, UPDATE ON sync_nodes, sync_status TO rbgen_sync;
    GRANT INSERT ON sync_conflicts, sync_metrics TO rbgen_sync;
END
$$;
