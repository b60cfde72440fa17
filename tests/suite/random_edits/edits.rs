//! What edits of the sources do to a site.

use super::broken::WAYS;
use super::kinds::{Edit, Kind};
use super::site::{
    APPS, Block, COMPONENTS, Condition, LATE_ASSETS, LATE_SHEETS, LATE_TEMPLATES, LAYOUTS, NODES,
    ROUTES, STATICS, Site, THEMES, TOKENS, zones,
};
use super::start;
use super::template::{POOL, POOL_FOR_PARTIALS, Part};

fn pick<T: Copy>(from: &[T], index: u8) -> T {
    from[usize::from(index) % from.len()]
}

/// The key of a map that a number chooses.
fn nth<K: Clone + Ord, V>(map: &std::collections::BTreeMap<K, V>, at: u8) -> Option<K> {
    let index = usize::from(at).checked_rem(map.len())?;
    map.keys().nth(index).cloned()
}

fn few(to: u8) -> Option<u8> {
    (to % 4).checked_sub(1)
}

impl Edit {
    /// Changes the site, where this edit is one of the sources.
    pub fn change(self, site: &mut Site) {
        self.change_page(site);
        self.change_theme(site);
        self.change_node(site);
        let Edit { kind, at, to, .. } = self;
        match kind {
            Kind::SiteName => site.name = to % 3,
            Kind::Smart => site.smart ^= true,
            Kind::Anchors => site.anchors ^= true,
            Kind::Highlight => site.highlight ^= true,
            Kind::Language => site.german ^= true,
            Kind::Browsers => site.old_browsers ^= true,
            Kind::ConfigDrafts => site.drafts ^= true,
            Kind::ThemeName => site.theme_name = to % 3,
            Kind::ThemeZones => site.more_zones ^= true,
            Kind::Noise => {
                let files = site.files();
                let endings = [".toml", ".css", ".md"];
                let paths: Vec<&String> = files
                    .keys()
                    .filter(|path| endings.iter().any(|ending| path.ends_with(ending)))
                    .collect();
                if !paths.is_empty() {
                    site.noise.insert(pick(&paths, at).clone(), to);
                }
            }
            Kind::Break => site.broken = Some((at % WAYS, to)),
            Kind::Mend => site.broken = None,
            _ => {}
        }
    }

    fn change_page(self, site: &mut Site) {
        let Edit { kind, at, to, .. } = self;
        if kind == Kind::PageAdded {
            let number = at % 14;
            site.pages
                .entry(number)
                .or_insert_with(|| start::page(number));
        }
        let Some(number) = nth(&site.pages, at) else {
            return;
        };
        if kind == Kind::PageDeleted {
            // The home is linked to, so this breaks the site often enough.
            site.pages.remove(&number);
            return;
        }
        let Some(page) = site.pages.get_mut(&number) else {
            return;
        };
        match kind {
            Kind::PageName => page.name = to % 4,
            Kind::PageTitle => page.title = few(to),
            Kind::PageDescription => page.description = few(to),
            Kind::PageMood => page.mood = few(to),
            Kind::PageText => page.text = to % 8,
            Kind::PageLayout => {
                page.layout = pick(&LAYOUTS, to);
                let zones = zones(page.layout);
                let outside = page.blocks.iter_mut().filter(|b| !zones.contains(&b.zone));
                outside.for_each(|block| block.zone = "main");
            }
            Kind::PageStatus => {
                page.status = pick(&["draft", "published", "published", "archived"], to);
            }
            Kind::PageKey => page.key = format!("p{number}{}", pick(&["", "x", "y"], to)),
            Kind::PageRoute => page.route = few(to).map(|_| pick(&ROUTES, to / 4)),
            Kind::PageApp => page.app = pick(&APPS, to),
            Kind::PageAlias => page.alias = few(to).map(|n| number * 3 + n),
            Kind::PageForm => page.markdown ^= true,
            Kind::BlockAdded => page.blocks.push(Block {
                component: pick(&COMPONENTS, to),
                zone: "main",
                key: 0,
                value: to / 16,
                file: false,
                condition: Condition::None,
            }),
            _ => {}
        }
        let index = usize::from(at / 16) % page.blocks.len().max(1);
        let layout = page.layout;
        let Some(block) = page.blocks.get_mut(index) else {
            return;
        };
        match kind {
            Kind::BlockRemoved => {
                page.blocks.remove(index);
            }
            Kind::BlocksSwapped => page.blocks.rotate_left(1),
            Kind::BlockZone => block.zone = pick(zones(layout), to),
            Kind::BlockCondition => {
                let (time, node) = (1 + to / 8 % 4, pick(&NODES[..2], to / 8));
                block.condition = match to % 8 {
                    0 | 1 => Condition::None,
                    2 => Condition::From(time),
                    3 => Condition::Until(time),
                    4 => Condition::Node(node),
                    5 => Condition::NotNode(node),
                    6 => Condition::Draft,
                    _ => Condition::EitherFromOrNode(time, node),
                };
            }
            Kind::BlockProps => block.value = to % 6,
            Kind::BlockFile => block.file ^= true,
            Kind::BlockKey => block.key = to % 3,
            _ => {}
        }
    }

