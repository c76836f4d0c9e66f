//! Tidiness: rules about the repository that no compiler holds. Each failure says what to do about
//! it.
//!
//! To add a rule: a file here with a test that collects everything that breaks it and hands it to
//! [`repo::demand`].
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the repository has to fail"
)]

mod arrows;
mod clippy_toml;
mod documents;
mod metrics;
mod migrations;
mod names;
mod repo;
mod sources;
mod traces;
