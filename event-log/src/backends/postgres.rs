//! The log in Postgres: the truth. Written by the mover alone; read here.

use crate::cut::{Batch, Bounds, Budget, Cut, Seq, to_seq};
use crate::error::LogError;
use crate::mover::Tail;
use crate::position::Position;
use crate::record::{Origin, Record, Via};
use chrono::{DateTime, Utc};
use millstream_domain::ids::{EventId, UserId};
use serde_json::value::RawValue;
use sqlx::PgPool;
use sqlx::types::Json;
use std::time::Duration;
use uuid::Uuid;

/// Longest wait without a look: how late a record of another process's mover is seen at most.
const POLL: Duration = Duration::from_millis(250);

/// The log in Postgres. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PostgresLog {
    pool: PgPool,
    tail: Option<Tail>,
}

struct Row {
    seq: i64,
    outbox_id: i64,
    event_id: Uuid,
    topic: String,
    key: Uuid,
    kind: String,
    subject: String,
    at: DateTime<Utc>,
    actor: Option<Uuid>,
    via: String,
    client_ip: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
    schema_version: i16,
    data: Json<Box<RawValue>>,
    /// Where the log ended when the row was read, for who asked.
    tail: Option<i64>,
}

impl PostgresLog {
    /// The log of this database; `tail` is what the mover of this process tells, or what other processes are heard of.
    #[must_use]
    pub fn new(pool: PgPool, tail: Option<Tail>) -> Self {
        Self { pool, tail }
    }

    /// See [`crate::Log::read`].
    pub async fn read(&self, from: Cut, budget: Budget) -> Result<Batch, LogError> {
        let after = i64::try_from(from.seq).unwrap_or(i64::MAX);
        let limit = i64::try_from(budget.records.max(1)).unwrap_or(i64::MAX);
        // The size is bounded in the database, so that a batch of large records never travels whole.
        let bytes = i64::try_from(budget.bytes).unwrap_or(i64::MAX);
        let rows = sqlx::query_as!(
            Row,
            r#"
            select seq as "seq!", outbox_id as "outbox_id!", event_id as "event_id!", topic as "topic!",
                   key as "key!", kind as "kind!", subject as "subject!", at as "at!", actor, via as "via!",
                   client_ip, user_agent, request_id, schema_version as "schema_version!",
                   data as "data!: Json<Box<RawValue>>", (select next - 1 from stream.head) as tail
            from (
                select *, sum(octet_length(data::text)) over (order by seq) as total
                from (select * from stream.log where seq > $1 order by seq limit $2) as page
            ) as measured
            where total <= $3 or seq = $1 + 1
            order by seq
            "#,
            after,
            limit,
            bytes,
        )
        .fetch_all(&self.pool)
        .await?;
        let tail = match rows.first() {
            Some(row) => to_seq(row.tail.unwrap_or(row.seq)),
            None => self.bounds().await?.tail,
        };
        let records = rows
            .into_iter()
            .map(Row::into_record)
            .collect::<Result<Vec<_>, _>>()?;
        checked(from, records, tail)
    }

    /// See [`crate::Log::wait`].
    pub async fn wait(&self, after: Cut) {
        match &self.tail {
            Some(tail) => {
                let _ = tokio::time::timeout(POLL, tail.beyond(after.seq)).await;
            }
            None => tokio::time::sleep(POLL).await,
        }
    }

    /// See [`crate::Log::bounds`].
    pub async fn bounds(&self) -> Result<Bounds, LogError> {
        let row = sqlx::query!(
            r#"
            select (select next from stream.head) as "next!",
                   (select seq from stream.log order by seq limit 1) as head
            "#
        )
        .fetch_one(&self.pool)
        .await?;
        let tail = to_seq(row.next) - 1;
        Ok(Bounds {
            head: row.head.map_or(tail + 1, to_seq),
            tail,
        })
    }

