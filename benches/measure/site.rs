//! A site of the corpus on the disk, and the programs that are timed in it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Result;
use crate::corpus::{File, Size, write_nodes, write_site};

/// For so long after a write, a program that trusts the times of files cannot trust that of this
/// one, and reads it again: git does so, and rbgen.
pub const RECENT: Duration = Duration::from_millis(2500);

/// What a timed build took and said.
#[derive(Clone, Copy)]
pub struct Built {
    pub duration: Duration,
    pub pages_rendered: u64,
    pub files_written: u64,
}

/// A site, and where it is built to.
pub struct Site {
    pub size: Size,
    root: PathBuf,
    program: PathBuf,
    /// How many folders beside the site are taken by outputs and their copies.
    taken: usize,
}

impl Site {
    /// Writes a site into a folder, which is made.
    pub fn make(program: &Path, root: &Path, size: Size) -> Result<Site> {
        eprintln!("writing {} pages for {} node(s)", size.pages, size.nodes);
        write_site(root, size)?;
        Ok(Site {
            size,
            root: root.to_path_buf(),
            // Programs run in the folder of the site.
            program: fs::canonicalize(program)?,
            taken: 0,
        })
    }

    /// The folder of the site.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn set_nodes(&mut self, nodes: usize) -> Result<()> {
        self.size.nodes = nodes;
        Ok(write_nodes(&self.root, self.size)?)
    }

    /// A build with neither output nor ledger, and where its output is.
    ///
    /// Every one goes to a folder of its own, and none is removed before the end of the run: for
    /// seconds after thousands of files are removed, file systems such as ext4 take several times
    /// as long to make new ones, whoever asks.
    pub fn clean_build(&mut self) -> Result<(Duration, PathBuf)> {
        let out = self.prepare_clean_build()?;
        let arguments = ["--out".as_ref(), out.as_os_str()];
        Ok((self.build_with(&arguments)?.duration, out))
    }

    /// The peak resident set of a clean build, in MB.
    pub fn peak_memory(&mut self) -> Result<u64> {
        let out = self.prepare_clean_build()?;
        let output = Command::new("/usr/bin/time")
            .args(["-f", "%M"])
            .arg(&self.program)
            .args(["build", "--quiet", "--out"])
            .arg(&out)
            .current_dir(&self.root)
            .output()
            .map_err(|error| format!("/usr/bin/time (Debian: time) is needed: {error}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(format!("rbgen build ended with {}: {said}", output.status).into());
        }
        let kilobytes: u64 = said.lines().last().unwrap_or_default().trim().parse()?;
        Ok(kilobytes / 1024)
    }

    /// Copies an output, as `cp -r` does, to a folder that was never there.
    pub fn copy(&mut self, output: &Path) -> Result<Duration> {
        let folder = self.fresh_folder()?;
        sync()?;
        self.timed(
            "cp",
            &["-r".as_ref(), output.as_os_str(), folder.as_os_str()],
        )
    }

    fn prepare_clean_build(&mut self) -> Result<PathBuf> {
        // A file or two.
        remove(&self.root.join(".rbgen"))?;
        let out = self.fresh_folder()?;
        sync()?;
        Ok(out)
    }

    /// A folder beside the site that does not exist.
    fn fresh_folder(&mut self) -> Result<PathBuf> {
        self.taken += 1;
        let name = self.root.file_name().and_then(OsStr::to_str);
        let name = format!("{}-out-{}", name.ok_or("no name")?, self.taken);
        Ok(self.root.with_file_name(name))
    }

    /// A build into the site's own output folder.
    pub fn build(&self) -> Result<Built> {
        self.build_with(&[])
    }

    fn build_with(&self, arguments: &[&OsStr]) -> Result<Built> {
        let mut command = self.command(&self.program, &["build", "--json", "--quiet"]);
        command.args(arguments);
        let began = Instant::now();
        let output = command.output()?;
        let duration = began.elapsed();
        if !output.status.success() {
            return Err(format!("rbgen build ended with {}", output.status).into());
        }
        let json: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let number = |name: &str| {
            json[name]
                .as_u64()
                .ok_or_else(|| format!("no `{name}` in {json}"))
        };
        Ok(Built {
            duration,
            pages_rendered: number("pages_rendered")?,
            files_written: number("files_written")?,
        })
    }

    /// Waits until nothing was written lately, and lets rbgen and git learn of it.
    pub fn settle(&self) -> Result<()> {
        sync()?;
        sleep(RECENT);
        self.build()?;
        self.git_status().map(drop)
    }

    /// The build that follows when one file of a settled site becomes another one. Then all is as it
    /// was.
    pub fn build_with_change(&self, file: &File) -> Result<Built> {
        self.settle()?;
        let path = self.root.join(&file.path);
        let before = path.exists().then(|| fs::read(&path)).transpose()?;
        fs::write(&path, &file.text).map_err(|error| format!("{}: {error}", file.path))?;
        let built = self.build()?;
        match before {
            Some(before) => fs::write(&path, before)?,
            None => fs::remove_file(&path)?,
        }
        self.build()?;
        Ok(built)
    }

    pub fn commit(&self) -> Result<()> {
        for arguments in [
            &["init", "-q"][..],
            &["config", "user.name", "bench"],
            &["config", "user.email", "bench@example.org"],
            &["config", "gc.auto", "0"],
            &["add", "-A"],
            &["commit", "-q", "-m", "The site"],
        ] {
            self.timed("git", &arguments.iter().map(OsStr::new).collect::<Vec<_>>())?;
        }
        Ok(())
    }

    pub fn git_status(&self) -> Result<Duration> {
        self.timed("git", &["status".as_ref(), "--porcelain".as_ref()])
    }

    fn timed(&self, program: &str, arguments: &[&OsStr]) -> Result<Duration> {
        let mut command = self.command(program, arguments);
        command.stdout(Stdio::null());
        let began = Instant::now();
        let status = command.status()?;
        let duration = began.elapsed();
        match status.success() {
            true => Ok(duration),
            false => Err(format!("{program} {arguments:?} ended with {status}").into()),
        }
    }

    fn command(&self, program: impl AsRef<OsStr>, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&self.root)
            .stderr(Stdio::inherit());
        command
    }
}

/// Writes back what the commands before have left in memory, so that the next one does not pay for
/// it.
pub fn sync() -> Result<()> {
    match Command::new("sync").status()? {
        status if status.success() => Ok(()),
        status => Err(format!("sync ended with {status}").into()),
    }
}

/// Removes a folder if it is there.
pub fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
