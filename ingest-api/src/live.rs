//! Live connections: what tells an open page that something it shows has changed.
//!
//! ```text
//! log ─► Hub ─► by topic ─► a short queue per connection ─► WebSocket or event stream
//! ```
//!
//! A signal says that something changed and where, not what: whoever hears it asks again under their own rights. Comments
//! alone are sent along, to those who see their task. How clients use it: docs/LIVE.md.
//!
//! *Invariants:* nobody waits for a connection: one whose queue is full is closed, and resumes from the position it had. What
//! a client was told is one place in the log ([`place`]), so that the next connection goes on exactly there.

pub(crate) mod comments;
mod connection;
pub(crate) mod entry;
mod guest;
mod hub;
mod limits;
mod place;
mod rounds;
mod socket;
pub(crate) mod stream;
mod told;
mod topic;

pub use hub::Hub;
pub use limits::LiveLimits;
