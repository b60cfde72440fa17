//! Where a `url()` in a style sheet leads, and what it becomes.

use std::convert::Infallible;

use lightningcss::dependencies::Location;
use lightningcss::properties::custom::{Function, Token, TokenOrValue};
use lightningcss::rules::CssRuleList;
use lightningcss::values::image::Image;
use lightningcss::values::url::Url;
use lightningcss::visit_types;
use lightningcss::visitor::{Visit, VisitTypes, Visitor};

use super::AssetUrl;
use super::sheet::{Source, place_of};
use super::value::takes_urls;
use crate::diag::{Diagnostic, Diagnostics, code};

/// The kinds of address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// `data:`, which requests nothing.
    Data,
    /// `#id`, in the document itself.
    Fragment,
    /// `/path` on the same host.
    Rooted,
    /// A path relative to the style sheet.
    Relative,
    /// Another host.
    Foreign,
    /// A scheme that loads nothing, or runs code.
    Unsafe,
}

/// The kind of an address, read as browsers read it: control characters and spaces around it do not
/// count, tabs and line ends nowhere, and `\` is `/`.
pub(super) fn target_of(url: &str) -> Target {
    let url: String = url
        .trim_matches(|c: char| c <= ' ')
        .chars()
        .filter(|c| !matches!(c, '\t' | '\n' | '\r'))
        .map(|c| if c == '\\' { '/' } else { c })
        .collect();
    if url.starts_with("//") {
        return Target::Foreign;
    }
    if url.starts_with('/') {
        return Target::Rooted;
    }
    if url.starts_with('#') {
        return Target::Fragment;
    }
    match scheme_of(&url) {
        None => Target::Relative,
        Some(scheme) => match scheme.to_ascii_lowercase().as_str() {
            "data" => Target::Data,
            "http" | "https" | "ws" | "wss" | "ftp" => Target::Foreign,
            _ => Target::Unsafe,
        },
    }
}

/// The scheme of an absolute URL (RFC 3986, §3.1).
pub(crate) fn scheme_of(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let mut chars = scheme.chars();
    (chars.next()?.is_ascii_alphabetic()
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
    .then_some(scheme)
}

/// A path relative to the folder of another, normalised; `None` where it leads above the root.
pub(super) fn join(folder: &str, path: &str) -> Option<String> {
    let mut segments: Vec<&str> = folder.split('/').filter(|s| !s.is_empty()).collect();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            name => segments.push(name),
        }
    }
    Some(segments.join("/"))
}

/// The folder of a path.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Where relative addresses of a style sheet begin.
#[derive(Clone, Copy)]
pub(super) enum Base<'a> {
    /// A folder of a theme, beside which `assets/` lies.
    ThemeFolder(&'a str),
    /// The `assets/` of the theme itself.
    Assets,
    /// Nowhere: there are no files beside this style sheet.
    Nowhere,
}

/// Gives every `url()` its final form, and reports those that lead nowhere or to another host.
pub(super) fn resolve_urls<'i>(
    rules: &mut CssRuleList<'i>,
    source: &Source<'_>,
    base: Base<'_>,
    asset_url: AssetUrl<'_>,
    diagnostics: &mut Diagnostics,
) {
    let mut resolver = Resolver {
        source,
        base,
        asset_url,
        diagnostics,
    };
    let Ok(()) = rules.visit(&mut resolver);
}

struct Resolver<'a> {
    source: &'a Source<'a>,
    base: Base<'a>,
    asset_url: AssetUrl<'a>,
    diagnostics: &'a mut Diagnostics,
}

