//! The library of React components, as the engine and browsers load it, from the files of npm packages.

use crate::digest::Digest;
use crate::model::{Library, Packages};

/// The library, ready for the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runtime {
    pub library: Library,
    /// What the engine loads: the text of each module by the name that the others import it by. Of React,
    /// which is CommonJS, each is wrapped into a module.
    pub modules: Vec<(String, String)>,
    /// Of all files that it is made from, and of how it is made.
    pub digest: Digest,
}

/// A file of the library for browsers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFile {
    /// `preact.js`: its name without a digest.
    pub name: String,
    pub text: String,
    /// The names that are imported as this file; all of [`super::PROVIDED`] are those of some file.
    pub names: Vec<String>,
}

/// The library from its files; or which package is missing.
pub fn runtime(_library: Library, _packages: &Packages) -> Result<Runtime, String> {
    Err("preact".into())
}

/// The library for browsers.
pub fn client_files(_library: Library, _packages: &Packages) -> Vec<ClientFile> {
    Vec::new()
}

/// The licences of all that the built site has of the packages: name, version and text of each.
pub fn licences(_library: Library, _packages: &Packages) -> String {
    String::new()
}
