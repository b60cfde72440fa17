//! Names in style sheets and templates: where they mean a token, a page or a component for certain,
//! they are replaced; comments and quoted text are left as they are.

/// A name in a style sheet: a custom property, or a class with its dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CssName {
    pub old: String,
    pub new: String,
}

/// Names in a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateNames {
    /// The function whose one argument is the name: `token` or `url_for`.
    pub function: Option<&'static str>,
    /// The argument of the function, before and after.
    pub argument: (String, String),
    /// The name of a template, before and after.
    pub template: Option<(String, String)>,
    /// A custom property in `var(…)`, anywhere in the text.
    pub property: Option<CssName>,
}

/// Whether a name that ends before this character goes on.
pub fn goes_on(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '\\') || !c.is_ascii()
}

/// A style sheet with a name replaced, outside of comments and strings.
pub fn in_css(text: &str, name: &CssName) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut from, mut at) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'/' if bytes[at..].starts_with(b"/*") => {
                at = text[at + 2..]
                    .find("*/")
                    .map_or(bytes.len(), |end| at + 2 + end + 2);
            }
            quote @ (b'"' | b'\'') => at = string_end(bytes, at + 1, quote),
            b'\\' => at += 2,
            _ if is_name_at(text, at, &name.old) => {
                out.push_str(&text[from..at]);
                out.push_str(&name.new);
                at += name.old.len();
                from = at;
            }
            _ => at += 1,
        }
    }
    out.push_str(&text[from..]);
    out
}

/// Whether a name begins there, and is no part of a longer one.
fn is_name_at(text: &str, at: usize, name: &str) -> bool {
    if !text.as_bytes()[at..].starts_with(name.as_bytes()) {
        return false;
    }
    let before = text[..at].chars().next_back();
    // A dot begins a class wherever it stands.
    let begins = name.starts_with('.') || !before.is_some_and(goes_on);
    begins && !text[at + name.len()..].starts_with(goes_on)
}

/// Behind the closing quote of a string, or the end of the text.
fn string_end(bytes: &[u8], mut at: usize, quote: u8) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            byte if byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// A template with names replaced.
pub fn in_template(text: &str, names: &TemplateNames) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = next_open(rest) {
        out.push_str(&outside(&rest[..open], names));
        rest = &rest[open..];
        let end = match &rest[..2] {
            "{#" => rest.find("#}").map_or(rest.len(), |end| end + 2),
            kind => tag_end(rest, if kind == "{{" { "}}" } else { "%}" }),
        };
        let tag = &rest[..end];
        rest = &rest[end..];
        match tag.starts_with("{#") {
            true => out.push_str(tag),
            false => out.push_str(&inside(tag, names)),
        }
        if is_raw(tag) {
            let end = raw_end(rest);
            out.push_str(&outside(&rest[..end], names));
            rest = &rest[end..];
        }
    }
    out.push_str(&outside(rest, names));
    out
}

fn next_open(text: &str) -> Option<usize> {
    let opens = ["{{", "{%", "{#"].into_iter();
    opens.filter_map(|open| text.find(open)).min()
}

/// Where a tag ends; a closing brace in a string does not close it.
fn tag_end(tag: &str, close: &str) -> usize {
    let bytes = tag.as_bytes();
    let mut at = 2;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'') => at = string_end(bytes, at + 1, quote),
            _ if bytes[at..].starts_with(close.as_bytes()) => return at + 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The words of a tag of statements, without its marks.
fn statement(tag: &str) -> Option<&str> {
    let inner = tag.strip_prefix("{%")?.strip_suffix("%}")?;
    Some(inner.trim_matches(['-', '+']).trim())
}

fn is_raw(tag: &str) -> bool {
    statement(tag) == Some("raw")
}

/// Where the tag that ends a raw part begins.
fn raw_end(text: &str) -> usize {
    let ends = text.match_indices("{%").map(|(at, _)| at);
    let mut ends = ends.filter(|at| {
        let tag = &text[*at..];
        let close = tag.find("%}").map_or(tag.len(), |end| end + 2);
        statement(&tag[..close]) == Some("endraw")
    });
    ends.next().unwrap_or(text.len())
}

/// The text between tags: only custom properties in `var(…)` are certain there.
fn outside(text: &str, names: &TemplateNames) -> String {
    let Some(name) = &names.property else {
        return text.to_string();
    };
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in text.match_indices(&name.old) {
        let in_var = text[..at].trim_end().ends_with("var(");
        if in_var && is_name_at(text, at, &name.old) {
            out.push_str(&text[from..at]);
            out.push_str(&name.new);
            from = at + name.old.len();
        }
    }
    out.push_str(&text[from..]);
    out
}

