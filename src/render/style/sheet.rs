//! Reading and printing style sheets: every parse error becomes a diagnostic with its bytes.

use std::sync::{Arc, RwLock};

use lightningcss::error::ParserError;
use lightningcss::rules::layer::{LayerBlockRule, LayerName};
use lightningcss::rules::{CssRule, CssRuleList, Location};
use lightningcss::stylesheet::{MinifyOptions, ParserOptions, PrinterOptions, StyleSheet};
use lightningcss::traits::ToCss;

use super::targets::{Targets, decapitalised};
use super::tokenize::tokenize;
use crate::diag::{Code, Diagnostic, Diagnostics, Place, Severity, code};

/// A style sheet to be read: where it is from, and its text.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub origin: &'a str,
    pub text: &'a str,
}

/// Where generated rules are: nowhere.
pub(super) const NOWHERE: Location = Location {
    source_index: 0,
    line: 0,
    column: 1,
};

/// The rules of a style sheet. Every error in it is reported; `None` means that there was one.
pub(super) fn parse<'a>(
    source: &Source<'a>,
    diagnostics: &mut Diagnostics,
) -> Option<CssRuleList<'a>> {
    if let Err(malformed) = tokenize(source.text) {
        diagnostics.push(Diagnostic::error(
            code::CSS_SYNTAX,
            Place::span(source.origin, malformed.range),
            malformed.message,
        ));
        return None;
    }
    let warnings = Arc::new(RwLock::new(Vec::new()));
    let options = ParserOptions {
        error_recovery: true,
        warnings: Some(warnings.clone()),
        ..ParserOptions::default()
    };
    let parsed = StyleSheet::parse(source.text, options);
    let mut failed = parsed.is_err();
    let fatal = parsed.as_ref().err().cloned();
    let recovered = match warnings.write() {
        Ok(mut warnings) => std::mem::take(&mut *warnings),
        Err(_) => Vec::new(),
    };
    for error in recovered.into_iter().chain(fatal) {
        let place = place_of(source, error.loc.as_ref().map(|loc| (loc.line, loc.column)));
        let (code, severity, message) = describe(&error.kind);
        failed |= severity == Severity::Error;
        diagnostics.push(Diagnostic {
            severity,
            ..Diagnostic::error(code, place, message)
        });
    }
    parsed.ok().filter(|_| !failed).map(|sheet| sheet.rules)
}

/// The rules of a style sheet that rbgen wrote itself, or why it cannot be parsed.
pub(super) fn parse_own(text: &str) -> Result<CssRuleList<'_>, String> {
    StyleSheet::parse(text, ParserOptions::default())
        .map(|sheet| sheet.rules)
        .map_err(|error| describe(&error.kind).2)
}

fn describe(error: &ParserError<'_>) -> (Code, Severity, String) {
    let options = PrinterOptions::default;
    let message = match error {
        ParserError::UnexpectedImportRule => {
            let message = "`@import` must come before all other rules".to_string();
            return (code::CSS_IMPORT, Severity::Error, message);
        }
        // Browsers skip at-rules that they do not know, and CSS gets new ones.
        ParserError::AtRuleInvalid(name) => {
            let message = format!("the at-rule `@{name}` is not known");
            return (code::CSS_SYNTAX, Severity::Warning, message);
        }
        ParserError::UnexpectedToken(token) => match token.to_css_string(options()) {
            Ok(text) if !text.trim().is_empty() => {
                format!("`{}` is not expected here", text.trim())
            }
            _ => "this is not expected here".to_string(),
        },
        ParserError::EndOfInput => "the style sheet ends too early".to_string(),
        ParserError::QualifiedRuleInvalid => "this is not a rule".to_string(),
        other => decapitalised(&other.to_string()),
    };
    (code::CSS_SYNTAX, Severity::Error, message)
}

/// The place of a line (from 0) and column (from 1, in UTF-16 units), up to the end of the word
/// there.
pub(super) fn place_of(source: &Source<'_>, at: Option<(u32, u32)>) -> Place {
    let Some((line, column)) = at else {
        return Place::whole(source.origin);
    };
    let start = offset_of(source.text, line, column);
    let rest = &source.text[start..];
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '@' | '#' | '.');
    let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let length = match word {
        0 => rest.chars().next().map_or(0, char::len_utf8),
        length => length,
    };
    Place::span(source.origin, start..start + length)
}

