//! What Millstream is about: ids, validated types, and who may do what.
//!
//! *Invariant:* pure. Nothing here reads a clock, a file, a database or a random number; time and ids come from the
//! caller through [`clock::Clock`] and [`clock::IdSource`]. A value of a type of this crate is valid: the only ways to
//! make one check it and answer with the [`field::FieldError`]s that a client sees.

pub mod api_token;
pub mod audit;
pub mod cause;
pub mod clock;
pub mod comment;
pub mod field;
pub mod ids;
pub mod job;
pub mod mail;
pub mod network;
pub mod password;
pub mod policy;
pub mod project;
pub mod query;
pub mod rank;
pub mod recurrence;
pub mod report;
pub mod schedule;
pub mod tag;
pub mod task;
pub mod team;
pub mod text;
pub mod user;
pub mod when;
