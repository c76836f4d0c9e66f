//! The state of a quota for each of many, in bounded memory.

use governor::nanos::Nanos;
use governor::state::StateStore;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Most people or addresses that are told apart: with 3 MiB a quota, more than any installation has at a time.
const KEYS_MAX: usize = 65_536;
/// Pause between two looks for state that can go, in nanoseconds: a look goes over everything.
const SWEEP_PAUSE: u64 = 1_000_000_000;

/// When each has used up what they used. Whoever has their whole quota again is forgotten when room is needed; when none
/// can be had, those that are new share one quota, so that a flood from everywhere meets the limit of a single address.
#[derive(Debug)]
pub(super) struct Bounded<K> {
    /// The time after which one more request is let through.
    interval: u64,
    kept: Mutex<Kept<K>>,
}

#[derive(Debug)]
struct Kept<K> {
    keys: HashMap<K, Nanos>,
    /// Of all that there is no room for.
    shared: Option<Nanos>,
    next_sweep: u64,
}

impl<K> Bounded<K> {
    pub(super) fn new(interval: Duration) -> Self {
        Self {
            interval: Nanos::from(interval).as_u64(),
            kept: Mutex::new(Kept {
                keys: HashMap::new(),
                shared: None,
                next_sweep: 0,
            }),
        }
    }
}

impl<K: Hash + Eq + Clone> StateStore for Bounded<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        // What is kept is whole after every step: who panicked while holding it broke nothing.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(used_until) = kept.keys.get_mut(key) {
            let (outcome, next) = measure(Some(*used_until))?;
            *used_until = next;
            return Ok(outcome);
        }
        let (outcome, next) = measure(None)?;
        // With nothing used before, all that is used now is this one request.
        let now = next.as_u64().saturating_sub(self.interval);
        if kept.has_room(now) {
            kept.keys.insert(key.clone(), next);
            return Ok(outcome);
        }
        let (outcome, next) = measure(kept.shared)?;
        kept.shared = Some(next);
        Ok(outcome)
    }
}

impl<K: Hash + Eq> Kept<K> {
    /// Whether one more can be kept, after those were forgotten who have their whole quota again.
    fn has_room(&mut self, now: u64) -> bool {
        if self.keys.len() >= KEYS_MAX && now >= self.next_sweep {
            self.keys.retain(|_, used_until| used_until.as_u64() > now);
            self.next_sweep = now + SWEEP_PAUSE;
        }
        self.keys.len() < KEYS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;
    use governor::middleware::StateInformationMiddleware;
    use governor::{Quota, RateLimiter};
    use std::num::NonZeroU32;

    #[test]
    fn a_flood_of_strangers_takes_no_more_memory_and_leaves_those_who_were_there_alone() {
        let quota = Quota::per_minute(NonZeroU32::new(10).expect("not 0"));
        let clock = FakeRelativeClock::default();
        let keys = Bounded::new(quota.replenish_interval());
        let limiter: RateLimiter<_, _, _, StateInformationMiddleware> =
            RateLimiter::new(quota, keys, clock.clone());
        let count = |key: usize| limiter.check_key(&key).is_ok();
        assert!((0..KEYS_MAX).all(count));
        let strangers = (KEYS_MAX..KEYS_MAX + 1_000).filter(|key| count(*key));
        assert_eq!(strangers.count(), 10, "they share one quota");
        assert!(count(0), "those who were there have their own");
        clock.advance(Duration::from_mins(1));
        assert!(count(KEYS_MAX) && count(KEYS_MAX), "there is room again");
        let keys = limiter.into_state_store();
        let kept = keys.kept.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(kept.keys.len(), 1);
    }
}
