//! The model: inert data that files and rows both give. No TOML, no SQL, no disk, no clock.

mod condition;
mod config;
mod deploy;
mod document;
mod file;
mod hydrate;
mod key;
mod packages;
mod pages;
mod site;
mod text_list;
mod theme;
mod value;

pub use condition::{Condition, ConditionProblem, Moment};
pub use config::{
    BuildConfig, Config, DatabaseConfig, DeployConfig, MarkdownConfig, NodeConfig, ReactConfig,
    SiteConfig, TargetConfig,
};
pub use deploy::{Deploy, DeployStatus};
pub use document::{
    Block, Component, Documents, EntityKind, Example, Node, Page, SHARED_APP, Scheme, Status,
    Token, css_name, sibling,
};
pub use file::FileStat;
pub use hydrate::Hydrate;
pub use key::{MAX_KEY_BYTES, fold_path, key_problem, route_problem};
pub use packages::{Library, Packages};
pub use pages::{Outline, PageMemory, Pages};
pub use site::Site;
pub use text_list::TextList;
pub use theme::{Asset, ContrastPair, TextFile, Theme};
pub use value::{Table, Value, same_table};
