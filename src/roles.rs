//! The roles: which parts run in one process.

pub(crate) mod all;
pub(crate) mod engine;
mod http;
mod views;
mod workers;
