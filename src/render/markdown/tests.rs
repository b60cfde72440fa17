//! Tests of Markdown as HTML.

use proptest::prelude::*;

use super::*;
use crate::render::style::contrast_ratio;

const ALL: MarkdownConfig = MarkdownConfig {
    highlight: true,
    heading_anchors: true,
    smart_punctuation: true,
};
const NONE: MarkdownConfig = MarkdownConfig {
    highlight: false,
    heading_anchors: false,
    smart_punctuation: false,
};

fn html(text: &str) -> String {
    markdown_to_html(text, &NONE, &mut Ids::default()).html
}

#[test]
fn headings() {
    let mut ids = Ids::new(["intro".to_string()].into_iter());
    let text =
        "# Intro\n\n## A *b* `c`\n\n## A b c\n\n### X {#custom .wide onclick=x}\n\n## Custom";
    let rendered = markdown_to_html(text, &ALL, &mut ids);
    assert_eq!(
        rendered.html,
        "<h1 id=\"intro-1\">Intro <a class=\"anchor\" href=\"#intro-1\" aria-label=\"Link to this section\">#</a></h1>\n\
         <h2 id=\"a-b-c\">A <em>b</em> <code>c</code> <a class=\"anchor\" href=\"#a-b-c\" aria-label=\"Link to this section\">#</a></h2>\n\
         <h2 id=\"a-b-c-1\">A b c <a class=\"anchor\" href=\"#a-b-c-1\" aria-label=\"Link to this section\">#</a></h2>\n\
         <h3 id=\"custom\" class=\"wide\">X <a class=\"anchor\" href=\"#custom\" aria-label=\"Link to this section\">#</a></h3>\n\
         <h2 id=\"custom-1\">Custom <a class=\"anchor\" href=\"#custom-1\" aria-label=\"Link to this section\">#</a></h2>\n"
    );
    assert!(!rendered.has_code);
    assert_eq!(html("## Über"), "<h2 id=\"über\">Über</h2>\n");
    // The custom id comes first, whatever stands before it.
    assert_eq!(
        html("# x\n\n# y {#x}"),
        "<h1 id=\"x-1\">x</h1>\n<h1 id=\"x\">y</h1>\n"
    );
}

#[test]
fn tables_tasks_and_alerts() {
    assert_eq!(
        html("| a | *b* |\n|---|--:|\n| 1 | 2 |"),
        "<div class=\"table-scroll\" tabindex=\"0\" role=\"region\" aria-label=\"a, b\"><table>\n\
         <thead>\n<tr><th>a</th><th class=\"align-right\"><em>b</em></th></tr>\n</thead>\n<tbody>\n\
         <tr><td>1</td><td class=\"align-right\">2</td></tr>\n</tbody>\n</table></div>\n"
    );
    assert_eq!(
        html("- [x] a\n- [ ] b\n  - [x] c"),
        "<ul>\n<li class=\"task\"><input type=\"checkbox\" disabled checked aria-label=\"Done\"> a</li>\n\
         <li class=\"task\"><input type=\"checkbox\" disabled aria-label=\"To do\"> b<ul>\n\
         <li class=\"task\"><input type=\"checkbox\" disabled checked aria-label=\"Done\"> c</li>\n</ul>\n</li>\n</ul>\n"
    );
    assert_eq!(
        html("> [!NOTE]\n> x"),
        "<div class=\"alert alert-note\" role=\"note\">\n<p class=\"alert-title\">Note</p>\n<p>x</p>\n</div>\n"
    );
    assert_eq!(html("~~x~~ \"y\""), "<p><del>x</del> \"y\"</p>\n");
    let smart = markdown_to_html("\"y\" -- z", &ALL, &mut Ids::default());
    assert_eq!(smart.html, "<p>“y” – z</p>\n");
}

