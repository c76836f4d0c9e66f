//! What measuring programs share. They are programs of a crate of their own, and no examples of the product: so cargo builds
//! what they measure exactly as it builds the product, and once.
//!
//! To add one: a folder in `src/bin`, and a job in `xtask/src/bench.rs`.

#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot be made ends the program"
)]

pub mod freshness;
pub mod numbers;
pub mod server;
