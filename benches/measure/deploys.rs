//! What deploys to a folder take, and what going back takes: `benches/deploy` prints it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Result;
use crate::corpus::{Size, ordinary_page, write_site};
use crate::site::{RECENT, sync};
use crate::table::{Row, median, ratio, time, times};

/// What going back to another release may take, from the start of the process to its end.
const BACK: Duration = Duration::from_millis(50);
/// What a deploy may take, in copies of the bundle that are on the disk in the end.
const NEW: f64 = 3.0;
/// The same where one page has changed, in copies that need not be on the disk.
const CHANGED: f64 = 1.0;

/// A site whose one bundle goes to a folder beside it.
struct Deploys {
    program: PathBuf,
    site: PathBuf,
    target: PathBuf,
    size: Size,
    /// How many folders beside the site are taken.
    taken: usize,
}

/// The rows of deploys.
pub fn deploys(program: &Path, work: &Path, size: Size, rounds: usize) -> Result<Vec<Row>> {
    let size = Size { apps: 1, ..size };
    let mut deploys = Deploys::make(program, work, size)?;
    let mut rows = deploys.publish(rounds)?;
    rows.extend(deploys.go_back(rounds)?);
    Ok(rows)
}

impl Deploys {
    fn make(program: &Path, work: &Path, size: Size) -> Result<Deploys> {
        eprintln!("writing {} pages", size.pages);
        let site = work.join("deployed");
        write_site(&site, size)?;
        let config = site.join("robbieblocks.toml");
        let text = fs::read_to_string(&config)?;
        fs::write(config, format!("{text}deploy = {{ dir = \"../srv\" }}\n"))?;
        let deploys = Deploys {
            program: fs::canonicalize(program)?,
            target: work.join("srv"),
            site,
            size,
            taken: 0,
        };
        deploys.rbgen(&["build"])?;
        Ok(deploys)
    }

    fn rbgen(&self, arguments: &[&str]) -> Result<Duration> {
        let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        self.timed(self.program.as_os_str(), &arguments)
    }

    fn timed(&self, program: &OsStr, arguments: &[&OsStr]) -> Result<Duration> {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.site);
        command.stdout(Stdio::null());
        let began = Instant::now();
        let status = command.status()?;
        match status.success() {
            true => Ok(began.elapsed()),
            false => Err(format!("{program:?} {arguments:?} ended with {status}").into()),
        }
    }

    /// Waits until nothing was written lately, and lets rbgen learn of it.
    fn settle(&self) -> Result<()> {
        sync()?;
        sleep(RECENT);
        self.rbgen(&["build"])?;
        sync()
    }

    /// A folder beside the site that does not exist. None is removed before the end of the run: file
    /// systems are slow for a while after that.
    fn fresh_folder(&mut self) -> PathBuf {
        self.taken += 1;
        self.site.with_file_name(format!("taken-{}", self.taken))
    }

    /// Copies of the bundle: what `cp -r` takes, and until that is on the disk.
    fn copy(&mut self) -> Result<(Duration, Duration)> {
        let dist = self.site.join("dist/node-0");
        let copy = self.fresh_folder();
        sync()?;
        let copied = self.timed(
            OsStr::new("cp"),
            &["-r".as_ref(), dist.as_os_str(), copy.as_os_str()],
        )?;
        let written = self.timed(OsStr::new("sync"), &["-f".as_ref(), copy.as_os_str()])?;
        Ok((copied, copied + written))
    }

    /// Deploys of a new bundle, of one with another page, and of one that is live.
    fn publish(&mut self, rounds: usize) -> Result<Vec<Row>> {
        let page = ordinary_page(self.size);
        let path = self.site.join(&page.path);
        let block =
            "\n[[blocks]]\nkey = \"more\"\ncomponent = \"markdown\"\nprops = { text = \"More\" }\n";
        let edited = page.text + block;
        let before = fs::read_to_string(&path)?;
        let (mut new, mut changed, mut nothing) = (Vec::new(), Vec::new(), Vec::new());
        let (mut copies, mut written) = (Vec::new(), Vec::new());
        for round in 1..=rounds {
            eprintln!("deploys, round {round} of {rounds}");
            fs::write(&path, &before)?;
            self.settle()?;
            if self.target.exists() {
                let away = self.fresh_folder();
                fs::rename(&self.target, away)?;
            }
            sync()?;
            new.push(self.rbgen(&["deploy"])?);
            sync()?;
            nothing.push(self.rbgen(&["deploy"])?);
            fs::write(&path, &edited)?;
            sync()?;
            changed.push(self.rbgen(&["deploy"])?);
            let (copied, synced) = self.copy()?;
            copies.push(copied);
            written.push(synced);
        }
        let (copied, synced) = (median(copies), median(written));
        let (new, changed, nothing) = (median(new), median(changed), median(nothing));
        let row = |what: &str, reached: Duration, floor: Duration, most: f64, floors: &str| {
            let value = ratio(reached, floor);
            Row {
                what: format!("deploy of {} pages, {what}", self.size.pages),
                value,
                reached: times(value),
                must_reach: format!("at most {most}×"),
                good: value <= most,
                measured: format!("{} against {} of {floors}", time(reached), time(floor)),
            }
        };
        Ok(vec![
            row(
                "all new",
                new,
                synced,
                NEW,
                "`cp -r` until it is on the disk",
            ),
            row("one changed", changed, copied, CHANGED, "`cp -r`"),
            row("nothing changed", nothing, copied, CHANGED, "`cp -r`"),
        ])
    }

    /// Goes to one release and back to the other, as a process from its start to its end.
    fn go_back(&self, rounds: usize) -> Result<Vec<Row>> {
        let releases = fs::read_dir(self.target.join("play/releases"))?;
        let mut names = Vec::new();
        for entry in releases {
            let name = entry?.file_name().to_string_lossy().into_owned();
            names.extend((!name.ends_with(".json")).then_some(name));
        }
        if names.len() < 2 {
            return Err("there are no two releases to go to and fro".into());
        }
        sync()?;
        let mut durations = Vec::new();
        for _ in 0..rounds {
            for name in &names {
                durations.push(self.rbgen(&["rollback", "--to", name])?);
            }
        }
        let back = median(durations);
        Ok(vec![Row {
            what: format!("rollback of {} pages", self.size.pages),
            value: back.as_secs_f64(),
            reached: time(back),
            must_reach: format!("at most {}", time(BACK)),
            good: back <= BACK,
            measured: "a process, from its start to its end".into(),
        }])
    }
}
