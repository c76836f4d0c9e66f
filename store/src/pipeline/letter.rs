//! Dead letters: the records that a pipeline refused, what people do about them, and what comes of that.
//!
//! *Invariant:* a letter that waits is never forgotten. It is tried again by an event, which the pipeline reads in its order
//! like any other; or somebody discards it, and says why.

use crate::{Change, Changed, Changing, Page, PageRequest, Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::field::FieldCode;
use millstream_domain::ids::{EventId, UserId};
use millstream_domain::policy::{Action, Actor, Target, decide};
use millstream_event_log::events::PipelineEvent;
use millstream_event_log::events::pipeline::{DiscardedRecord, RefusedRecord};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor, PgPool};
use std::str::FromStr;
use uuid::Uuid;

/// Most characters of the reason for which a record is discarded: a few sentences.
pub const REASON_CHARACTERS_MAX: usize = 500;

/// What has become of a refused record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterState {
    /// It waits for somebody.
    Waiting,
    /// It is on its way once more.
    Retrying,
    /// It was taken when it was tried again.
    Taken,
    /// Somebody said that nobody misses it.
    Discarded,
}

impl LetterState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Retrying, Self::Taken, Self::Discarded];

    /// The word in the API and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Retrying => "retrying",
            Self::Taken => "taken",
            Self::Discarded => "discarded",
        }
    }
}

/// The text is no state of a dead letter.
#[derive(Debug, thiserror::Error)]
#[error("must be one of waiting, retrying, taken, discarded")]
pub struct UnknownLetterState;

impl FromStr for LetterState {
    type Err = UnknownLetterState;

    fn from_str(text: &str) -> Result<Self, UnknownLetterState> {
        let mut all = Self::ALL.into_iter();
        all.find(|state| state.as_str() == text)
            .ok_or(UnknownLetterState)
    }
}

/// A refused record, and what has become of it.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// The pipeline.
    pub pipeline: String,
    /// The record.
    pub seq: i64,
    /// The key under which it was refused.
    pub key: String,
    /// Why it was refused, the last time.
    pub error: String,
    /// When it happened, whatever it tells of.
    pub at: DateTime<Utc>,
    /// What has become of it.
    pub state: LetterState,
    /// How often it was refused.
    pub tries: i32,
    /// Who did something about it last.
    pub acted_by: Option<UserId>,
    /// When.
    pub acted_at: Option<DateTime<Utc>>,
    /// Why.
    pub reason: Option<String>,
    /// What the record says; gone when the log does not go back so far.
    pub record: Option<LetterRecord>,
}

/// A record of the log, as far as people who look after pipelines are shown it.
#[derive(Debug, Clone)]
pub struct LetterRecord {
    /// Its event.
    pub id: EventId,
    /// Its type.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// Who acted.
    pub actor: Option<UserId>,
    /// What it says.
    pub data: Box<RawValue>,
}

#[derive(Serialize, Deserialize)]
struct Cursor(i64);

impl Store {
    /// What a pipeline refused, newest first, in one of these states; in any, if none is named.
    pub async fn dead_letters(
        &self,
        actor: &Actor,
        pipeline: &str,
        states: &[LetterState],
        page: &PageRequest,
    ) -> Result<Page<DeadLetter>, StoreError> {
        decide(actor, Action::OperatePipelines, Target::SYSTEM)?;
        if self.pipeline_cut(pipeline).await?.is_none() {
            return Err(StoreError::NotFound);
        }
        let after: Option<Cursor> = page.after()?;
        let states: Vec<_> = states.iter().map(|s| s.as_str().to_owned()).collect();
        let which = Which {
            pipeline,
            states: &states,
            after: after.map(|after| after.0),
            seq: None,
            limit: page.rows(),
        };
        let letters = which.read(&self.pool).await?;
        Ok(Page::of(letters, page, |letter: &DeadLetter| {
            Cursor(letter.seq)
        }))
    }

    /// How many there are in each state.
    pub async fn dead_letter_counts(
        &self,
        pipeline: &str,
    ) -> Result<Vec<(LetterState, i64)>, StoreError> {
        let rows = sqlx::query!(
            r#"select state, count(*) as "count!" from stream.dead_letter where pipeline = $1 group by state"#,
            pipeline,
        )
        .fetch_all(&self.pool)
        .await?;
        let counted = |state: LetterState| {
            let row = rows.iter().find(|row| row.state == state.as_str());
            (state, row.map_or(0, |row| row.count))
        };
        Ok(LetterState::ALL.into_iter().map(counted).collect())
    }
}

/// Which letters are read.
struct Which<'a> {
    pipeline: &'a str,
    states: &'a [String],
    after: Option<i64>,
    seq: Option<i64>,
    limit: i64,
}

