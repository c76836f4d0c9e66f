//! The log's mirror in Redis Streams: one stream for each [`Topic`], its ids the places in the log, `<seq>-0`.
//!
//! Redis takes no id that is not above the newest of its stream, so a repeat is refused by the id itself. The streams are
//! trimmed to the newest [`STREAM_LEN`] entries; readers fill what is gone from the log. How four streams become the log
//! again is said in [`super::mirrored`]; how a record looks as an entry, in [`entry`].

pub mod entry;

use super::Log;
use super::merge::Merge;
use super::mirrored::{Mirror, Mirrored, Opened, Opening, Source};
use crate::cut::{Cut, Seq};
use crate::error::MirrorError;
use crate::redis::{Redis, RedisError};
use crate::topic::Topic;
use entry::Entry;
use futures::future::BoxFuture;
use millstream_domain::ids::EventId;
use redis::aio::MultiplexedConnection;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Debug};
use std::time::Duration;

/// About how many entries a stream keeps: at one or two kibibytes each some hundred megabytes of the server's memory, and
/// more than a reader falls behind while its process restarts. A view that is made anew reads the log.
pub const STREAM_LEN: usize = 100_000;
/// Most entries of one stream that are asked for at once: the server tells all of them in one piece, however large they are.
const READ_LEN: usize = 250;
/// How long the server holds back its answer while there is nothing new: how often an idle reader asks.
const BLOCK: Duration = Duration::from_secs(2);
/// The same while a stream is left out for which there is no room: it is asked for again soon.
const BLOCK_SOME: Duration = Duration::from_millis(20);
/// How long an answer may take: what the server holds back, and then some.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(4);

/// The log, read from Redis.
pub type RedisLog = Mirrored<RedisMirror>;

impl RedisLog {
    /// The log `truth`, read from Redis as far as that goes.
    #[must_use]
    pub fn on(redis: Redis, truth: Log) -> Self {
        Self::new(RedisMirror(redis), truth)
    }
}

/// The stream of a topic.
#[must_use]
pub fn stream(redis: &Redis, topic: Topic) -> String {
    redis.name(topic.as_str())
}

/// The mirror in Redis, for readers.
#[derive(Debug)]
pub struct RedisMirror(Redis);

impl Mirror for RedisMirror {
    type Source = RedisSource;
    const NAME: &'static str = "redis";

    fn open(&self, from: Cut) -> Opening<RedisSource> {
        let redis = self.0.clone();
        Box::pin(async move {
            let connection = redis.connect(ANSWER_TIME_MAX).await;
            let mut connection = connection.map_err(unavailable)?;
            let newest = tops(&redis, &mut connection).await?.into_values().max();
            let source = RedisSource::behind(from, &redis, connection);
            Ok(Opened { source, newest })
        })
    }
}

/// The newest record of each stream that has one.
pub type Tops = BTreeMap<Topic, (Seq, EventId)>;

/// Asks for the newest record of each stream.
pub async fn tops(
    redis: &Redis,
    connection: &mut MultiplexedConnection,
) -> Result<Tops, MirrorError> {
    let mut last = redis::pipe();
    for topic in Topic::ALL {
        let newest_of = last.cmd("XREVRANGE").arg(stream(redis, topic));
        newest_of.arg("+").arg("-").arg("COUNT").arg(1);
    }
    let found: Vec<Vec<Entry>> = last
        .query_async(connection)
        .await
        .map_err(|error| unavailable(RedisError::from(error)))?;
    let mut tops = Tops::new();
    for (topic, entries) in Topic::ALL.into_iter().zip(found) {
        if let Some(entry) = entries.first() {
            let record = entry.read(topic)?;
            tops.insert(topic, (record.seq, record.id));
        }
    }
    Ok(tops)
}

fn unavailable(error: RedisError) -> MirrorError {
    MirrorError::Unavailable(Box::new(error))
}

/// What one read brought: for each stream that had something, its name and its entries.
type Answer = Option<Vec<(String, Vec<Entry>)>>;

