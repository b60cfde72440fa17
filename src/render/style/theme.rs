//! The style sheets of a theme and of those it extends, with their imports, as one.

use std::collections::BTreeSet;

use lightningcss::rules::import::ImportRule;
use lightningcss::rules::layer::LayerBlockRule;
use lightningcss::rules::media::MediaRule;
use lightningcss::rules::supports::SupportsRule;
use lightningcss::rules::{CssRule, CssRuleList};

use super::AssetUrl;
use super::sheet::{self, Source, place_of};
use super::targets::Targets;
use super::urls::{Base, Target, folder_of, join, resolve_urls, target_of};
use crate::diag::{Diagnostic, Diagnostics, FieldPath, Place, code, did_you_mean};
use crate::model::{Site, TextFile, Theme};

/// The style sheet of a theme, minified, in the layer `base`: that of the themes it extends first.
/// Imports are followed inside the chain of themes; a nearer theme's file of the same path replaces
/// one that a farther theme imports. `None` where no theme of the chain has style sheets.
pub fn theme_css(
    site: &Site,
    theme: &str,
    targets: &Targets,
    asset_url: AssetUrl<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let chain = site.theme_chain(theme);
    let mut entries: Vec<(&str, &TextFile)> = Vec::new();
    for theme in chain.iter().rev() {
        entries.extend(entries_of(theme, diagnostics));
    }
    let (_, last) = *entries.last()?;
    let mut bundler = Bundler {
        site,
        theme,
        asset_url,
        diagnostics,
        open: Vec::new(),
    };
    let mut rules = Vec::new();
    for (path, file) in entries {
        rules.extend(bundler.load(path, file));
    }
    let layer = sheet::in_layer("base", CssRuleList(rules));
    sheet::print_or_report(layer, targets, &last.origin, diagnostics)
}

/// The style sheets that a theme itself begins with, by path.
fn entries_of<'a>(theme: &'a Theme, diagnostics: &mut Diagnostics) -> Vec<(&'a str, &'a TextFile)> {
    const DEFAULT: &str = "styles/main.css";
    let Some(named) = &theme.styles else {
        let main = theme.texts.get(DEFAULT);
        return main.map(|file| (DEFAULT, file)).into_iter().collect();
    };
    let mut entries = Vec::new();
    for (index, path) in named.iter().enumerate() {
        match theme.texts.get(path) {
            Some(file) => entries.push((path.as_str(), file)),
            None => diagnostics.push(
                Diagnostic::error(
                    code::CSS_IMPORT,
                    Place::value(theme.origin.clone(), FieldPath::from("styles").then(index)),
                    format!("the theme `{}` has no style sheet `{path}`", theme.key),
                )
                .hint_if(did_you_mean(path, style_sheets(theme))),
            ),
        }
    }
    entries
}

fn style_sheets(theme: &Theme) -> impl Iterator<Item = &str> {
    let paths = theme.texts.keys().map(String::as_str);
    paths.filter(|path| path.ends_with(".css"))
}

struct Bundler<'a, 'd> {
    site: &'a Site,
    theme: &'a str,
    asset_url: AssetUrl<'d>,
    diagnostics: &'d mut Diagnostics,
    /// The files being read, outermost first: importing one of them again is a circle.
    open: Vec<&'a str>,
}

impl<'a> Bundler<'a, '_> {
    /// The rules of a file, those of its imports in their place.
    fn load(&mut self, path: &str, file: &'a TextFile) -> Vec<CssRule<'a>> {
        let source = Source {
            origin: &file.origin,
            text: &file.text,
        };
        let Some(mut rules) = sheet::parse(&source, self.diagnostics) else {
            return Vec::new();
        };
        let base = Base::ThemeFolder(folder_of(path));
        resolve_urls(&mut rules, &source, base, self.asset_url, self.diagnostics);
        self.open.push(&file.origin);
        let mut loaded = Vec::with_capacity(rules.0.len());
        for rule in rules.0 {
            match rule {
                CssRule::Import(import) => loaded.extend(self.follow(path, &source, import)),
                CssRule::Namespace(_) => {
                    let alone = CssRuleList(vec![rule]);
                    sheet::refuse_imports(&alone, &source, "", self.diagnostics);
                }
                rule => loaded.push(rule),
            }
        }
        self.open.pop();
        loaded
    }

    fn follow(
        &mut self,
        importer: &str,
        source: &Source<'a>,
        import: ImportRule<'a>,
    ) -> Vec<CssRule<'a>> {
        let found = match target_of(&import.url) {
            Target::Relative => join(folder_of(importer), &import.url).and_then(|path| {
                self.site
                    .theme_text(self.theme, &path)
                    .map(|file| (path, file))
            }),
            _ => None,
        };
        let problem = match &found {
            None if target_of(&import.url) != Target::Relative => {
                "only style sheets of the theme can be imported"
            }
            None => "no theme has this style sheet",
            Some((_, file)) if self.open.contains(&&*file.origin) => {
                "the style sheets import each other in a circle"
            }
            Some((path, file)) => {
                let rules = self.load(path, file);
                return conditional(import, rules);
            }
        };
        let candidates: BTreeSet<&str> = self
            .site
            .theme_chain(self.theme)
            .into_iter()
            .flat_map(style_sheets)
            .collect();
        let wanted = join(folder_of(importer), &import.url).unwrap_or_default();
        let place = place_of(source, Some((import.loc.line, import.loc.column)));
        self.diagnostics.push(
            Diagnostic::error(
                code::CSS_IMPORT,
                place,
                format!("`@import` of `{}`: {problem}", import.url),
            )
            .hint_if(did_you_mean(&wanted, candidates).filter(|_| found.is_none())),
        );
        Vec::new()
    }
}

/// The rules of an import under the conditions of the import.
fn conditional<'a>(import: ImportRule<'a>, rules: Vec<CssRule<'a>>) -> Vec<CssRule<'a>> {
    let loc = import.loc;
    let mut rules = rules;
    if let Some(name) = import.layer {
        rules = vec![CssRule::LayerBlock(LayerBlockRule {
            name,
            rules: CssRuleList(rules),
            loc,
        })];
    }
    if !import.media.media_queries.is_empty() {
        rules = vec![CssRule::Media(MediaRule {
            query: import.media,
            rules: CssRuleList(rules),
            loc,
        })];
    }
    if let Some(condition) = import.supports {
        rules = vec![CssRule::Supports(SupportsRule {
            condition,
            rules: CssRuleList(rules),
            loc,
        })];
    }
    rules
}
