//! For tests, here and in other crates: events made with one line.

#[cfg(feature = "kafka")]
pub mod kafka;
#[cfg(feature = "redis")]
pub mod redis;

use crate::cut::Seq;
use crate::events::Event;
use crate::record::{NewEvent, Origin, Record, Via};
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::{EventId, UserId};
use uuid::Uuid;

/// The start of 2026, the time at which test data begins.
#[must_use]
pub fn epoch() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).expect("a constant within range")
}

/// So many seconds after [`epoch`].
#[must_use]
pub fn at(seconds: i64) -> DateTime<Utc> {
    epoch() + TimeDelta::seconds(seconds)
}

/// The `n`th event of a test: its id and time follow from `n`, a second apart.
#[must_use]
pub fn new_event(n: u64, event: impl Into<Event>) -> NewEvent {
    NewEvent {
        id: EventId(Uuid::from_u128(0xe000_0000 + u128::from(n))),
        at: at(i64::try_from(n).unwrap_or(0)),
        origin: Origin {
            actor: Some(UserId(Uuid::from_u128(0x40))),
            via: Via::Token,
            ..Origin::default()
        },
        event: event.into(),
    }
}

/// The same as a record of the log.
#[must_use]
pub fn record(seq: Seq, event: impl Into<Event>) -> Record {
    Record::from_new(
        new_event(seq, event),
        seq,
        i64::try_from(seq).unwrap_or(i64::MAX),
    )
}
