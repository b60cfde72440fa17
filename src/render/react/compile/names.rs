//! Names for what is put around the code: none that the code has itself, in whatever scope.

use std::collections::BTreeSet;

use oxc::semantic::Scoping;

/// The names of what is put around the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    /// The function that gives modules.
    pub(super) require: String,
    /// `createElement` of "react".
    pub(super) element: String,
    /// `Fragment` of "react".
    pub(super) fragment: String,
    /// The component, where the code does not name it.
    pub(super) component: String,
    /// What CommonJS calls `module`; and with a number after it, a module that is required.
    pub(super) module: String,
}

/// Chooses names.
pub(super) fn choose(scoping: &Scoping) -> Names {
    let unresolved = scoping.root_unresolved_references();
    let mut taken: BTreeSet<&str> = scoping.symbol_names().collect();
    taken.extend(unresolved.keys().map(|name| name.as_str()));
    // Taken is also what only begins with the name, because names of modules get a number.
    let free = |name: &str| {
        let mut free = name.to_string();
        while taken.iter().any(|taken| taken.starts_with(&free)) {
            free.push('_');
        }
        free
    };
    Names {
        require: free("$require"),
        element: free("$h"),
        fragment: free("$Fragment"),
        component: free("$Component"),
        module: free("$module"),
    }
}
