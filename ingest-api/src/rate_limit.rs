//! How often somebody may ask: a quota per person and per API token, per address for those who are nobody, and per address
//! for log-ins. Statements in SQL have one of their own per person, who has one under way at a time.
//!
//! With Redis a quota is that of the whole installation ([`shared`]); without it, or while it is away, each process counts for
//! itself. A quota of 600 a minute lets 600 through at once, and then one every tenth of a second (GCRA, by `governor`).
//! Whose requests are counted by what is in `middleware/rate.rs`.

mod at_once;
mod bounded;
mod in_redis;

pub(crate) use at_once::UnderWay;

use at_once::AtOnce;
use bounded::Bounded;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::{Quota, RateLimiter};
use in_redis::{Counted, Shared};
use millstream_domain::ids::{ApiTokenId, UserId};
use millstream_domain::network::Network;
use millstream_event_log::redis::Redis;
use std::fmt;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

/// A person's requests a minute: 20 a second for ever, which no page and no sane script reaches.
const PERSON_PER_MINUTE: u32 = 1_200;
/// Requests a minute from an address by those who are not logged in: the first pages of a large office.
const ADDRESS_PER_MINUTE: u32 = 600;
/// Log-ins, registrations and the like a minute from an address: an office on Monday morning, and slow for guessing.
const LOG_IN_PER_MINUTE: u32 = 30;
/// Statements in SQL a minute by a person: more than anybody types, and little enough that one cannot keep all the processes
/// that answer them.
const STATEMENTS_PER_MINUTE: u32 = 30;
/// Statements of a person at once: fewer than there are processes to answer them, so that somebody else always finds one.
const STATEMENTS_AT_ONCE: usize = 1;

/// How many requests a minute.
#[derive(Debug, Clone, Copy)]
pub struct RateLimits {
    /// By a person in all their log-ins together, and by each API token.
    pub person: NonZeroU32,
    /// From an address, by those who are not logged in.
    pub address: NonZeroU32,
    /// From an address, to log in or register.
    pub log_in: NonZeroU32,
    /// By a person, statements in SQL.
    pub statement: NonZeroU32,
}

impl Default for RateLimits {
    fn default() -> Self {
        let number = |number| NonZeroU32::new(number).expect("the defaults are not 0");
        Self {
            person: number(PERSON_PER_MINUTE),
            address: number(ADDRESS_PER_MINUTE),
            log_in: number(LOG_IN_PER_MINUTE),
            statement: number(STATEMENTS_PER_MINUTE),
        }
    }
}

/// Whose quota it is that is logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Whose {
    /// A person's, however often they are logged in.
    Person(UserId),
    /// A program's, which must not keep its person from working.
    Token(ApiTokenId),
}

/// The quotas in use.
#[derive(Debug)]
pub(crate) struct Limiters {
    pub(crate) person: Limiter<Whose>,
    pub(crate) address: Limiter<Network>,
    pub(crate) log_in: Limiter<Network>,
    pub(crate) statement: Limiter<Whose>,
    pub(crate) statements_at_once: AtOnce<UserId>,
}

impl Limiters {
    /// Counted in Redis, where there is one.
    pub(crate) fn new(limits: RateLimits, redis: Option<&Redis>) -> Self {
        let clock = DefaultClock::default;
        Self {
            person: Limiter::per_minute(limits.person, clock()).shared_in(redis, "person"),
            address: Limiter::per_minute(limits.address, clock()).shared_in(redis, "address"),
            log_in: Limiter::per_minute(limits.log_in, clock()).shared_in(redis, "log_in"),
            statement: Limiter::per_minute(limits.statement, clock()).shared_in(redis, "statement"),
            statements_at_once: AtOnce::new(STATEMENTS_AT_ONCE),
        }
    }
}

/// One quota, for each of many.
pub(crate) struct Limiter<K: Hash + Eq + Clone, C: Clock = DefaultClock> {
    quota: Quota,
    inner: RateLimiter<K, Bounded<K>, C, StateInformationMiddleware>,
    shared: Option<Shared>,
}

/// What somebody's quota says to one more request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Requests at once, and a minute.
    pub(crate) limit: u32,
    /// Requests that are left at once.
    pub(crate) remaining: u32,
    /// Seconds until all are there again.
    pub(crate) reset_s: u64,
    /// Seconds to wait; `None` where the request may go on.
    pub(crate) wait_s: Option<u64>,
}

impl<K: Hash + Eq + Clone, C: Clock> Limiter<K, C> {
    fn per_minute(requests: NonZeroU32, clock: C) -> Self {
        let quota = Quota::per_minute(requests);
        let keys = Bounded::new(quota.replenish_interval());
        let inner = RateLimiter::new(quota, keys, clock);
        Self {
            quota,
            inner,
            shared: None,
        }
    }

    /// Counted in Redis under this name, where there is one.
    fn shared_in(self, redis: Option<&Redis>, of: &'static str) -> Self {
        let (limit, interval) = (
            self.quota.burst_size().get(),
            self.quota.replenish_interval(),
        );
        let shared = redis.map(|redis| Shared::new(redis.clone(), of, limit, interval));
        Self { shared, ..self }
    }

    /// Counts a request: with all other processes, where that is possible.
    pub(crate) async fn count(&self, whose: &K) -> Verdict
    where
        K: Counted,
    {
        let Some(shared) = &self.shared else {
            return self.count_here(whose);
        };
        match shared.count(whose).await {
            Some(verdict) => verdict,
            None => self.count_here(whose),
        }
    }

    /// Counts a request of this process.
    fn count_here(&self, whose: &K) -> Verdict {
        let (remaining, wait_s) = match self.inner.check_key(whose) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(until) => {
                let wait = until.wait_time_from(self.inner.clock().now());
                (0, Some(seconds(wait).max(1)))
            }
        };
        let limit = self.quota.burst_size().get();
        Verdict {
            limit,
            remaining,
            reset_s: seconds(self.quota.replenish_interval() * (limit - remaining)),
            wait_s,
        }
    }
}

/// Begun seconds count.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

impl<K: Hash + Eq + Clone, C: Clock> fmt::Debug for Limiter<K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not whom it knows: addresses are nobody's business in a log.
        f.debug_struct("Limiter")
            .field("quota", &self.quota)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;

    fn limiter(per_minute: u32) -> (Limiter<u32, FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let per_minute = NonZeroU32::new(per_minute).expect("not 0");
        (Limiter::per_minute(per_minute, clock.clone()), clock)
    }

    #[test]
    fn a_quota_is_there_at_once_and_comes_back_bit_by_bit() {
        let (limiter, clock) = limiter(60);
        for used in 1..=60 {
            let expected = Verdict {
                limit: 60,
                remaining: 60 - used,
                reset_s: u64::from(used),
                wait_s: None,
            };
            assert_eq!(limiter.count_here(&7), expected);
        }
        assert_eq!(limiter.count_here(&7).wait_s, Some(1));
        clock.advance(Duration::from_millis(1_500));
        assert_eq!(limiter.count_here(&7).wait_s, None);
        assert_eq!(limiter.count_here(&7).wait_s, Some(1));
        clock.advance(Duration::from_mins(1));
        assert_eq!(limiter.count_here(&7).remaining, 59);
    }

    #[test]
    fn what_one_used_up_another_has() {
        let (limiter, _) = limiter(1);
        assert_eq!(limiter.count_here(&1).wait_s, None);
        assert_eq!(limiter.count_here(&1).wait_s, Some(60));
        assert_eq!(limiter.count_here(&2).wait_s, None);
    }
}
