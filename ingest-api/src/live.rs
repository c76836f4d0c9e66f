//! Live connections: what tells an open page that something it shows has changed.
//!
//! ```text
//! log ─► Hub ─► by topic ─► a short queue per connection ─► WebSocket or event stream
//! ```
//!
//! A signal says that something changed and where, not what: whoever hears it asks again under their own rights. Comments
//! alone are sent along, to those who see their task. *Invariant:* nobody waits for a connection: one whose queue is full is
//! closed, and resumes from the position it had.

pub(crate) mod comments;
mod connection;
pub(crate) mod entry;
mod hub;
mod resume;
pub(crate) mod stream;
mod topic;

pub use hub::Hub;
