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
        ('robbieblocks_pages', 'robbieblocks_pages_page_key_rule', $rule$page_key COLLATE "C" ~ '^[a-z0-9][a-z0-9._-]*$' AND page_key !~ '[.][.]|[.]$' AND page_key !~ '^(con|prn|aux|nul|com[1-9]|lpt[1-9])([.]|$)' AND octet_length(page_key) <= 255$rule$,
         'a key is 1 to 255 bytes of a-z, 0-9, ., _ and -, begins with a letter or a digit, and has no .. and no . at its end; it is no name that Windows keeps for a device, such as con'),
        ('robbieblocks_pages', 'robbieblocks_pages_page_route_rule', $rule$page_route ~ '^/' AND page_route !~ '[\u0001-\u001f\u007f-\u009f\\?#%<>"|*:]' AND (page_route = '/' OR page_route !~ '//|/$|/[.][.]?(/|$)|/ |[ .](/|$)|^/_rb(/|$)')$rule$,
         'a route begins with / and has no empty part, no . or .. and no / at its end; no part begins or ends with a space or ends with a ., none of \ ? # % < > " | * : and no control character is in it, and /_rb is taken'),
        ('robbieblocks_pages', 'robbieblocks_pages_status_check', $rule$status::TEXT IN ('draft', 'published', 'archived')$rule$,
         'a page is draft, published or archived'),
        ('robbieblocks_pages', 'robbieblocks_pages_metadata_rule', $rule$jsonb_typeof(metadata) = 'object'$rule$,
         'metadata is an object'),
        ('robbieblocks_components', 'robbieblocks_components_component_key_rule', $rule$component_key COLLATE "C" ~ '^[a-z0-9][a-z0-9._-]*$' AND component_key !~ '[.][.]|[.]$' AND component_key !~ '^(con|prn|aux|nul|com[1-9]|lpt[1-9])([.]|$)' AND octet_length(component_key) <= 255$rule$,
         'a key is 1 to 255 bytes of a-z, 0-9, ., _ and -, begins with a letter or a digit, and has no .. and no . at its end; it is no name that Windows keeps for a device, such as con'),
        ('robbieblocks_components', 'robbieblocks_components_metadata_rule', $rule$jsonb_typeof(metadata) = 'object'$rule$,
         'metadata is an object'),
        ('robbieblocks_page_blocks', 'robbieblocks_page_blocks_block_key_rule', $rule$block_key COLLATE "C" ~ '^[a-z0-9][a-z0-9._-]*$' AND block_key !~ '[.][.]|[.]$' AND octet_length(block_key) <= 255$rule$,
         'a key is 1 to 255 bytes of a-z, 0-9, ., _ and -, begins with a letter or a digit, and has no .. and no . at its end'),
        ('robbieblocks_page_blocks', 'robbieblocks_page_blocks_props_rule', $rule$jsonb_typeof(props) = 'object'$rule$,
         'props are an object'),
        ('robbieblocks_page_blocks', 'robbieblocks_page_blocks_conditions_rule', $rule$jsonb_typeof(conditions) = 'object'$rule$,
         'conditions are an object'),
        ('robbieblocks_style_tokens', 'robbieblocks_style_tokens_token_key_rule', $rule$token_key COLLATE "C" ~ '^[a-z0-9][a-z0-9._-]*$' AND token_key !~ '[.][.]|[.]$' AND octet_length(token_key) <= 255$rule$,
         'a key is 1 to 255 bytes of a-z, 0-9, ., _ and -, begins with a letter or a digit, and has no .. and no . at its end'),
        ('robbieblocks_node_branding', 'robbieblocks_node_branding_node_id_rule', $rule$node_id COLLATE "C" ~ '^[a-z0-9][a-z0-9._-]*$' AND node_id !~ '[.][.]|[.]$' AND node_id !~ '^(con|prn|aux|nul|com[1-9]|lpt[1-9])([.]|$)' AND octet_length(node_id) <= 255$rule$,
         'a key is 1 to 255 bytes of a-z, 0-9, ., _ and -, begins with a letter or a digit, and has no .. and no . at its end; it is no name that Windows keeps for a device, such as con'),
        ('robbieblocks_node_branding', 'robbieblocks_node_branding_style_overrides_rule', $rule$jsonb_typeof(style_overrides) = 'object'$rule$,
         'overrides of tokens are an object'),
        ('robbieblocks_deploys', 'robbieblocks_deploys_deploy_status_check', $rule$deploy_status::TEXT IN ('pending', 'building', 'deploying', 'success', 'failed')$rule$,
         'a deploy is pending, building, deploying, success or failed')
    ) AS list (table_name, rule_name, expression, words)
    LOOP
        IF NOT EXISTS (
            SELECT FROM pg_constraint
            WHERE conrelid = rule.of_table AND conname = rule.rule_name
        ) THEN
            EXECUTE format('SELECT count(*) FROM %s WHERE NOT (%s)', rule.of_table, rule.expression)
            INTO broken;
            IF broken > 0 THEN
                RAISE NOTICE '% is left out: % rows of % break it',
                    rule.rule_name, broken, rule.table_name;
                CONTINUE;
            END IF;
            EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (%s)',
                rule.of_table, rule.rule_name, rule.expression);
        END IF;
        -- What it asks for, for who meets it: words of somebody else stay.
        IF NOT EXISTS (
            SELECT FROM pg_constraint
            JOIN pg_description ON objoid = pg_constraint.oid
                AND classoid = 'pg_constraint'::REGCLASS
            WHERE conrelid = rule.of_table AND conname = rule.rule_name
        ) THEN
            EXECUTE format('COMMENT ON CONSTRAINT %I ON %s IS %L',
                rule.rule_name, rule.of_table, rule.words);
        END IF;
    END LOOP;
    PERFORM set_config('search_path', path, true);
END
$$;

INSERT INTO robbieblocks_migrations (version, name)
VALUES (26, 'rules')
ON CONFLICT (version) DO NOTHING;
