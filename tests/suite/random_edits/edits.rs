//! Edits: their kinds, how they are chosen, and what those of the sources do to a site.

use super::broken::WAYS;
use super::site::{
    APPS, Block, COMPONENTS, Condition, LATE_ASSETS, LATE_SHEETS, LATE_TEMPLATES, LAYOUTS, NODES,
    ROUTES, STATICS, Site, THEMES, TOKENS, zones,
};
use super::start;
use super::template::{POOL, POOL_FOR_PARTIALS, Part};

/// An edit: its kind, and two numbers that choose where and what. They choose among few, so that
/// edits meet: a page is deleted and comes back, a route is taken, an override is undone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edit {
    pub kind: Kind,
    pub at: u8,
    pub to: u8,
    /// Whether files that keep their size keep their time of modification as well, as those do that
    /// are written twice within one tick of the clock.
    pub same_time: bool,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $weight:literal $name:ident,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind { $($(#[$doc])* $name,)* }
        /// Every kind, as often as it is to be chosen.
        const WEIGHTS: &[(Kind, u64)] = &[$((Kind::$name, $weight),)*];
    };
}

kinds! {
    // Pages.
    3 PageAdded,
    2 PageDeleted,
    3 PageName,
    3 PageTitle,
    2 PageDescription,
    2 PageMood,
    3 PageText,
    2 PageLayout,
    2 PageStatus,
    2 PageKey,
    2 PageRoute,
    2 PageApp,
    1 PageAlias,
    1 PageForm,
    2 BlockAdded,
    1 BlockRemoved,
    2 BlocksSwapped,
    1 BlockZone,
    3 BlockCondition,
    3 BlockProps,
    1 BlockFile,
    1 BlockKey,
    // Components and themes.
    6 TemplatePart,
    3 TemplateWord,
    4 TemplateAppears,
    2 TemplateGone,
    3 Sheet,
    2 SheetAppears,
    1 SheetGone,
    2 Schema,
    1 Label,
    1 ComponentGone,
    2 Asset,
    2 AssetAppears,
    1 AssetGone,
    2 Static,
    1 StaticGone,
    // Tokens and nodes.
    3 Token,
    1 TokenAppears,
    1 TokenGone,
    3 Override,
    1 NodeName,
    2 NodeApps,
    1 NodeCss,
    1 NodeJs,
    1 NodeScripts,
    1 NodeScheme,
    1 NodeBaseUrl,
    1 NodeTheme,
    2 NodeAdded,
    1 NodeRemoved,
    // robbieblocks.toml.
    1 SiteName,
    1 Smart,
    1 Anchors,
    1 Highlight,
    // What nobody asks about.
    4 Noise,
    2 Touch,
    // What breaks a site, and what mends it.
    3 Break,
    5 Mend,
    /// The last edit of the sources is taken back.
    4 Undo,
    // How it is built.
    3 Now,
    2 Drafts,
    2 OneNode,
    2 OneApp,
    // What rbgen keeps.
    1 LedgerGone,
    1 LedgerCut,
    1 LedgerFlipped,
    1 LedgerOld,
    2 OutputAltered,
    2 OutputAlteredInSize,
    2 OutputGone,
    1 OutputFolder,
    1 ManifestGone,
    1 DistGone,
}

/// Numbers that look random and are not: splitmix64.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// Edits, each with whether a build follows it.
pub type Sequence = Vec<(Edit, bool)>;

/// One to eight edits, most of them with a build of their own. The last has one always.
pub fn sequence(numbers: &mut Numbers) -> Sequence {
    let count = 1 + numbers.below(8);
    (0..count)
        .map(|index| {
            let total = WEIGHTS.iter().map(|(_, weight)| weight).sum();
            let mut at = numbers.below(total);
            let chosen = WEIGHTS.iter().find(|(_, weight)| {
                let here = at < *weight;
                at = at.saturating_sub(*weight);
                here
            });
            let edit = Edit {
                kind: chosen.map_or(Kind::Noise, |(kind, _)| *kind),
                at: numbers.below(256) as u8,
                to: numbers.below(256) as u8,
                same_time: numbers.below(4) == 0,
            };
            (edit, index + 1 == count || numbers.below(10) < 6)
        })
        .collect()
}

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

impl Kind {
    /// The most pages that may be rendered after an edit of this kind alone, on a site with so many
    /// nodes, where it is known without looking at the site.
    pub fn most_rendered(self, nodes: usize) -> Option<usize> {
        match self {
            // Comments, what only people read, what is copied, and style sheets with a stable name.
            Kind::Noise | Kind::Touch | Kind::Label | Kind::Mend => Some(0),
            Kind::Static | Kind::StaticGone | Kind::NodeCss => Some(0),
            // What no list shows of a page: the page, on every node.
            Kind::PageText | Kind::PageDescription => Some(nodes),
            Kind::BlockAdded | Kind::BlockRemoved | Kind::BlocksSwapped => Some(nodes),
            Kind::BlockZone | Kind::BlockCondition | Kind::BlockProps => Some(nodes),
            Kind::BlockFile | Kind::BlockKey => Some(nodes),
            Kind::OutputAltered | Kind::OutputAlteredInSize => Some(1),
            Kind::OutputGone | Kind::OutputFolder => Some(1),
            _ => None,
        }
    }
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
