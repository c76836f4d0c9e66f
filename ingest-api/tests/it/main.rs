//! The API, through its router, on a database of its own for each test. The folders follow the URLs.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, and says where"
)]

mod app;
mod auth;
mod bodies;
mod conditional;
mod envelope;
mod idempotency;
mod projects;
mod teams;
mod users;
