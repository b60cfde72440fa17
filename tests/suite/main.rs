//! The tests that hold rbgen as a whole: the rules of the house, and the program as users run it.
//!
//! One binary, because each would link everything again. Tests of single functions are beside them.

#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    reason = "tests touch the disk and run programs; a panic is how they fail"
)]

mod commits;
mod connect;
mod deploy;
mod deploy_targets;
mod diagnostics;
mod docs;
mod doors;
mod exchange;
mod exchange_guards;
mod fuzz;
mod guarantees;
mod harness;
mod hooks;
mod hostile;
mod house;
mod http;
mod kills;
mod listen;
mod merge_driver;
mod migrate;
mod minimal;
mod output;
mod pooler;
mod postgres;
mod random_edits;
mod react;
mod react_engine;
mod rename;
mod roles;
mod sandbox;
mod scaffold;
mod serve;
mod stories;
mod sync;
mod sync_machine;
mod time;
mod unseen;
mod watch;
mod watch_server;
mod workbench;
