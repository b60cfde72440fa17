//! Tests of the policy of a page.

use super::*;
use proptest::prelude::*;

fn needs(html: &str) -> PolicyNeeds {
    let (needs, problems) = policy_needs(html);
    assert!(problems.is_empty(), "{problems:?}");
    needs
}

fn set(items: &[&str]) -> BTreeSet<String> {
    items.iter().map(|item| item.to_string()).collect()
}

#[test]
fn most_pages_are_only_looked_over() {
    let page = "<!doctype html><html lang=en><head><meta charset=utf-8>\
        <link rel=\"canonical\" href=\"https://x.org/a\">\
        <link rel=\"stylesheet\" href=\"/_rb/play/x.css\">\
        <script type=\"application/ld+json\">{\"url\": \"https://x.org\"}</script></head>\
        <body><p class=\"one\" title='on = off'>on the = style= javascript: src=<a href=\"https://x.org/?a=b&amp;c\">x</a>\
        <img src=\"a.png\" alt=\"Once\"></p></body></html>";
    assert!(!is_worth_reading(page.as_bytes()));
    let tricky = "<title>a</title><!-- note --><a title='<img onload=x>' href=/x>x</a></p title='<b style=x>'>";
    assert!(!is_worth_reading(tricky.as_bytes()));
    for page in [
        "<link rel=icon rel=canonical href=//x.org>",
        "<link rel=canonical rel=icon href=//x.org>",
        "<link rel='icon canonical' href=//x.org>",
        "<link href=//x.org>",
        "<img rel=canonical src=//x.org>",
        "<link rel=canonical href=javascript:x>",
        "<a b\"><img onload=x>",
        "<title><b></title><p style=x>",
        "<!--><p style=x>-->",
        "<script type=application/ld+json>{\"<a b='\":1}</script><p style=x>'",
    ] {
        assert!(is_worth_reading(page.as_bytes()), "{page}");
    }
    assert_eq!(needs(page), PolicyNeeds::default());
    assert_eq!(
        PolicyNeeds::default().header(false),
        "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; \
         media-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    );
}

#[test]
fn inline_scripts_and_styles_are_hashed() {
    // echo -n "alert('Hello, world.');" | openssl dgst -sha256 -binary | base64 (from CSP 3)
    let hash = "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=";
    let found = needs(
        "<SCRIPT>alert('Hello, world.');</SCRIPT><script type=module src=/a.js></script>\
         <script type=\"application/json\">{}</script><script type=text/template>x</script>\
         <style>alert('Hello, world.');</style><p style=\"color:red\">",
    );
    assert_eq!(found.script_hashes, set(&[hash]));
    assert_eq!(found.style_hashes, set(&[hash]));
    assert!(found.style_attributes && found.own_scripts);
    let header = found.header(false);
    assert!(
        header.contains(&format!(
            "script-src 'self' '{hash}'; style-src 'self' '{hash}'; style-src-attr 'unsafe-inline';"
        )),
        "{header}"
    );
    assert!(header.contains("connect-src 'self'"), "{header}");
    // A tag in a script is text of the script.
    let found = needs("<script>document.write('<img src=https://x.org/a>')</script>");
    assert_eq!(found.image_origins, BTreeSet::new());
    assert_eq!(found.script_hashes.len(), 1);
    assert!(
        PolicyNeeds::default()
            .header(true)
            .contains("script-src 'self';")
    );
}

#[test]
fn other_origins_are_named() {
    let found = needs(
        "<img src=https://A.example:8080/x srcset=\"/y 1x, //b.example/z 2x\">\
         <picture><source srcset=https://c.example/x></picture>\
         <video src=https://d.example/x poster=https://e.example/x><source src=data:video/mp4,x></video>\
         <iframe src=https://user@f.example/x></iframe><iframe src=/own></iframe>\
         <form action=https://g.example/x></form><link rel='shortcut icon' href=https://h.example/x>\
         <svg><use xlink:href='#a'/></svg>",
    );
    assert_eq!(
        found.image_origins,
        set(&[
            "https://a.example:8080",
            "b.example",
            "https://c.example",
            "https://e.example",
            "https://h.example"
        ])
    );
    assert_eq!(found.media_origins, set(&["data:", "https://d.example"]));
    assert_eq!(found.frame_origins, set(&["'self'", "https://f.example"]));
    assert_eq!(found.form_origins, set(&["https://g.example"]));
    let header = found.header(false);
    assert!(
        header.contains("frame-src 'self' https://f.example; "),
        "{header}"
    );
    let mut merged = PolicyNeeds::default();
    merged.merge(&found);
    assert_eq!(merged, found);
}

#[test]
fn what_cannot_work_is_named() {
    for html in [
        "<b onclick=x()>",
        "<b\nONCLICK = 'x()'>",
        "<svg/onload=x>",
        "<a title=\"x\"onclick=y>",
        "<a href=\"javascript:x()\">",
        "<a href=\" JAVA\tscript:x()\">",
        "<a href=\"&#106;avascript:x()\">",
        "<a href=\"javascript&colon;x()\">",
        "<script src=https://x.org/a.js></script>",
        "<object data=x></object>",
        "<link rel=stylesheet href=//x.org/a.css>",
        "<img src=\"https://x.org;script-src *\">",
        "<base href=/x>",
        "<iframe src=\"data:text/html,x\"></iframe>",
    ] {
        let (_, problems) = policy_needs(html);
        assert_eq!(problems.len(), 1, "{html}: {problems:?}");
    }
}

proptest! {
    /// Looking over a page misses nothing that reading it finds, and no page breaks the header.
    #[test]
    fn looking_over_misses_nothing(html in "(<|>|/|\"|'|=| |\\n|a|img|script|style|src|href|onx|//|https:|x\\.org|;|javascript:|iframe|<a |<p |<img |<link | rel=|canonical|icon|&#58;|<!--|-->|title|<title>|</title>|<script type=application/ld+json>|</script>| onclick=x| style=x|\\\\){0,24}") {
        let worth = is_worth_reading(html.as_bytes());
        let mut reader = Reader::default();
        let mut emitter = DefaultEmitter::default();
        emitter.naively_switch_states(true);
        for Ok(token) in Tokenizer::new_with_emitter(html.as_str(), emitter) {
            match token {
                Token::StartTag(tag) => reader.start(&tag),
                Token::EndTag(tag) => reader.end(&tag.name),
                _ => {}
            }
        }
        if reader.needs != PolicyNeeds::default() || !reader.problems.is_empty() {
            prop_assert!(worth, "{}", html);
        }
        let header = reader.needs.header(false);
        prop_assert!(header.split("; ").all(|directive| {
            let mut words = directive.split(' ');
            words.next().is_some_and(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
                && words.all(|word| !word.is_empty() && !word.contains([';', ',', '*']))
        }), "{}", header);
    }
}

#[test]
fn links_and_frames_that_would_not_work_are_told() {
    for (html, message) in [
        (
            "<link rel=stylesheet href=\"data:text/css,p{}\">",
            "the style sheet of such an address would not be loaded",
        ),
        (
            "<link rel=modulepreload href=https://e.x/a.js>",
            "the script of `https://e.x` would not be loaded",
        ),
        (
            "<link rel=preload as=script href=//e.x/a.js>",
            "the script of `e.x` would not be loaded",
        ),
        (
            "<link rel=preload as=style href=//e.x/a.css>",
            "the style sheet of `e.x` would not be loaded",
        ),
        (
            "<link rel=preload as=font href=//e.x/a.woff2>",
            "the font of `e.x` would not be loaded",
        ),
        (
            "<iframe srcdoc=\"&lt;script>go()&lt;/script>\"></iframe>",
            "a script in the `srcdoc` of an `<iframe>` would not run",
        ),
        (
            "<iframe srcdoc=\"&lt;p onclick=go()>\"></iframe>",
            "the attribute `onclick` of `<p>` would not run",
        ),
        (
            "<iframe srcdoc=\"&lt;iframe srcdoc=x>\"></iframe>",
            "a frame with `srcdoc` within another would not be shown",
        ),
    ] {
        let (_, problems) = policy_needs(html);
        let messages: Vec<&str> = problems.iter().map(|problem| &*problem.message).collect();
        assert_eq!(messages, [message], "{html}");
    }
    let found = needs(
        "<link rel=icon href=\"data:image/png,x\"><link rel=preload as=image href=https://i.x/a.png>\
         <link rel=modulepreload href=/a.js><link rel=alternate href=https://e.x/feed>\
         <iframe srcdoc=\"&lt;p style=color:red>&lt;img src=https://j.x/a>\"></iframe>",
    );
    assert_eq!(found.image_origins, set(&["https://i.x", "https://j.x"]));
    assert!(found.style_attributes && !found.own_scripts);
}
