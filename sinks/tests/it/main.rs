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
#[cfg(any(feature = "kafka", feature = "redis"))]
mod mirrored;
mod promised;
mod reading;
mod rebuild;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "redis")]
mod room;
mod schedules;
mod searching;
mod suite;
mod tantivy;
mod views;
