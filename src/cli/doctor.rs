//! `rbgen doctor`: looks at the surroundings of a site: folders, git, editors, the environment.

mod databases;
mod sync;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Globals, Status, output, print, schema};
use crate::diag::Severity;
use crate::files::Folder;
use crate::load::{CONFIG_FILE, load_site};
use crate::model::{Config, Site};
use crate::pipeline::STATE_FOLDER;
use crate::render::react::runtime::runtime;
use crate::scaffold::SCHEMA_FOLDER;
use crate::store::output_place;

#[derive(Args)]
pub struct DoctorArguments {}

/// How one thing is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Health {
    Ok,
    Warn,
    Fail,
    /// A database could not be reached: a failure, of which the site may be innocent.
    Unreachable,
}

/// One thing that was looked at.
struct Finding {
    health: Health,
    /// One word or two.
    about: &'static str,
    message: String,
    /// What to do; empty where there is nothing.
    hint: String,
}

pub fn run(globals: &Globals, _arguments: &DoctorArguments) -> Status {
    let mut findings = vec![finding(
        Health::Ok,
        "rbgen",
        format!("version {}", env!("CARGO_PKG_VERSION")),
    )];
    match find_root(globals) {
        Some(root) => look_at_site(&root, &mut findings),
        None => findings.push(Finding {
            hint:
                "start it in a site, name one with `--root DIR`, or make one with `rbgen init DIR`"
                    .into(),
            ..finding(
                Health::Fail,
                "site",
                format!("there is no {CONFIG_FILE} here or above"),
            )
        }),
    }
    let is_any = |health| findings.iter().any(|finding| finding.health == health);
    let status = if is_any(Health::Fail) {
        Status::ContentErrors
    } else if is_any(Health::Unreachable) {
        Status::Unreachable
    } else {
        Status::Done
    };
    if globals.json {
        let checks: Vec<_> = findings.iter().map(json).collect();
        print::json_document(&serde_json::json!({ "checks": checks }));
    } else {
        print_all(globals, &findings);
    }
    status
}

fn find_root(globals: &Globals) -> Option<PathBuf> {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    match &globals.root {
        Some(root) => Some(here.join(root)).filter(|root| root.join(CONFIG_FILE).is_file()),
        None => here
            .ancestors()
            .find(|at| at.join(CONFIG_FILE).is_file())
            .map(PathBuf::from),
    }
}

fn finding(health: Health, about: &'static str, message: impl Into<String>) -> Finding {
    Finding {
        health,
        about,
        message: message.into(),
        hint: String::new(),
    }
}

fn hinted(
    health: Health,
    about: &'static str,
    message: impl Into<String>,
    hint: impl Into<String>,
) -> Finding {
    Finding {
        hint: hint.into(),
        ..finding(health, about, message)
    }
}

fn json(finding: &Finding) -> serde_json::Value {
    serde_json::json!({
        "status": word(finding.health),
        "about": finding.about,
        "message": finding.message,
        "hint": (!finding.hint.is_empty()).then_some(&finding.hint),
    })
}

fn word(health: Health) -> &'static str {
    match health {
        Health::Ok => "ok",
        Health::Warn => "warn",
        Health::Fail | Health::Unreachable => "fail",
    }
}

fn print_all(globals: &Globals, findings: &[Finding]) {
    let width = findings
        .iter()
        .map(|finding| finding.about.len())
        .max()
        .unwrap_or(0);
    for Finding {
        health,
        about,
        message,
        hint,
    } in findings
    {
        let colour = match health {
            Health::Ok if globals.quiet => continue,
            Health::Ok => "\x1b[32m",
            Health::Warn => "\x1b[33m",
            Health::Fail | Health::Unreachable => "\x1b[31m",
        };
        let dash = if hint.is_empty() { "" } else { " – " };
        output::line(format_args!(
            "{colour}{:<4}\x1b[0m  {about:<width$}  {message}{dash}{hint}",
            word(*health)
        ));
    }
}

