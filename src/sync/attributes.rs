//! What tells git to merge content with rbgen: lines in `.gitattributes`, and the driver in the
//! configuration of the clone.

use std::fs;
use std::io;
use std::path::Path;

use memchr::memmem;

use super::git::{GitError, Repository};
use crate::files::write_file;

/// The file, in the root of the site.
const FILE: &str = ".gitattributes";

const FIRST: &str = "# rbgen: begin\n";
const LAST: &str = "# rbgen: end\n";

/// What stands between these two lines. All else in the file is left alone. Of several lines about a
/// path git takes the last, so the section goes to the end.
const LINES: &str = "\
# Content is kept byte for byte. Line ends are part of what a text says: were they converted, a clone
# would say something else than the database, and every text would differ.
content/** -text
# Documents are merged by field and block (`merge.rbgen.driver` in the configuration of the clone).
content/**/*.toml -text merge=rbgen
content/**/*.md -text merge=rbgen
";

/// The name that people see when git says what it merges with.
const NAME: &str = "rbgen: fields and blocks of content";

/// What was changed to make git merge content with rbgen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Installed {
    /// `.gitattributes` in the root of the site.
    pub attributes: bool,
    /// `merge.rbgen.name`, `merge.rbgen.driver` or `merge.directoryRenames` in the configuration of the
    /// clone.
    pub config: bool,
}

/// Why git could not be told.
#[derive(Debug)]
pub enum NotInstalled {
    /// `.gitattributes` cannot be read or written.
    Attributes(io::Error),
    /// The configuration cannot be written.
    Config(GitError),
}

/// Makes git merge the content of a site with rbgen, and says what had to change for that: a second
/// time, nothing. `root` is the site, anywhere in the work tree, and `program` what a shell finds rbgen
/// by, a name or a path. Other lines of `.gitattributes` stay as they are.
pub fn install_merge_driver(
    repository: &Repository,
    root: &Path,
    program: &str,
) -> Result<Installed, NotInstalled> {
    let attributes = install_attributes(root).map_err(NotInstalled::Attributes)?;
    let mut config = false;
    for (key, value) in [
        ("merge.rbgen.name", NAME),
        ("merge.rbgen.driver", &driver(program)),
        // Where git guesses that a folder was renamed it moves files that the other side has put there;
        // git 2.47 loses one that comes back to its old place that way, and says that it merged.
        ("merge.directoryRenames", "false"),
    ] {
        let has = repository.text(&["config", "--local", "--get", key]);
        if has.ok().as_deref() != Some(value) {
            repository
                .text(&["config", "--local", "--replace-all", key, value])
                .map_err(NotInstalled::Config)?;
            config = true;
        }
    }
    Ok(Installed { attributes, config })
}

