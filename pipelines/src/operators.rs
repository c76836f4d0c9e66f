//! The operators, a file each: pure functions over a state per key.

pub mod notify;
pub mod overdue;
pub mod schedule;
pub mod stretches;
