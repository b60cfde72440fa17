//! The files of tokens: one for each category.

use super::change::{Change, Files};
use super::tokens::{self, Comments};
use super::whole;
use crate::diag::Diagnostics;
use crate::format::documents::tokens_of;
use crate::model::Token;

impl Files<'_> {
    /// The file of a category; the path of what is in the way.
    pub(super) fn print_tokens(&self, path: &str, wanted: &[&Token]) -> Result<Change, String> {
        let mut change = Change::default();
        let read = self.tree.tokens.iter().find(|read| read.path == path);
        let as_wanted = |text: &str| {
            let mut found = Diagnostics::new();
            let mut tokens = tokens_of(path, text, &mut found);
            tokens.sort_by(|a, b| a.key.cmp(&b.key));
            !found.has_errors() && same_tokens(&tokens, wanted)
        };
        match read {
            None if wanted.is_empty() => return Ok(change),
            None if !self.places.is_free(path) => return Err(path.to_string()),
            None => {}
            Some(read) => {
                let mut now: Vec<Token> = read.document.clone();
                now.sort_by(|a, b| a.key.cmp(&b.key));
                if same_tokens(&now, wanted) {
                    return Ok(change);
                }
                if wanted.is_empty() {
                    change.removed.push(path.to_string());
                    return Ok(change);
                }
                let moved = self.moved_comments(path, wanted);
                let patched = tokens::tokens(&self.before[path], &now, wanted, &moved);
                if let Some(text) = patched.filter(|text| as_wanted(text)) {
                    change.texts.push((path.to_string(), text));
                    return Ok(change);
                }
            }
        }
        let mut text = whole::tokens(wanted);
        let moved = self.moved_comments(path, wanted);
        if read.is_none()
            && moved
                .values()
                .any(|(before, behind)| (before.clone() + behind).contains('#'))
        {
            // The tokens come one by one into the empty frame, each with its comments.
            let framed = tokens::tokens("", &[], wanted, &moved).filter(|text| as_wanted(text));
            text = framed.map_or(text, |text| text.trim_start_matches('\n').to_string());
        }
        match as_wanted(&text) {
            true => change.texts.push((path.to_string(), text)),
            false => return Err(path.to_string()),
        }
        Ok(change)
    }

    /// The comments of tokens that stood in another file.
    fn moved_comments(&self, path: &str, wanted: &[&Token]) -> Comments {
        let others = || self.comments.iter().filter(|(other, _)| **other != path);
        let mut moved = Comments::new();
        for token in wanted {
            if let Some(around) = others().find_map(|(_, comments)| comments.get(&token.key)) {
                moved.insert(token.key.clone(), around.clone());
            }
        }
        moved
    }
}

fn same_tokens(now: &[Token], wanted: &[&Token]) -> bool {
    now.len() == wanted.len() && now.iter().zip(wanted).all(|(a, b)| a.same(b))
}
