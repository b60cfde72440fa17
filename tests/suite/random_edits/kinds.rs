//! The kinds of edits, and sequences of them, chosen by numbers that look random.

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
    1 ThemeName,
    1 ThemeZones,
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
    1 Language,
    1 Browsers,
    1 ConfigDrafts,
    // What nobody asks about.
    4 Noise,
    2 Touch,
    // What breaks a site, and what mends it.
    3 Break,
    4 Mend,
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

impl Kind {
    /// The most pages that may be rendered after an edit of this kind alone, on a site with so many
    /// nodes, where it is known without looking at the site.
    pub fn most_rendered(self, nodes: usize) -> Option<usize> {
        match self {
            // Comments, what only people read, what is copied, and style sheets with a stable name.
            Kind::Noise | Kind::Touch | Kind::Label | Kind::ThemeName | Kind::Mend => Some(0),
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
