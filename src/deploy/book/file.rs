//! Records as lines of JSON: each line is a record as it was at some time, and the last one of an id counts.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::{Deploy, DeployStatus, Moment};

/// A line, with the names that the columns have.
#[derive(Serialize, Deserialize)]
struct Line {
    id: String,
    node_id: String,
    app_namespace: String,
    build_hash: String,
    pages_count: Option<usize>,
    components_count: Option<usize>,
    deploy_status: String,
    build_duration_ms: Option<u64>,
    deploy_duration_ms: Option<u64>,
    error_message: Option<String>,
    build_log: String,
    started_at: String,
    completed_at: Option<String>,
    triggered_by: String,
    source_rev: Option<String>,
    source_commit: Option<String>,
    release: Option<String>,
    target: Option<String>,
    preview: Option<String>,
}

/// The records of a file; none where there is no file. A line that is none, such as one that a kill cut
/// off, is passed over.
pub fn read(path: &Path) -> io::Result<Vec<Deploy>> {
    let text = match fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut records: BTreeMap<String, Deploy> = BTreeMap::new();
    for line in text.lines() {
        let Ok(line) = serde_json::from_str::<Line>(line) else {
            continue;
        };
        if let Some(deploy) = deploy(line) {
            let closed = records
                .get(&deploy.id)
                .is_some_and(|there| there.completed_at.is_some());
            if !closed {
                records.insert(deploy.id.clone(), deploy);
            }
        }
    }
    Ok(records.into_values().collect())
}

/// Appends records as they are now. Each line is written at once, and after one that was cut off begins
/// a new one. Where the file was set apart meanwhile, whoever did that may have read it already, and the
/// records go into a new one as well.
pub fn append(path: &Path, deploys: &[Deploy]) -> io::Result<()> {
    let mut text = String::new();
    for deploy in deploys {
        text.push_str(&serde_json::to_string(&line(deploy)).map_err(io::Error::other)?);
        text.push('\n');
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("it is no file"));
    }
    // Few set it apart at all; and numbers of files are not the same for ever on every file system.
    for _ in 0..8 {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(path)?;
        if !ends_in_line_end(&mut file)? {
            text.insert(0, '\n');
        }
        file.write_all(text.as_bytes())?;
        let written = file.metadata()?;
        let is_it =
            |there: fs::Metadata| (there.dev(), there.ino()) == (written.dev(), written.ino());
        if fs::metadata(path).is_ok_and(is_it) {
            break;
        }
    }
    Ok(())
}

/// Whether a file is empty, or its last line is whole.
fn ends_in_line_end(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == [b'\n'])
}

/// The right to hand records over, for as long as it is held; `None` where there are none, or somebody
/// else is at it.
pub fn lock(path: &Path) -> Option<File> {
    if !path.exists() && !aside(path).exists() {
        return None;
    }
    let lock = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path.with_extension("lock"))
        .ok()?;
    lock.try_lock().ok()?;
    Some(lock)
}

/// Where records wait for a database to take them.
pub fn aside(path: &Path) -> PathBuf {
    path.with_extension("handed.jsonl")
}

/// Gives the file the name under which its records wait. Whether there was one.
pub fn set_apart(path: &Path, aside: &Path) -> bool {
    fs::rename(path, aside).is_ok()
}

/// Removes records that a database has.
pub fn forget(aside: &Path) {
    let _ = fs::remove_file(aside);
}

fn line(deploy: &Deploy) -> Line {
    Line {
        id: deploy.id.clone(),
        node_id: deploy.node.clone(),
        app_namespace: deploy.app.clone(),
        build_hash: deploy.build_hash.clone(),
        pages_count: deploy.pages,
        components_count: deploy.components,
        deploy_status: deploy.status.as_str().to_string(),
        build_duration_ms: deploy.build_ms,
        deploy_duration_ms: deploy.deploy_ms,
        error_message: deploy.error.clone(),
        build_log: deploy.log.clone(),
        started_at: deploy.started_at.to_string(),
        completed_at: deploy.completed_at.map(|at| at.to_string()),
        triggered_by: deploy.triggered_by.clone(),
        source_rev: deploy.source_rev.clone(),
        source_commit: deploy.source_commit.clone(),
        release: deploy.release.clone(),
        target: deploy.target.clone(),
        preview: deploy.preview.clone(),
    }
}

fn deploy(line: Line) -> Option<Deploy> {
    let moment = |text: &str| text.parse::<Moment>().ok();
    // Only what a database would take as an id.
    uuid::Uuid::parse_str(&line.id).ok()?;
    Some(Deploy {
        id: line.id,
        node: line.node_id,
        app: line.app_namespace,
        build_hash: line.build_hash,
        pages: line.pages_count,
        components: line.components_count,
        status: DeployStatus::parse(&line.deploy_status)?,
        build_ms: line.build_duration_ms,
        deploy_ms: line.deploy_duration_ms,
        error: line.error_message,
        log: line.build_log,
        started_at: moment(&line.started_at)?,
        completed_at: line.completed_at.as_deref().and_then(moment),
        triggered_by: line.triggered_by,
        source_rev: line.source_rev,
        source_commit: line.source_commit,
        release: line.release,
        target: line.target,
        preview: line.preview,
    })
}
