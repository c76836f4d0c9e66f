//! The sinks on a real Postgres and in folders, each test on a database and a folder of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod audit;
mod jobs;
#[cfg(feature = "kafka")]
mod kafka;
mod kill;
mod lag;
mod lake;
mod mail;
mod promised;
mod reading;
mod rebuild;
#[cfg(feature = "redis")]
mod redis;
mod schedules;
mod searching;
mod suite;
mod tantivy;
mod views;
