//! The records of a ledger: values as bytes and back.

use super::{BundleNote, Facts, Input, JobNote, PageNote, Traces, Written};
use crate::bundle::{FileStamp, is_output_path};
use crate::codec::{Reader, Writer};
use crate::digest::{Digest, Hasher};
use crate::model::{FileStat, Page, Table as Values};
use crate::track::Answer;

impl Facts {
    /// The record of the facts of a build that was asked for by a key.
    pub fn record(&self, key: &Digest) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.digest(key).number(self.looked_at as u64);
        writer.number(self.boundaries.len() as u64);
        for moment in &self.boundaries {
            writer.text(&moment.to_string());
        }
        writer.number(self.passed as u64);
        for digest in [&self.found, &self.frame] {
            writer.flag(digest.is_some());
            if let Some(digest) = digest {
                writer.digest(digest);
            }
        }
        writer.flag(self.takes_texts).flag(self.asked_day);
        writer.number(self.schemas.len() as u64);
        for (component, digest) in &self.schemas {
            writer.text(component).digest(digest);
        }
        writer.diagnostics(&self.warnings);
        writer.0
    }
}

pub(super) fn read_facts(reader: &mut Reader<'_>) -> Option<Facts> {
    Some(Facts {
        looked_at: reader.number()? as i64,
        boundaries: (0..reader.count()?)
            .map(|_| reader.text()?.parse().ok())
            .collect::<Option<_>>()?,
        passed: usize::try_from(reader.number()?).ok()?,
        found: read_maybe_digest(reader)?,
        frame: read_maybe_digest(reader)?,
        takes_texts: reader.flag()?,
        asked_day: reader.flag()?,
        schemas: (0..reader.count()?)
            .map(|_| Some((reader.string()?, reader.digest()?)))
            .collect::<Option<_>>()?,
        warnings: reader.diagnostics()?,
    })
}

pub(super) fn read_maybe_digest(reader: &mut Reader<'_>) -> Option<Option<Digest>> {
    match reader.flag()? {
        true => reader.digest().map(Some),
        false => Some(None),
    }
}

/// The record of a file that was read.
pub fn input_record(input: &Input<'_>) -> Vec<u8> {
    let mut writer = Writer::default();
    write_stat(&mut writer, &input.stat);
    writer.digest(&input.digest);
    if let Some(page) = input.page {
        writer.text(page);
    }
    writer.0
}

pub(super) fn read_input(record: &[u8]) -> Option<Input<'_>> {
    let mut reader = Reader(record);
    let stat = read_stat(&mut reader)?;
    let digest = reader.digest()?;
    let page = match reader.0 {
        [] => None,
        _ => Some(reader.text()?),
    };
    Some(Input { stat, digest, page })
}

pub(super) fn write_stat(writer: &mut Writer, stat: &FileStat) {
    for number in [
        stat.modified as u64,
        stat.changed as u64,
        stat.size,
        stat.inode,
    ] {
        writer.0.extend_from_slice(&number.to_le_bytes());
    }
}

pub(super) fn read_stat(reader: &mut Reader<'_>) -> Option<FileStat> {
    let mut number = || {
        let (bytes, rest) = reader.0.split_first_chunk::<8>()?;
        reader.0 = rest;
        Some(u64::from_le_bytes(*bytes))
    };
    Some(FileStat {
        modified: number()? as i64,
        changed: number()? as i64,
        size: number()?,
        inode: number()?,
    })
}

/// The record of a page.
pub fn page_record(note: &PageNote, page: &Page) -> Vec<u8> {
    let mut writer = Writer::default();
    writer
        .digest(&note.document)
        .digest(&note.structure)
        .texts(note.data_files.iter().map(String::as_str))
        .page(page);
    writer.0
}

pub(super) fn read_page_note(reader: &mut Reader<'_>) -> Option<PageNote> {
    Some(PageNote {
        document: reader.digest()?,
        structure: reader.digest()?,
        data_files: reader.texts()?,
    })
}

/// The digest of all that a page says.
pub fn document_digest(page: &Page, props: &[Values]) -> Digest {
    let mut writer = Writer::default();
    writer.page(page).number(props.len() as u64);
    for props in props {
        writer.table(props);
    }
    let mut hasher = Hasher::new("page");
    hasher.bytes(&writer.0).finish()
}

/// The digest of what planning reads of a page, but for the components of blocks that are always shown,
/// and of which file it is.
pub fn structure_digest(page: &Page) -> Digest {
    let mut writer = Writer::default();
    writer
        .text(&page.origin)
        .text(&page.key)
        .text(&page.app)
        .text(&page.route)
        .text(&page.layout)
        .text(page.status.as_str());
    let aliases: Vec<&str> = page.aliases().map(|(_, alias)| alias).collect();
    writer.texts(aliases.into_iter());
    for (index, block) in page.blocks.iter().enumerate() {
        if !block.conditions.is_empty() {
            writer
                .number(index as u64)
                .text(&block.component)
                .table(&block.conditions);
        }
    }
    let mut hasher = Hasher::new("structure");
    hasher.bytes(&writer.0).finish()
}

/// The record of a file that was written.
pub fn written_record(written: &Written) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.digest(&written.stamp.digest);
    write_stat(&mut writer, &written.stat);
    writer.number(written.stamp.size);
    writer.0
}

pub(super) fn read_written(record: &[u8]) -> Option<Written> {
    let mut reader = Reader(record);
    let digest = reader.digest()?;
    let stat = read_stat(&mut reader)?;
    let size = reader.number()?;
    let stamp = FileStamp { digest, size };
    Some(Written { stamp, stat })
}

/// The record of a job.
pub fn job_record(job: &JobNote<'_>) -> Vec<u8> {
    let mut writer = Writer(job.traces.map(|trace| trace.0).concat());
    writer.text(job.app).text(job.path);
    writer.number(job.blocks.len() as u64);
    for block in &job.blocks {
        writer.number(*block as u64);
    }
    writer.0.extend_from_slice(job.needs);
    writer.0
}

/// The traces that the record of a job names.
pub fn read_job_traces(record: &[u8]) -> Option<Traces> {
    let (first, rest) = record.split_first_chunk::<16>()?;
    let (second, _) = rest.split_first_chunk::<16>()?;
    Some([Answer(*first), Answer(*second)])
}

pub(super) fn read_job(record: &[u8]) -> Option<JobNote<'_>> {
    let traces = read_job_traces(record)?;
    let mut reader = Reader(record.get(32..)?);
    let app = reader.text().filter(|app| is_output_path(app))?;
    Some(JobNote {
        app,
        path: reader.text().filter(|path| is_output_path(path))?,
        blocks: (0..reader.count()?)
            .map(|_| usize::try_from(reader.number()?).ok())
            .collect::<Option<_>>()?,
        traces,
        needs: reader.0,
    })
}

/// The record of a bundle.
pub fn bundle_record(bundle: &BundleNote) -> Vec<u8> {
    let mut writer = Writer::default();
    writer
        .digest(&bundle.build_hash)
        .number(bundle.pages as u64)
        .number(bundle.files as u64)
        .texts(bundle.components.iter().map(String::as_str));
    writer.0
}

pub(super) fn read_bundle(reader: &mut Reader<'_>) -> Option<BundleNote> {
    Some(BundleNote {
        build_hash: reader.digest()?,
        pages: usize::try_from(reader.number()?).ok()?,
        files: usize::try_from(reader.number()?).ok()?,
        components: reader.texts()?,
    })
}
