//! A build does only what changed, and says why: which pages an edit renders, what is kept through
//! copies and damage, and what `--explain` and `--verify` tell.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::harness::{Built, TestSite, copy_tree, text, tree};

const PAGES: usize = 60;
const LAYOUTS: usize = 20;

/// Sixty pages over twenty layouts, each of which includes a partial of its own; the home lists the
/// names of all pages and reads no more of them. It is built.
fn site() -> TestSite {
    let site = TestSite::base();
    let layout = site.read("themes/base/layouts/single-column.html");
    for number in 0..LAYOUTS {
        let include = format!("{{% include \"partials/aside-{number:02}.html\" %}}\n</body>");
        let layout = layout.replace("</body>", &include);
        site.write(&format!("themes/base/layouts/l{number:02}.html"), layout);
        let aside = format!("<aside>{number}</aside>\n");
        site.write(
            &format!("themes/base/partials/aside-{number:02}.html"),
            aside,
        );
    }
    site.write(
        "content/components/list.toml",
        "name = \"List\"\npublished = true\n",
    );
    site.write(
        "content/components/list.html",
        "{% for page in pages(app=\"play\") %}<a href=\"{{ page.url }}\">{{ page.name }}</a>{% endfor %}\n",
    );
    site.write(
        "themes/base/partials/nav.html",
        "<nav>{{ site.name }}</nav>\n",
    );
    let home = site.read("content/pages/play/home.toml");
    let list = "\n[[blocks]]\ncomponent = \"list\"\n";
    site.write("content/pages/play/home.toml", home + list);
    for number in 0..PAGES {
        site.write(&path(number), page(number));
    }
    site.ok(&["build"]);
    site
}

fn path(number: usize) -> String {
    format!("content/pages/play/p{number:02}.md")
}

fn page(number: usize) -> String {
    let layout = number % LAYOUTS;
    format!(
        "+++\nname = \"Page {number}\"\nstatus = \"published\"\nlayout = \"l{layout:02}\"\n+++\n\nText.\n"
    )
}

/// The pages that a build made anew, by the stem of their file, and how many it says it rendered.
fn rendered(site: &TestSite) -> BTreeSet<String> {
    let built = site.build(&["--explain"]);
    let explained = built.0["explained"].as_array().unwrap();
    let made = explained.iter().filter(|line| line["made"] == true);
    let pages: BTreeSet<String> = made
        .filter_map(|line| line["page"].as_str())
        .map(|page| {
            page.rsplit('/')
                .next()
                .unwrap()
                .split('.')
                .next()
                .unwrap()
                .to_string()
        })
        .collect();
    assert_eq!(
        built.count("pages_rendered"),
        pages.len() as u64,
        "{}",
        built.0
    );
    pages
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_string).into()
}

#[test]
fn a_partial_renders_the_pages_that_use_it() {
    let site = site();
    site.write("themes/base/partials/aside-07.html", "<aside>new</aside>\n");
    assert_eq!(rendered(&site), names(["p07", "p27", "p47"]));
}

#[test]
fn a_title_renders_the_page_and_the_lists_that_show_it() {
    let site = site();
    site.replace(&path(3), "Page 3", "Another name");
    assert_eq!(rendered(&site), names(["p03", "home"]));
    // The home shows names, and no titles.
    site.replace(&path(3), "layout =", "title = \"A title\"\nlayout =");
    assert_eq!(rendered(&site), names(["p03"]));
    site.replace(&path(3), "Text.", "Other text.");
    assert_eq!(rendered(&site), names(["p03"]));
}

#[test]
fn a_new_page_renders_the_lists_that_it_joins() {
    let site = site();
    site.write("content/pages/play/new.md", page(99).replace("l19", "l04"));
    assert_eq!(rendered(&site), names(["new", "home"]));
    site.write(
        "content/pages/work/other.md",
        page(98).replace("l18", "l04"),
    );
    assert_eq!(rendered(&site), names([]), "its app is not enabled");
    site.remove("content/pages/play/new.md");
    assert_eq!(rendered(&site), names(["home"]));
}

