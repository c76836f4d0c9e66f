//! The mirror in Redis Streams: one stream for each topic, a record's place in the log its id.
//!
//! Two things tell a loss. A note in Redis says how far the mirror is; it is read before every write, so that a server that
//! came back empty, or from an older copy, is found out before anything is put into a gap. And for each stream a mark beside
//! the cut says which record it held last; marks are compared when the mirror is opened, and now and then.

use super::{Holds, Target};
use millstream_event_log::backends::redis::{STREAM_LEN, Tops, entry, stream, tops};
use millstream_event_log::redis::{Redis, RedisError};
use millstream_event_log::{Cut, MirrorError, Record, Seq, Topic};
use millstream_pipelines::sink::{Effect, Fault, StateRow};
use redis::aio::MultiplexedConnection;
use redis::{RedisResult, Value};
use serde_json::value::to_raw_value;
use std::collections::BTreeMap;
use std::time::Duration;

/// The pipeline, and its row.
pub const NAME: &str = "redis";

/// The operator that the rows of marks are kept under.
const OPERATOR: &str = "stream";
/// What the note is called that says how far the mirror is.
const NOTE: &str = "mirrored";
/// Records that travel to the server together: few enough that others who ask it are not held up.
const WRITE_LEN: usize = 500;
/// Bytes of payload that travel together, but for a record that is larger by itself.
const WRITE_BYTES_MAX: usize = 4 << 20;
/// How long the server may take for them.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// How the server begins its refusal of a record that it has already.
const REPEAT: &str = "equal or smaller than the target stream top item";

/// Writes to Redis.
#[derive(Debug)]
pub struct RedisTarget {
    redis: Redis,
    connection: Option<Connection>,
    /// How far the note in Redis says that the mirror is.
    noted: Seq,
    marks: BTreeMap<Topic, Seq>,
}

impl RedisTarget {
    /// Writes to the streams under the prefix of this server. Nothing is asked of it yet.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        Self {
            redis,
            connection: None,
            noted: 0,
            marks: BTreeMap::new(),
        }
    }

    /// The connection; a new one, where the last one failed.
    async fn connected(&mut self) -> Result<Connection, Fault> {
        if let Some(connection) = &self.connection {
            return Ok(connection.clone());
        }
        let connected = self.redis.connect(ANSWER_TIME_MAX).await;
        let connection = Connection(connected.map_err(transient)?);
        self.connection = Some(connection.clone());
        Ok(connection)
    }

    /// What was found out; after a failure, over another connection the next time.
    fn told<T>(&mut self, found: Result<T, Fault>) -> Result<T, Fault> {
        if matches!(found, Err(Fault::Transient(_))) {
            self.connection = None;
        }
        found
    }

    /// Sees to it that the server is as it was left.
    async fn is_as_left(&self, connection: &mut Connection) -> Result<(), Fault> {
        let noted: Option<Seq> = connection
            .ask(redis::cmd("GET").arg(self.redis.name(NOTE)))
            .await?;
        if noted == Some(self.noted) {
            return Ok(());
        }
        let noted = noted.unwrap_or(0);
        Err(lost(format!(
            "it was filled up to record {}, and now it says {noted}",
            self.noted
        )))
    }

    /// Writes some records and notes it.
    async fn put(
        &mut self,
        connection: &mut Connection,
        records: &[Effect<Record>],
    ) -> Result<(), Fault> {
        let mut commands = redis::pipe();
        commands.ignore_errors();
        for Effect { item, .. } in records {
            let stream = stream(&self.redis, item.topic);
            commands.add_command(entry::add(&stream, STREAM_LEN, item));
        }
        let answers = connection.put(&commands).await?;
        for (Effect { item, .. }, answer) in records.iter().zip(answers) {
            match answer {
                Ok(_) => {}
                // It is there: this was tried before, and the answer did not get through.
                Err(error) if error.to_string().contains(REPEAT) => {}
                Err(error) => return Err(transient(error.into())),
            }
            self.marks.insert(item.topic, item.seq);
        }
        let noted = records.last().map_or(self.noted, |last| last.item.seq);
        self.note(connection, noted).await
    }

    async fn note(&mut self, connection: &mut Connection, noted: Seq) -> Result<(), Fault> {
        let mut note = redis::cmd("SET");
        note.arg(self.redis.name(NOTE)).arg(noted);
        let () = connection.ask(&note).await?;
        self.noted = noted;
        Ok(())
    }

    /// The newest record of each stream.
    async fn tops(&self, connection: &mut Connection) -> Result<Tops, Fault> {
        let found = tops(&self.redis, &mut connection.0).await;
        found.map_err(|error| match error {
            MirrorError::Unavailable(_) => Fault::Transient(Box::new(error)),
            // Somebody else writes to our streams.
            MirrorError::Malformed(_) | MirrorError::Foreign { .. } => {
                Fault::Fatal(Box::new(error))
            }
        })
    }

    /// Where to go back to, if a stream holds less than it should; the mirror need not be filled with what would be trimmed.
    fn lost_behind(&self, tops: &Tops, cut: Cut) -> Option<Cut> {
        let held = |topic| tops.get(topic).map_or(0, |(seq, _)| *seq);
        let short = self
            .marks
            .iter()
            .filter(|(topic, mark)| held(topic) < **mark);
        let back = short.map(|(topic, _)| held(topic)).min()?;
        let kept = cut.seq.saturating_sub(STREAM_LEN as Seq);
        Some(Cut::at(back.max(kept)))
    }
}