#[test]
fn footnotes_of_two_texts_have_their_own_ids() {
    let mut ids = Ids::default();
    let text = "a[^n] b[^m] c[^n]\n\n[^m]: M\n[^n]: N";
    let first = markdown_to_html(text, &NONE, &mut ids).html;
    assert_eq!(
        first,
        "<p>a<sup class=\"footnote-ref\"><a href=\"#fn-n\" id=\"fnref-n\">1</a></sup> \
         b<sup class=\"footnote-ref\"><a href=\"#fn-m\" id=\"fnref-m\">2</a></sup> \
         c<sup class=\"footnote-ref\"><a href=\"#fn-n\" id=\"fnref-n-1\">1</a></sup></p>\n\
         <section class=\"footnotes\" aria-label=\"Footnotes\">\n<ol>\n\
         <li id=\"fn-n\"><p>N <a class=\"footnote-back\" href=\"#fnref-n\" aria-label=\"Back to reference\">↩</a> \
         <a class=\"footnote-back\" href=\"#fnref-n-1\" aria-label=\"Back to reference 2\">↩</a></p>\n</li>\n\
         <li id=\"fn-m\"><p>M <a class=\"footnote-back\" href=\"#fnref-m\" aria-label=\"Back to reference\">↩</a></p>\n</li>\n\
         </ol>\n</section>\n"
    );
    let second = markdown_to_html(text, &NONE, &mut ids).html;
    for id in ids_of(&second) {
        assert!(!first.contains(&format!("id=\"{id}\"")), "{id}");
    }
}

