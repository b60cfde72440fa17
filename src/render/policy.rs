//! What a finished page needs of the content security policy.

/// Needs beyond the page's own host.
#[derive(Default, Clone, Debug)]
pub struct PolicyNeeds;

/// Something that no policy allows.
pub struct PolicyProblem {
    pub message: String,
}

/// The needs of a page.
pub fn policy_needs(_: &str) -> (PolicyNeeds, Vec<PolicyProblem>) {
    (PolicyNeeds, Vec::new())
}

impl PolicyNeeds {
    /// Adds those of another page.
    pub fn merge(&mut self, _: &PolicyNeeds) {}

    /// The header's value.
    pub fn header(&self, _: bool) -> String {
        "default-src 'self'".into()
    }
}