impl Which<'_> {
    async fn read(&self, db: impl PgExecutor<'_>) -> Result<Vec<DeadLetter>, sqlx::Error> {
        let rows = sqlx::query!(
            r#"
            select d.seq, d.key, d.error, d.at, d.state, d.tries, d.acted_by, d.acted_at, d.reason,
                   l.event_id as "event_id?", l.kind as "kind?", l.subject as "subject?", l.actor,
                   l.data as "data?: Json<Box<RawValue>>"
            from stream.dead_letter d
            left join stream.log l on l.seq = d.seq
            where d.pipeline = $1 and (cardinality($2::text[]) = 0 or d.state = any($2))
              and ($3::bigint is null or d.seq < $3) and ($5::bigint is null or d.seq = $5)
            order by d.seq desc
            limit $4
            "#,
            self.pipeline,
            self.states,
            self.after,
            self.limit,
            self.seq,
        )
        .fetch_all(db)
        .await?;
        let letters = rows.into_iter().map(|r| DeadLetter {
            pipeline: self.pipeline.to_owned(),
            seq: r.seq,
            key: r.key,
            error: r.error,
            at: r.at,
            state: r.state.parse().unwrap_or(LetterState::Waiting),
            tries: r.tries,
            acted_by: r.acted_by.map(UserId),
            acted_at: r.acted_at,
            reason: r.reason,
            record: (|| {
                Some(LetterRecord {
                    id: EventId(r.event_id?),
                    kind: r.kind?,
                    subject: r.subject?,
                    actor: r.actor.map(UserId),
                    data: r.data?.0,
                })
            })(),
        });
        Ok(letters.collect())
    }
}

/// One letter.
async fn one(db: &mut PgConnection, pipeline: &str, seq: i64) -> Result<DeadLetter, StoreError> {
    let which = Which {
        pipeline,
        states: &[],
        after: None,
        seq: Some(seq),
        limit: 1,
    };
    let mut found = which.read(db).await?;
    found.pop().ok_or(StoreError::NotFound)
}

/// Somebody wants a refused record to be tried again. One that is on its way already stays so.
#[derive(Debug)]
pub struct RetryDeadLetter {
    /// Who.
    pub actor: Actor,
    /// Of which pipeline.
    pub pipeline: String,
    /// Which record.
    pub seq: i64,
}

/// Somebody says that nobody misses a refused record.
#[derive(Debug)]
pub struct DiscardDeadLetter {
    /// Who.
    pub actor: Actor,
    /// Of which pipeline.
    pub pipeline: String,
    /// Which record.
    pub seq: i64,
    /// Why.
    pub reason: String,
}

impl Change for RetryDeadLetter {
    type Output = DeadLetter;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<DeadLetter>, StoreError> {
        match held(cx, &self.actor, &self.pipeline, self.seq).await? {
            LetterState::Waiting | LetterState::Discarded => {}
            LetterState::Retrying => {
                let letter = one(cx.db(), &self.pipeline, self.seq).await?;
                return Ok(Changed::nothing(letter));
            }
            LetterState::Taken => return Err(StoreError::Conflict("the record was taken".into())),
        }
        let (now, by) = (cx.now, cx.origin.actor.map(Uuid::from));
        let event = cx.event_id(0);
        sqlx::query!(
            "update stream.dead_letter
             set state = 'retrying', retry_event = $3, acted_by = $4, acted_at = $5, reason = null
             where pipeline = $1 and seq = $2",
            self.pipeline,
            self.seq,
            event.0,
            by,
            now,
        )
        .execute(cx.db())
        .await?;
        count(cx.db(), &self.pipeline).await?;
        let letter = one(cx.db(), &self.pipeline, self.seq).await?;
        let record = RefusedRecord {
            pipeline: self.pipeline,
            seq: u64::try_from(self.seq).unwrap_or(0),
        };
        Ok(Changed::because(
            letter,
            PipelineEvent::DeadLetterRetried(record),
        ))
    }
}

impl Change for DiscardDeadLetter {
    type Output = DeadLetter;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<DeadLetter>, StoreError> {
        let state = held(cx, &self.actor, &self.pipeline, self.seq).await?;
        let reason = reason(&self.reason)?;
        match state {
            LetterState::Waiting => {}
            LetterState::Discarded => {
                let letter = one(cx.db(), &self.pipeline, self.seq).await?;
                return Ok(Changed::nothing(letter));
            }
            LetterState::Retrying => {
                let text = "the record is on its way once more: wait what comes of that";
                return Err(StoreError::Conflict(text.into()));
            }
            LetterState::Taken => return Err(StoreError::Conflict("the record was taken".into())),
        }
        let (now, by) = (cx.now, cx.origin.actor.map(Uuid::from));
        sqlx::query!(
            "update stream.dead_letter set state = 'discarded', acted_by = $3, acted_at = $4, reason = $5
             where pipeline = $1 and seq = $2",
            self.pipeline,
            self.seq,
            by,
            now,
            reason,
        )
        .execute(cx.db())
        .await?;
        count(cx.db(), &self.pipeline).await?;
        let letter = one(cx.db(), &self.pipeline, self.seq).await?;
        let record = DiscardedRecord {
            pipeline: self.pipeline,
            seq: u64::try_from(self.seq).unwrap_or(0),
            reason,
        };
        Ok(Changed::because(
            letter,
            PipelineEvent::DeadLetterDiscarded(record),
        ))
    }
}

