//! Gathers the failures of pages, and says each mistake once.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Diagnostics, Place, Spot, code};

/// The failures of pages. One mistake in a template fails on every page that uses it: it is reported
/// once, with the first page and how many there were.
#[derive(Default)]
pub struct Failures(BTreeMap<(&'static str, Option<Place>, String), (Diagnostic, usize)>);

impl Failures {
    /// Adds those of one page.
    pub fn add(&mut self, diagnostics: Diagnostics) {
        for diagnostic in diagnostics {
            let mut place = diagnostic.place.clone();
            // Where in a template the fuel ends is chance, and where in code the time.
            if let Some(place) = &mut place
                && [code::TEMPLATE_ENDLESS, code::REACT_LIMITS].contains(&diagnostic.code)
            {
                place.spot = Spot::Whole;
            }
            // What a layout does wrong, it does on every page.
            if diagnostic.code == code::INLINE_HANDLER {
                place = None;
            }
            let key = (diagnostic.code.0, place, diagnostic.message.clone());
            self.0
                .entry(key)
                .and_modify(|(first, count)| {
                    *count += 1;
                    if diagnostic.related < first.related {
                        *first = diagnostic.clone();
                    }
                })
                .or_insert((diagnostic, 1));
        }
    }

    /// Drops what has been said before pages were rendered: a template that cannot be parsed.
    pub fn forget(&mut self, said: &Diagnostics) {
        for diagnostic in said.iter() {
            let place = diagnostic.place.clone();
            self.0
                .remove(&(diagnostic.code.0, place, diagnostic.message.clone()));
        }
    }

    /// Each mistake, with how often it was made.
    pub fn into_diagnostics(self) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        for (mut diagnostic, count) in self.0.into_values() {
            if count > 1
                && let Some((_, label)) = diagnostic.related.last_mut()
            {
                *label = format!("{label} (and {} more times)", count - 1);
            }
            diagnostics.push(diagnostic);
        }
        diagnostics
    }
}