fn look_at_site(root: &Path, findings: &mut Vec<Finding>) {
    findings.push(finding(Health::Ok, "site", root.display().to_string()));
    let loaded = load_site(&Folder::new(root));
    let errors = |of_config: bool| {
        loaded
            .diagnostics
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .filter(|d| {
                d.place
                    .as_ref()
                    .is_some_and(|place| &*place.path == CONFIG_FILE)
                    == of_config
            })
            .count()
    };
    findings.push(match errors(true) {
        0 => finding(Health::Ok, "config", format!("{CONFIG_FILE} can be read")),
        count => hinted(
            Health::Fail,
            "config",
            format!("{CONFIG_FILE} has {}", counted(count, "error")),
            "`rbgen check` tells them",
        ),
    });
    let Some(site) = &loaded.site else {
        return;
    };
    findings.push(match errors(false) {
        0 => finding(
            Health::Ok,
            "content",
            format!(
                "{} for {}",
                counted(site.pages.len(), "page"),
                counted(site.nodes.len(), "node")
            ),
        ),
        count => hinted(
            Health::Warn,
            "content",
            counted(count, "error"),
            "`rbgen check` tells them",
        ),
    });
    look_at_themes(site, findings);
    look_at_nodes(site, findings);
    look_at_output(root, &site.config, findings);
    look_at_git(root, &site.config, findings);
    sync::look(root, findings);
    look_at_schemas(root, site, findings);
    look_at_file_system(root, findings);
    look_at_react(site, findings);
    databases::look(&site.config, &|name| std::env::var(name).ok(), findings);
}

/// `1 page`, `2 pages`
fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

fn look_at_themes(site: &Site, findings: &mut Vec<Finding>) {
    let config = &site.config;
    let wanted: BTreeSet<&str> = site
        .nodes
        .keys()
        .map(|node| config.theme_of(node))
        .chain([config.site.theme.as_str()])
        .collect();
    for theme in wanted {
        let chain = site.theme_chain(theme);
        let missing = match chain.last() {
            None => Some(theme),
            Some(last) => last
                .extends
                .as_deref()
                .filter(|next| !site.themes.contains_key(*next)),
        };
        findings.push(match missing {
            None => {
                let chain: Vec<&str> = chain.iter().map(|theme| theme.key.as_str()).collect();
                finding(Health::Ok, "theme", chain.join(" extends "))
            }
            Some(missing) => hinted(
                Health::Fail,
                "theme",
                format!("there is no themes/{missing}/theme.toml"),
                "choose one that is there with `theme` in robbieblocks.toml",
            ),
        });
    }
}

fn look_at_nodes(site: &Site, findings: &mut Vec<Finding>) {
    if site.nodes.is_empty() {
        findings.push(hinted(
            Health::Warn,
            "nodes",
            "the site has none, so nothing is built",
            "`rbgen new node ID` makes one",
        ));
        return;
    }
    let bare: Vec<&str> = site
        .nodes
        .keys()
        .filter(|node| site.config.base_url_of(node).is_none())
        .map(String::as_str)
        .collect();
    findings.push(match bare.as_slice() {
        [] => finding(Health::Ok, "nodes", "each has a base_url"),
        bare => hinted(
            Health::Warn,
            "nodes",
            format!(
                "without base_url, so without sitemap and canonical links: {}",
                bare.join(", ")
            ),
            "set it under `[node.<id>]` in robbieblocks.toml",
        ),
    });
}

fn look_at_output(root: &Path, config: &Config, findings: &mut Vec<Finding>) {
    let output = &config.build.output;
    let place = match output_place(root, root, Path::new(output)) {
        Ok(place) => place,
        Err(diagnostic) => {
            let hint = diagnostic.hints.join("; ");
            findings.push(hinted(Health::Fail, "output", diagnostic.message, hint));
            return;
        }
    };
    for (about, path, shown) in [
        ("output", place, output.as_str()),
        ("state", root.join(STATE_FOLDER), STATE_FOLDER),
    ] {
        findings.push(
            if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink()) {
                let hint = "nothing is written through links: put a folder there";
                hinted(
                    Health::Fail,
                    about,
                    format!("`{shown}` is a symbolic link"),
                    hint,
                )
            } else {
                match try_to_write(&path) {
                    Ok(()) => finding(Health::Ok, about, format!("`{shown}` can be written to")),
                    Err(error) => hinted(
                        Health::Fail,
                        about,
                        format!("`{shown}` cannot be written to: {error}"),
                        "look at its owner, its permissions, and the room on the disk",
                    ),
                }
            },
        );
    }
}

/// Writes an empty file into a folder, or into the nearest one above that is there, and removes it.
fn try_to_write(folder: &Path) -> std::io::Result<()> {
    let there = folder
        .ancestors()
        .find(|at| fs::symlink_metadata(at).is_ok());
    let probe = there
        .unwrap_or(folder)
        .join(format!(".rbgen-doctor-{}", std::process::id()));
    fs::File::create_new(&probe)?;
    fs::remove_file(&probe)
}

