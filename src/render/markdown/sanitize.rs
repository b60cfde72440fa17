//! What raw HTML in Markdown may be, and which addresses a link or an image may have.

use std::borrow::Cow;
use std::sync::LazyLock;

use ammonia::Builder;

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Link,
    Image,
}

/// Whether an address runs no code. It is read as browsers read it: spaces and control characters
/// around it do not count, tabs and line ends nowhere. `data:` is for images only.
pub(super) fn is_safe_url(url: &str, purpose: Use) -> bool {
    let start = url.trim_start_matches(|c: char| c <= ' ');
    let begins_with = |scheme: &str| {
        start
            .chars()
            .filter(|c| !matches!(c, '\t' | '\n' | '\r'))
            .take(scheme.len())
            .map(|c| c.to_ascii_lowercase())
            .eq(scheme.chars())
    };
    if begins_with("data:") {
        return purpose == Use::Image && begins_with("data:image/");
    }
    !(begins_with("javascript:") || begins_with("vbscript:"))
}

/// Keeps what Markdown gives and what authors may add to it, and drops scripts, style sheets,
/// handlers, frames and forms.
pub(super) fn sanitize(html: &str) -> String {
    SANITIZER.clean(html).to_string()
}

static SANITIZER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::default();
    builder
        .add_tags([
            "address", "audio", "dialog", "input", "main", "optgroup", "picture", "search",
            "section", "source", "tfoot", "track", "video", "meter", "progress",
        ])
        .rm_tags([
            "acronym", "center", "dialog", "main", "optgroup", "strike", "tt",
        ])
        .add_generic_attributes([
            "class", "dir", "id", "lang", "role", "tabindex", "title", "hidden",
        ])
        .add_generic_attribute_prefixes(["aria-"])
        .add_tag_attributes("a", ["rel", "target", "download", "name"])
        .add_tag_attributes(
            "img",
            ["loading", "decoding", "srcset", "sizes", "fetchpriority"],
        )
        .add_tag_attributes(
            "source",
            ["src", "srcset", "sizes", "media", "type", "width", "height"],
        )
        .add_tag_attributes(
            "video",
            [
                "src",
                "poster",
                "controls",
                "autoplay",
                "loop",
                "muted",
                "playsinline",
                "preload",
                "width",
                "height",
            ],
        )
        .add_tag_attributes("audio", ["src", "controls", "loop", "muted", "preload"])
        .add_tag_attributes("track", ["src", "kind", "srclang", "label", "default"])
        .add_tag_attributes("input", ["checked", "disabled"])
        // One attribute and no more: several would come in the order of a hash map, which differs
        // from run to run. A box that can be ticked does no harm where there are no forms.
        .set_tag_attribute_value("input", "type", "checkbox")
        .add_tag_attributes("details", ["open", "name"])
        .add_tag_attributes("ol", ["reversed", "type"])
        .add_tag_attributes("li", ["value"])
        .add_tag_attributes("time", ["datetime"])
        .add_tag_attributes("data", ["value"])
        .add_tag_attributes("meter", ["value", "min", "max", "low", "high", "optimum"])
        .add_tag_attributes("progress", ["value", "max"])
        .add_tag_attributes("th", ["abbr"])
        // Only in images; the filter sees to that.
        .add_url_schemes(["data"])
        .link_rel(None)
        .attribute_filter(attribute);
    builder
});

fn attribute<'v>(element: &str, name: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let keep = match name {
        "href" => is_safe_url(value, Use::Link),
        "src" | "poster" => {
            let purpose = match element {
                "img" | "source" => Use::Image,
                _ => Use::Link,
            };
            is_safe_url(value, purpose)
        }
        "srcset" => value
            .split(',')
            .all(|candidate| is_safe_url(candidate, Use::Image)),
        // Elsewhere than in its place an element would take the focus first.
        "tabindex" => matches!(value, "0" | "-1"),
        "target" => matches!(value, "_blank" | "_self"),
        _ => true,
    };
    keep.then_some(Cow::Borrowed(value))
}
