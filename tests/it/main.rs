//! The real program, started as people start it: each test with a data folder of its own, on ports that are free.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, and says where"
)]

mod api;
mod audit;
mod brokers;
mod crash;
mod demo;
mod import;
mod installation;
mod interrupted;
mod keys;
mod lacking;
mod logs;
mod nodes;
mod numbers;
mod parts;
mod postgres;
mod rebuild;
mod redis;
mod roles;
mod server;
mod settings;
mod several;
mod sql;
mod start;
mod whole;