    /// A position that stands for all that was committed until now: the last write that waits in the outbox, or the end of
    /// the log. The mover takes writes in the order of their ids, so whoever has seen the last has seen the others.
    pub async fn newest(&self) -> Result<Position, LogError> {
        let row = sqlx::query!(
            r#"select (select max(id) from stream.outbox) as waiting, (select next from stream.head) as "next!""#
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row
            .waiting
            .map_or_else(|| Position::View(to_seq(row.next) - 1), Position::Write))
    }

    /// The record that a write became; `None` while it is still in the outbox.
    pub async fn seq_of(&self, outbox_id: i64) -> Result<Option<Seq>, LogError> {
        if let Some(seq) = self.tail.as_ref().and_then(|tail| tail.seq_of(outbox_id)) {
            return Ok(Some(seq));
        }
        let seq = sqlx::query_scalar!("select seq from stream.log where outbox_id = $1", outbox_id)
            .fetch_optional(&self.pool)
            .await?;
        Ok(seq.map(to_seq))
    }

    /// Whether there is such a write at all, in the outbox or in the log. The mover takes it from one to the other in one
    /// transaction, so it is never in neither.
    pub async fn has_write(&self, outbox_id: i64) -> Result<bool, LogError> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from stream.outbox where id = $1)
                   or exists (select from stream.log where outbox_id = $1) as "has!""#,
            outbox_id,
        )
        .fetch_one(&self.pool)
        .await?)
    }

    /// Where the log stood so long ago, by the database's clock and whatever times its events tell of. For a short while ago,
    /// as it is looked for from the end.
    pub async fn as_of(&self, ago: Duration) -> Result<Cut, LogError> {
        let seq = sqlx::query_scalar!(
            "select seq from stream.log where moved_at < clock_timestamp() - make_interval(secs => $1)
             order by seq desc limit 1",
            ago.as_secs_f64(),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(seq.map_or(Cut::START, |seq| Cut::at(to_seq(seq))))
    }

    /// The records of one type, oldest first, from behind `after` up to `until`.
    pub async fn of_kind(
        &self,
        kind: &str,
        after: Cut,
        until: Seq,
        limit: u32,
    ) -> Result<Vec<Record>, LogError> {
        let number = |seq: Seq| i64::try_from(seq).unwrap_or(i64::MAX);
        let rows = sqlx::query_as!(
            Row,
            r#"
            select seq, outbox_id, event_id, topic, key, kind, subject, at, actor, via, client_ip, user_agent,
                   request_id, schema_version, data as "data!: Json<Box<RawValue>>", null::bigint as tail
            from stream.log where seq > $1 and seq <= $2 and kind = $3 order by seq limit $4
            "#,
            number(after.seq),
            number(until),
            kind,
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Row::into_record).collect()
    }

    /// What the events of one type are about that have no place in the log yet, and when each happened. The mover takes them
    /// from the outbox to the log in one transaction: whoever looks here first and at the log then has missed none.
    pub async fn waiting_of_kind(
        &self,
        kind: &str,
        limit: u32,
    ) -> Result<Vec<(String, DateTime<Utc>)>, LogError> {
        let rows = sqlx::query!(
            "select subject, at from stream.outbox where kind = $1 order by id limit $2",
            kind,
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.subject, row.at)).collect())
    }

    /// What happened to one thing, oldest first, from behind `after` on, but for these types.
    pub async fn of_key(
        &self,
        key: Uuid,
        but_for: &[&str],
        after: Cut,
        limit: u32,
    ) -> Result<Vec<Record>, LogError> {
        let after = i64::try_from(after.seq).unwrap_or(i64::MAX);
        let but_for: Vec<String> = but_for.iter().map(ToString::to_string).collect();
        let rows = sqlx::query_as!(
            Row,
            r#"
            select seq, outbox_id, event_id, topic, key, kind, subject, at, actor, via, client_ip, user_agent,
                   request_id, schema_version, data as "data!: Json<Box<RawValue>>", null::bigint as tail
            from stream.log where key = $1 and seq > $2 and kind <> all($4) order by seq limit $3
            "#,
            key,
            after,
            i64::from(limit),
            &but_for,
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Row::into_record).collect()
    }

    /// What happened to one thing last, newest first.
    pub async fn last_of_key(&self, key: Uuid, limit: u32) -> Result<Vec<Record>, LogError> {
        let rows = sqlx::query_as!(
            Row,
            r#"
            select seq, outbox_id, event_id, topic, key, kind, subject, at, actor, via, client_ip, user_agent,
                   request_id, schema_version, data as "data!: Json<Box<RawValue>>", null::bigint as tail
            from stream.log where key = $1 order by seq desc limit $2
            "#,
            key,
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Row::into_record).collect()
    }

    /// What happened to one of the things that share a key (a comment of a task), oldest first.
    pub async fn of_subject(
        &self,
        key: Uuid,
        subject: &str,
        after: Cut,
        limit: u32,
    ) -> Result<Vec<Record>, LogError> {
        let after = i64::try_from(after.seq).unwrap_or(i64::MAX);
        let rows = sqlx::query_as!(
            Row,
            r#"
            select seq, outbox_id, event_id, topic, key, kind, subject, at, actor, via, client_ip, user_agent,
                   request_id, schema_version, data as "data!: Json<Box<RawValue>>", null::bigint as tail
            from stream.log where key = $1 and subject = $2 and seq > $3 order by seq limit $4
            "#,
            key,
            subject,
            after,
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Row::into_record).collect()
    }

    /// The same, newest first, and only those before a place.
    pub async fn newest_of_subject(
        &self,
        key: Uuid,
        subject: &str,
        before: Option<Seq>,
        limit: u32,
    ) -> Result<Vec<Record>, LogError> {
        let before = before.map(|seq| i64::try_from(seq).unwrap_or(i64::MAX));
        let rows = sqlx::query_as!(
            Row,
            r#"
            select seq, outbox_id, event_id, topic, key, kind, subject, at, actor, via, client_ip, user_agent,
                   request_id, schema_version, data as "data!: Json<Box<RawValue>>", null::bigint as tail
            from stream.log where key = $1 and subject = $2 and ($3::bigint is null or seq < $3)
            order by seq desc limit $4
            "#,
            key,
            subject,
            before,
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Row::into_record).collect()
    }
}

