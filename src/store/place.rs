//! Where the output may be: never on top of the sources.
#![allow(clippy::disallowed_methods, reason = "this room looks at the disk")]

use std::path::{Component, Path, PathBuf};

use crate::diag::{Diagnostic, code};

/// The folders of a site that hold its sources.
const SOURCES: [&str; 7] = [
    "content",
    "themes",
    "static",
    "migrations",
    ".git",
    ".rbgen",
    "src",
];

/// The folder in which listeners build.
const LISTENING: &str = ".rbgen/listen";

/// The output folder as an absolute path: `out`, relative to `base`. It must not be the site, a
/// folder above it, or one with sources.
pub fn output_place(site: &Path, base: &Path, out: &Path) -> Result<PathBuf, Diagnostic> {
    let place = normal(&base.join(out));
    let real = real(&place);
    let site = self::real(&normal(site));
    let refused = |why: &str| {
        Diagnostic::general(
            code::OUTPUT_PLACE,
            format!("`{}` cannot be the output folder: {why}", out.display()),
        )
        .hint("choose another with `--out` or with `output` in `[build]`")
    };
    if site.starts_with(&real) {
        return Err(refused("the site is in it"));
    }
    let is_in = |name: &str| real.starts_with(self::real(&site.join(name)));
    if SOURCES.into_iter().any(is_in) && !is_in(LISTENING) {
        return Err(refused("it holds sources of the site"));
    }
    Ok(place)
}

/// A path with the links in it followed, as far as it exists.
fn real(path: &Path) -> PathBuf {
    for ancestor in path.ancestors() {
        if let (Ok(found), Ok(rest)) = (ancestor.canonicalize(), path.strip_prefix(ancestor)) {
            return if rest.as_os_str().is_empty() {
                found
            } else {
                found.join(rest)
            };
        }
    }
    path.to_path_buf()
}

/// A path without `.` and `..`, by its words alone.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_never_the_output() {
        let site = Path::new("/home/site");
        let place = |out: &str| output_place(site, site, Path::new(out));
        assert_eq!(place("dist").unwrap(), Path::new("/home/site/dist"));
        assert_eq!(place("/srv/www").unwrap(), Path::new("/srv/www"));
        for bad in [
            ".",
            "..",
            "/",
            "/home",
            "content",
            "themes/base/x",
            "dist/../content",
            "x/../..",
        ] {
            assert!(place(bad).is_err(), "{bad}");
        }
    }
}
