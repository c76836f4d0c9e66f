//! The roles: which parts run in one process.

pub(crate) mod all;
pub(crate) mod engine;
mod http;
mod nodes;
mod views;
mod workers;
