//! The sinks on a real Postgres and in folders, each test on a database and a folder of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod audit;
mod jobs;
mod kill;
mod lag;
mod mail;
mod reading;
mod searching;
mod suite;
mod tantivy;
mod views;
