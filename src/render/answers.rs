//! Answers the questions of renders for one node: when a page is rendered, to note them, and later,
//! to see whether they are still the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::context::{NodeFacts, pages_listed};
use super::engine::Engine;
use super::react::island;
use crate::codec::Writer;
use crate::model::{Hydrate, Page};
use crate::track::{Answer, Kind, page_field};

/// The answers for one node, each found once.
pub struct Answers {
    facts: Arc<NodeFacts>,
    engine: Arc<Engine>,
    known: Mutex<HashMap<Kind, HashMap<String, Answer>>>,
}

impl Answers {
    /// The answers for the node of these facts, which is rendered with this engine.
    pub fn new(facts: Arc<NodeFacts>, engine: Arc<Engine>) -> Answers {
        Answers {
            facts,
            engine,
            known: Mutex::default(),
        }
    }

    /// The answer of a question.
    pub fn of(&self, kind: Kind, name: &str) -> Answer {
        let known = || self.known.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(answer) = known().get(&kind).and_then(|known| known.get(name)) {
            return *answer;
        }
        let answer = answer(&self.facts, &self.engine, kind, name);
        known()
            .entry(kind)
            .or_default()
            .insert(name.to_string(), answer);
        answer
    }
}

fn answer(facts: &NodeFacts, engine: &Engine, kind: Kind, name: &str) -> Answer {
    let text = |text: Option<&str>| match text {
        Some(text) => Answer::of(Some(&[text.as_bytes()])),
        None => Answer::of(None),
    };
    let site = &facts.site;
    match kind {
        Kind::Template => text(engine.text(name)),
        Kind::Component => match site.components.get(name) {
            None => Answer::of(None),
            Some(component) => {
                let mut writer = Writer::default();
                Answer::of(Some(&[&writer.table(&component.props).0]))
            }
        },
        Kind::Zones => {
            let mut writer = Writer::default();
            let zones = site.layout_zones(&facts.theme, name);
            Answer::of(Some(&[&writer.texts(zones.into_iter()).0]))
        }
        Kind::Markdown => {
            let config = &site.config.markdown;
            Answer::of(Some(&[&[
                u8::from(config.highlight),
                u8::from(config.heading_anchors),
                u8::from(config.smart_punctuation),
            ]]))
        }
        Kind::Site => text(facts.site_field(name)),
        Kind::Node => {
            let mut writer = Writer::default();
            let node = &site.nodes[&facts.node];
            match name {
                "enabled_apps" => {
                    let apps: Vec<&str> = node.enabled_apps.iter().collect();
                    writer.texts(apps.into_iter());
                }
                "allow_scripts" => {
                    writer.flag(site.config.allows_scripts(&node.id));
                }
                "base_url" => {
                    writer.maybe(site.config.base_url_of(&node.id));
                }
                _ => {
                    let value = facts.node_field(name);
                    writer.maybe(value.as_ref().and_then(|value| value.as_str()));
                }
            }
            Answer::of(Some(&[&writer.0]))
        }
        Kind::BasePath => text(Some(&facts.base_path)),
        Kind::Script => match &facts.script {
            None => Answer::of(None),
            Some(script) => {
                Answer::of(Some(&[script.name.as_bytes(), script.integrity.as_bytes()]))
            }
        },
        Kind::Styles => text(match name {
            "code" => facts.names.code_styles.as_deref(),
            _ => facts.names.theme_styles.as_deref(),
        }),
        Kind::ComponentStyles => text(facts.names.component_styles.get(name).map(String::as_str)),
        Kind::Asset => text(facts.names.assets.get(name).map(String::as_str)),
        Kind::Token => text(facts.tokens.get(name).map(String::as_str)),
        Kind::Pages => match pages_listed(facts, name) {
            None => Answer::of(None),
            Some(keys) => {
                let keys = keys.iter().map(|&index| site.pages.key(index));
                let mut writer = Writer::default();
                keys.for_each(|key| {
                    writer.text(key);
                });
                Answer::of(Some(&[&writer.0]))
            }
        },
        Kind::Route => text(facts.page(name).map(|page| page.route.as_str())),
        Kind::Field => {
            let (key, field) = page_field(name);
            let page = site.pages.find(key).map(|index| &site.pages[index]);
            page.map_or(Answer::of(None), |page| page_answer(page, field))
        }
        Kind::React => {
            let component = site.components.get(name);
            let Some((component, code)) = component.and_then(|it| Some((it, it.react.as_ref()?)))
            else {
                return Answer::of(None);
            };
            let runtime = facts.react.runtime(site).ok();
            let runtime = runtime.map(|runtime| runtime.digest);
            let hydrate = component.hydrate().map_or("", Hydrate::as_str);
            Answer::of(Some(&[
                code.as_bytes(),
                runtime.as_ref().map_or(&[], |digest| digest.as_bytes()),
                hydrate.as_bytes(),
            ]))
        }
        Kind::Island => {
            let component = site.components.get(name);
            match component.and_then(|component| island(facts, component)) {
                None => Answer::of(None),
                Some((module, hydrate)) => {
                    Answer::of(Some(&[module.as_bytes(), hydrate.as_str().as_bytes()]))
                }
            }
        }
        Kind::Library => match &facts.names.library {
            None => Answer::of(None),
            Some(library) => {
                let mut writer = Writer::default();
                writer.text(&library.loader).map(&library.imports);
                Answer::of(Some(&[&writer.0]))
            }
        },
        Kind::Today => Answer::of(Some(&[&facts.react.day.to_le_bytes()])),
    }
}

/// The answer of a field of a page.
fn page_answer(page: &Page, field: &str) -> Answer {
    let mut writer = Writer::default();
    match field {
        "key" => writer.text(&page.key),
        "app" => writer.text(&page.app),
        "name" => writer.text(&page.name),
        "route" => writer.text(&page.route),
        "title" => writer.text(page.title()),
        "description" => writer.maybe(page.description.as_deref()),
        "status" => writer.text(page.status.as_str()),
        "metadata" => writer.table(&page.metadata),
        _ => return Answer::of(None),
    };
    Answer::of(Some(&[&writer.0]))
}