fn offset_of(text: &str, line: u32, column: u32) -> usize {
    let bytes = text.as_bytes();
    let mut start = 0;
    for _ in 0..line {
        let Some(end) = bytes[start..]
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r' | b'\x0c'))
        else {
            break;
        };
        start += end + 1;
        if bytes[start - 1] == b'\r' && bytes.get(start) == Some(&b'\n') {
            start += 1;
        }
    }
    let mut units = column.saturating_sub(1) as usize;
    for (index, c) in text[start..].char_indices() {
        if units == 0 || c == '\n' {
            return start + index;
        }
        units = units.saturating_sub(c.len_utf16());
    }
    text.len()
}

/// Reports rules that cannot stand in a layer, which every style sheet is put into: imports that were
/// not followed, and namespaces.
pub(super) fn refuse_imports(
    rules: &CssRuleList<'_>,
    source: &Source<'_>,
    why: &str,
    diagnostics: &mut Diagnostics,
) {
    for rule in &rules.0 {
        let (code, loc, message) = match rule {
            CssRule::Import(import) => (
                code::CSS_IMPORT,
                import.loc,
                format!("`@import` of `{}`: {why}", import.url),
            ),
            CssRule::Namespace(namespace) => (
                code::CSS_AT_RULE,
                namespace.loc,
                "`@namespace` has no place here".to_string(),
            ),
            _ => continue,
        };
        let place = place_of(source, Some((loc.line, loc.column)));
        diagnostics.push(Diagnostic::error(code, place, message));
    }
}

/// The rules, wrapped in a cascade layer.
pub(super) fn in_layer<'i>(name: &'i str, rules: CssRuleList<'i>) -> CssRuleList<'i> {
    CssRuleList(vec![CssRule::LayerBlock(LayerBlockRule {
        name: Some(layer_name(name)),
        rules,
        loc: NOWHERE,
    })])
}

pub(super) fn layer_name(name: &str) -> LayerName<'_> {
    LayerName(std::iter::once(name.into()).collect())
}

/// The rules as text, minified and compiled for the targets.
pub(super) fn print(rules: CssRuleList<'_>, targets: &Targets) -> Result<String, String> {
    let mut sheet = StyleSheet::new(vec![String::new()], rules, ParserOptions::default());
    sheet
        .minify(MinifyOptions {
            targets: targets.0,
            ..MinifyOptions::default()
        })
        .map_err(|error| decapitalised(&error.kind.to_string()))?;
    let printed = sheet
        .to_css(PrinterOptions {
            minify: true,
            targets: targets.0,
            ..PrinterOptions::default()
        })
        .map_err(|error| decapitalised(&error.kind.to_string()))?;
    Ok(printed.code)
}

/// Prints, and reports a failure at the style sheet as a whole.
pub(super) fn print_or_report(
    rules: CssRuleList<'_>,
    targets: &Targets,
    origin: &str,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    print(rules, targets)
        .map_err(|problem| {
            diagnostics.push(Diagnostic::error(
                code::CSS_SYNTAX,
                Place::whole(origin),
                format!("the style sheet cannot be compiled: {problem}"),
            ));
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Spot;

    fn spans(text: &str) -> Vec<(String, String)> {
        let mut diagnostics = Diagnostics::new();
        let source = Source {
            origin: "x.css",
            text,
        };
        parse(&source, &mut diagnostics);
        diagnostics
            .iter()
            .map(|d| match d.place.as_ref().map(|place| &place.spot) {
                Some(Spot::Span(start, end)) => (text[*start..*end].to_string(), d.message.clone()),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn every_error_has_its_bytes() {
        let found = spans("/* ü🎉 */ .a { color: red }\r\n.b..c { }\n.d { color }\n.e { }");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].0.starts_with('.'), "{found:?}");
        assert!(spans(".a { color: red }").is_empty());
        assert_eq!(spans(".a { color: red")[0].1, "`{` is not closed");
        assert_eq!(spans(".a{} } body{}")[0].0, "}");
    }

    #[test]
    fn lines_and_columns_are_bytes() {
        assert_eq!(offset_of("a\r\nb\rc\nd", 3, 1), 7);
        assert_eq!(offset_of("🎉x", 0, 3), 4);
        assert_eq!(offset_of("abc", 9, 9), 3);
    }
}
