//! Reads the texts of all content files of a folder.

use rayon::prelude::*;

use crate::diag::{Diagnostic, Diagnostics};
use crate::files::Folder;
use crate::format::Texts;

/// The texts of all files below `content/`.
pub fn read_texts(folder: &Folder, diagnostics: &mut Diagnostics) -> Texts {
    let files = folder.list("content", false, diagnostics);
    let read: Vec<Result<(String, String), Diagnostic>> = files
        .into_par_iter()
        .with_min_len(16)
        .map(|file| folder.read_text(&file.path).map(|text| (file.path, text)))
        .collect();
    let mut texts = Texts::new();
    for file in read {
        match file {
            Ok((path, text)) => {
                texts.insert(path, text);
            }
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    texts
}
