//! The documents of a site with one key renamed, and everything in them that refers to it.

use std::collections::BTreeMap;

use super::text::{CssName, TemplateNames, in_css, in_template};
use super::{Renaming, What};
use crate::model::{Condition, Documents, Page, Status, Value, css_name};
use crate::render::style::aliases;

/// The documents with the key renamed everywhere. `route` is the new route of a page, where its path
/// gave it the old one: that becomes an alias, unless the page was never public.
pub fn renamed(documents: &Documents, renaming: &Renaming, route: Option<&str>) -> Documents {
    let mut out = documents.clone();
    let Renaming { what, old, new } = renaming;
    match what {
        What::Page => {
            for page in out.pages.iter_mut().filter(|page| page.key == *old) {
                page.key.clone_from(new);
                if let Some(route) = route {
                    move_route(page, route);
                }
            }
        }
        What::Block { page } => {
            let pages = out.pages.iter_mut().filter(|one| one.key == *page);
            for block in pages.flat_map(|page| &mut page.blocks) {
                rename(&mut block.key, old, new);
            }
        }
        What::Component => {
            for component in &mut out.components {
                rename(&mut component.key, old, new);
            }
            for block in out.pages.iter_mut().flat_map(|page| &mut page.blocks) {
                rename(&mut block.component, old, new);
            }
        }
        What::Token => {
            for token in &mut out.tokens {
                rename(&mut token.key, old, new);
                token.value = in_value(&token.value, old, new);
            }
            for node in &mut out.nodes {
                let overrides = std::mem::take(&mut node.style_overrides);
                let overrides = overrides.into_iter().map(|(mut key, value)| {
                    rename(&mut key, old, new);
                    (key, in_value(&value, old, new))
                });
                node.style_overrides = overrides.collect::<BTreeMap<_, _>>();
            }
        }
        What::Node => {
            for node in &mut out.nodes {
                rename(&mut node.id, old, new);
            }
            for block in out.pages.iter_mut().flat_map(|page| &mut page.blocks) {
                let name = |node: &str| match node == old {
                    true => new.clone(),
                    false => node.to_string(),
                };
                block.conditions = Condition::with_nodes(&block.conditions, &name);
            }
        }
    }
    in_parts(&mut out, renaming);
    out
}

fn rename(name: &mut String, old: &str, new: &str) {
    if name == old {
        *name = new.to_string();
    }
}

/// The parts of components and nodes that are style sheets and templates.
fn in_parts(documents: &mut Documents, renaming: &Renaming) {
    if let Some(names) = template_names(renaming) {
        for component in &mut documents.components {
            if let Some(text) = &mut component.template {
                *text = in_template(text, &names);
            }
        }
    }
    if let Some(name) = name_in_css(renaming) {
        let styles = documents.components.iter_mut();
        let styles = styles.filter_map(|one| one.styles.as_mut());
        let nodes = documents.nodes.iter_mut();
        let nodes = nodes.filter_map(|one| one.custom_css.as_mut());
        for text in styles.chain(nodes) {
            *text = in_css(text, &name);
        }
    }
}

/// What is certain in style sheets.
pub fn name_in_css(renaming: &Renaming) -> Option<CssName> {
    let class = |key: &str| format!(".rb-{}", key.replace('.', "\\."));
    let name: &dyn Fn(&str) -> String = match renaming.what {
        What::Token => &css_name,
        What::Component => &class,
        What::Page | What::Block { .. } | What::Node => return None,
    };
    Some(CssName {
        old: name(&renaming.old),
        new: name(&renaming.new),
    })
}

/// What is certain in templates.
pub fn template_names(renaming: &Renaming) -> Option<TemplateNames> {
    let argument = (renaming.old.clone(), renaming.new.clone());
    match renaming.what {
        What::Page => Some(TemplateNames {
            function: Some("url_for"),
            argument,
            ..TemplateNames::default()
        }),
        What::Token => Some(TemplateNames {
            function: Some("token"),
            argument,
            property: name_in_css(renaming),
            ..TemplateNames::default()
        }),
        What::Component => {
            let path = |key: &str| format!("components/{key}.html");
            Some(TemplateNames {
                template: Some((path(&renaming.old), path(&renaming.new))),
                ..TemplateNames::default()
            })
        }
        What::Block { .. } | What::Node => None,
    }
}

/// The value of a token: its aliases, and the custom properties that it names itself.
fn in_value(value: &str, old: &str, new: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut from = 0;
    for range in aliases(value) {
        if &value[range.clone()] == old {
            out.push_str(&value[from..range.start]);
            out.push_str(new);
            from = range.end;
        }
    }
    out.push_str(&value[from..]);
    let name = CssName {
        old: css_name(old),
        new: css_name(new),
    };
    in_css(&out, &name)
}

/// Gives a page another route; the one that it had leads there, if it was ever public.
fn move_route(page: &mut Page, route: &str) {
    let old = std::mem::replace(&mut page.route, route.to_string());
    let before = page.metadata.get("aliases");
    let Some(mut aliases) = before.map_or(Some(Vec::new()), |value| {
        value.as_array().map(<[Value]>::to_vec)
    }) else {
        return;
    };
    aliases.retain(|alias| alias.as_text() != Some(route));
    let is_new = !aliases.iter().any(|alias| alias.as_text() == Some(&old));
    if is_new && leaves_alias(page.status, &old) {
        aliases.push(Value::Text(old));
    }
    match aliases.is_empty() {
        true => page.metadata.remove("aliases"),
        false => page
            .metadata
            .insert("aliases".into(), Value::Array(aliases)),
    };
}

/// Whether the old route of a page is kept as an alias: a draft was never public, and an alias cannot
/// have a space.
pub fn leaves_alias(status: Status, route: &str) -> bool {
    status != Status::Draft && !route.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_tokens() {
        for (value, expected) in [
            ("{color.a}", "{color.b}"),
            (
                "1px { color.a } '{color.a}' {color.a-b}",
                "1px { color.b } '{color.a}' {color.a-b}",
            ),
            (
                "calc(var(--color-a) + {color.a})",
                "calc(var(--color-b) + {color.b})",
            ),
        ] {
            assert_eq!(in_value(value, "color.a", "color.b"), expected);
        }
    }
}
