//! Style sheets: tokens, themes and components as CSS that is checked, scoped and minified.
//!
//! Everything is in cascade layers, in the order `base, components, node`: a theme's style sheets,
//! then those of components, then a node's custom CSS. The tokens are custom properties of `:root`,
//! outside of the layers.

mod component;
mod contrast;
mod scope;
mod sheet;
mod targets;
mod theme;
mod tokenize;
mod tokens;
mod urls;
mod uses;
mod value;

pub use component::{check_keyframes, component_css};
pub use contrast::{Paint, check_contrast, contrast_ratio, paint};
pub use targets::{Targets, parse_targets};
pub use theme::theme_css;
pub use tokens::{TokenValues, check_tokens, resolve_tokens, tokens_css};
pub use uses::{accepts, custom_properties};
pub use value::aliases;

/// What a CSS `url()` to an asset becomes: it gets the path below `assets/` and gives the URL, or
/// `None` where there is no such asset.
pub type AssetUrl<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The style sheet of highlighted code, minified, in the layer `base`.
pub fn code_css(targets: &Targets) -> String {
    let source = sheet::Source {
        origin: "code.css",
        text: super::markdown::code_css(),
    };
    sheet::parse_own(source.text)
        .and_then(|rules| sheet::print(sheet::in_layer("base", rules), targets))
        .expect("a test compiles this constant style sheet")
}

#[cfg(test)]
mod tests;
