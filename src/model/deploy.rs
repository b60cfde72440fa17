//! A deploy: one publication of a bundle, as its record tells it.

use super::Moment;

/// How far a deploy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeployStatus {
    Pending,
    Building,
    Deploying,
    Success,
    Failed,
}

impl DeployStatus {
    /// All of them, in the order in which a deploy goes through them.
    pub const ALL: [DeployStatus; 5] = [
        DeployStatus::Pending,
        DeployStatus::Building,
        DeployStatus::Deploying,
        DeployStatus::Success,
        DeployStatus::Failed,
    ];

    /// The word of records.
    pub fn as_str(self) -> &'static str {
        match self {
            DeployStatus::Pending => "pending",
            DeployStatus::Building => "building",
            DeployStatus::Deploying => "deploying",
            DeployStatus::Success => "success",
            DeployStatus::Failed => "failed",
        }
    }

    /// The status of a word.
    pub fn parse(word: &str) -> Option<DeployStatus> {
        DeployStatus::ALL
            .into_iter()
            .find(|status| status.as_str() == word)
    }

    /// Whether a deploy in this state goes on.
    pub fn is_open(self) -> bool {
        !matches!(self, DeployStatus::Success | DeployStatus::Failed)
    }
}

/// The record of a deploy.
#[derive(Clone, Debug, PartialEq)]
pub struct Deploy {
    /// A UUID.
    pub id: String,
    pub node: String,
    pub app: String,
    /// Of the bundle, as hex; empty until it is built, and where there was none.
    pub build_hash: String,
    pub pages: Option<usize>,
    pub components: Option<usize>,
    pub status: DeployStatus,
    /// Of the whole build that the bundle came from, in milliseconds.
    pub build_ms: Option<u64>,
    /// From the end of the build until the release was live, in milliseconds.
    pub deploy_ms: Option<u64>,
    /// Why it failed.
    pub error: Option<String>,
    /// What happened, line by line.
    pub log: String,
    pub started_at: Moment,
    pub completed_at: Option<Moment>,
    /// Why it was done: `manual`, `push`, `page_change`, `schedule`, ….
    pub triggered_by: String,
    /// What the database said: a revision, and how far its log of changes was.
    pub source_rev: Option<String>,
    /// The commit of the files, with `-dirty` where they had changes that are in none.
    pub source_commit: Option<String>,
    /// The release that it made, at its target.
    pub release: Option<String>,
    /// Where it went.
    pub target: Option<String>,
    /// The name that it was shown under, where it was not to be live.
    pub preview: Option<String>,
}
