//! From a job to bytes: Markdown, style sheets and the policy of a finished page.

pub mod markdown;
pub mod policy;
pub mod style;
