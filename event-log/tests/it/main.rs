//! The log from outside: one suite that every backend passes, and the races of the outbox on real Postgres.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has to fail"
)]
#![expect(clippy::disallowed_methods, reason = "tests spawn what they watch")]

mod documents;
#[cfg(feature = "kafka")]
mod kafka;
mod outbox;
#[cfg(feature = "redis")]
mod redis;
mod suite;
