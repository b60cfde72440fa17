-- The rules for keys, routes and objects, which rbgen holds files to, for rows as well: wherever no
-- row that is there breaks them. Where one does, the rule is left out and told, and the next
-- `rbgen migrate` tries again.

DO $$
DECLARE
    rule RECORD;
    broken BIGINT;
    path TEXT := pg_catalog.current_setting('search_path');
    target TEXT := pg_catalog.quote_ident(pg_catalog.current_schema()::TEXT);
BEGIN
    SET LOCAL search_path = pg_catalog, pg_temp;
    FOR rule IN SELECT *, format('%s.%I', target, table_name)::REGCLASS AS of_table FROM (VALUES
        ('robbieblocks_pages', 'robbieblocks_pages_page_key_rule', $rule$page_key COLLATE "C" ~ '^[a-z0-9][a-z0-9._-]*$' AND page_key !~ '[.][.]|[.]$' AND page_key !~ '^(con|prn|aux|nul|com[1-9]|lpt[1-9])([.]|$)' AND octet_length(page_key) <= 255$rule$),
        ('robbieblocks_pages', 'robbieblocks_pages_page_route_rule', $rule$page_route ~ '^/' AND page_route !~ '[\u0001-\u001f\u007f-\u009f\\?#%<>"|*:]' AND (page_route = '/' OR page_route !~ '//|/$|/[.][.]?(/|$)|/ |[ .](/|$)|^/_rb(/|$)')$rule$),
        ('robbieblocks_pages', 'robbieblocks_pages_status_check', $rule$status::TEXT IN ('draft', 'published', 'archived')$rule$),
        ('robbieblocks_pages', 'robbieblocks_pages_metadata_rule', $rule$jsonb_typeof(metadata) = 'object'$rule$),
        ('robbieblocks_components', 'robbieblocks_components_component_key_rule', $rule$component_key COLLATE "C" ~ '^[a-z0-9][a-z0-9._-]*$' AND component_key !~ '[.][.]|[.]$' AND component_key !~ '^(con|prn|aux|nul|com[1-9]|lpt[1-9])([.]|$)' AND octet_length(component_key) <= 255$rule$),
        ('robbieblocks_components', 'robbieblocks_components_metadata_rule', $rule$jsonb_typeof(metadata) = 'object'$rule$),
        ('robbieblocks_page_blocks', 'robbieblocks_page_blocks_block_key_rule', $rule$block_key COLLATE "C" ~ '^[a-z0-9][a-z0-9._-]*$' AND block_key !~ '[.][.]|[.]$' AND octet_length(block_key) <= 255$rule$),
        ('robbieblocks_page_blocks', 'robbieblocks_page_blocks_props_rule', $rule$jsonb_typeof(props) = 'object'$rule$),
        ('robbieblocks_page_blocks', 'robbieblocks_page_blocks_conditions_rule', $rule$jsonb_typeof(conditions) = 'object'$rule$),
        ('robbieblocks_style_tokens', 'robbieblocks_style_tokens_token_key_rule', $rule$token_key COLLATE "C" ~ '^[a-z0-9][a-z0-9._-]*$' AND token_key !~ '[.][.]|[.]$' AND octet_length(token_key) <= 255$rule$),
        ('robbieblocks_node_branding', 'robbieblocks_node_branding_node_id_rule', $rule$node_id COLLATE "C" ~ '^[a-z0-9][a-z0-9._-]*$' AND node_id !~ '[.][.]|[.]$' AND node_id !~ '^(con|prn|aux|nul|com[1-9]|lpt[1-9])([.]|$)' AND octet_length(node_id) <= 255$rule$),
        ('robbieblocks_node_branding', 'robbieblocks_node_branding_style_overrides_rule', $rule$jsonb_typeof(style_overrides) = 'object'$rule$),
        ('robbieblocks_deploys', 'robbieblocks_deploys_deploy_status_check', $rule$deploy_status::TEXT IN ('pending', 'building', 'deploying', 'success', 'failed')$rule$)
    ) AS list (table_name, rule_name, expression)
    LOOP
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_constraint
            WHERE conrelid = rule.of_table AND conname = rule.rule_name
        );
        EXECUTE format('SELECT count(*) FROM %s WHERE NOT (%s)', rule.of_table, rule.expression)
        INTO broken;
        IF broken = 0 THEN
            EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (%s)',
                rule.of_table, rule.rule_name, rule.expression);
        ELSE
            RAISE NOTICE '% is left out: % rows of % break it',
                rule.rule_name, broken, rule.table_name;
        END IF;
    END LOOP;
    PERFORM set_config('search_path', path, true);
END
$$;

INSERT INTO robbieblocks_migrations (version, name)
VALUES (26, 'rules')
ON CONFLICT (version) DO NOTHING;
