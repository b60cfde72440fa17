//! What a check says of a commit: it runs beside other work, from when that begins.

use std::thread::{Scope, ScopedJoinHandle};

use crate::diag::{Diagnostic, Diagnostics, code};
use crate::files::Folder;

/// Says all that is wrong with the site of a commit.
pub type Check<'a> = &'a (dyn Fn(&Folder) -> Diagnostics + Sync);

/// The check of a commit.
pub enum Verdict<'scope, 'env> {
    /// It has not begun.
    Later(&'scope Scope<'scope, 'env>, Check<'env>, &'env Folder),
    Open(ScopedJoinHandle<'scope, Diagnostics>),
    Known(Diagnostics),
}

impl<'scope, 'env> Verdict<'scope, 'env> {
    /// A check that has not begun.
    pub fn new(
        scope: &'scope Scope<'scope, 'env>,
        check: Check<'env>,
        folder: &'env Folder,
    ) -> Verdict<'scope, 'env> {
        Verdict::Later(scope, check, folder)
    }

    /// Has the check begin, if it has not.
    pub fn begin(&mut self) {
        if let Verdict::Later(scope, check, folder) = *self {
            *self = Verdict::Open(scope.spawn(move || check(folder)));
        }
    }

    /// Waits for the check; whether it found no errors.
    pub fn wait(&mut self) -> bool {
        self.begin();
        let found = match std::mem::replace(self, Verdict::Known(Diagnostics::new())) {
            Verdict::Open(checking) => checking.join().unwrap_or_else(|_| {
                let message = "the check of the commit ended in a fault of rbgen";
                Diagnostic::general(code::GIT_FAILED, message).into()
            }),
            Verdict::Known(found) => found,
            Verdict::Later(..) => Diagnostics::new(),
        };
        let is_sound = !found.has_errors();
        *self = Verdict::Known(found);
        is_sound
    }

    /// What was found.
    pub fn into_diagnostics(self) -> Diagnostics {
        match self {
            Verdict::Known(found) => found,
            _ => Diagnostics::new(),
        }
    }
}
