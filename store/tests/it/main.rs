//! The store from outside, on real Postgres: the write path, the nouns, and their races.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has to fail"
)]

mod access;
mod account;
mod comment;
mod idempotency;
mod one_connection;
mod project;
mod session;
mod statements;
mod task;
mod team;
mod write_path;