fn ids_of(html: &str) -> Vec<&str> {
    html.split(" id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[test]
fn code_is_highlighted_or_plain() {
    let text = "```rust,ignore\nlet x = \"<a>\"; // hi\n```";
    let rendered = markdown_to_html(text, &ALL, &mut Ids::default());
    assert!(rendered.has_code);
    assert_eq!(
        rendered.html,
        "<pre class=\"code\" tabindex=\"0\"><code class=\"language-rust\"><span class=\"hk\">let</span> x = \
         <span class=\"hs\">\"&lt;a&gt;\"</span>; <span class=\"hc\">// hi</span>\n</code></pre>\n"
    );
    assert_eq!(
        html(text),
        "<pre class=\"code\" tabindex=\"0\"><code class=\"language-rust\">let x = \"&lt;a&gt;\"; // hi\n</code></pre>\n"
    );
    let unknown = markdown_to_html("```whatever\"\n<b>\n```", &ALL, &mut Ids::default()).html;
    assert_eq!(
        unknown,
        "<pre class=\"code\" tabindex=\"0\"><code class=\"language-whatever&quot;\">&lt;b&gt;\n</code></pre>\n"
    );
    assert!(html("    indented").contains("<code>indented</code>"));
}

#[test]
fn addresses_run_no_code() {
    for bad in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "vbscript:x",
        "data:text/html,x",
        "&#106;avascript:alert(1)",
        "java&#9;script:alert(1)",
        "&#1;javascript:alert(1)",
    ] {
        for text in [
            format!("[x]({bad})"),
            format!("![x]({bad})"),
            format!("[x](<{bad}>)"),
            format!("<{bad}>"),
            format!("[x]\n\n[x]: {bad}"),
        ] {
            let html = html(&text).to_lowercase();
            assert!(
                !html.contains("href") && !html.contains("src="),
                "{text}: {html}"
            );
        }
    }
    assert_eq!(
        html("![a *b*](x.png \"t\")"),
        "<p><img src=\"x.png\" alt=\"a b\" title=\"t\" loading=\"lazy\" decoding=\"async\"></p>\n"
    );
    assert!(html("![a](data:image/png;base64,AA)").contains("src=\"data:image/png"));
    assert_eq!(
        html("[y](/100%/%C3%BC^ü)"),
        "<p><a href=\"/100%25/%C3%BC%5E%C3%BC\">y</a></p>\n"
    );
    assert_eq!(
        html("<me@x.org> [y](https://x.org/?a=1&b)"),
        "<p><a href=\"mailto:me@x.org\">me@x.org</a> <a href=\"https://x.org/?a=1&amp;b\">y</a></p>\n"
    );
}

#[test]
fn raw_html_is_sanitised() {
    let text = "# T\n\n<details open><summary>S</summary>\n\n- [x] a\n\n| a |\n|---|\n| 1 |\n\n</details>\n\n\
        <kbd class=\"k\">x</kbd> <script>alert(1)</script><b onclick=\"x()\" style=\"color:red\">b</b>\n\n\
        <a href=\"javascript:x()\">l</a> <img src=\"x.png\" srcset=\"javascript:x 2x\" alt=\"\"> <style>b{}</style>\n\n\
        <iframe src=\"https://x\"></iframe><form action=\"/x\"><input name=a></form>\n\n```rust\nlet x;\n```\n\nx[^1]\n\n[^1]: y";
    let rendered = markdown_to_html(text, &ALL, &mut Ids::default());
    let html = rendered.html;
    for bad in [
        "script", "onclick", "style", "iframe", "form", "srcset", "name=",
    ] {
        assert!(!html.contains(bad), "{bad}: {html}");
    }
    for good in [
        "<details open=\"\"><summary>S</summary>",
        "<kbd class=\"k\">x</kbd>",
        "<h1 id=\"t\">T <a class=\"anchor\" href=\"#t\" aria-label=\"Link to this section\">#</a></h1>",
        "<div class=\"table-scroll\" tabindex=\"0\" role=\"region\" aria-label=\"a\"><table>",
        "<pre class=\"code\" tabindex=\"0\"><code class=\"language-rust\"><span class=\"hk\">let</span>",
        "<section class=\"footnotes\" aria-label=\"Footnotes\">",
        "<li class=\"task\">",
        "aria-label=\"Done\"",
        "<a>l</a>",
        "<img src=\"x.png\" alt=\"\">",
    ] {
        assert!(html.contains(good), "{good}: {html}");
    }
    let media = "<figure><picture><source srcset=\"a.avif 2x, https://x.org/a.avif\" type=\"image/avif\"><img src=\"a.png\" alt=\"A\" width=\"2\" height=\"2\"></picture></figure>";
    assert_eq!(
        markdown_to_html(media, &ALL, &mut Ids::default()).html,
        media
    );
    let task = markdown_to_html("- [ ] a <i>b</i>", &ALL, &mut Ids::default()).html;
    assert!(task.contains("type=\"checkbox\""), "{task}");
}

#[test]
fn sanitising_changes_nothing_that_markdown_makes() {
    let text = "# T {#x .y}\n\n1. a\n2. b\n\n3) c\n\n| a | b |\n|:--|:-:|\n| 1 | 2 |\n\n> [!TIP]\n> x\n\n- [x] y[^1]\n\n[^1]: z\n\n![a](b.png \"c\")\n\n```diff\n+ a\n- b\n```\n\n<me@x.org> ~~a~~ **b**";
    let rendered = markdown_to_html(text, &ALL, &mut Ids::default()).html;
    let normal = |html: &str| {
        html.replace(" disabled checked", " disabled=\"\" checked=\"\"")
            .split_inclusive(' ')
            .flat_map(|part| part.split_inclusive('>'))
            .map(str::trim)
            .map(|part| part.trim_end_matches('>').to_string())
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(normal(&sanitize::sanitize(&rendered)), normal(&rendered));
}

/// Every colour of highlighted code is readable on its background, in both schemes.
#[test]
fn code_colours_have_contrast() {
    let mut rules = Vec::new();
    for rule in code_css().split('}') {
        let Some((selector, body)) = rule.split_once('{') else {
            continue;
        };
        let value = |name: &str| {
            body.split(';')
                .filter_map(|declaration| declaration.trim().split_once(": "))
                .find(|(property, _)| *property == name)
                .map(|(_, value)| value.to_string())
        };
        rules.push((
            selector.trim().to_string(),
            value("color"),
            value("background"),
        ));
    }
    let page = rules[0].2.clone().expect("the background of all code");
    assert!(rules.len() >= 9);
    for (selector, colour, background) in rules {
        let colour = colour.expect("every rule has a colour");
        let background = background.unwrap_or_else(|| page.clone());
        for dark in [false, true] {
            let ratio = contrast_ratio(&colour, &background, dark).expect("colours");
            assert!(ratio >= 4.5, "{selector} dark={dark}: {ratio:.2}");
        }
    }
}

fn without_tags(html: &str) -> String {
    let mut text = String::new();
    for part in html.split('<') {
        text.push_str(part.split_once('>').map_or(part, |(_, after)| after));
    }
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

fn classes(language: &str, code: &str) -> String {
    let mut out = String::new();
    assert!(highlight(language, code, &mut out), "{language}");
    assert_eq!(without_tags(&out), code, "{language}");
    out.replace("<span class=\"", "[")
        .replace("\">", ":")
        .replace("</span>", "]")
}

#[test]
fn languages() {
    for (language, code, expected) in [
        (
            "rs",
            "fn a<'x>(c: &'x str) -> u8 { b'\\'' as u8 + r#\"\"a\"\"# }",
            "[hk:fn] [hf:a]&lt;[hv:'x]&gt;(c: &amp;[hv:'x] [hn:str]) -&gt; [hn:u8] { [hs:b'\\''] [hk:as] [hn:u8] + [hs:r#\"\"a\"\"#] }",
        ),
        (
            "rust",
            "vec![1_0u8, 0..2, 1.5e-3]; a != b; /* a /* b */ c */ Some(X)",
            "[hf:vec!][[hn:1_0u8], [hn:0]..[hn:2], [hn:1.5e-3]]; a != b; [hc:/* a /* b */ c */] [hf:Some]([hv:X])",
        ),
        (
            "ts",
            "const a = `x ${b(\"}\")} y`; // c",
            "[hk:const] a = [hs:`x ]${[hf:b]([hs:\"}\"])}[hs: y`]; [hc:// c]",
        ),
        (
            "json",
            "{\"a\": [1, true, \"b\"]}",
            "{[ht:\"a\"]: [[hn:1], [hn:true], [hs:\"b\"]]}",
        ),
        (
            "toml",
            "[a.\"b\"]\nc-d = 'x' # y\n",
            "[ht:[a.\"b\"]]\n[ht:c-d] = [hs:'x'] [hc:# y]\n",
        ),
        (
            "yaml",
            "- a-b: \"c\" # d\n  e: true\n",
            "- [ht:a-b]: [hs:\"c\"] [hc:# d]\n  [ht:e]: [hn:true]\n",
        ),
        (
            "sh",
            "for x in \"$a b\"; do echo ${x#y} # z\ndone",
            "[hk:for] x [hk:in] [hs:\"][hv:$a][hs: b\"]; [hk:do] [hk:echo] [hv:${x#y}] [hc:# z]\n[hk:done]",
        ),
        (
            "py",
            "@cache\ndef f(x: int) -> None:\n    \"\"\"a\n    b\"\"\"\n    return X.y",
            "[hf:@cache]\n[hk:def] [hf:f](x: int) -&gt; [hn:None]:\n    [hs:\"\"\"a\n    b\"\"\"]\n    [hk:return] [hv:X].y",
        ),
        (
            "sql",
            "SELECT count(*) FROM t -- x\nWHERE a = 'it''s';",
            "[hk:SELECT] [hf:count](*) [hk:FROM] t [hc:-- x]\n[hk:WHERE] a = [hs:'it'][hs:'s'];",
        ),
        (
            "css",
            "a:hover .b { color: red; & c { margin: 1px var(--x) } } /* d */",
            "[ht:a]:[ht:hover] [hf:.b] { [hn:color]: [hn:red]; &amp; [ht:c] { [hn:margin]: [hn:1px] [hf:var]([hn:--x]) } } [hc:/* d */]",
        ),
        (
            "html",
            "<!-- c --><a href=\"x\" b>&amp;{{ y | f(1) }}</a><script>let x</script>",
            "[hc:&lt;!-- c --&gt;]&lt;[ht:a] [hn:href]=[hs:\"x\"] [hn:b]&gt;[hn:&amp;amp;][hk:{{] y | [hf:f]([hn:1]) [hk:}}]&lt;/[ht:a]&gt;&lt;[ht:script]&gt;[hk:let] x&lt;/[ht:script]&gt;",
        ),
        (
            "diff",
            "@@ 1 @@\n+a\n-b\n c",
            "[hf:@@ 1 @@]\n[hi:+a]\n[hd:-b]\n c",
        ),
        ("console", "$ echo hi\nhi\n", "[hc:$ ][hk:echo] hi\nhi\n"),
        (
            "c",
            "#include <x>\nint a = f(NULL);",
            "[hk:#include] &lt;x&gt;\n[hn:int] a = [hf:f]([hn:NULL]);",
        ),
        (
            "lua",
            "--[[ a\nb ]] local x",
            "[hc:--[[ a\nb ]]] [hk:local] x",
        ),
        ("go", "s := `a\\`", "s := [hs:`a\\`]"),
    ] {
        assert_eq!(classes(language, code), expected, "{language}");
    }
    assert!(!highlight("brainfuck", "x", &mut String::new()));
}

proptest! {
    #[test]
    fn any_text_renders(text in "[ -~\\n]{0,200}|\\PC{0,60}") {
        let mut ids = Ids::default();
        let rendered = markdown_to_html(&text, &ALL, &mut ids).html;
        let again = markdown_to_html(&text, &ALL, &mut Ids::default()).html;
        prop_assert_eq!(&rendered, &again);
        let lower = rendered.to_lowercase();
        prop_assert!(!lower.contains("<script"));
    }

    #[test]
    fn marks_in_any_order(text in "([#*_`~>|\\[\\]()!<>{}^:+-]| |\\n|a|\\[\\^1\\]|```|- \\[x\\] |\\|-\\|){0,60}") {
        let mut ids = Ids::default();
        let rendered = markdown_to_html(&text, &ALL, &mut ids).html;
        let found = ids_of(&rendered);
        let distinct: std::collections::BTreeSet<_> = found.iter().collect();
        prop_assert_eq!(found.len(), distinct.len());
        for name in ["p", "li", "table", "section", "a", "h1", "div", "pre", "em"] {
            let opened = rendered.matches(&format!("<{name}>")).count() + rendered.matches(&format!("<{name} ")).count();
            prop_assert_eq!(opened, rendered.matches(&format!("</{name}>")).count(), "{}", name);
        }
    }

    /// Without its tags, highlighted code is the code.
    #[test]
    fn highlighting_keeps_the_code(
        index in 0..languages::LANGUAGES.len(),
        code in "([a-zA-Z0-9_$@#'\"`/*(){}\\[\\]<>=!:;.,\\\\ \\n-]|\\$\\{|é|🎉|<!--|\\{\\{|r#\"){0,60}",
    ) {
        let mut out = String::new();
        prop_assert!(highlight(languages::LANGUAGES[index].names[0], &code, &mut out));
        prop_assert_eq!(without_tags(&out), code);
    }
}

#[test]
fn what_is_nested_too_deep_is_not_sanitised() {
    let quotes = ">".repeat(50_000) + " <b>x</b>";
    assert!(html(&quotes).contains("&lt;b&gt;x&lt;/b&gt;"));
    let elements = "<div>".repeat(40_000);
    assert!(html(&elements).starts_with("&lt;div&gt;&lt;div&gt;"));
    let inline = "a ".to_string() + &"<b>".repeat(40_000);
    assert!(html(&inline).starts_with("<p>a &lt;b&gt;"));
    // Ids are given once, although the text is written twice.
    let text = format!("# A\n\n{}\n", "<div>".repeat(300));
    assert!(html(&text).starts_with("<h1 id=\"a\">A</h1>"));
}
