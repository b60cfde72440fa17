//! `rbgen listen` as users run it, against a real server, and what holds after every fault: each node shows
//! the last good revision, each change is accounted for once a node, and no record stays open.

mod accounts;
mod broken;
mod bursts;
mod clock;
mod connection;
mod emptied;
mod follower;
mod kills;
mod once;
mod plain;
mod roles;
mod signals;
mod targets;
mod two;
mod world;
