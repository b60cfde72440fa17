//! What a clone remembers of a database between two looks: it makes them quick, and tells when the
//! database is another one. Deleting it costs time and nothing else.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Local, failed};
use crate::db::{Failure, Identity, Watermark};
use crate::diag::code;
use crate::digest::Digest;
use crate::format::EntityName;
use crate::model::EntityKind;

/// The last look at a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    pub identity: Identity,
    /// The last revision, and the commit that it is here.
    pub revision: Digest,
    pub commit: String,
    /// Up to where the rows were held against that revision.
    pub watermark: Watermark,
    /// The entities whose rows were left out, because they have errors.
    pub broken: Vec<EntityName>,
}

/// The memory as it is in its file.
#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    lineage: String,
    place: String,
    revision: String,
    commit: String,
    snapshot: String,
    line: Option<(i64, String, String)>,
    triggers: String,
    own: Option<String>,
    broken: Vec<(String, String)>,
}

/// The form that this rbgen writes.
const VERSION: u32 = 1;

fn file(local: &Local<'_>) -> Result<PathBuf, Failure> {
    let folder = local.repository.common_folder().map_err(failed)?;
    // The name of a database comes from a file or an address, and must not lead elsewhere.
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let name = match local.database.chars().all(plain) && local.database.len() < 100 {
        true => local.database.to_string(),
        false => Digest::of_bytes(local.database.as_bytes()).short(16),
    };
    // Another site of the same repository may have a database of the same name.
    let site = match local.prefix {
        "" => String::new(),
        prefix => format!("@{}", Digest::of_bytes(prefix.as_bytes()).short(16)),
    };
    Ok(folder.join("rbgen").join(format!("{name}{site}.json")))
}

/// What is remembered; nothing where that cannot be read, or the commit is gone.
pub fn recall(local: &Local<'_>) -> Result<Option<Memory>, Failure> {
    let text = fs::read_to_string(file(local)?).ok();
    let stored = text.and_then(|text| serde_json::from_str::<Stored>(&text).ok());
    let memory = stored.and_then(|stored| {
        let broken = stored.broken.into_iter();
        Some(Memory {
            identity: Identity {
                lineage: stored.lineage,
                place: stored.place,
            },
            revision: Digest::from_hex(&stored.revision)?,
            commit: stored.commit,
            watermark: Watermark {
                snapshot: stored.snapshot,
                line: stored.line,
                triggers: stored.triggers,
                own: stored.own,
            },
            broken: broken
                .map(|(kind, key)| Some((EntityKind::parse(&kind)?, key)))
                .collect::<Option<_>>()
                .filter(|_| stored.version == VERSION)?,
        })
    });
    Ok(memory)
}

/// Remembers a look. The file is old or new, whenever the process ends.
pub fn remember(local: &Local<'_>, memory: &Memory) -> Result<(), Failure> {
    let stored = Stored {
        version: VERSION,
        lineage: memory.identity.lineage.clone(),
        place: memory.identity.place.clone(),
        revision: memory.revision.hex(),
        commit: memory.commit.clone(),
        snapshot: memory.watermark.snapshot.clone(),
        line: memory.watermark.line.clone(),
        triggers: memory.watermark.triggers.clone(),
        own: memory.watermark.own.clone(),
        broken: memory
            .broken
            .iter()
            .map(|(kind, key)| (kind.as_str().to_string(), key.clone()))
            .collect(),
    };
    let path = file(local)?;
    let write = || {
        let text = serde_json::to_string_pretty(&stored)?;
        let folder = path.parent().unwrap_or(&path);
        fs::create_dir_all(folder)?;
        let temporary = path.with_extension(format!("{}.new", std::process::id()));
        fs::write(&temporary, text)?;
        super::trial::pass("memory-before-rename");
        fs::rename(&temporary, &path)
    };
    write().map_err(|error| {
        let message = format!("`{}` cannot be written: {error}", path.display());
        Failure::new(code::GIT_FAILED, message)
    })
}

/// Forgets a database: whichever it is at the next look is taken for the one that is meant.
pub fn forget(local: &Local<'_>) -> Result<bool, Failure> {
    Ok(fs::remove_file(file(local)?).is_ok())
}