impl<'i> Visitor<'i> for Resolver<'_> {
    type Error = Infallible;

    fn visit_types(&self) -> VisitTypes {
        visit_types!(URLS | IMAGES | FUNCTIONS)
    }

    fn visit_url(&mut self, url: &mut Url<'i>) -> Result<(), Infallible> {
        if let Some(resolved) = self.resolve(&url.url, Some(url.loc)) {
            url.url = resolved.into();
        }
        Ok(())
    }

    fn visit_image(&mut self, image: &mut Image<'i>) -> Result<(), Infallible> {
        // The children of a set are not visited as addresses by themselves.
        match image {
            Image::ImageSet(set) => set
                .options
                .iter_mut()
                .try_for_each(|option| self.visit_image(&mut option.image)),
            other => other.visit_children(self),
        }
    }

    fn visit_function(&mut self, function: &mut Function<'i>) -> Result<(), Infallible> {
        if takes_urls(&function.name.as_ref().to_ascii_lowercase()) {
            for argument in &mut function.arguments.0 {
                if let TokenOrValue::Token(Token::String(text)) = argument
                    && let Some(resolved) = self.resolve(text, None)
                {
                    *text = resolved.into();
                }
            }
        }
        function.visit_children(self)
    }
}

impl Resolver<'_> {
    /// The new form of an address, where it changes.
    fn resolve(&mut self, url: &str, loc: Option<Location>) -> Option<String> {
        let problem = match target_of(url) {
            Target::Data | Target::Fragment | Target::Rooted => return None,
            Target::Relative => match self.asset(url) {
                Ok(resolved) => return Some(resolved),
                Err(problem) => problem,
            },
            Target::Foreign => format!("`{url}` would be a request to another host"),
            Target::Unsafe => format!("`{url}` is not an address of a file"),
        };
        let place = place_of(
            self.source,
            loc.map(|loc| (loc.line.saturating_sub(1), loc.column)),
        );
        self.diagnostics
            .push(
                Diagnostic::error(code::UNKNOWN_ASSET, place, problem).hint(match self.base {
                    Base::Nowhere => "name a file of the site by its path from the root: `/…`",
                    _ => "put the file into the `assets/` of the theme",
                }),
            );
        None
    }

    fn asset(&self, url: &str) -> Result<String, String> {
        let url = url.trim();
        let end = url.find(['?', '#']).unwrap_or(url.len());
        let (path, rest) = url.split_at(end);
        let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
        let asset = match self.base {
            Base::Nowhere => {
                return Err(format!(
                    "`{url}` is relative, and no file lies beside this style sheet"
                ));
            }
            Base::ThemeFolder(folder) => join(folder, &decoded)
                .and_then(|path| path.strip_prefix("assets/").map(str::to_string))
                .ok_or_else(|| format!("`{url}` leads out of the `assets/` of the theme"))?,
            Base::Assets => {
                let path = decoded.trim_start_matches("../").trim_start_matches("./");
                let path = path.strip_prefix("assets/").unwrap_or(path);
                join("", path)
                    .ok_or_else(|| format!("`{url}` leads out of the `assets/` of the theme"))?
            }
        };
        match (self.asset_url)(&asset) {
            Some(resolved) => Ok(resolved + rest),
            None => Err(format!("no theme has the asset `{asset}`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_addresses() {
        for (url, kind) in [
            ("a/b.png", Target::Relative),
            ("../a.png?x:y", Target::Relative),
            ("/a.png", Target::Rooted),
            ("#clip", Target::Fragment),
            ("DATA:image/png;base64,xx", Target::Data),
            ("https://x.example/a", Target::Foreign),
            ("//x.example/a", Target::Foreign),
            ("\\\\x.example/a", Target::Foreign),
            ("/\t/x.example/a", Target::Foreign),
            (" \u{1}java\nscript:alert(1)", Target::Unsafe),
            ("file:///etc/passwd", Target::Unsafe),
        ] {
            assert_eq!(target_of(url), kind, "{url:?}");
        }
    }

    #[test]
    fn paths_are_joined() {
        assert_eq!(
            join("styles", "../assets/a.png").as_deref(),
            Some("assets/a.png")
        );
        assert_eq!(
            join("styles", "./x/../y.css").as_deref(),
            Some("styles/y.css")
        );
        assert_eq!(join("", "../a"), None);
    }
}
