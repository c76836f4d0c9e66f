//! The mirror in Redis Streams: one stream for each topic, a record's place in the log its id.
//!
//! Three things tell a loss, and are looked at before every write, so that nothing is put into a gap. A note in Redis says how
//! far the mirror is: a server that came back empty, or from an older copy, says less. For each stream a mark beside the cut
//! says which record it held last. And what a stream counts of itself tells when others have removed from it ([`look`]); as
//! Redis takes nothing below the newest entry, such a stream is removed and filled anew.
//!
//! Records that travel together are taken together or not at all: a server that is full refuses some and takes others, as
//! memory comes and goes, and behind a newer record of its stream an older one is never taken again.

mod look;

use super::{Holds, Target};
use look::Look;
use millstream_event_log::backends::redis::{STREAM_LEN, Tops, entry, stream, tops};
use millstream_event_log::redis::{Redis, RedisError};
use millstream_event_log::{Cut, MirrorError, Record, Seq, Topic};
use millstream_pipelines::sink::{Effect, Fault, StateRow};
use redis::aio::MultiplexedConnection;
use redis::{RedisResult, Value};
use serde_json::value::to_raw_value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The pipeline, and its row.
pub const NAME: &str = "redis";

/// The operator that the rows of marks are kept under.
const OPERATOR: &str = "stream";
/// The one that the row is kept under which says how many entries each stream has at least.
const FLOOR: &str = "floor";
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
    /// About how many entries a stream keeps.
    stream_len: usize,
    connection: Option<Connection>,
    /// How far the note in Redis says that the mirror is.
    noted: Seq,
    marks: BTreeMap<Topic, Seq>,
    /// How many of its newest entries each stream has at least: fewer than are kept now, where fewer were kept before.
    floor: u64,
    /// How often each stream was added to, as far as is known.
    added: BTreeMap<Topic, u64>,
    /// Streams that have lost something and cannot be filled as they are.
    short: BTreeSet<Topic>,
}

impl RedisTarget {
    /// Writes to the streams under the prefix of this server. Nothing is asked of it yet.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        Self {
            redis,
            stream_len: STREAM_LEN,
            connection: None,
            noted: 0,
            marks: BTreeMap::new(),
            floor: STREAM_LEN as u64,
            added: BTreeMap::new(),
            short: BTreeSet::new(),
        }
    }

    /// With streams that keep about so many entries each, and not the usual number.
    #[must_use]
    pub fn keeping(self, stream_len: usize) -> Self {
        Self { stream_len, ..self }
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

    async fn look(&self, connection: &mut Connection) -> Result<Look, Fault> {
        Look::at(&self.redis, NOTE, connection).await
    }

    /// Sees to it that the server is as it was left.
    async fn is_as_left(&mut self, connection: &mut Connection) -> Result<(), Fault> {
        let look = self.look(connection).await?;
        if look.noted != Some(self.noted) {
            let noted = look.noted.unwrap_or(0);
            return Err(lost(format!(
                "it was filled up to record {}, and now it says {noted}",
                self.noted
            )));
        }
        let kept = self.stream_len as u64;
        if look.short(&self.added, kept).is_empty() {
            self.floor = kept;
            return Ok(());
        }
        match look.short(&self.added, self.floor).first() {
            None => Ok(()),
            Some(topic) => Err(lost(format!(
                "the stream of \"{topic}\" holds less than was put into it"
            ))),
        }
    }

    /// Writes some records and notes it.
    async fn put(
        &mut self,
        connection: &mut Connection,
        records: &[Effect<Record>],
    ) -> Result<(), Fault> {
        let mut commands = redis::pipe();
        commands.atomic().ignore_errors();
        for Effect { item, .. } in records {
            let stream = stream(&self.redis, item.topic);
            commands.add_command(entry::add(&stream, self.stream_len, item));
        }
        let answers = connection.put(&commands).await?;
        for (Effect { item, .. }, answer) in records.iter().zip(answers) {
            match answer {
                Ok(_) => *self.added.entry(item.topic).or_default() += 1,
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

    /// Lets go of what is older than is kept: a server that is full takes no record, with which that would go as well.
    async fn trim(&self, connection: &mut Connection) -> Result<(), Fault> {
        for topic in Topic::ALL {
            let mut trim = redis::cmd("XTRIM");
            trim.arg(stream(&self.redis, topic));
            trim.arg("MAXLEN").arg("~").arg(self.stream_len);
            let () = connection.ask(&trim).await?;
        }
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
        let held = |topic| {
            let top = tops.get(topic).filter(|_| !self.short.contains(topic));
            top.map_or(0, |(seq, _)| *seq)
        };
        let behind = self
            .marks
            .iter()
            .filter(|(topic, mark)| held(topic) < **mark || self.short.contains(topic));
        let back = behind.map(|(topic, _)| held(topic)).min()?;
        let kept = cut.seq.saturating_sub(self.stream_len as Seq);
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
        let floor = floor_in(&marks).unwrap_or(u64::MAX);
        self.floor = floor.min(self.stream_len as u64);
        self.marks = of_rows(marks);
        // What is not as it was left may be somebody else's, and is not to be filled up then.
        let is_as_left = |topic: &Topic, seq: Seq| self.marks.get(topic) == Some(&seq);
        let unknown = tops
            .iter()
            .filter(|(topic, (seq, _))| !is_as_left(topic, *seq));
        let beyond: Vec<_> = unknown.map(|(_, top)| *top).collect();
        for topic in Topic::ALL {
            self.marks.entry(topic).or_default();
        }
        let look = self.look(&mut connection).await;
        let look = self.told(look)?;
        self.added = look
            .counts
            .iter()
            .map(|(topic, it)| (*topic, it.added))
            .collect();
        self.short = look.short(&BTreeMap::new(), self.floor);
        let lost_behind = self.lost_behind(&tops, cut);
        for (topic, mark) in &mut self.marks {
            let top = tops.get(topic).filter(|_| !self.short.contains(topic));
            *mark = top.map_or(0, |(seq, _)| *seq).min(*mark);
        }
        if beyond.is_empty() {
            let trimmed = self.trim(&mut connection).await;
            self.told(trimmed)?;
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
        let floor = StateRow {
            operator: FLOOR.to_owned(),
            key: NAME.to_owned(),
            state: Some(to_raw_value(&self.floor).expect("a number is JSON")),
        };
        self.marks.iter().map(row).chain([floor]).collect()
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

    async fn clear(&mut self) -> Result<(), Fault> {
        let mut connection = self.connected().await?;
        for topic in std::mem::take(&mut self.short) {
            let mut remove = redis::cmd("DEL");
            remove.arg(stream(&self.redis, topic));
            let removed = connection.ask::<()>(&remove).await;
            self.told(removed)?;
            self.added.remove(&topic);
        }
        Ok(())
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

/// How many entries each stream had at least, as the rows beside the cut say.
fn floor_in(rows: &[StateRow]) -> Option<u64> {
    let row = rows.iter().find(|row| row.operator == FLOOR)?;
    serde_json::from_str(row.state.as_ref()?.get()).ok()
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
