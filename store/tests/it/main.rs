//! The store from outside, on real Postgres: the write path, the nouns, and their races.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has to fail"
)]
#![expect(clippy::disallowed_methods, reason = "tests spawn what they watch")]
#![expect(
    clippy::too_many_lines,
    reason = "a long story is easier to follow in one piece"
)]

mod access;
mod account;
mod api_token;
mod attempt;
mod comment;
mod housekeeping;
mod idempotency;
mod job;
mod locks;
mod lookout;
mod mail;
mod one_connection;
mod pipeline;
mod project;
mod reset;
mod schedule;
mod session;
mod share;
mod statements;
mod summary;
mod tag;
mod task;
mod team;
mod visit;
mod write_path;
