//! Confinement: the rules of a component's style sheet match its wrapper and what is inside, and
//! nothing else.

use lightningcss::rules::{CssRule, CssRuleList, Location};
use lightningcss::selector::{Combinator, Component, Selector, SelectorList};

/// The rules of a component's style sheet in two parts.
#[derive(Default)]
pub(super) struct Parts<'i> {
    /// Rules that name something for the whole page: `@keyframes`, `@font-face`, ….
    pub hoisted: Vec<CssRule<'i>>,
    /// Rules that select; each selector begins with `&` or is confined by one.
    pub scoped: Vec<CssRule<'i>>,
}

/// A rule that has no place in a component's style sheet.
pub(super) struct Refused {
    /// `@import` is its own kind of error.
    pub import: bool,
    /// With its `@`.
    pub name: String,
    pub loc: Location,
}

/// Splits the rules. `&` stands for the wrapper.
pub(super) fn partition<'i>(rules: CssRuleList<'i>, refused: &mut Vec<Refused>) -> Parts<'i> {
    let mut parts = Parts::default();
    for rule in rules.0 {
        sort_in(rule, &mut parts, refused);
    }
    parts
}

fn sort_in<'i>(rule: CssRule<'i>, parts: &mut Parts<'i>, refused: &mut Vec<Refused>) {
    /// A rule around other rules goes to both parts, each with its share of the inner rules.
    macro_rules! group {
        ($variant:ident, $rule:expr) => {{
            let mut rule = $rule;
            let inner = partition(
                std::mem::replace(&mut rule.rules, CssRuleList(Vec::new())),
                refused,
            );
            if !inner.hoisted.is_empty() {
                let mut around = rule.clone();
                around.rules = CssRuleList(inner.hoisted);
                parts.hoisted.push(CssRule::$variant(around));
            }
            if !inner.scoped.is_empty() {
                rule.rules = CssRuleList(inner.scoped);
                parts.scoped.push(CssRule::$variant(rule));
            }
        }};
    }
    match rule {
        CssRule::Media(rule) => group!(Media, rule),
        CssRule::Supports(rule) => group!(Supports, rule),
        CssRule::Container(rule) => group!(Container, rule),
        CssRule::LayerBlock(rule) => group!(LayerBlock, rule),
        CssRule::StartingStyle(rule) => group!(StartingStyle, rule),
        CssRule::Style(mut rule) => {
            let strict = confine(&mut rule.selectors, false);
            rule.rules = confine_nested(rule.rules, strict, refused);
            parts.scoped.push(CssRule::Style(rule));
        }
        rule @ (CssRule::Keyframes(_)
        | CssRule::FontFace(_)
        | CssRule::FontPaletteValues(_)
        | CssRule::FontFeatureValues(_)
        | CssRule::CounterStyle(_)
        | CssRule::Property(_)
        | CssRule::PositionTry(_)
        | CssRule::LayerStatement(_)) => parts.hoisted.push(rule),
        CssRule::Ignored => {}
        rule => refused.push(refusal(&rule)),
    }
}

/// Confines the rules inside a style rule; `strict` says that all it matches is inside the wrapper,
/// and not the wrapper itself.
fn confine_nested<'i>(
    rules: CssRuleList<'i>,
    strict: bool,
    refused: &mut Vec<Refused>,
) -> CssRuleList<'i> {
    let mut confined = Vec::with_capacity(rules.0.len());
    for mut rule in rules.0 {
        let inner = match &mut rule {
            CssRule::Style(style) => {
                let strict = confine(&mut style.selectors, strict);
                let inner = std::mem::replace(&mut style.rules, CssRuleList(Vec::new()));
                style.rules = confine_nested(inner, strict, refused);
                confined.push(rule);
                continue;
            }
            CssRule::NestedDeclarations(_) => {
                confined.push(rule);
                continue;
            }
            CssRule::Media(rule) => &mut rule.rules,
            CssRule::Supports(rule) => &mut rule.rules,
            CssRule::Container(rule) => &mut rule.rules,
            CssRule::LayerBlock(rule) => &mut rule.rules,
            CssRule::StartingStyle(rule) => &mut rule.rules,
            CssRule::Ignored => continue,
            other => {
                refused.push(refusal(other));
                continue;
            }
        };
        let taken = std::mem::replace(inner, CssRuleList(Vec::new()));
        *inner = confine_nested(taken, strict, refused);
        confined.push(rule);
    }
    CssRuleList(confined)
}

