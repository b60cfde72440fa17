//! Opens files below a folder so that nothing is read through a symbolic link, whoever moves what meanwhile.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::bundle::is_output_path;

/// Opens the regular file at a path below `root`, with `/` between its parts. Each part is opened for
/// itself, and none may be a link; `root` itself may only lie below one.
pub fn open_regular(root: &Path, path: &str) -> io::Result<File> {
    if !is_output_path(path) {
        return Err(io::Error::other("no path below the folder"));
    }
    let at = OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::RDONLY;
    let mut folder = openat(CWD, root, at | OFlags::DIRECTORY, Mode::empty())?;
    let (above, name) = match path.rsplit_once('/') {
        Some((above, name)) => (above, name),
        None => ("", path),
    };
    for part in above.split('/').filter(|part| !part.is_empty()) {
        folder = openat(&folder, part, at | OFlags::DIRECTORY, Mode::empty())?;
    }
    // Without waiting, because a pipe would wait for a writer.
    let file = File::from(openat(&folder, name, at | OFlags::NONBLOCK, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("no regular file"));
    }
    Ok(file)
}

/// All bytes of a file, at most `most`: one that grows meanwhile is an error.
pub fn read_all(file: &mut File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other("the file is too large"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_regular_files_below_the_folder_are_opened() {
        let outside = tempfile::TempDir::new().unwrap();
        let root = outside.path().join("root");
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::write(root.join("a/b/c"), "in").unwrap();
        fs::write(outside.path().join("secret"), "out").unwrap();
        symlink(outside.path(), root.join("link")).unwrap();
        symlink("b/c", root.join("a/file-link")).unwrap();
        symlink(&root, outside.path().join("root-link")).unwrap();
        let read = |path: &str| {
            let mut file = open_regular(&root, path).ok()?;
            String::from_utf8(read_all(&mut file, 100).ok()?).ok()
        };
        assert_eq!(read("a/b/c").as_deref(), Some("in"));
        for path in [
            "link/secret",
            "a/file-link",
            "../secret",
            "a/../../secret",
            "/etc/passwd",
            "a/b",
            "a/b/c/",
            "",
            "a/none",
        ] {
            assert_eq!(read(path), None, "{path}");
        }
        assert!(open_regular(&outside.path().join("root-link"), "a/b/c").is_err());
        let mut file = open_regular(&root, "a/b/c").unwrap();
        assert!(read_all(&mut file, 1).is_err());
    }
}
