//! Where others may create objects in the schema of the tables, what they make there is never run by
//! rbgen's functions, rules and migrations.

use super::{Variant, earlier_design, messages, migrate, migrate_at, migrate_json, site};
use crate::harness::{TestSite, text};
use crate::postgres::{Database, SERVER};

/// Functions and operators that fit better than those of PostgreSQL, each of which notes who runs it.
const SHADOWS: &str = r#"
CREATE TABLE caught (who TEXT, what TEXT);
GRANT ALL ON caught TO PUBLIC;
CREATE FUNCTION note(what TEXT) RETURNS VOID LANGUAGE sql AS
    $$ INSERT INTO public.caught VALUES (current_user, what) $$;
CREATE FUNCTION octet_length(given VARCHAR) RETURNS INTEGER LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('octet_length'); RETURN 1; END $$;
CREATE FUNCTION lower(given VARCHAR) RETURNS TEXT LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('lower'); RETURN 'x'; END $$;
CREATE FUNCTION keep(so_far TEXT[], one VARCHAR) RETURNS TEXT[] LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('array_agg'); RETURN so_far; END $$;
CREATE FUNCTION keep(so_far TEXT[], one TEXT) RETURNS TEXT[] LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('array_agg'); RETURN so_far; END $$;
CREATE FUNCTION keep(so_far UUID[], one UUID) RETURNS UUID[] LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('array_agg'); RETURN so_far; END $$;
CREATE AGGREGATE array_agg(VARCHAR) (SFUNC = keep, STYPE = TEXT[], INITCOND = '{}');
CREATE AGGREGATE array_agg(TEXT) (SFUNC = keep, STYPE = TEXT[], INITCOND = '{}');
CREATE AGGREGATE array_agg(UUID) (SFUNC = keep, STYPE = UUID[], INITCOND = '{}');
CREATE FUNCTION count_on(so_far BIGINT, one UUID) RETURNS BIGINT LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('count'); RETURN 0; END $$;
CREATE AGGREGATE count(UUID) (SFUNC = count_on, STYPE = BIGINT, INITCOND = '0');
CREATE FUNCTION unnest(given TEXT[]) RETURNS SETOF TEXT LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('unnest'); END $$;
CREATE FUNCTION unnest(given UUID[]) RETURNS SETOF UUID LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('unnest'); END $$;
CREATE FUNCTION now() RETURNS TIMESTAMPTZ LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('now'); RETURN 'epoch'; END $$;
CREATE FUNCTION pg_notify(one VARCHAR, other TEXT) RETURNS VOID LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('pg_notify'); END $$;
CREATE FUNCTION format(one TEXT, two TEXT) RETURNS TEXT LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('format'); RETURN 'SELECT'; END $$;
CREATE FUNCTION format(one TEXT, two TEXT, three TEXT) RETURNS TEXT LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('format'); RETURN 'SELECT'; END $$;
CREATE FUNCTION obj_description(one REGPROCEDURE, two NAME) RETURNS TEXT LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('obj_description'); RETURN 'rbgen: '; END $$;
CREATE FUNCTION same(one VARCHAR, other VARCHAR) RETURNS BOOLEAN LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('='); RETURN true; END $$;
CREATE OPERATOR = (LEFTARG = VARCHAR, RIGHTARG = VARCHAR, FUNCTION = same);
CREATE OPERATOR ~ (LEFTARG = VARCHAR, RIGHTARG = VARCHAR, FUNCTION = same);
CREATE OPERATOR !~ (LEFTARG = VARCHAR, RIGHTARG = VARCHAR, FUNCTION = same);
CREATE FUNCTION same(one TEXT[], other TEXT[]) RETURNS BOOLEAN LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('= && @>'); RETURN true; END $$;
CREATE OPERATOR = (LEFTARG = TEXT[], RIGHTARG = TEXT[], FUNCTION = same);
CREATE OPERATOR && (LEFTARG = TEXT[], RIGHTARG = TEXT[], FUNCTION = same);
CREATE OPERATOR @> (LEFTARG = TEXT[], RIGHTARG = TEXT[], FUNCTION = same);
CREATE FUNCTION same(one OID, other REGCLASS) RETURNS BOOLEAN LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('oid ='); RETURN true; END $$;
CREATE OPERATOR = (LEFTARG = OID, RIGHTARG = REGCLASS, FUNCTION = same);
CREATE FUNCTION same(one OID, other REGPROCEDURE) RETURNS BOOLEAN LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('oid ='); RETURN true; END $$;
CREATE OPERATOR = (LEFTARG = OID, RIGHTARG = REGPROCEDURE, FUNCTION = same);
CREATE FUNCTION joined(one TEXT[], other TEXT[]) RETURNS TEXT[] LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('||'); RETURN one; END $$;
CREATE OPERATOR || (LEFTARG = TEXT[], RIGHTARG = TEXT[], FUNCTION = joined);
CREATE FUNCTION joined(one TEXT[], other TEXT) RETURNS TEXT[] LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('||'); RETURN one; END $$;
CREATE OPERATOR || (LEFTARG = TEXT[], RIGHTARG = TEXT, FUNCTION = joined);
CREATE FUNCTION joined(one TEXT, other BIGINT) RETURNS TEXT LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('||'); RETURN one; END $$;
CREATE OPERATOR || (LEFTARG = TEXT, RIGHTARG = BIGINT, FUNCTION = joined);
-- The names of rbgen with other types.
CREATE FUNCTION robbieblocks_pin(own TEXT) RETURNS VOID LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.note('robbieblocks_pin'); END $$;
CREATE FUNCTION robbieblocks_log_entities(one TEXT, two TEXT, three UUID[], four VARCHAR[]) RETURNS VOID
    LANGUAGE plpgsql AS $$ BEGIN PERFORM public.note('robbieblocks_log_entities'); END $$;
