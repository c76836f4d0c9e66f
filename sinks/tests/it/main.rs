//! The sinks on a real Postgres, each test on a database of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod audit;
mod kill;
mod reading;
mod suite;
mod views;