/// The letter, locked, for somebody who may act on it. The pipeline's row comes first, as it does in a commit.
async fn held(
    cx: &mut Changing<'_>,
    actor: &Actor,
    pipeline: &str,
    seq: i64,
) -> Result<LetterState, StoreError> {
    decide(actor, Action::OperatePipelines, Target::SYSTEM)?;
    sqlx::query!(
        "select name from stream.pipeline where name = $1 for update",
        pipeline
    )
    .fetch_optional(cx.db())
    .await?
    .ok_or(StoreError::NotFound)?;
    let state = sqlx::query_scalar!(
        "select state from stream.dead_letter where pipeline = $1 and seq = $2 for update",
        pipeline,
        seq,
    )
    .fetch_optional(cx.db())
    .await?
    .ok_or(StoreError::NotFound)?;
    Ok(state.parse().unwrap_or(LetterState::Waiting))
}

fn reason(text: &str) -> Result<String, StoreError> {
    let text = text.trim();
    let (code, message) = match text.chars().count() {
        0 => (FieldCode::Required, "must not be empty".to_owned()),
        n if n > REASON_CHARACTERS_MAX => (
            FieldCode::TooLong,
            format!("must have at most {REASON_CHARACTERS_MAX} characters"),
        ),
        _ if text.contains('\0') => (FieldCode::Invalid, "must not contain NUL".to_owned()),
        _ => return Ok(text.to_owned()),
    };
    Err(StoreError::field("reason", code, message))
}

/// A dead letter as a sink writes it.
#[derive(Debug, Clone)]
pub struct StoredLetter {
    /// The record.
    pub seq: i64,
    /// The key it was processed under.
    pub key: String,
    /// Why it was refused.
    pub error: String,
    /// The record's own time.
    pub at: DateTime<Utc>,
}

/// Writes dead letters, inside a sink's commit. A repeat adds nothing; one that was tried again, and refused again, waits
/// again.
pub async fn write_letters(
    db: &mut PgConnection,
    name: &str,
    letters: &[StoredLetter],
) -> Result<(), sqlx::Error> {
    for letter in letters {
        sqlx::query!(
            "insert into stream.dead_letter as d (pipeline, seq, key, error, at) values ($1, $2, $3, $4, $5)
             on conflict (pipeline, seq) do update
             set state = 'waiting', key = excluded.key, error = excluded.error, tries = d.tries + 1
             where d.state = 'retrying'",
            name,
            letter.seq,
            letter.key,
            letter.error,
            letter.at,
        )
        .execute(&mut *db)
        .await?;
    }
    if letters.is_empty() {
        return Ok(());
    }
    count(db, name).await
}

/// Notes that these records were taken when they were tried again, inside a sink's commit.
pub async fn answer_letters(
    db: &mut PgConnection,
    name: &str,
    seqs: &[i64],
) -> Result<(), sqlx::Error> {
    if seqs.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update stream.dead_letter set state = 'taken'
         where pipeline = $1 and seq = any($2) and state in ('waiting', 'retrying')",
        name,
        seqs,
    )
    .execute(&mut *db)
    .await?;
    count(db, name).await
}

/// Notes that records were taken whose retries stand before this cut: for a sink that keeps its own cut, and may have died
/// between its commit and [`answer_letters`].
pub async fn answer_letters_before(pool: &PgPool, name: &str, cut: i64) -> Result<(), sqlx::Error> {
    let seqs = sqlx::query_scalar!(
        "select d.seq from stream.dead_letter d
         where d.pipeline = $1 and d.state = 'retrying'
           and exists (select from stream.log l where l.event_id = d.retry_event and l.key = $2 and l.seq <= $3)",
        name,
        PipelineEvent::key_of(name),
        cut,
    )
    .fetch_all(pool)
    .await?;
    if seqs.is_empty() {
        return Ok(());
    }
    let mut db = pool.acquire().await?;
    answer_letters(&mut db, name, &seqs).await
}

/// The records that a pipeline has refused and not taken since.
pub async fn refused(pool: &PgPool, name: &str) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "select seq from stream.dead_letter where pipeline = $1 and state <> 'taken'",
        name
    )
    .fetch_all(pool)
    .await
}

/// Keeps the number of letters that somebody has to look at, which is shown with the pipeline.
pub(crate) async fn count(db: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update stream.pipeline
         set dead_letters = (select count(*) from stream.dead_letter
                             where pipeline = $1 and state in ('waiting', 'retrying'))
         where name = $1",
        name,
    )
    .execute(db)
    .await?;
    Ok(())
}