/// Makes every selector match only inside of `&`, and says whether all of them match only what is
/// strictly inside of the wrapper. `strict` says whether `&` itself is.
fn confine(selectors: &mut SelectorList<'_>, strict: bool) -> bool {
    let mut all_strict = true;
    for selector in &mut selectors.0 {
        match confinement(selector, strict) {
            Some(inside) => all_strict &= inside,
            None => {
                let prefix = [
                    Component::Nesting,
                    Component::Combinator(Combinator::Descendant),
                ];
                let components = prefix.into_iter().chain(in_written_order(selector));
                *selector = Selector::from(components.collect::<Vec<_>>());
            }
        }
    }
    all_strict
}

/// The components as they are written. (They are stored compound by compound from the right, each
/// compound from the left.)
fn in_written_order<'i>(selector: &Selector<'i>) -> Vec<Component<'i>> {
    let stored: Vec<Component<'i>> = selector.iter_raw_match_order().cloned().collect();
    let mut written = Vec::with_capacity(stored.len());
    let mut end = stored.len();
    for (index, component) in stored.iter().enumerate().rev() {
        if component.is_combinator() {
            written.extend_from_slice(&stored[index + 1..end]);
            written.push(component.clone());
            end = index;
        }
    }
    written.extend_from_slice(&stored[..end]);
    written
}

/// `None` where a selector can match outside of `&`; else whether all it matches is strictly inside
/// of the wrapper.
///
/// It is confined where one of its compounds has a `&` of its own (not within `:not(…)` or `:has(…)`)
/// and the next step goes down, or there is none: what comes after a step down stays inside, siblings
/// too. From a `&` that is strictly inside, a step to a sibling stays inside as well.
fn confinement(selector: &Selector<'_>, strict: bool) -> Option<bool> {
    let mut anchored = false;
    let mut confined = None;
    for component in &in_written_order(selector) {
        match component {
            Component::Nesting => {
                anchored = true;
                confined = confined.max(Some(strict));
            }
            Component::Combinator(Combinator::Descendant | Combinator::Child) => {
                if anchored || confined.is_some() {
                    confined = Some(true);
                }
                anchored = false;
            }
            Component::Combinator(Combinator::NextSibling | Combinator::LaterSibling) => {
                // A sibling of the wrapper is outside of it.
                if confined == Some(false) {
                    confined = None;
                }
                anchored = false;
            }
            // A pseudo-element belongs to its element; `/deep/` and the like go anywhere.
            Component::Combinator(
                Combinator::PseudoElement | Combinator::Part | Combinator::SlotAssignment,
            ) => {}
            Component::Combinator(_) => {
                anchored = false;
                confined = None;
            }
            _ => {}
        }
    }
    confined
}

fn refusal(rule: &CssRule<'_>) -> Refused {
    let (name, loc) = match rule {
        CssRule::Import(rule) => ("@import".to_string(), rule.loc),
        CssRule::Namespace(rule) => ("@namespace".to_string(), rule.loc),
        CssRule::Page(rule) => ("@page".to_string(), rule.loc),
        CssRule::Viewport(rule) => ("@viewport".to_string(), rule.loc),
        CssRule::MozDocument(rule) => ("@-moz-document".to_string(), rule.loc),
        CssRule::Scope(rule) => ("@scope".to_string(), rule.loc),
        CssRule::ViewTransition(rule) => ("@view-transition".to_string(), rule.loc),
        CssRule::CustomMedia(rule) => ("@custom-media".to_string(), rule.loc),
        CssRule::Nesting(rule) => ("@nest".to_string(), rule.loc),
        CssRule::Unknown(rule) => (format!("@{}", rule.name), rule.loc),
        _ => ("this rule".to_string(), super::sheet::NOWHERE),
    };
    Refused {
        import: matches!(rule, CssRule::Import(_)),
        name,
        loc,
    }
}
