//! Files to documents: reads TOML and Markdown into the values of `model`, and says where each part stands.
//!
//! Everything here is pure: it takes texts and gives values. A reader collects all that is wrong
//! with a file; a document that it returns is sound in itself. The tables in `shape` say which keys
//! a file may have; the readers, the check for unknown keys and the JSON Schemas all go by them.

mod component;
mod config;
mod conflict;
mod documents;
mod entity;
mod fields;
mod front;
mod json;
mod keys;
mod locate;
mod node;
mod number;
mod page;
mod paths;
mod print;
mod reader;
mod row;
mod rules;
#[doc(hidden)]
pub mod sample;
pub mod schema;
mod secret;
mod shape;
mod syntax;
mod theme;
mod token;
mod value;

pub use component::{ComponentFile, read_component};
pub use config::read_config;
pub use documents::{
    Part, Source, Texts, component_of, documents_of, is_page, node_of, page_of, tokens_of,
};
pub use entity::{Contents, EntityName, contents_of, read_content_text};
pub use json::{JsonProblem, read_json, write_json, write_json_table};
pub use locate::locate;
pub use node::{NodeFile, read_node};
pub use page::{PageFile, read_page};
pub use paths::{
    COMPONENT_PARTS, COMPONENTS, NODE_PARTS, NODES, PAGES, TOKENS, below, folder_of,
    is_passed_over, page_stem, without_mark,
};
pub use print::{
    Printed, can_have_file, print_among, print_documents, rename_contrast, rename_node_settings,
    rename_override, rename_token,
};
pub use row::{
    BLOCKS_TABLE, BlockRow, COMPONENTS_TABLE, ComponentRow, NODES_TABLE, NodeRow, PAGES_TABLE,
    PageRow, TOKENS_TABLE, TokenRow, column, component_row, node_row, page_row, read_component_row,
    read_node_row, read_page_row, read_token_row, row_origin, row_place, token_row,
};
pub use secret::{may_show, redacted};
pub use theme::read_theme;
pub use token::read_tokens;

/// The text of a sibling file for `{ "$file" = "name" }`: the text, or the message why not.
pub type DataFile<'a> = &'a dyn Fn(&str) -> Result<String, String>;

#[cfg(test)]
mod tests;