fn look_at_git(root: &Path, config: &Config, findings: &mut Vec<Finding>) {
    let Some(top) = root.ancestors().find(|at| at.join(".git").exists()) else {
        findings.push(finding(Health::Ok, "git", "not a git work tree"));
        return;
    };
    let folders: Vec<&Path> = root
        .ancestors()
        .take_while(|at| at.starts_with(top))
        .collect();
    let ignored = |name: &str| {
        folders.iter().any(|folder| {
            let text = fs::read_to_string(folder.join(".gitignore")).unwrap_or_default();
            let below = root
                .strip_prefix(folder)
                .unwrap_or(Path::new(""))
                .join(name);
            is_ignored(&text, &below.to_string_lossy().replace('\\', "/"))
        })
    };
    let output = Path::new(&config.build.output);
    let inside = output.is_relative() && !output.starts_with("..");
    let missing: Vec<&str> = [config.build.output.as_str(), STATE_FOLDER]
        .into_iter()
        .filter(|name| (inside || *name == STATE_FOLDER) && !ignored(name))
        .collect();
    findings.push(match missing.as_slice() {
        [] => finding(Health::Ok, "git", ".gitignore has what rbgen makes"),
        missing => hinted(
            Health::Warn,
            "git",
            format!(".gitignore does not have {}", missing.join(" and ")),
            "what can be made again does not belong into git",
        ),
    });
}

/// Whether a .gitignore names a folder, in one of the plain ways to write it. `path` is relative to
/// the .gitignore.
fn is_ignored(text: &str, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    text.lines().map(str::trim_end).any(|line| {
        let pattern = line
            .strip_suffix("/**")
            .or(line.strip_suffix("/*"))
            .unwrap_or(line);
        let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
        let anywhere = pattern.strip_prefix("**/").unwrap_or(pattern);
        let here = pattern.strip_prefix('/').unwrap_or(pattern);
        here == path || (!anywhere.contains('/') && anywhere == name)
    })
}

fn look_at_schemas(root: &Path, site: &Site, findings: &mut Vec<Finding>) {
    let folder = root.join(SCHEMA_FOLDER);
    let schemas = schema::schema_files(Some(site));
    let read = |name: &str| fs::read(folder.join(name)).ok();
    let missing = schemas.keys().filter(|name| read(name).is_none()).count();
    let stale = schemas
        .iter()
        .any(|(name, bytes)| read(name).is_some_and(|old| old != *bytes));
    findings.push(if missing > 0 {
        let message = format!("no JSON Schemas for editors in {SCHEMA_FOLDER}");
        hinted(
            Health::Warn,
            "schemas",
            message,
            "`rbgen schema` writes them",
        )
    } else if stale {
        let message = format!("the JSON Schemas in {SCHEMA_FOLDER} are out of date");
        hinted(
            Health::Warn,
            "schemas",
            message,
            "`rbgen schema` writes them again",
        )
    } else {
        finding(
            Health::Ok,
            "schemas",
            format!("{SCHEMA_FOLDER} is up to date"),
        )
    });
}

fn look_at_file_system(root: &Path, findings: &mut Vec<Finding>) {
    let upper = CONFIG_FILE.to_uppercase();
    let has_both = fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| entry.file_name().to_str() == Some(upper.as_str()));
    let insensitive = !has_both && fs::symlink_metadata(root.join(&upper)).is_ok();
    findings.push(finding(
        Health::Ok,
        "file names",
        match insensitive {
            true => "letter case does not count here; what differs in nothing else is an error in every build",
            false => "letter case counts here",
        },
    ));
}

fn look_at_react(site: &Site, findings: &mut Vec<Finding>) {
    let Some(react) = &site.config.react else {
        return;
    };
    let (library, packages) = (react.library(), &site.packages);
    let Err(missing) = runtime(library, packages) else {
        let message = format!("{} is in `{}`", react.runtime, packages.folder);
        findings.push(finding(Health::Ok, "react", message));
        return;
    };
    findings.push(hinted(
        Health::Warn,
        "react",
        missing,
        format!("run `{}`", packages.install(library)),
    ));
    if in_path("npm").is_none() {
        findings.push(hinted(
            Health::Warn,
            "react",
            "npm is not in the PATH".to_string(),
            "install Node.js, which brings it; rbgen itself does not need it",
        ));
    }
}

fn in_path(program: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths)
        .map(|folder| folder.join(format!("{program}{}", std::env::consts::EXE_SUFFIX)))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_patterns_are_understood() {
        for line in [
            "dist", "/dist", "dist/", "/dist/", "**/dist/", "dist/*", "/dist/**",
        ] {
            assert!(is_ignored(&format!("# x\n{line}\n"), "dist"), "{line}");
        }
        for line in ["# dist", "!dist", "dist2", "x/dist", "/site/dist"] {
            assert!(!is_ignored(line, "dist"), "{line}");
        }
        assert!(is_ignored("/site/dist/", "site/dist"));
        assert!(is_ignored("dist/", "site/dist"));
        assert!(!is_ignored("/dist/", "site/dist"));
    }
}
