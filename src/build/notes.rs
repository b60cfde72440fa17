//! What the next ledger is to say of jobs, outputs and themes.

use super::prepare::Workshop;
use super::render::{Made, Task};
use crate::bundle::Bundle;
use crate::codec::{Reader, Writer};
use crate::ledger::{
    BundleNote, JobNote, Written, bundle_key, bundle_record, job_key, job_record, output_key,
    theme_key, written_record,
};
use crate::model::Site;
use crate::render::PolicyNeeds;

/// Entries of a ledger, by key, in no order.
pub type Notes = Vec<(Vec<u8>, Vec<u8>)>;

/// Notes a job that was done.
pub fn note_job(site: &Site, node: &str, task: &Task<'_>, made: &Made, notes: &mut Notes) {
    let record = job_record(&JobNote {
        app: task.app,
        path: task.path(),
        blocks: task
            .page
            .as_ref()
            .map_or(Vec::new(), |page| page.blocks.clone()),
        traces: made.traces,
        needs: &made.needs.as_deref().map_or(Vec::new(), print_needs),
    });
    notes.push((key_of(site, node, task), record));
}

/// The key, in a ledger, of a job.
pub fn key_of(site: &Site, node: &str, task: &Task<'_>) -> Vec<u8> {
    job_key(node, task.job_page(site))
}

/// Notes an output.
pub fn note_output(folder: &str, path: &str, written: Written, notes: &mut Notes) {
    let record = written_record(&written);
    notes.push((output_key(&format!("{folder}/{path}")), record));
}

/// Notes a bundle, with the components that its pages use, sorted.
pub fn note_bundle(bundle: &Bundle, components: Vec<String>, notes: &mut Notes) {
    let record = bundle_record(&BundleNote {
        build_hash: bundle.build_hash(),
        pages: bundle.pages,
        files: bundle.files().len(),
        components,
    });
    notes.push((bundle_key(&bundle.node, &bundle.app), record));
}

/// Notes the themes.
pub fn note_themes(workshop: &Workshop<'_>, notes: &mut Notes) {
    for (theme, record) in workshop.theme_records() {
        notes.push((theme_key(theme), record));
    }
}

/// What a page needs of the policy, as bytes.
pub fn print_needs(needs: &PolicyNeeds) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.flag(needs.style_attributes).flag(needs.own_scripts);
    for texts in [
        &needs.script_hashes,
        &needs.style_hashes,
        &needs.image_origins,
        &needs.media_origins,
        &needs.frame_origins,
        &needs.form_origins,
    ] {
        writer.texts(texts.iter().map(String::as_str));
    }
    writer.0
}

/// The needs that bytes say; none where there are no bytes.
pub fn read_needs(bytes: &[u8]) -> Option<PolicyNeeds> {
    if bytes.is_empty() {
        return Some(PolicyNeeds::default());
    }
    let mut reader = Reader(bytes);
    let (style_attributes, own_scripts) = (reader.flag()?, reader.flag()?);
    let mut texts = || Some(reader.texts()?.into_iter().collect());
    Some(PolicyNeeds {
        style_attributes,
        own_scripts,
        script_hashes: texts()?,
        style_hashes: texts()?,
        image_origins: texts()?,
        media_origins: texts()?,
        frame_origins: texts()?,
        form_origins: texts()?,
    })
}
