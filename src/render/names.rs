//! The names of the hashed files that pages link to, and these as bytes for the ledger.

use std::collections::BTreeMap;

use super::react::LibraryNames;
use crate::codec::{Reader, Writer};

/// The names of hashed files, below `_rb/<app>/assets/`. They are the same in every bundle that is
/// built with one theme.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssetNames {
    /// The theme's style sheet.
    pub theme_styles: Option<String>,
    /// The style sheet of highlighted code.
    pub code_styles: Option<String>,
    /// The style sheets of components, by component.
    pub component_styles: BTreeMap<String, String>,
    /// The theme's assets, by their path below `assets/`.
    pub assets: BTreeMap<String, String>,
    /// The modules of components that come to life in the browser, by component.
    pub islands: BTreeMap<String, String>,
    /// The digests of the React code that was looked at for that, by component.
    pub codes: BTreeMap<String, String>,
    /// What islands need, where there are any.
    pub library: Option<LibraryNames>,
}

impl AssetNames {
    /// The names as bytes.
    pub fn record(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer
            .maybe(self.theme_styles.as_deref())
            .maybe(self.code_styles.as_deref())
            .map(&self.component_styles)
            .map(&self.assets)
            .map(&self.islands)
            .map(&self.codes)
            .flag(self.library.is_some());
        if let Some(library) = &self.library {
            writer
                .text(&library.made_from)
                .text(&library.loader)
                .map(&library.imports)
                .text(&library.licences);
        }
        writer.0
    }

    /// The names that bytes say; `None` where they are not those of a record.
    pub fn read(bytes: &[u8]) -> Option<AssetNames> {
        let mut reader = Reader(bytes);
        Some(AssetNames {
            theme_styles: reader.maybe()?,
            code_styles: reader.maybe()?,
            component_styles: reader.map()?,
            assets: reader.map()?,
            islands: reader.map()?,
            codes: reader.map()?,
            library: match reader.flag()? {
                false => None,
                true => Some(LibraryNames {
                    made_from: reader.string()?,
                    loader: reader.string()?,
                    imports: reader.map()?,
                    licences: reader.string()?,
                }),
            },
        })
    }
}
