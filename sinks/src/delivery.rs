//! Delivery: what leaves the house. At least once, with an id that stays the same, so that a receiver can drop a repeat.
//!
//! To add one: a file here, the SQL of its intents in `store`, and a line where the binary starts it.

pub mod mail;
