//! What a build is asked for, from its options and the configuration, and which moments its time has passed.

use super::Options;
use crate::files::Folder;
use crate::ledger::Facts;
use crate::load::read_config;
use crate::model::{Config, Moment};
use crate::plan::Request;
use crate::render::react::bounds_of_day;

/// The configuration, where nothing is wrong with it.
pub(super) fn sound_config(folder: &Folder) -> Option<Config> {
    let (config, diagnostics) = read_config(folder);
    config.filter(|_| !diagnostics.has_errors())
}

pub(super) fn request(options: &Options, config: &Config) -> Request {
    Request {
        nodes: options.nodes.clone(),
        apps: options.apps.clone(),
        drafts: options.drafts || config.build.drafts,
        now: options.now,
    }
}

/// The facts of a build. Where some page may say what day it is, the day's beginning and end are moments at
/// which the build changes.
pub(super) fn with_day(mut facts: Facts, asked_day: bool, request: &Request) -> Facts {
    facts.asked_day |= asked_day;
    if facts.asked_day {
        facts.boundaries.extend(bounds_of_day(request.now));
        facts.boundaries.sort_unstable();
        facts.boundaries.dedup();
        facts.passed = passed(&facts.boundaries, request);
    }
    facts
}

/// The first moment that has not passed.
pub(super) fn next(boundaries: &[Moment], request: &Request) -> Option<Moment> {
    boundaries.get(passed(boundaries, request)).copied()
}

/// How many moments have passed.
pub(super) fn passed(boundaries: &[Moment], request: &Request) -> usize {
    boundaries.partition_point(|moment| *moment <= request.now)
}
