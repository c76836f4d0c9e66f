//! Views in Postgres: effects, state, dead letters and cut in one transaction, fenced by the generation.

use chrono::{DateTime, Utc};
use millstream_domain::clock::Clock;
use millstream_event_log::{Cut, Seq};
use millstream_pipelines::sink::{Commit, DeadLetter, Fault, Generation, Resume, Sink, StateRow};
use millstream_store::pipeline::{self, StateColumns, StoredLetter};
use sqlx::error::ErrorKind;
use sqlx::types::Json;
use sqlx::{PgPool, Postgres, Transaction};
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

/// A view that is kept in Postgres.
pub trait View: Send + 'static {
    /// What the pipeline emits for it.
    type Item: Clone + Send + Sync + 'static;

    /// Writes the effects, inside the commit's transaction. It may be called again for a commit that was rolled back.
    fn apply(
        &mut self,
        tx: &mut Transaction<'_, Postgres>,
        commit: &Commit<Self::Item>,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
}

/// The sink of a [`View`].
#[derive(Debug)]
pub struct PostgresSink<V> {
    name: &'static str,
    pool: PgPool,
    clock: Arc<dyn Clock>,
    generation: Generation,
    view: V,
}

impl<V: View> PostgresSink<V> {
    /// A sink for the pipeline `name`.
    pub fn new(name: &'static str, pool: PgPool, clock: Arc<dyn Clock>, view: V) -> Self {
        Self {
            name,
            pool,
            clock,
            generation: Generation(0),
            view,
        }
    }

    async fn try_commit(
        &mut self,
        commit: &Commit<V::Item>,
        now: DateTime<Utc>,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.pool.begin().await?;
        // First, so that a fenced owner does no work, and the new owner's first commit waits for a late one's end.
        if !pipeline::move_cut(
            &mut tx,
            self.name,
            self.generation.0,
            signed(commit.cut.seq),
            now,
        )
        .await?
        {
            return Ok(false);
        }
        if !commit.effects.is_empty() {
            self.view.apply(&mut tx, commit).await?;
        }
        pipeline::write_states(&mut tx, self.name, &columns(&commit.states)).await?;
        pipeline::write_letters(&mut tx, self.name, &letters(&commit.dead)).await?;
        pipeline::answer_letters(&mut tx, self.name, &taken(&commit.taken)).await?;
        tx.commit().await?;
        Ok(true)
    }
}

impl<V: View> Sink for PostgresSink<V> {
    type Item = V::Item;

    async fn open(&mut self, generation: Generation) -> Result<Resume, Fault> {
        self.generation = generation;
        resumed(&self.pool, self.name, generation).await
    }

    async fn refused(&mut self) -> Result<BTreeSet<Seq>, Fault> {
        refused(&self.pool, self.name).await
    }

    async fn commit(&mut self, commit: &Commit<V::Item>) -> Result<(), Fault> {
        match self.try_commit(commit, self.clock.now()).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Fault::Fenced),
            Err(error) => Err(fault(error)),
        }
    }
}

/// Where the pipeline `name` goes on, or [`Fault::Fenced`] where a newer owner has begun.
pub(crate) async fn resumed(
    pool: &PgPool,
    name: &str,
    generation: Generation,
) -> Result<Resume, Fault> {
    let resumed = pipeline::resume(pool, name, generation.0).await;
    let (cut, states) = resumed.map_err(fault)?.ok_or(Fault::Fenced)?;
    let states = states.into_iter().map(|row| StateRow {
        operator: row.operator,
        key: row.key,
        state: Some(row.state),
    });
    Ok(Resume {
        cut: Cut::at(u64::try_from(cut).unwrap_or(0)),
        states: states.collect(),
    })
}

pub(crate) fn columns(states: &[StateRow]) -> StateColumns {
    let mut columns = StateColumns::default();
    for row in states {
        columns.operators.push(row.operator.clone());
        columns.keys.push(row.key.clone());
        columns.states.push(row.state.clone().map(Json));
    }
    columns
}

pub(crate) fn letters(dead: &[DeadLetter]) -> Vec<StoredLetter> {
    dead.iter()
        .map(|letter| StoredLetter {
            seq: signed(letter.seq),
            key: letter.key.clone(),
            // Postgres cannot keep the character.
            error: letter.error.replace('\0', "\u{fffd}"),
            at: letter.at,
        })
        .collect()
}

/// The records that a pipeline has refused and not taken since.
pub(crate) async fn refused(pool: &PgPool, name: &str) -> Result<BTreeSet<Seq>, Fault> {
    let refused = pipeline::refused(pool, name).await.map_err(fault)?;
    let seq = |seq| Seq::try_from(seq).unwrap_or(0);
    Ok(refused.into_iter().map(seq).collect())
}

/// Places in the log, for a column.
pub(crate) fn taken(seqs: &[Seq]) -> Vec<i64> {
    seqs.iter().copied().map(signed).collect()
}

/// A number for a column: Postgres has no unsigned integers, and nothing here counts to 2^63.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What a database error means to a pipeline: data that does not fit is the record's fault, a missing table is ours, and
/// everything else passes.
pub(crate) fn fault(error: sqlx::Error) -> Fault {
    let database = error.as_database_error();
    let class = database.and_then(|e| e.code().and_then(|code| code.get(..2).map(str::to_owned)));
    let constraint = database.is_some_and(|e| !matches!(e.kind(), ErrorKind::Other));
    match class.as_deref() {
        _ if constraint => Fault::Reject(Box::new(error)),
        // Data exceptions, and objects too large for an index.
        Some("22" | "54") => Fault::Reject(Box::new(error)),
        // No such table, column or right: the schema is not the one this program needs.
        Some("42") => Fault::Fatal(Box::new(error)),
        _ => match &error {
            sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Encode(_) => {
                Fault::Reject(Box::new(error))
            }
            _ => Fault::Transient(Box::new(error)),
        },
    }
}
