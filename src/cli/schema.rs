//! `rbgen schema`: writes the JSON Schemas of the files, for editors.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Globals, Status, output, place, site_root};
use crate::files::Folder;
use crate::format::schema::json_schemas;
use crate::load::load_site;
use crate::model::Site;
use crate::scaffold::{Files, SCHEMA_FOLDER};

#[derive(Args)]
pub struct SchemaArguments {
    /// The folder to write to [default: .rbgen/schemas in the site]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn run(globals: &Globals, arguments: &SchemaArguments) -> Status {
    let root = match site_root(globals) {
        Ok(root) => root,
        Err(status) => return status,
    };
    let site = load_site(&Folder::new(&root)).site;
    if site.is_none() {
        output::note("warning: robbieblocks.toml cannot be read, so page.json knows no components");
    }
    let (folder, shown) = match &arguments.out {
        Some(out) => (out.clone(), out.display().to_string()),
        None => (root.join(SCHEMA_FOLDER), SCHEMA_FOLDER.to_string()),
    };
    let schemas = schema_files(site.as_ref());
    match write(&folder, &schemas) {
        Ok(()) => {
            let paths: Vec<String> = schemas
                .keys()
                .map(|name| format!("{shown}/{name}"))
                .collect();
            place::report(globals, paths.iter().map(String::as_str));
            Status::Done
        }
        Err(error) => {
            place::fail(
                globals,
                &format!("`{shown}` cannot be written to: {error}"),
                "",
            );
            Status::ContentErrors
        }
    }
}

/// The schemas by file name; without a site, `page.json` allows any component.
pub fn schema_files(site: Option<&Site>) -> Files {
    let components = site.into_iter().flat_map(|site| site.components.values());
    json_schemas(components)
        .into_iter()
        .map(|(name, schema)| (name.to_string(), format!("{schema:#}\n").into_bytes()))
        .collect()
}

/// Writes the schemas of a site to their default folder. A file with the same bytes is left alone,
/// so that no editor reads it again.
pub fn write(folder: &Path, schemas: &Files) -> io::Result<()> {
    for (name, bytes) in schemas {
        if !std::fs::read(folder.join(name)).is_ok_and(|old| old == *bytes) {
            crate::files::write_file(folder, name, bytes)?;
        }
    }
    Ok(())
}
