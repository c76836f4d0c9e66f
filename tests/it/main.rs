//! The real program, started as people start it: each test with a data folder of its own, on ports that are free.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, and says where"
)]

mod api;
mod crash;
mod installation;
mod server;
mod settings;
mod start;
