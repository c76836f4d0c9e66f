//! Where time and new ids come from. Code that needs "now" or a fresh id takes these as values, so that tests set them
//! and a replay can never read the wall clock by accident.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// Tells the time, in UTC and whole microseconds (what Postgres keeps, so that a value reads back as it was written).
pub trait Clock: Debug + Send + Sync {
    /// Now.
    fn now(&self) -> DateTime<Utc>;
}

/// Makes ids: UUID version 7, ascending within a process.
pub trait IdSource: Debug + Send + Sync {
    /// A fresh id; convert it into the newtype you need.
    fn next(&self) -> Uuid;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

/// A clock that stands still until it is told to move.
#[derive(Debug)]
pub struct MockClock(Mutex<DateTime<Utc>>);

impl MockClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn new(start: DateTime<Utc>) -> Self {
        Self(Mutex::new(start))
    }

    /// Moves the clock forward (or, with a negative step, back).
    pub fn advance(&self, step: TimeDelta) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += step;
    }
}

impl Default for MockClock {
    /// 2026-01-01 00:00 UTC.
    fn default() -> Self {
        Self::new(DateTime::from_timestamp(1_767_225_600, 0).expect("a constant within range"))
    }
}

impl Clock for MockClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ids from the machine's clock and random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "the one place that draws ids")]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// The same ids for the same seed: tests and demo data. The ids' own times stand at the start of 2026 and move 1 ms
/// with each id.
#[derive(Debug)]
pub struct SeededIds(Mutex<(ChaCha8Rng, u64)>);

impl SeededIds {
    /// A source of its own sequence for each `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new((
            ChaCha8Rng::seed_from_u64(seed),
            1_767_225_600_000,
        )))
    }
}

impl IdSource for SeededIds {
    fn next(&self) -> Uuid {
        let (rng, millis) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *millis += 1;
        uuid::Builder::from_unix_timestamp_millis(*millis, &rng.random()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_ids_repeat_and_ascend() {
        let (a, b) = (SeededIds::new(1), SeededIds::new(1));
        let ids: Vec<_> = (0..100).map(|_| a.next()).collect();
        assert!(ids.iter().all(|id| *id == b.next()));
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn a_mock_clock_moves_only_when_told() {
        let clock = MockClock::default();
        let start = clock.now();
        assert_eq!(clock.now(), start);
        clock.advance(TimeDelta::seconds(5));
        assert_eq!(clock.now() - start, TimeDelta::seconds(5));
    }
}