/// What comes from Redis: each stream has a place of its own, so that one that is far ahead can be left alone.
pub struct RedisSource {
    connection: MultiplexedConnection,
    streams: [(Topic, String, Seq); Topic::ALL.len()],
    /// The question that is under way. Kept when whoever waits for it goes away, so that none is asked twice.
    asked: Option<BoxFuture<'static, redis::RedisResult<Answer>>>,
    /// What it asks for: at most so many entries of these streams.
    asked_for: (usize, BTreeSet<Topic>),
}

impl Debug for RedisSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSource")
            .field("streams", &self.streams)
            .finish_non_exhaustive()
    }
}

impl RedisSource {
    fn behind(from: Cut, redis: &Redis, connection: MultiplexedConnection) -> Self {
        Self {
            connection,
            streams: Topic::ALL.map(|topic| (topic, stream(redis, topic), from.seq)),
            asked: None,
            asked_for: (0, BTreeSet::new()),
        }
    }

    /// The question for what comes next in the streams for which there is room; `None` when there is room for none.
    fn question(&mut self, merge: &Merge) -> Option<redis::Cmd> {
        let rooms = (0..).map(|partition| merge.room(partition));
        let places: Vec<_> = self.streams.iter().zip(rooms).collect();
        // One that is nearly full would have all others asked for as little as it has room for.
        let has_much = places.iter().any(|(_, room)| *room >= READ_LEN);
        let least = if has_much { READ_LEN } else { 1 };
        let wanted: Vec<_> = places
            .into_iter()
            .filter(|(_, room)| *room >= least)
            .collect();
        let count = wanted.iter().map(|(_, room)| *room).min()?.min(READ_LEN);
        let mut question = redis::cmd("XREAD");
        question.arg("COUNT").arg(count);
        let block = if wanted.len() < self.streams.len() {
            BLOCK_SOME
        } else {
            BLOCK
        };
        question.arg("BLOCK").arg(block.as_millis().to_string());
        question.arg("STREAMS");
        for ((_, stream, _), _) in &wanted {
            question.arg(stream);
        }
        for ((_, _, seq), _) in &wanted {
            question.arg(format!("{seq}-0"));
        }
        let topics = wanted.iter().map(|((topic, _, _), _)| *topic);
        self.asked_for = (count, topics.collect());
        Some(question)
    }

    /// Hands over what came. The streams are read at one moment, and filled in the order of the log: up to the newest
    /// record that came nothing is missing that will still come, but for streams of which there was more than was asked for.
    fn offer(&mut self, answer: Answer, merge: &mut Merge) -> Result<(), MirrorError> {
        let (count, asked) = std::mem::take(&mut self.asked_for);
        let mut answer: BTreeMap<_, _> = answer.into_iter().flatten().collect();
        let (mut newest, mut whole_until) = (0, Seq::MAX);
        for (partition, (topic, stream, seq)) in self.streams.iter_mut().enumerate() {
            let entries = answer.remove(stream).unwrap_or_default();
            let has_more = entries.len() >= count || !asked.contains(topic);
            for entry in entries {
                let record = entry.read(*topic)?;
                *seq = record.seq;
                merge.offer(partition, record);
            }
            newest = newest.max(*seq);
            if has_more {
                whole_until = whole_until.min(*seq);
            }
        }
        merge.is_whole_until(whole_until.min(newest));
        Ok(())
    }
}

impl Source for RedisSource {
    async fn more(&mut self, merge: &mut Merge) -> Result<(), MirrorError> {
        loop {
            if self.asked.is_none() {
                let Some(question) = self.question(merge) else {
                    return std::future::pending().await;
                };
                let mut connection = self.connection.clone();
                self.asked = Some(Box::pin(async move {
                    question.query_async(&mut connection).await
                }));
            }
            let Some(asked) = self.asked.as_mut() else {
                continue;
            };
            let answer = asked.await;
            self.asked = None;
            let answer = answer.map_err(|error| unavailable(RedisError::from(error)))?;
            if answer.is_some() {
                return self.offer(answer, merge);
            }
        }
    }
}
