//! A site that somebody keeps in a database of the earlier design is adopted, and built.

use super::{Variant, earlier_tables, migrate};
use crate::harness::{TestSite, install_preact, text};

#[test]
fn pages_of_the_earlier_design_are_built_once_it_is_adopted() {
    for variant in [Variant::Plain, Variant::WithKeys] {
        let database = earlier_tables(variant, "town.sql");
        let site = TestSite::base();
        site.remove("content");
        let config = site.read("robbieblocks.toml");
        site.write(
            "robbieblocks.toml",
            format!(
                "{}\n[database.main]\nurl_env = \"EARLIER_URL\"\n\n[react]\npackages = \"packages\"\n",
                config.replace("[node.one]", "[node.town]")
            ),
        );
        install_preact(&site);
        let run = |args: &[&str]| {
            let output = site
                .command(args)
                .env("EARLIER_URL", database.url())
                .output();
            output.unwrap()
        };
        let early = run(&["build", "--from", "db"]);
        assert_eq!(early.status.code(), Some(2), "{}", text(&early.stderr));
        assert!(
            text(&early.stderr).contains("RB0908"),
            "{}",
            text(&early.stderr)
        );

        migrate(&database);
        let built = run(&["build", "--from", "db"]);
        assert!(built.status.success(), "{}", text(&built.stderr));
        let play = site.read("dist/town/play/play/index.html");
        let at = |words: &str| {
            play.find(words)
                .unwrap_or_else(|| panic!("{words} in {play}"))
        };
        assert!(at("<h1>Play &lt;here></h1>") < at("Between") && at("Between") < at("First"));
        assert!(play.contains("id=\"note\"") && play.contains("id=\"note-2\""));
        let work = site.read("dist/town/work/work/index.html");
        assert!(work.contains("<title>At work</title>"), "{work}");
        assert!(!site.path("dist/town/work/work/draft/index.html").exists());
        let tokens = site.read("dist/town/play/_rb/play/tokens.css");
        assert!(tokens.to_lowercase().contains("#f59e0b"), "{tokens}");

        // Out into files, and back without a change of any row.
        let rows = "SELECT md5(string_agg(x::text, '|' ORDER BY x::text)) FROM (\
                    SELECT p::text AS x FROM robbieblocks_pages p \
                    UNION ALL SELECT b::text FROM robbieblocks_page_blocks b \
                    UNION ALL SELECT c::text FROM robbieblocks_components c \
                    UNION ALL SELECT t::text FROM robbieblocks_style_tokens t \
                    UNION ALL SELECT n::text FROM robbieblocks_node_branding n) AS rows";
        let before = database.sql(rows);
        assert!(run(&["export"]).status.success());
        let back = run(&["import"]);
        assert!(
            text(&back.stdout).contains("nothing differs"),
            "{}",
            text(&back.stdout)
        );
        assert_eq!(database.sql(rows), before);
    }
}