impl Target for RedisTarget {
    const NAME: &'static str = NAME;

    async fn open(&mut self, cut: Cut, marks: Vec<StateRow>) -> Result<Holds, Fault> {
        self.connection = None;
        let mut connection = self.connected().await?;
        let tops = self.tops(&mut connection).await;
        let tops = self.told(tops)?;
        self.marks = of_rows(marks);
        // What is not as it was left may be somebody else's, and is not to be filled up then.
        let is_as_left = |topic: &Topic, seq: Seq| self.marks.get(topic) == Some(&seq);
        let unknown = tops
            .iter()
            .filter(|(topic, (seq, _))| !is_as_left(topic, *seq));
        let beyond = unknown.map(|(_, top)| *top).collect();
        let lost_behind = self.lost_behind(&tops, cut);
        for topic in Topic::ALL {
            let held = tops.get(&topic).map_or(0, |(seq, _)| *seq);
            let mark = self.marks.entry(topic).or_default();
            *mark = held.min(*mark);
        }
        let noted = lost_behind.map_or(cut, |back| back.min(cut)).seq;
        let written = self.note(&mut connection, noted).await;
        self.told(written)?;
        Ok(Holds {
            lost_behind,
            marks: self.marks(),
            beyond,
        })
    }

    async fn write(&mut self, records: &[Effect<Record>]) -> Result<(), Fault> {
        let mut connection = self.connected().await?;
        let found = self.is_as_left(&mut connection).await;
        self.told(found)?;
        let mut rest = records;
        while !rest.is_empty() {
            let (some, more) = rest.split_at(fitting(rest));
            let written = self.put(&mut connection, some).await;
            self.told(written)?;
            rest = more;
        }
        Ok(())
    }

    fn marks(&self) -> Vec<StateRow> {
        let row = |(topic, seq): (&Topic, &Seq)| StateRow {
            operator: OPERATOR.to_owned(),
            key: topic.to_string(),
            state: Some(to_raw_value(seq).expect("a number is JSON")),
        };
        self.marks.iter().map(row).collect()
    }

    async fn check(&mut self) -> Result<(), Fault> {
        let mut connection = self.connected().await?;
        let found = self.is_as_left(&mut connection).await;
        self.told(found)?;
        let tops = self.tops(&mut connection).await;
        let tops = self.told(tops)?;
        match self.lost_behind(&tops, Cut::at(self.noted)) {
            None => Ok(()),
            Some(_) => Err(lost("a stream holds less than was put into it".to_owned())),
        }
    }
}

/// How many of the records travel together: at least one.
fn fitting(records: &[Effect<Record>]) -> usize {
    let mut bytes = 0;
    let fit = records.iter().take(WRITE_LEN).take_while(|effect| {
        bytes += effect.item.size();
        bytes <= WRITE_BYTES_MAX
    });
    fit.count().max(1)
}

/// The marks in the rows beside the cut. One that cannot be read is no mark: a later one takes its place.
fn of_rows(rows: Vec<StateRow>) -> BTreeMap<Topic, Seq> {
    let mark = |row: StateRow| {
        let seq = serde_json::from_str(row.state?.get()).ok()?;
        Some((row.key.parse().ok()?, seq))
    };
    rows.into_iter().filter_map(mark).collect()
}

/// A connection of the mirror's own.
#[derive(Clone)]
struct Connection(MultiplexedConnection);

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection")
    }
}

impl Connection {
    async fn ask<T: redis::FromRedisValue>(&mut self, command: &redis::Cmd) -> Result<T, Fault> {
        let answer = command.query_async(&mut self.0).await;
        answer.map_err(|error| transient(error.into()))
    }

    async fn put(&mut self, commands: &redis::Pipeline) -> Result<Vec<RedisResult<Value>>, Fault> {
        let answers = commands.query_async(&mut self.0).await;
        answers.map_err(|error| transient(error.into()))
    }
}

fn transient(error: RedisError) -> Fault {
    Fault::Transient(Box::new(error))
}

fn lost(what: String) -> Fault {
    Fault::Lost(what.into())
}