/// Brings the lines into `.gitattributes`; whether it had to change.
fn install_attributes(root: &Path) -> io::Result<bool> {
    let before = match fs::read(root.join(FILE)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let after = with_section(&before);
    if after == before {
        return Ok(false);
    }
    write_file(root, FILE, &after)?;
    Ok(true)
}

/// The bytes of `.gitattributes` with the section: where it is, if it is there, and else at the end.
fn with_section(before: &[u8]) -> Vec<u8> {
    let section = [FIRST, LINES, LAST].concat();
    if let Some((start, end)) = section_in(before) {
        let parts = [&before[..start], section.as_bytes(), &before[end..]];
        return parts.concat();
    }
    let mut after = before.to_vec();
    if !after.is_empty() {
        if !after.ends_with(b"\n") {
            after.push(b'\n');
        }
        after.push(b'\n');
    }
    after.extend_from_slice(section.as_bytes());
    after
}

/// Where the section begins and ends, its marks included, whatever line ends it got.
fn section_in(bytes: &[u8]) -> Option<(usize, usize)> {
    let line = |mark: &str, from: usize| {
        let mark = mark.trim_end();
        let found = memmem::find_iter(&bytes[from..], mark).map(|at| from + at);
        found.into_iter().find_map(|at| {
            let behind = &bytes[at + mark.len()..];
            let starts = at == 0 || bytes[at - 1] == b'\n';
            let line_end = [&b"\n"[..], b"\r\n"]
                .into_iter()
                .find(|end| behind.starts_with(end));
            let length = match (line_end, behind.is_empty()) {
                (Some(line_end), _) => line_end.len(),
                (None, true) => 0,
                (None, false) => return None,
            };
            starts.then_some((at, at + mark.len() + length))
        })
    };
    let (mut start, mut inside) = line(FIRST, 0)?;
    let (last, end) = line(LAST, inside)?;
    // A first line that has lost its last one is somebody's own.
    while let Some((again, behind)) = line(FIRST, inside).filter(|(again, _)| *again < last) {
        (start, inside) = (again, behind);
    }
    Some((start, end))
}

/// The command that git runs in a shell. A git that does not know the last three words leaves them as
/// they are.
fn driver(program: &str) -> String {
    let program = shell_word(program).replace('%', "%%");
    format!("{program} merge-driver %O %A %B %L %P %S %X %Y")
}

/// A word that a shell takes as it is.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+');
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_string(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaffold::{Template, site_files};

    fn after(before: &str) -> String {
        String::from_utf8(with_section(before.as_bytes())).unwrap()
    }

    #[test]
    fn the_section_is_added_once_and_disturbs_nothing() {
        let section = format!("{FIRST}{LINES}{LAST}");
        assert_eq!(after(""), section);
        assert_eq!(after("*.png binary"), format!("*.png binary\n\n{section}"));
        for text in ["", "*.png binary", "a\n# rbgen: begin\n", "a b\r\n"] {
            let once = after(text);
            assert!(once.starts_with(text), "{once}");
            assert_eq!(after(&once), once);
        }
        let old = "a\n# rbgen: begin\r\nold\r\n# rbgen: end\r\nb\n";
        assert_eq!(after(old), format!("a\n{section}b\n"));
        let open = "# rbgen: begin\na\n";
        assert_eq!(after(open), format!("{open}\n{section}"));
    }

    #[test]
    fn new_sites_have_it() {
        let files = site_files(Template::App, "x");
        let before = &files[FILE];
        assert_eq!(with_section(before), *before);
    }

    #[test]
    fn the_driver_is_quoted_for_the_shell_and_for_git() {
        assert_eq!(
            driver("rbgen"),
            "rbgen merge-driver %O %A %B %L %P %S %X %Y"
        );
        assert!(driver("/my bin/100%/rbgen").starts_with("'/my bin/100%%/rbgen' "));
        assert!(driver("it's").starts_with("'it'\\''s' "));
    }

    #[test]
    fn git_knows_how_content_is_merged() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::at(folder.path());
        repository.text(&["init", "--quiet"]).unwrap();
        let root = folder.path().join("site");
        fs::create_dir(&root).unwrap();
        fs::write(root.join(FILE), "* text=auto eol=crlf\n").unwrap();
        let install = || install_merge_driver(&repository, &root, "rbgen").unwrap();
        let all = Installed {
            attributes: true,
            config: true,
        };
        assert_eq!(install(), all);
        assert_eq!(install(), Installed::default());
        let attribute = |name: &str, path: &str| {
            let said = repository.text(&["check-attr", name, "--", path]).unwrap();
            said.rsplit(": ").next().unwrap().to_string()
        };
        for path in [
            "content/pages/a/b/x.toml",
            "content/tokens/c.toml",
            "content/pages/a/x.md",
        ] {
            let path = format!("site/{path}");
            assert_eq!(attribute("merge", &path), "rbgen");
            assert_eq!(attribute("text", &path), "unset");
        }
        let styles = "site/content/components/x.css";
        assert_eq!(attribute("text", styles), "unset");
        assert_eq!(attribute("merge", styles), "unspecified");
        assert_eq!(
            attribute("merge", "site/themes/base/theme.toml"),
            "unspecified"
        );
        assert_eq!(attribute("text", "site/themes/base/theme.toml"), "auto");
        let driver = repository.text(&["config", "merge.rbgen.driver"]).unwrap();
        assert!(driver.starts_with("rbgen merge-driver %O"));
    }
}