CREATE FUNCTION robbieblocks_queue_entity(one TEXT, two TEXT, three TEXT, four TEXT, five TEXT) RETURNS VOID
    LANGUAGE plpgsql AS $$ BEGIN PERFORM public.note('robbieblocks_queue_entity'); END $$;
CREATE FUNCTION robbieblocks_queue_entity(one TEXT, two TEXT, three UUID, four TEXT[], five VARCHAR[])
    RETURNS VOID LANGUAGE plpgsql AS $$ BEGIN PERFORM public.note('robbieblocks_queue_entity'); END $$;
"#;

/// Lets everybody create, as PostgreSQL 13 and 14 do, and mallory makes use of it.
fn let_mallory_in(database: &Database<'_>) {
    SERVER.admin(
        "DO $$ BEGIN CREATE ROLE mallory LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
         DO $$ BEGIN CREATE ROLE careful_editor LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    );
    database.sql("GRANT CREATE ON SCHEMA public TO PUBLIC");
    let output = SERVER.psql("mallory", &database.name, SHADOWS);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

fn caught(database: &Database<'_>) -> String {
    database.sql("SELECT who, what FROM caught GROUP BY 1, 2 ORDER BY 1, 2")
}

/// Changes of everything, by statements that use no function and no operator themselves: what runs is
/// what rbgen has put there.
const CHANGES: &str = "
    INSERT INTO robbieblocks_components (id, component_key, component_name, component_type, react_code, props_schema)
    VALUES ('00000000-0000-4000-8000-0000000000c1', 'hero', 'Hero', 'widget', 'x', '{}');
    INSERT INTO robbieblocks_node_branding (node_id, node_name, style_overrides, enabled_apps)
    VALUES ('n1', 'One', '{}', '{play}'), ('n2', 'Two', '{}', '{work}');
    INSERT INTO robbieblocks_pages (id, page_key, app_namespace, page_name, page_route, layout_template, status)
    VALUES ('00000000-0000-4000-8000-0000000000a1', 'home', 'play', 'Home', '/home', 'default', 'published');
    INSERT INTO robbieblocks_page_blocks (page_id, component_id, block_order, zone)
    VALUES ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-0000000000c1', 1, 'main'),
           ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-0000000000c1', 2, 'main');
    INSERT INTO robbieblocks_style_tokens (token_key, token_category, default_value) VALUES ('a', 'color', 'b');
    UPDATE robbieblocks_pages SET page_name = 'Other', app_namespace = 'work';
    UPDATE robbieblocks_page_blocks SET zone = 'footer';
    UPDATE robbieblocks_components SET css_styles = 'x';
    UPDATE robbieblocks_node_branding SET custom_css = 'x', enabled_apps = '{play,work}';
    UPDATE robbieblocks_style_tokens SET default_value = 'c';
    DELETE FROM robbieblocks_page_blocks;
    DELETE FROM robbieblocks_pages;
    DELETE FROM robbieblocks_components;
    DELETE FROM robbieblocks_node_branding;
    DELETE FROM robbieblocks_style_tokens";

/// Makes the changes, and looks that the log has them: every kind was inserted and deleted within one
/// transaction, which is a line each.
fn changes_are_seen(database: &Database<'_>, user: &str) {
    let output = SERVER.psql(user, &database.name, CHANGES);
    assert!(output.status.success(), "{user}: {}", text(&output.stderr));
    let kinds =
        "SELECT DISTINCT kind || '/'::TEXT || operation FROM robbieblocks_changes ORDER BY 1";
    assert_eq!(database.sql(kinds).lines().count(), 8, "{user}");
    assert_eq!(
        SERVER
            .psql(
                user,
                &database.name,
                "SELECT get_node_styles('n1'::VARCHAR), get_page_config('home'::VARCHAR)"
            )
            .status
            .code(),
        Some(0)
    );
    assert_eq!(caught(database), "", "{user}");
    database.sql("DELETE FROM robbieblocks_changes; DELETE FROM robbieblocks_change_triggers");
}

#[test]
fn what_others_put_into_the_schema_is_not_run() {
    // They were there before the tables are made, and while they are altered.
    let before = SERVER.database();
    let_mallory_in(&before);
    migrate(&before);
    let after = SERVER.database();
    migrate(&after);
    let_mallory_in(&after);
    let adopted = earlier_design(Variant::WithKeys);
    // This one is the installation's own, and looks up what it uses as it always has.
    adopted.sql("DROP FUNCTION get_page_config(VARCHAR), get_node_styles(VARCHAR)");
    let_mallory_in(&adopted);
    migrate(&adopted);
    assert_eq!(caught(&adopted), "");
    for database in [&before, &after] {
        assert_eq!(caught(database), "");
        changes_are_seen(database, "owner");
        database.sql(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON robbieblocks_pages, robbieblocks_components,
             robbieblocks_page_blocks, robbieblocks_style_tokens, robbieblocks_node_branding TO careful_editor",
        );
        changes_are_seen(database, "careful_editor");
        // Everything is made once more, with her functions in place.
        database.sql(
            "ALTER TABLE robbieblocks_pages DROP CONSTRAINT robbieblocks_pages_page_key_rule;
             ALTER TABLE robbieblocks_page_blocks DROP CONSTRAINT robbieblocks_page_blocks_page_id_block_order_key;
             DROP TRIGGER rbgen_log_update ON robbieblocks_pages;
             DROP VIEW robbieblocks_published_pages",
        );
        migrate(database);
        assert_eq!(caught(database), "");
        changes_are_seen(database, "owner");
        database.sql(
            "SELECT * FROM robbieblocks_published_pages; SELECT * FROM robbieblocks_active_deploys",
        );
        assert_eq!(caught(database), "");
        // rbgen itself, as the owner. The statements that it sends look up names on the path of its
        // user, so what those use themselves is taken away first; the rest of the shadows stays.
        let output = SERVER.psql(
            "mallory",
            &database.name,
            "DROP OPERATOR = (VARCHAR, VARCHAR); DROP OPERATOR = (TEXT[], TEXT[]);
             DROP OPERATOR = (OID, REGCLASS); DROP FUNCTION unnest(TEXT[])",
        );
        assert!(output.status.success(), "{}", text(&output.stderr));
        let site = TestSite::base();
        let config = site.read("robbieblocks.toml");
        site.write(
            "robbieblocks.toml",
            format!("{config}\n[database.main]\nurl_env = \"TEST_MIGRATE_URL\"\n"),
        );
        for words in [&["import", "--force"][..], &["import"]] {
            let output = site
                .command(words)
                .env("TEST_MIGRATE_URL", database.url())
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", text(&output.stderr));
        }
        assert_eq!(caught(database), "");
    }
}

#[test]
fn a_schema_that_others_may_create_in_is_told() {
    let database = SERVER.database();
    let (_, document) = migrate_json(&database, &[]);
    assert_eq!(messages(&document, "RB0910"), [""; 0]);
    database.sql("GRANT CREATE ON SCHEMA public TO PUBLIC");
    let (status, document) = migrate_json(&database, &[]);
    assert_eq!(status, 0);
    assert_eq!(
        messages(&document, "RB0910"),
        ["others may create objects in the schema `public`"]
    );
    let said = text(&migrate_at(&database.url(), &[]).stderr);
    assert!(
        said.contains("`REVOKE CREATE ON SCHEMA public FROM PUBLIC`"),
        "{said}"
    );
    let doctor = site()
        .command(&["doctor"])
        .env("TEST_MIGRATE_URL", database.url())
        .output()
        .unwrap();
    let said = text(&doctor.stdout) + &text(&doctor.stderr);
    assert!(
        said.contains("others may create objects in the schema `public`"),
        "{said}"
    );
    database.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    let (_, document) = migrate_json(&database, &[]);
    assert_eq!(document["diagnostics"], serde_json::json!([]));
}

#[test]
fn functions_of_others_are_not_adopted() {
    let database = SERVER.database();
    let_mallory_in(&database);
    let output = SERVER.psql(
        "mallory",
        &database.name,
        "CREATE FUNCTION update_updated_at_column() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN PERFORM public.note('updated'); RETURN NEW; END $$",
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
    let (status, document) = migrate_json(&database, &[]);
    assert_eq!(status, 3, "{document}");
    assert!(
        messages(&document, "RB0910").contains(
            &"the function `update_updated_at_column` belongs to somebody else than `owner`"
                .to_string()
        ),
        "{document}"
    );
}
