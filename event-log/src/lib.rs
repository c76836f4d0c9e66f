//! What happened, in one dense order.
//!
//! The contract, in prose:
//!
//! - Somebody changes state in a Postgres transaction and, in the same transaction, says what happened with
//!   [`outbox::append`]. That is the only door in: an event exists if and only if its change was committed.
//! - The [`mover::Mover`] drains the outbox into the log and gives each event the next [`Seq`]: dense, from 1, never
//!   changed. Events of one key stand in the order in which their transactions committed.
//! - A [`Log`] is read from a [`Cut`] on, in batches. Every backend gives the same records in the same order;
//!   `Memory` is the twin for tests, `Postgres` is the truth.
//! - A record is a CloudEvents 1.0 event ([`record::Record::to_cloud_event`]); its payload is one of [`events::Event`], and every wire
//!   form ever written stays readable (`test-data/<noun>/vN.json`).
//!
//! *Invariant:* nothing here knows tasks beyond the payload types in [`events`].

pub mod backends;
pub mod changes;
pub mod cut;
pub mod error;
pub mod events;
pub mod mover;
pub mod outbox;
pub mod position;
pub mod record;
#[cfg(feature = "redis")]
pub mod redis;
pub mod signals;
pub mod testing;
pub mod topic;

pub use backends::Log;
pub use cut::{Batch, Bounds, Budget, Cut, Seq};
pub use error::{LogError, MirrorError};
pub use events::Event;
pub use position::Position;
pub use record::{NewEvent, Origin, Record, Via};
pub use topic::Topic;