#[test]
fn what_alters_no_answer_renders_nothing() {
    let site = site();
    site.replace("content/tokens/color.toml", "#1D4ED8", "#123456");
    let built = site.build(&[]);
    assert_eq!(built.count("pages_rendered"), 0, "{}", built.0);
    assert_eq!(built.count("files_written"), 1, "{}", built.0);
    for edit in [
        // A comment, a touch, a partial that nobody includes, a block that nobody uses.
        (
            "content/pages/play/home.toml",
            site.read("content/pages/play/home.toml") + "\n# seen\n",
        ),
        (&path(5), page(5)),
        (
            "themes/base/partials/unused.html",
            "<p>unused</p>\n".to_string(),
        ),
        (
            "content/components/unused.toml",
            "name = \"Unused\"\n".to_string(),
        ),
    ] {
        site.write(edit.0, edit.1);
        let built = site.build(&[]);
        assert_eq!(built.count("pages_rendered"), 0, "{}: {}", edit.0, built.0);
        assert_eq!(built.count("files_written"), 0, "{}: {}", edit.0, built.0);
    }
}

/// A look-up that failed is remembered: what would make it succeed is seen.
#[test]
fn a_template_that_was_missing_is_seen_when_it_comes() {
    let site = site();
    site.replace(
        "themes/base/layouts/l02.html",
        "</body>",
        "{% include [\"partials/late.html\", \"partials/nav.html\"] %}\n</body>",
    );
    site.ok(&["build"]);
    site.write("themes/base/partials/late.html", "<p>late</p>\n");
    assert_eq!(rendered(&site), names(["p02", "p22", "p42"]));
}

/// Nodes whose templates get the same answers share what was rendered; where only layouts differ,
/// they share the blocks.
#[test]
fn what_nodes_share_is_rendered_once() {
    let site = site();
    site.write(
        "robbieblocks.toml",
        "[site]\nname = \"Base\"\ntheme = \"base\"\n",
    );
    site.write(
        "content/nodes/two.toml",
        "name = \"Two\"\nenabled_apps = [\"play\"]\n",
    );
    site.remove(".rbgen");
    site.remove("dist");
    let built = site.build(&[]);
    let pages = PAGES as u64 + 2;
    assert_eq!(built.count("pages_total"), 2 * pages);
    assert_eq!(built.count("pages_rendered"), pages, "{}", built.0);
    let dist = site.dist();
    for (path, bytes) in dist.iter().filter(|(path, _)| path.ends_with("index.html")) {
        let other = path.replacen("one/", "two/", 1);
        assert_eq!(dist.get(&other), Some(bytes), "{path}");
    }
}

fn reasons(built: &Built) -> Vec<(String, bool, String)> {
    let explained = built.0["explained"].as_array().unwrap();
    let word = |line: &Value, name: &str| line[name].as_str().unwrap().to_string();
    explained
        .iter()
        .map(|line| {
            let made = line["made"].as_bool().unwrap();
            (word(line, "output"), made, word(line, "reason"))
        })
        .collect()
}

#[test]
fn explain_names_what_changed() {
    let site = site();
    let outputs = tree(&site.path("dist"))
        .keys()
        .filter(|path| path.matches('/').count() > 1)
        .count();
    assert_eq!(
        reasons(&site.build(&["--explain"])).len(),
        outputs,
        "every output once"
    );
    site.replace(&path(3), "Page 3", "Another name");
    site.write("themes/base/partials/aside-07.html", "<aside>new</aside>\n");
    site.remove("dist/one/play/play/p10/index.html");
    let explained = reasons(&site.build(&["--explain"]));
    let why = |page: &str| {
        let output = format!("one/play/play{page}/index.html");
        let line = explained.iter().find(|line| line.0 == output).unwrap();
        (line.1, line.2.as_str())
    };
    assert_eq!(why("/p03"), (true, "because the page changed"));
    assert_eq!(why(""), (true, "because `name` of the page `p03` changed"));
    assert_eq!(
        why("/p07"),
        (
            true,
            "because the template `partials/aside-07.html` changed"
        )
    );
    assert_eq!(
        why("/p10"),
        (true, "because the output is missing or was altered")
    );
    assert_eq!(why("/p11"), (false, "nothing that it is made from changed"));
    site.ok(&["build"]);
    for asked in [
        path(11).as_str(),
        "p11",
        "dist/one/play/play/p11/index.html",
        "one/play/play/p11",
    ] {
        let explained = reasons(&site.build(&["--explain", asked]));
        assert_eq!(explained.len(), 1, "--explain {asked}: {explained:?}");
    }
}