/// A tag with its strings replaced where they are a name.
fn inside(tag: &str, names: &TemplateNames) -> String {
    let bytes = tag.as_bytes();
    let mut out = String::with_capacity(tag.len());
    let (mut from, mut at) = (0, 2);
    while at < bytes.len() {
        let quote = bytes[at];
        if !matches!(quote, b'"' | b'\'') {
            at += 1;
            continue;
        }
        let end = string_end(bytes, at + 1, quote);
        let whole = end > at + 1 && bytes[end - 1] == quote;
        let inner = if whole { &tag[at + 1..end - 1] } else { "" };
        if let Some(new) = meant(&tag[..at], inner, &tag[end..], names) {
            out.push_str(&tag[from..at + 1]);
            out.push_str(new);
            from = end - 1;
        }
        at = end;
    }
    out.push_str(&tag[from..]);
    out
}

/// What replaces a string between two parts of a tag.
fn meant<'n>(
    before: &str,
    string: &str,
    behind: &str,
    names: &'n TemplateNames,
) -> Option<&'n str> {
    if let Some((old, new)) = &names.template
        && string == old
    {
        return Some(new);
    }
    let (old, new) = &names.argument;
    let function = names.function.filter(|_| string == old)?;
    let name = before.trim_end().strip_suffix('(')?.trim_end();
    let head = name.strip_suffix(function)?;
    let is_own = !head.ends_with(|c: char| c.is_alphanumeric() || c == '_')
        && !head.trim_end().ends_with(['.', '|']);
    let alone = behind.trim_start().starts_with(')');
    (is_own && alone).then_some(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(old: &str, new: &str) -> CssName {
        let (old, new) = (old.to_string(), new.to_string());
        CssName { old, new }
    }

    #[test]
    fn style_sheets() {
        let property = name("--color-a", "--color-b");
        for (text, expected) in [
            ("a{color:var(--color-a)}", "a{color:var(--color-b)}"),
            (
                "a{color:var( --color-a , red)}",
                "a{color:var( --color-b , red)}",
            ),
            (
                "a{--color-a:red;--color-a-b:x}",
                "a{--color-b:red;--color-a-b:x}",
            ),
            (
                "/* --color-a */ a{x:'--color-a'}",
                "/* --color-a */ a{x:'--color-a'}",
            ),
            (
                "a{x:---color-a;y:--color-aé}",
                "a{x:---color-a;y:--color-aé}",
            ),
            ("é{x:var(--color-a)", "é{x:var(--color-b)"),
        ] {
            assert_eq!(in_css(text, &property), expected);
        }
        let class = name(".rb-hero", ".rb-banner");
        assert_eq!(
            in_css("a.rb-hero>.rb-hero-x,.rb-hero:hover", &class),
            "a.rb-banner>.rb-hero-x,.rb-banner:hover"
        );
    }

    #[test]
    fn templates() {
        let names = TemplateNames {
            function: Some("token"),
            argument: ("color.a".into(), "color.b".into()),
            template: Some(("components/a.html".into(), "components/b.html".into())),
            property: Some(name("--color-a", "--color-b")),
        };
        for (text, expected) in [
            ("{{ token(\"color.a\") }}", "{{ token(\"color.b\") }}"),
            (
                "{{ x ~ token( 'color.a' )|upper }}",
                "{{ x ~ token( 'color.b' )|upper }}",
            ),
            (
                "{{ \"}}\" ~ token('color.a') }}",
                "{{ \"}}\" ~ token('color.b') }}",
            ),
            ("{{ x.token('color.a') }}", "{{ x.token('color.a') }}"),
            ("{{ mytoken('color.a') }}", "{{ mytoken('color.a') }}"),
            ("{{ token('color.a' ~ x) }}", "{{ token('color.a' ~ x) }}"),
            (
                "{# token('color.a') #}token('color.a')",
                "{# token('color.a') #}token('color.a')",
            ),
            (
                "{% raw %}{{ token('color.a') }}{% endraw %}{{ token('color.a') }}",
                "{% raw %}{{ token('color.a') }}{% endraw %}{{ token('color.b') }}",
            ),
            (
                "{% include \"components/a.html\" %}",
                "{% include \"components/b.html\" %}",
            ),
            (
                "<p style=\"color: var(--color-a)\">--color-a",
                "<p style=\"color: var(--color-b)\">--color-a",
            ),
            ("{{ 'open", "{{ 'open"),
            ("é{{", "é{{"),
        ] {
            assert_eq!(in_template(text, &names), expected);
        }
    }
}
