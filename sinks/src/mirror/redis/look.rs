//! A look at the server: whether the streams hold what was put into them.
//!
//! A stream counts what was ever added to it, and what it holds. Ours are trimmed by nobody but us, to a number that is known;
//! so one that holds less, or was added to less often than we know, has lost something, wherever in it that stood.

use super::Connection;
use millstream_event_log::backends::redis::stream;
use millstream_event_log::redis::Redis;
use millstream_event_log::{Seq, Topic};
use millstream_pipelines::sink::Fault;
use redis::{RedisResult, Value};
use std::collections::{BTreeMap, BTreeSet};

/// How a server begins its answer about a stream that is not there.
const NO_STREAM: &str = "no such key";

/// What the server counts of a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// Entries that it holds.
    pub(super) len: u64,
    /// Entries that were ever added to it.
    pub(super) added: u64,
}

impl Count {
    /// Whether it holds less than its newest `kept` entries.
    fn is_short(self, kept: u64) -> bool {
        self.len < self.added.min(kept)
    }
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// How far the note says that the mirror is.
    pub(super) noted: Option<Seq>,
    /// Each stream that is there.
    pub(super) counts: BTreeMap<Topic, Count>,
}

impl Look {
    /// Looks at everything, in one round trip.
    pub(super) async fn at(
        redis: &Redis,
        note: &str,
        connection: &mut Connection,
    ) -> Result<Self, Fault> {
        let mut look = redis::pipe();
        look.ignore_errors().cmd("GET").arg(redis.name(note));
        for topic in Topic::ALL {
            look.cmd("XINFO").arg("STREAM").arg(stream(redis, topic));
        }
        let mut answers = connection.put(&look).await?.into_iter();
        let noted = answers.next().transpose().map_err(broken)?;
        let noted = noted.map(redis::from_redis_value).transpose();
        let mut counts = BTreeMap::new();
        for (topic, answer) in Topic::ALL.into_iter().zip(answers) {
            if let Some(count) = count(answer).map_err(broken)? {
                counts.insert(topic, count);
            }
        }
        Ok(Self {
            noted: noted.map_err(broken)?.flatten(),
            counts,
        })
    }

    /// The streams that have lost something, of which `known` says how often they were added to at least.
    pub(super) fn short(&self, known: &BTreeMap<Topic, u64>, kept: u64) -> BTreeSet<Topic> {
        let is_short = |topic: &Topic| {
            let count = self.counts.get(topic).copied().unwrap_or_default();
            count.is_short(kept) || known.get(topic).is_some_and(|known| count.added < *known)
        };
        Topic::ALL.into_iter().filter(is_short).collect()
    }
}

/// What the server says of one stream; `None` when there is none.
fn count(answer: RedisResult<Value>) -> RedisResult<Option<Count>> {
    let told: BTreeMap<String, Value> = match answer {
        Ok(told) => redis::from_redis_value(told)?,
        Err(error) if error.to_string().contains(NO_STREAM) => return Ok(None),
        Err(error) => return Err(error),
    };
    let number = |name: &str| {
        let told = told.get(name).cloned();
        told.map(redis::from_redis_value::<u64>).transpose()
    };
    let len = number("length")?.unwrap_or(0);
    // A server that does not count what is added cannot be held to it.
    let added = number("entries-added")?.unwrap_or(len);
    Ok(Some(Count { len, added }))
}

fn broken(error: impl Into<redis::RedisError>) -> Fault {
    super::transient(millstream_event_log::redis::RedisError::from(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(len: u64, added: u64) -> Look {
        let counts = BTreeMap::from([(Topic::TaskEvents, Count { len, added })]);
        Look {
            noted: None,
            counts,
        }
    }

    #[test]
    fn a_stream_that_holds_what_was_added_or_what_is_kept_is_whole() {
        let known = BTreeMap::from([(Topic::TaskEvents, 7)]);
        for (len, added) in [(7, 7), (12, 40), (10, 40), (9, 9)] {
            assert!(
                look(len, added).short(&known, 10).is_empty(),
                "{len} {added}"
            );
        }
    }

    #[test]
    fn a_stream_that_was_trimmed_or_removed_by_others_is_short() {
        let known = BTreeMap::from([(Topic::TaskEvents, 7)]);
        let short = BTreeSet::from([Topic::TaskEvents]);
        // Emptied; without one entry; trimmed below what is kept; removed, and begun again.
        for (len, added) in [(0, 7), (6, 7), (9, 40), (2, 2)] {
            assert_eq!(look(len, added).short(&known, 10), short, "{len} {added}");
        }
        assert_eq!(Look::default().short(&known, 10), short, "removed");
    }
}