/// An output that was altered is mended, also where its size and its time are as they were.
#[test]
fn what_was_altered_is_mended_whatever_its_time_says() {
    let site = site();
    let output = site.path("dist/one/play/play/p10/index.html");
    let before = fs::read(&output).unwrap();
    let time = fs::metadata(&output).unwrap().modified().unwrap();
    let altered: Vec<u8> = before.iter().map(u8::to_ascii_uppercase).collect();
    for flags in [&[][..], &["--verify"]] {
        fs::write(&output, &altered).unwrap();
        let file = fs::File::options().write(true).open(&output).unwrap();
        file.set_modified(time).unwrap();
        let built = site.build(flags);
        assert_eq!(built.count("files_written"), 1, "{}", built.0);
        assert_eq!(built.count("pages_rendered"), 1, "{}", built.0);
        assert_eq!(fs::read(&output).unwrap(), before);
        let built = site.build(flags);
        assert_eq!(built.count("pages_rendered"), 0, "{}", built.0);
        assert_eq!(built.count("files_written"), 0, "{}", built.0);
    }
}

/// A ledger that is not sound is thrown away with a line, and the build is as if there were none.
#[test]
fn a_damaged_ledger_is_thrown_away() {
    let site = site();
    let before = site.dist();
    let name = tree(&site.path(".rbgen")).into_keys().next().unwrap();
    let ledger = site.path(&format!(".rbgen/{name}"));
    let sound = fs::read(&ledger).unwrap();
    let flipped = |at: usize| {
        let mut bytes = sound.clone();
        bytes[at] ^= 4;
        bytes
    };
    for bytes in [
        Vec::new(),
        b"rbgen ledger 1\n{}".to_vec(),
        sound[..sound.len() / 2].to_vec(),
        flipped(3),
        flipped(30),
        flipped(sound.len() / 2),
        flipped(sound.len() - 1),
    ] {
        fs::write(&ledger, bytes).unwrap();
        let output = site.ok(&["build"]);
        let said = text(&output.stderr);
        assert_eq!(
            said.matches("the ledger of the last build").count(),
            1,
            "{said}"
        );
        assert_eq!(site.dist(), before);
        assert_eq!(site.build(&[]).count("pages_rendered"), 0);
    }
    // What is no file is no ledger.
    fs::remove_file(&ledger).unwrap();
    fs::create_dir(&ledger).unwrap();
    site.ok(&["build"]);
    assert_eq!(site.dist(), before);
}

/// A copy has other inodes and other times: it is read once, and then known again.
#[test]
fn a_copied_site_is_read_and_not_rendered() {
    let site = site();
    let copy = TestSite::empty();
    copy_tree(&site.root(), &copy.root());
    // The place of the output is part of what a ledger is for.
    let moved = site.path("dist-2");
    copy_tree(&site.path("dist"), &moved);
    fs::remove_dir_all(site.path("dist")).unwrap();
    fs::rename(&moved, site.path("dist")).unwrap();
    for _ in 0..2 {
        let built = site.build(&[]);
        assert_eq!(built.count("pages_rendered"), 0, "{}", built.0);
        assert_eq!(built.count("files_written"), 0, "{}", built.0);
    }
    assert_eq!(copy.build(&[]).count("files_written"), 0);
}
