//! Reading dead letters, as far as people who look after pipelines are shown them.

use super::LetterState;
use crate::pipeline::rebuild::is_shadow;
use crate::{Page, PageRequest, Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::ids::{EventId, UserId};
use millstream_domain::policy::{Action, Actor, Target, decide};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};

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
        if is_shadow(pipeline) || self.pipeline_cut(pipeline).await?.is_none() {
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
pub(super) async fn one(
    db: &mut PgConnection,
    pipeline: &str,
    seq: i64,
) -> Result<DeadLetter, StoreError> {
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
