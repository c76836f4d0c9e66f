//! A quota that all processes share, counted in Redis by one script: what is let through, and what is told of it, is what
//! one process would say, by the server's clock.
//!
//! What is kept of somebody is one number, and goes away by itself once they have their whole quota again.

use super::{Verdict, seconds};
use millstream_domain::ids::{ApiTokenId, UserId};
use millstream_domain::network::Network;
use millstream_event_log::redis::Redis;
use redis::Script;
use std::fmt;
use std::time::Duration;

/// GCRA, as in `governor`. `until` is when all that was used will be there again; a server whose clock was set back holds
/// nobody up for longer than a whole quota takes.
const COUNT: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local whole = interval * burst
local used = tonumber(redis.call('GET', KEYS[1]) or now)
used = math.min(math.max(used, now), now + whole)
local wait = used + interval - whole - now
if wait > 0 then
  return {wait, 0}
end
used = used + interval
redis.call('SET', KEYS[1], string.format('%d', used), 'PX', math.ceil((used - now) / 1000))
return {0, math.floor((now + whole - used) / interval)}
";

/// Somebody who has a quota.
pub(crate) trait Counted {
    /// What their quota is called in Redis.
    fn name(&self) -> String;
}

impl Counted for super::Whose {
    fn name(&self) -> String {
        match self {
            Self::Person(UserId(id)) => format!("person:{id}"),
            Self::Token(ApiTokenId(id)) => format!("token:{id}"),
        }
    }
}

impl Counted for Network {
    fn name(&self) -> String {
        self.to_string()
    }
}

/// One quota of each of many.
pub(super) struct Shared {
    redis: Redis,
    /// What is counted.
    of: &'static str,
    limit: u32,
    interval: Duration,
    count: Script,
}

impl Shared {
    pub(super) fn new(redis: Redis, of: &'static str, limit: u32, interval: Duration) -> Self {
        Self {
            redis,
            of,
            limit,
            interval,
            count: Script::new(COUNT),
        }
    }

    /// Counts a request; `None` while Redis is away.
    pub(super) async fn count(&self, whose: &impl Counted) -> Option<Verdict> {
        if !self.redis.is_there() {
            return None;
        }
        let name = format!("quota:{}:{}", self.of, whose.name());
        let mut count = self.count.key(self.redis.name(&name));
        count.arg(micros(self.interval)).arg(self.limit);
        let (wait_us, remaining): (u64, u32) = self.redis.call(&count).await.ok()?;
        let wait = Duration::from_micros(wait_us);
        Some(Verdict {
            limit: self.limit,
            remaining,
            reset_s: seconds(self.interval * (self.limit - remaining.min(self.limit))),
            wait_s: (wait_us > 0).then(|| seconds(wait).max(1)),
        })
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1)
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("of", &self.of)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
