//! Components that are React code, in a build: what pages have of them, what is made anew when something
//! changes, and that this is what a build from nothing has.

mod edits;

use std::collections::BTreeSet;

use rbgen::files::{Blob, Folder, Tree};
use rbgen::model::Moment;
use rbgen::pipeline::{Explain, Options, check_site};

use crate::harness::{Built, TestSite, assert_same, install_preact, react, remove_any, text, tree};
use crate::postgres::SERVER;

const GREETING: &str = "interface Props { name: string; mood?: string }
export default function Greeting({ name, mood = \"glad\" }: Props) {
  return <p style={{ color: \"teal\", padding: 4 }}>{name} is {mood}</p>;
}
";

const COUNTER: &str = "const Counter = ({ start }) => {
  const [count, setCount] = React.useState(start);
  return <button type=\"button\" onClick={() => setCount(count + 1)}>Count: {count}</button>;
};
";

/// A site with three pages: one with a static component, one with one that does something in the browser, and
/// one with neither.
fn site() -> TestSite {
    let site = TestSite::base();
    install_preact(&site);
    let config = site.read("robbieblocks.toml");
    site.write(
        "robbieblocks.toml",
        format!("{config}\n[react]\npackages = \"packages\"\n"),
    );
    component(&site, "greeting", "tsx", GREETING);
    site.write(
        "content/components/greeting.toml",
        "name = \"Greeting\"\ntype = \"ui\"\npublished = true\n\n[props.properties]\nname = { type = \"string\", default = \"Ada\" }\nmood = { type = \"string\" }\n",
    );
    component(&site, "counter", "jsx", COUNTER);
    page(&site, "greeted", &[("greeting", "{}")]);
    page(&site, "counted", &[("counter", "{ start = 3 }")]);
    page(&site, "plain", &[("hero", "{ title = \"Plain\" }")]);
    site
}

fn component(site: &TestSite, key: &str, ending: &str, code: &str) {
    site.write(
        &format!("content/components/{key}.toml"),
        format!("name = \"{key}\"\ntype = \"ui\"\npublished = true\n"),
    );
    site.write(&format!("content/components/{key}.{ending}"), code);
}

fn page(site: &TestSite, key: &str, blocks: &[(&str, &str)]) {
    let mut page = format!("name = \"{key}\"\nstatus = \"published\"\n");
    for (component, props) in blocks {
        page.push_str(&format!(
            "\n[[blocks]]\ncomponent = \"{component}\"\nprops = {props}\n"
        ));
    }
    site.write(&format!("content/pages/play/{key}.toml"), page);
}

fn html(site: &TestSite, key: &str) -> String {
    site.read(&format!("dist/one/play/play/{key}/index.html"))
}

/// Builds, and holds what there is against a build from nothing. The pages that were rendered.
fn built(site: &TestSite, arguments: &[&str]) -> u64 {
    let built: Built = site.build(arguments);
    let clean = site.beside("clean");
    remove_any(&clean);
    let out = clean.to_str().unwrap();
    let state = site.beside("state");
    remove_any(&state);
    std::fs::rename(site.path(".rbgen"), &state).unwrap();
    site.ok(&[&["build", "--out", out], arguments].concat());
    remove_any(&site.path(".rbgen"));
    std::fs::rename(&state, site.path(".rbgen")).unwrap();
    assert_same(
        &site.dist(),
        &tree(&clean),
        "what was built and a build from nothing",
    );
    built.count("pages_rendered")
}

#[test]
fn a_static_component_is_html_and_ships_nothing() {
    let site = site();
    site.ok(&["build"]);
    let greeted = html(&site, "greeted");
    assert!(
        greeted.contains("<div class=\"rb rb-greeting\" id=\"greeting\"><p style=\"color:teal;padding:4px;\">Ada is glad</p></div>"),
        "{greeted}"
    );
    for key in ["greeted", "plain"] {
        assert!(!html(&site, key).contains("<script"), "{key}");
    }
    let headers = site.read("dist/one/play/_headers");
    assert!(
        headers.contains("style-src-attr 'unsafe-inline'"),
        "{headers}"
    );
}

#[test]
fn an_island_has_its_module_and_one_map_and_one_loader() {
    let site = site();
    page(
        &site,
        "twice",
        &[
            ("counter", "{ start = 1 }"),
            ("counter", "{ start = \"<2>\" }"),
            ("greeting", "{}"),
        ],
    );
    site.ok(&["build"]);
    let twice = html(&site, "twice");
    assert_eq!(twice.matches("<script type=\"importmap\">").count(), 1);
    assert_eq!(twice.matches("<script type=\"module\"").count(), 1);
    assert_eq!(twice.matches(" data-island=\"counter.").count(), 2);
    assert!(twice.contains("data-hydrate=\"load\" data-props=\"{&quot;start&quot;:&quot;&lt;2&gt;&quot;}\"><button type=\"button\">Count: "), "{twice}");
    let dist = site.dist();
    let assets: Vec<&str> = dist
        .keys()
        .filter_map(|path| path.strip_prefix("one/play/_rb/play/assets/"))
        .collect();
    for name in ["counter.", "islands.", "licences."] {
        assert_eq!(
            assets
                .iter()
                .filter(|asset| asset.starts_with(name))
                .count(),
            1,
            "{assets:?}"
        );
    }
    // All that the page names is there, and the policy has the hash of the map.
    for url in twice.split('"').filter(|part| part.starts_with("/_rb/")) {
        let path = format!("one/play{url}");
        assert!(dist.contains_key(&path), "{path}");
    }
    let headers = site.read("dist/one/play/_headers");
    assert!(headers.contains("script-src 'self' 'sha256-"), "{headers}");
    let licences = dist
        .iter()
        .find(|(path, _)| path.contains("/licences."))
        .unwrap()
        .1;
    assert!(
        text(licences).contains("preact 1") && text(licences).contains("MIT"),
        "{}",
        text(licences)
    );
}

#[test]
fn nothing_is_done_again_unless_it_has_changed() {
    let site = site();
    let pages = built(&site, &[]);
    assert_eq!(pages, 5);
    assert_eq!(built(&site, &[]), 0);
    site.replace("content/components/greeting.tsx", "glad", "merry");
    assert_eq!(built(&site, &[]), 1, "the code of a component");
    site.replace("content/components/counter.jsx", "Count: ", "Clicks: ");
    assert_eq!(built(&site, &[]), 1, "the code of an island");
    site.replace("content/pages/play/counted.toml", "start = 3", "start = 4");
    assert_eq!(built(&site, &[]), 1, "props");
    site.replace("content/tokens/color.toml", "#", "#1");
    let _ = site.run(&["build"]);
    site.replace("content/tokens/color.toml", "#1", "#");
    assert_eq!(built(&site, &[]), 0, "a token that is as it was");
    site.replace("content/components/greeting.toml", "\"Ada\"", "\"Eve\"");
    assert_eq!(built(&site, &[]), 1, "a default");
    let hydrated =
        site.read("content/components/greeting.toml") + "\n[metadata]\nhydrate = \"idle\"\n";
    site.write("content/components/greeting.toml", &hydrated);
    assert_eq!(built(&site, &[]), 1, "a word about life");
    assert!(html(&site, "greeted").contains("data-hydrate=\"idle\""));
    site.write(
        "content/components/greeting.toml",
        hydrated.replace("idle", "never"),
    );
    assert_eq!(built(&site, &[]), 1);
    assert!(!html(&site, "greeted").contains("<script"));
    site.write(
        "content/components/greeting.toml",
        hydrated.replace("idle", "only"),
    );
    assert_eq!(built(&site, &[]), 1);
    assert!(
        html(&site, "greeted").contains("}\"></div>"),
        "{}",
        html(&site, "greeted")
    );
    site.write(
        "content/components/greeting.html",
        "<p>{{ props.name }}</p>",
    );
    assert_eq!(built(&site, &[]), 1, "a template in its place");
    assert!(html(&site, "greeted").contains("<p>Eve</p>"));
    site.remove("content/components/greeting.html");
    assert_eq!(built(&site, &[]), 1, "and none again");
    let newer = site.read("packages/preact/dist/preact.mjs");
    site.write(
        "packages/preact/dist/preact.mjs",
        format!("/* newer */ {newer}"),
    );
    assert_eq!(built(&site, &[]), 2, "the library");
    site.replace("packages/preact/LICENSE", "Copyright", "Copyleft");
    built(&site, &[]);
    assert!(
        site.dist()
            .iter()
            .any(|(path, bytes)| path.contains("/licences.") && text(bytes).contains("Copyleft"))
    );
}

#[test]
fn outputs_that_went_come_back_and_others_go() {
    let site = site();
    built(&site, &[]);
    let before = site.dist();
    for (path, _) in before
        .iter()
        .filter(|(path, _)| path.contains("/assets/") && path.ends_with(".js"))
    {
        site.remove(&format!("dist/{path}"));
    }
    assert_eq!(built(&site, &[]), 0);
    assert_same(&before, &site.dist(), "what was removed");
    site.remove("content/pages/play/counted.toml");
    built(&site, &[]);
    let left: BTreeSet<String> = site
        .dist()
        .into_keys()
        .filter(|path| path.ends_with(".js") || path.contains("licences"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_page_that_says_what_day_it_is_is_new_each_day() {
    let site = site();
    component(
        &site,
        "year",
        "tsx",
        "export const Year = () => <p>© {new Date().getFullYear()} {new Date().toISOString()}</p>;",
    );
    page(&site, "dated", &[("year", "{}")]);
    let at = |now: &'static str| ["--now", now];
    built(&site, &at("2026-11-23T09:00:00Z"));
    assert!(
        html(&site, "dated").contains("© 2026 2026-11-23T00:00:00.000Z"),
        "{}",
        html(&site, "dated")
    );
    assert_eq!(built(&site, &at("2026-11-23T23:59:59Z")), 0);
    assert_eq!(built(&site, &at("2026-11-24T00:00:00Z")), 1);
    assert_eq!(built(&site, &at("2026-11-20T00:00:00Z")), 1);
    site.replace(
        "content/pages/play/greeted.toml",
        "{}",
        "{ mood = \"sad\" }",
    );
    assert_eq!(built(&site, &at("2027-01-01T00:00:00Z")), 2);
    assert!(html(&site, "dated").contains("© 2027"));
    site.replace("content/components/year.tsx", "new Date()", "new Date(0)");
    assert_eq!(built(&site, &at("2027-01-01T00:00:00Z")), 1);
    site.build(&["--force", "--now", "2027-01-01T00:00:00Z"]);
    assert_eq!(
        built(&site, &at("2027-02-01T00:00:00Z")),
        0,
        "nobody asks any more"
    );
}

#[test]
fn without_the_library_the_command_that_installs_it_is_named() {
    let site = site();
    site.remove("packages");
    let output = site.run(&["build"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.contains("error[RB0306]")
            && said.contains("run `npm install --prefix . preact preact-render-to-string`"),
        "{said}"
    );
    let lock = "{\"node_modules/preact\":{},\"node_modules/preact-render-to-string\":{}}";
    site.write("package-lock.json", lock);
    let said = text(&site.run(&["check"]).stderr);
    assert!(said.contains("run `npm ci --prefix .`"), "{said}");
    // Whoever does not use React components needs no library.
    for key in ["greeted", "counted"] {
        site.remove(&format!("content/pages/play/{key}.toml"));
    }
    site.ok(&["build"]);
}

#[test]
fn a_site_without_its_packages_is_checked_as_far_as_it_can_be() {
    let site = site();
    let check = || {
        let files = tree(&site.root()).into_iter();
        let committed = files.filter(|(path, _)| !path.starts_with("packages/"));
        let blobs = committed.map(|(path, bytes)| (path, Blob::Bytes(bytes.into())));
        let folder = Folder::of_tree(Tree::of_files("a commit", blobs.collect()));
        let options = Options {
            nodes: BTreeSet::new(),
            apps: BTreeSet::new(),
            drafts: false,
            now: Moment::UNIX_EPOCH,
            out: None,
            force: false,
            verify: false,
            explain: Explain::Nothing,
            from: None,
            exhausted: None,
            react: react(),
        };
        let found = check_site(&folder, &options, &|_, _| ()).diagnostics;
        found.iter().map(|it| it.code.0).collect::<Vec<_>>()
    };
    assert_eq!(check(), [] as [&str; 0]);
    site.replace("content/components/greeting.tsx", "return <p", "return <<p");
    assert!(check().contains(&"RB0307"));
}

#[test]
fn a_bundle_of_two_nodes_shares_what_is_the_same() {
    let site = site();
    site.write(
        "content/nodes/two.toml",
        "name = \"Two\"\nenabled_apps = [\"play\"]\n\n[style_overrides]\ntheme = \"dark\"\n",
    );
    built(&site, &[]);
    let of = |node: &str| site.read(&format!("dist/{node}/play/play/counted/index.html"));
    let island = |html: String| {
        html.split("data-island=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_string()
    };
    assert_eq!(island(of("one")), island(of("two")));
}

#[test]
fn code_from_rows_has_scripts_only_where_the_node_allows_it() {
    let site = site();
    let database = SERVER.migrated();
    let config = site.read("robbieblocks.toml");
    site.write(
        "robbieblocks.toml",
        format!("{config}\n[database.main]\nurl_env = \"ROWS_URL\"\n"),
    );
    let run = |arguments: &[&str]| {
        let mut command = site.command(arguments);
        command.env("ROWS_URL", database.url()).output().unwrap()
    };
    let imported = run(&["import"]);
    assert!(imported.status.success(), "{}", text(&imported.stderr));
    let build = || {
        let built = run(&["build", "--from", "db"]);
        assert!(built.status.success(), "{}", text(&built.stderr));
        text(&built.stderr)
    };
    let scripts = || {
        let dist = site.dist().into_iter();
        let has_script = |(path, bytes): &(String, Vec<u8>)| {
            path.ends_with(".js")
                || path.ends_with(".html")
                    && (text(bytes).contains("<script") || text(bytes).contains("data-island"))
        };
        dist.filter(has_script)
            .map(|(path, _)| path)
            .collect::<Vec<_>>()
    };
    let said = build();
    assert!(
        said.contains("warning[RB0312]") && said.contains("allow_scripts = true"),
        "{said}"
    );
    assert_eq!(scripts(), [] as [&str; 0]);
    assert!(html(&site, "counted").contains("Count: "));

    let allowed = site
        .read("robbieblocks.toml")
        .replace("[node.one]", "[node.one]\nallow_scripts = true");
    let before = site.read("robbieblocks.toml");
    site.write("robbieblocks.toml", &allowed);
    assert!(!build().contains("RB0312"));
    assert!(scripts().len() > 3 && html(&site, "counted").contains("data-island"));
    site.write("robbieblocks.toml", &before);
    build();
    assert_eq!(scripts(), [] as [&str; 0], "allowed no more");

    // Nor by what it writes.
    database.sql("UPDATE robbieblocks_components SET react_code = 'export default () => <script dangerouslySetInnerHTML={{ __html: \"alert(1)\" }} />' WHERE component_key = 'greeting'");
    let refused = run(&["build", "--from", "db"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused.stderr).contains("error[RB0408]"),
        "{}",
        text(&refused.stderr)
    );
    site.write("robbieblocks.toml", &allowed);
    build();
    assert!(html(&site, "greeted").contains("<script>alert(1)</script>"));
}

#[test]
fn what_a_template_renders_is_not_compiled() {
    let site = site();
    component(&site, "greeting", "tsx", "this is <<< no code");
    site.write(
        "themes/base/components/greeting.html",
        "<p>by the theme</p>",
    );
    built(&site, &[]);
    assert!(html(&site, "greeted").contains("<p>by the theme</p>"));
    // With another theme on another node, its code is wanted again.
    site.write("themes/bare/theme.toml", "name = \"Bare\"\n");
    for (path, text) in tree(&site.path("themes/base")) {
        if path.starts_with("layouts/")
            || path.starts_with("partials/")
            || path.starts_with("assets/")
        {
            site.write(&format!("themes/bare/{path}"), text);
        }
    }
    site.write(
        "content/nodes/two.toml",
        "name = \"Two\"\nenabled_apps = [\"play\"]\n",
    );
    let config = site.read("robbieblocks.toml");
    site.write(
        "robbieblocks.toml",
        format!("{config}\n[node.two]\ntheme = \"bare\"\n"),
    );
    let said = text(&site.run(&["check"]).stderr);
    assert!(said.contains("error[RB0307]"), "{said}");
}

#[test]
fn a_library_that_cannot_be_read_is_no_library() {
    let site = site();
    site.write("packages/preact/compat/dist/compat.mjs", "export {{{");
    let said = text(&site.run(&["build"]).stderr);
    assert!(
        said.contains("error[RB0306]") && said.contains("compat"),
        "{said}"
    );
    install_preact(&site);
    site.remove("packages/preact/dist");
    crate::harness::symlink(
        &site.beside("elsewhere"),
        &site.path("packages/preact/dist"),
    );
    std::fs::create_dir(site.beside("elsewhere")).unwrap();
    let from = crate::harness::project().join("tests/react/node_modules/preact/dist/preact.mjs");
    std::fs::copy(from, site.beside("elsewhere").join("preact.mjs")).unwrap();
    let said = text(&site.run(&["build"]).stderr);
    assert!(
        said.contains("error[RB0306]") && said.contains("links are not followed"),
        "{said}"
    );
}

#[test]
fn what_swallows_the_loader_is_told() {
    let site = site();
    component(
        &site,
        "open",
        "tsx",
        "export default () => <p onClick={() => 1} dangerouslySetInnerHTML={{ __html: \"<!-- \" }} />;",
    );
    page(&site, "swallowed", &[("open", "{}")]);
    let said = text(&site.run(&["build"]).stderr);
    assert!(
        said.contains("error[RB0313]") && said.contains("not closed"),
        "{said}"
    );
}
