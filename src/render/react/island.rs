//! How components that are React code stand on a page: their HTML, what brings them to life, and what pages
//! load for it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::super::context::{BundleFacts, NodeFacts};
use super::super::text::escape;
use super::{Call, Fault, FaultKind, Rendered, Runner, Runtime, runtime::runtime};
use crate::model::{Component, Hydrate, Library, Moment, Site};
use crate::track::{Kind, ask};

/// What components that are React code are rendered with.
#[derive(Debug)]
pub struct ReactFacts {
    runner: Arc<dyn Runner>,
    /// The day of the build, in milliseconds since 1970.
    pub day: i64,
    /// Made when it is first needed; an error says what is missing.
    runtime: OnceLock<Result<Arc<Runtime>, String>>,
}

impl ReactFacts {
    /// For a build at a moment.
    pub fn new(runner: &Arc<dyn Runner>, now: Moment) -> ReactFacts {
        ReactFacts {
            runner: Arc::clone(runner),
            day: day_of(now),
            runtime: OnceLock::new(),
        }
    }

    /// Where code is compiled and run.
    pub fn runner(&self) -> &dyn Runner {
        &*self.runner
    }

    /// The library, or what of it is missing.
    pub fn runtime(&self, site: &Site) -> Result<&Arc<Runtime>, &str> {
        let make = || match &site.config.react {
            Some(react) => runtime(react.library(), &site.packages).map(Arc::new),
            None => Err("robbieblocks.toml has no `[react]`, which React components need".into()),
        };
        self.runtime
            .get_or_init(make)
            .as_ref()
            .map_err(String::as_str)
    }

    /// What is missing of the library, as a fault of a component that needs it.
    pub fn missing(site: &Site, missing: &str) -> Fault {
        let hint = match &site.config.react {
            Some(react) => format!("run `{}`", site.packages.install(react.library())),
            None => {
                let place = format!("themes/{}", site.config.site.theme);
                let packages = Library::Preact.packages().join(" ");
                format!(
                    "add `[react]` with `packages = \"{place}/node_modules\"`, and run `npm install --prefix {place} {packages}`"
                )
            }
        };
        Fault {
            hint: Some(hint),
            ..Fault::new(FaultKind::Packages, missing)
        }
    }

    /// The HTML of a component. There is none where there can be no packages: then it is only compiled.
    pub(in crate::render) fn render(
        &self,
        site: &Site,
        component: &Component,
        props: &str,
        block: &str,
    ) -> Result<String, Fault> {
        let code = component.react.as_deref().unwrap_or_default();
        let runtime = match self.runtime(site) {
            Ok(runtime) => runtime,
            Err(_) if site.config.react.is_some() && !site.packages.can_be_there => {
                return Ok(String::new());
            }
            Err(missing) => return Err(ReactFacts::missing(site, missing)),
        };
        let rendered: Rendered = self.runner.render(&Call {
            runtime,
            code,
            props,
            day: self.day,
            block,
        })?;
        if rendered.asked_time {
            ask(Kind::Today, "");
        }
        Ok(rendered.html)
    }
}

/// The milliseconds in a day of UTC, which has no leap seconds.
const DAY: i64 = 86_400_000;

/// The beginning of the day of a moment, in UTC, in milliseconds since 1970.
pub fn day_of(now: Moment) -> i64 {
    now.as_millisecond().div_euclid(DAY) * DAY
}

/// The moments at which the day of a moment begins and ends.
pub fn bounds_of_day(now: Moment) -> [Moment; 2] {
    let day = day_of(now);
    [day, day + DAY].map(|at| Moment::from_millisecond(at).unwrap_or(now))
}

/// The files of the library for browsers, in a bundle, by their hashed names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LibraryNames {
    /// The digest of what they are made from.
    pub made_from: String,
    /// What looks for islands.
    pub loader: String,
    /// The file of each name that code may import.
    pub imports: BTreeMap<String, String>,
    /// The licences of all of it.
    pub licences: String,
}

/// A component that comes to life for a node: its module, and when.
pub fn island<'a>(facts: &'a NodeFacts, component: &Component) -> Option<(&'a str, Hydrate)> {
    let module = facts.names.islands.get(&component.key)?;
    let is_allowed = !component.is_row() || facts.site.config.allows_scripts(&facts.node);
    let hydrate = component.comes_to_life(true).filter(|_| is_allowed)?;
    Some((module, hydrate))
}

/// The block of a component that is React code. Nothing may stand between an island and its HTML: the library
/// in the browser takes every node in it for one of its own.
pub(in crate::render) fn block_html(
    component: &Component,
    block: &str,
    html: &str,
    island: Option<(&str, Hydrate)>,
    props: &str,
) -> String {
    let attributes = island.map_or(String::new(), |(module, hydrate)| {
        format!(
            " data-island=\"{}\" data-hydrate=\"{}\" data-props=\"{}\"",
            escape(module),
            hydrate.as_str(),
            escape(props)
        )
    });
    format!(
        "<div class=\"rb rb-{}\" id=\"{}\"{attributes}>{html}</div>\n",
        component.key,
        escape(block)
    )
}

/// What a page with islands loads: one map of what modules may import, and one loader. `islands` are the
/// components on it that come to life; those that do it at once are loaded beside their library.
pub(in crate::render) fn library_html(facts: &BundleFacts, islands: &[String]) -> String {
    ask(Kind::Library, "");
    let node = &facts.of_node;
    let Some(library) = &node.names.library else {
        return String::new();
    };
    let urls = library.imports.iter();
    let urls: BTreeMap<&str, String> = urls
        .map(|(name, file)| (name.as_str(), facts.asset_url(file)))
        .collect();
    let map = serde_json::json!({ "imports": urls }).to_string();
    // Within a script nothing but its end has a meaning (WHATWG HTML, 4.12.1.3).
    let map = map.replace('<', "\\u003c");
    let mut html = format!("<script type=\"importmap\">{map}</script>\n");
    let found = islands.iter().filter_map(|key| {
        let component = node.site.components.get(key)?;
        island(node, component)
    });
    let at_once: Vec<&str> = found
        .filter(|(_, hydrate)| matches!(hydrate, Hydrate::Load | Hydrate::Only))
        .map(|(module, _)| module)
        .collect();
    if !at_once.is_empty() {
        let mut files: Vec<&str> = library.imports.values().map(String::as_str).collect();
        files.sort_unstable();
        files.dedup();
        for file in files.into_iter().chain(at_once) {
            html.push_str(&format!(
                "<link rel=\"modulepreload\" href=\"{}\">\n",
                escape(&facts.asset_url(file))
            ));
        }
    }
    html.push_str(&format!(
        "<script type=\"module\" src=\"{}\"></script>\n",
        escape(&facts.asset_url(&library.loader))
    ));
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_and_ends_in_utc() {
        for (now, begins, ends) in [
            (
                "2026-11-23T00:00:00Z",
                "2026-11-23T00:00:00Z",
                "2026-11-24T00:00:00Z",
            ),
            (
                "2026-11-23T23:59:59.9Z",
                "2026-11-23T00:00:00Z",
                "2026-11-24T00:00:00Z",
            ),
            (
                "1969-12-31T12:00:00Z",
                "1969-12-31T00:00:00Z",
                "1970-01-01T00:00:00Z",
            ),
        ] {
            let now: Moment = now.parse().expect("a moment");
            assert_eq!(bounds_of_day(now).map(|at| at.to_string()), [begins, ends]);
        }
    }
}