/// A batch, if it begins right behind the cut; dense order is what every reader builds on.
fn checked(from: Cut, records: Vec<Record>, tail: Seq) -> Result<Batch, LogError> {
    let wanted = from.seq + 1;
    match records.first() {
        Some(first) if first.seq != wanted => Err(LogError::Gap {
            wanted,
            head: first.seq,
        }),
        // Somebody restored an older database: what the reader has seen no longer exists.
        None if from.seq > tail => Err(LogError::Ahead {
            cut: from.seq,
            tail,
        }),
        _ => {
            let cut = records.last().map_or(from, |last| Cut::at(last.seq));
            Ok(Batch { records, cut, tail })
        }
    }
}

impl Row {
    fn into_record(self) -> Result<Record, LogError> {
        let seq = to_seq(self.seq);
        let malformed = |reason: String| LogError::Malformed { seq, reason };
        let via = Via::from_word(&self.via)
            .ok_or_else(|| malformed(format!("there is no way in called \"{}\"", self.via)))?;
        Ok(Record {
            seq,
            outbox_id: self.outbox_id,
            id: EventId(self.event_id),
            topic: self.topic.parse().map_err(|e| malformed(format!("{e}")))?,
            key: self.key,
            kind: self.kind.into(),
            subject: self.subject.into(),
            at: self.at,
            origin: Origin {
                actor: self.actor.map(UserId),
                via,
                client_ip: self.client_ip,
                user_agent: self.user_agent,
                request_id: self.request_id,
            },
            schema_version: u16::try_from(self.schema_version)
                .map_err(|_| malformed("the schema version is negative".into()))?,
            data: self.data.0.into(),
        })
    }
}