    fn change_theme(self, site: &mut Site) {
        let Edit { kind, at, to, .. } = self;
        match kind {
            Kind::TemplatePart | Kind::TemplateWord => {
                let Some(path) = nth(&site.templates, at) else {
                    return;
                };
                let of_partials = &POOL[..POOL_FOR_PARTIALS];
                let part = match path.contains("/partials/") {
                    _ if kind == Kind::TemplateWord => Part::Word(to % 4),
                    true => pick(of_partials, to),
                    false => pick(&POOL, to),
                };
                let parts = site.templates.entry(path).or_default();
                let is_word = |part: &Part| matches!(part, Part::Word(_));
                let place = parts
                    .iter()
                    .position(|old| *old == part || is_word(old) && is_word(&part));
                match place {
                    Some(place) if is_word(&part) => parts[place] = part,
                    Some(place) => {
                        parts.remove(place);
                    }
                    None => parts.push(part),
                }
            }
            Kind::TemplateAppears => {
                let path = pick(&LATE_TEMPLATES, at);
                let part = pick(&POOL[..POOL_FOR_PARTIALS], to);
                site.templates
                    .insert(path.into(), vec![Part::Word(to % 4), part]);
            }
            Kind::TemplateGone => {
                // Those that the site cannot do without go now and then.
                let path = match to % 8 {
                    0 => nth(&site.templates, at),
                    _ => Some(pick(&LATE_TEMPLATES, at).to_string()),
                };
                path.and_then(|path| site.templates.remove(&path));
            }
            Kind::Sheet => {
                if let Some(path) = nth(&site.sheets, at) {
                    site.sheets.insert(path, 1 + to % 4);
                }
            }
            Kind::SheetAppears => {
                site.sheets
                    .insert(pick(&LATE_SHEETS, at).into(), 1 + to % 4);
            }
            Kind::SheetGone => {
                nth(&site.sheets, at).and_then(|path| site.sheets.remove(&path));
            }
            Kind::Schema | Kind::Label => {
                let key = pick(&COMPONENTS, at);
                let blank = start::component();
                let component = site.components.entry(key).or_insert(blank);
                match kind {
                    Kind::Schema => component.default = to % 3,
                    _ => component.label = to % 3,
                }
            }
            Kind::ComponentGone => {
                site.components.remove(pick(&COMPONENTS, at));
            }
            Kind::Asset => {
                if let Some(path) = nth(&site.assets, at) {
                    site.assets.insert(path, to % 4);
                }
            }
            Kind::AssetAppears => {
                site.assets.insert(pick(&LATE_ASSETS, at).into(), to % 4);
            }
            Kind::AssetGone => {
                let path = match to % 4 {
                    0 => nth(&site.assets, at),
                    _ => Some(pick(&LATE_ASSETS, at).to_string()),
                };
                path.and_then(|path| site.assets.remove(&path));
            }
            Kind::Static => {
                // A file of nothing, too.
                let value = pick(&[0, 1, 2, 9], to);
                site.statics.insert(pick(&STATICS, at).into(), value);
            }
            Kind::StaticGone => {
                site.statics.remove(pick(&STATICS, at));
            }
            Kind::Token => {
                if let Some(key) = nth(&site.tokens, at) {
                    site.tokens.insert(key, to % 4);
                }
            }
            Kind::TokenAppears => {
                site.tokens.insert(pick(&TOKENS, at), to % 4);
            }
            Kind::TokenGone => {
                site.tokens.remove("color.extra");
            }
            _ => {}
        }
    }

    fn change_node(self, site: &mut Site) {
        let Edit { kind, at, to, .. } = self;
        if kind == Kind::NodeAdded {
            let number = at % 3;
            let id = pick(&NODES, number);
            site.nodes.entry(id).or_insert_with(|| start::node(number));
        }
        let Some(id) = nth(&site.nodes, at) else {
            return;
        };
        if kind == Kind::NodeRemoved {
            site.nodes.remove(id);
            return;
        }
        let Some(node) = site.nodes.get_mut(id) else {
            return;
        };
        match kind {
            Kind::NodeName => node.name = to % 3,
            Kind::NodeApps => {
                let apps: [&[&str]; 4] = [&["play", "work"], &["work"], &["play"], &[]];
                node.apps = pick(&apps, to).to_vec();
            }
            Kind::NodeCss => node.css = to % 4,
            Kind::NodeJs => node.js = to % 4,
            Kind::NodeScripts => node.allow_scripts ^= true,
            Kind::NodeScheme => node.scheme = to % 3,
            Kind::NodeBaseUrl => node.base_url = to % 3,
            Kind::NodeTheme => node.theme = pick(&THEMES, to),
            Kind::Override => {
                let key = pick(&TOKENS, to / 8);
                match to % 8 {
                    0 | 1 => {
                        node.overrides.remove(key);
                    }
                    value => {
                        node.overrides.insert(key, value % 4);
                    }
                }
            }
            _ => {}
        }
    }
}
