//! The turns at the targets of a deploy, and what is said of targets that give none.

use super::records::{close, note, open_records};
use super::{Book, Cause, Deployed, Destination, Ended, Patience, Taken, Turns, Watching};
use crate::diag::{Diagnostic, code};

/// The turns at all targets, in the order of their names, so that two deployers never wait for each other.
/// `None` where waiting for one was given up.
pub fn take_turns(destinations: &[&Destination], watching: &mut dyn Watching) -> Option<Taken> {
    let mut sorted = destinations.to_vec();
    sorted.sort_by_key(|destination| destination.target.shown());
    let mut taken = Taken {
        turns: Turns::new(),
        refused: Vec::new(),
    };
    for destination in sorted {
        let (node, target) = (destination.node.clone(), &destination.target);
        let mut patience = Patience::Wait;
        let turn = target.take_turn(&mut || {
            patience = watching.waiting(target.shown());
            patience == Patience::Wait
        });
        match turn {
            Ok(Some(turn)) => {
                taken.turns.insert(node, turn);
            }
            Ok(None) if patience == Patience::Stop => return None,
            Ok(None) => {
                let message = format!("another deploy to {} goes on", target.shown());
                let busy = Diagnostic::general(code::TARGET_FAILED, message);
                taken.refused.push((node, busy));
            }
            Err(problem) => taken.refused.push((node, problem)),
        }
    }
    Some(taken)
}

/// Tells of a target that could not be had: each bundle that was to be deployed has a failed record.
pub fn fail_before(
    destinations: &[&Destination],
    cause: &Cause,
    book: &mut Book,
    watching: &mut dyn Watching,
    problem: Diagnostic,
    ended: &mut Ended,
) {
    let mut records = open_records(destinations, cause);
    let said = format!("error[{}]: {}", problem.code.0, problem.message);
    for record in &mut records {
        close(record, Some(&problem.message), &said);
    }
    note(book, &records, watching);
    let deploys = records.into_iter().map(Deployed::nothing);
    ended.deploys.extend(deploys);
    for destination in destinations {
        let node = destination.node.clone();
        ended.failed.insert(node, problem.message.clone());
    }
    ended.diagnostics.push(problem);
}
