//! The mover: drains the outbox into the log and gives every event its `seq`.
//!
//! Every process that writes runs one; competing movers skip. The order is right because
//!
//! 1. the lock on `stream.head` is taken *before* the snapshot that selects rows (two statements, not one: a mover that
//!    waited for the lock must not work from a list that is older than it), and
//! 2. rows are removed, not skipped: a transaction that commits late leaves no gap that a cursor would have passed, and
//!    a long transaction holds nobody up.
//!
//! Waking it is a hint; polling is the guarantee.

use crate::cut::{Seq, to_seq};
use crate::error::LogError;
use millstream_domain::cause::in_full;
use sqlx::PgPool;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Rows of one move: bounds the transaction; a backlog is drained in as many as it takes.
pub const MOVE_ROWS_MAX: u16 = 5_000;
/// How many of the newest moves are remembered for [`Tail::seq_of`]: above that the log's index answers.
const RING_LEN: usize = 16_384;
/// Poll interval right after something was moved, and after another mover was met at work.
const POLL_BUSY: Duration = Duration::from_millis(5);
/// Longest poll interval while nothing happens. Writes of this process poke, so it only bounds how late the writes of
/// a process that died before its mover ran are seen.
const POLL_IDLE: Duration = Duration::from_millis(250);
/// The longest rest after a move. It rests as long as the move took: what is written meanwhile is moved together, and under a
/// steady stream of writes moving costs half a connection's time, not all of it. Who was idle moves at once.
const REST_MAX: Duration = Duration::from_millis(10);
/// Wait after a database error.
const RETRY: Duration = Duration::from_secs(1);

/// Tells the mover that something was committed. Cheap; call it after every commit.
#[derive(Debug, Clone, Default)]
pub struct Poke(Arc<Notify>);

impl Poke {
    /// Wakes the mover.
    pub fn poke(&self) {
        self.0.notify_one();
    }
}

/// Where the log ends, as far as this process knows, and which of the newest writes became which record.
#[derive(Debug, Clone, Default)]
pub struct Tail {
    newest: watch::Sender<Seq>,
    ring: Arc<Mutex<VecDeque<(i64, Seq)>>>,
}

impl Tail {
    /// The newest record that this process has heard of; 0 before its mover's first look.
    #[must_use]
    pub fn newest(&self) -> Seq {
        *self.newest.borrow()
    }

    /// Waits until there is a record behind `seq`, as far as this process knows; the newest one then. Cancel-safe.
    pub async fn beyond(&self, seq: Seq) -> Seq {
        let mut newest = self.newest.subscribe();
        let reached = newest.wait_for(|tail| *tail > seq).await;
        // The sender lives as long as `self`.
        reached.map_or(seq, |tail| *tail)
    }

    /// Another process says that the log goes to there.
    pub fn heard(&self, seq: Seq) {
        self.newest.send_if_modified(|known| {
            let moved = *known < seq;
            *known = seq.max(*known);
            moved
        });
    }

    /// The record that a write became, if it was moved lately and by this process.
    #[must_use]
    pub fn seq_of(&self, outbox_id: i64) -> Option<Seq> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        // Not sorted by outbox id (a late transaction has a low one); the newest stand at the back.
        ring.iter()
            .rev()
            .find(|(id, _)| *id == outbox_id)
            .map(|(_, seq)| *seq)
    }

    fn announce(&self, tail: Seq, pairs: impl Iterator<Item = (i64, Seq)>) {
        {
            let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
            ring.extend(pairs);
            let surplus = ring.len().saturating_sub(RING_LEN);
            ring.drain(..surplus);
        }
        // The ring first: whoever is woken by the new tail finds its write there.
        self.heard(tail);
    }
}

/// What one attempt did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// So many events entered the log.
    Events(usize),
    /// Another mover is at work.
    Busy,
}

/// Drains the outbox into the log.
#[derive(Debug)]
pub struct Mover {
    pool: PgPool,
    poke: Poke,
    tail: Tail,
}

impl Mover {
    /// A mover on this database.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            poke: Poke::default(),
            tail: Tail::default(),
        }
    }

    /// What wakes it.
    #[must_use]
    pub fn poke(&self) -> Poke {
        self.poke.clone()
    }

    /// What it tells readers.
    #[must_use]
    pub fn tail(&self) -> Tail {
        self.tail.clone()
    }

    /// Moves until told to stop, then on until the outbox is empty, so that a clean stop leaves nothing behind.
    pub async fn run(self, stop: CancellationToken) {
        let mut pause = POLL_BUSY;
        while !stop.is_cancelled() {
            let started = Instant::now();
            pause = match self.move_once().await {
                Ok(Moved::Events(n)) if n == usize::from(MOVE_ROWS_MAX) => Duration::ZERO,
                Ok(Moved::Events(n)) if n > 0 => {
                    tokio::time::sleep(started.elapsed().min(REST_MAX)).await;
                    Duration::ZERO
                }
                Ok(Moved::Events(_)) => (pause * 2).clamp(POLL_BUSY, POLL_IDLE),
                Ok(Moved::Busy) => POLL_BUSY,
                Err(error) => {
                    tracing::warn!(
                        error = in_full(&error),
                        "the mover cannot reach the database"
                    );
                    RETRY
                }
            };
            if pause.is_zero() {
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.poke.0.notified() => pause = POLL_BUSY,
                () = stop.cancelled() => {}
            }
        }
        if let Err(error) = self.drain().await {
            tracing::warn!(
                error = in_full(&error),
                "the mover could not drain the outbox at the stop"
            );
        }
    }

    /// Moves what is there in as many moves as it takes. A move that was not full was the last: what others write
    /// meanwhile is moved by them.
    async fn drain(&self) -> Result<(), LogError> {
        while self.move_once().await? == Moved::Events(MOVE_ROWS_MAX.into()) {}
        Ok(())
    }

    /// Moves what the outbox holds now, at most [`MOVE_ROWS_MAX`] events.
    pub async fn move_once(&self) -> Result<Moved, LogError> {
        let mut tx = self.pool.begin().await?;
        // Skip, not wait: the other mover takes what is there, and a waiting connection is one that nobody else has.
        let head = sqlx::query_scalar!("select next from stream.head for update skip locked")
            .fetch_optional(&mut *tx)
            .await?;
        let Some(next) = head else {
            return Ok(Moved::Busy);
        };
        let moved = sqlx::query!(
            r#"
            with taken as (
                delete from stream.outbox
                where id in (select id from stream.outbox order by id limit $2)
                returning *
            )
            insert into stream.log
                (seq, outbox_id, event_id, topic, key, kind, subject, at, actor, via, client_ip, user_agent,
                 request_id, schema_version, data)
            select $1::bigint - 1 + row_number() over (order by id), id, event_id, topic, key, kind, subject, at,
                   actor, via, client_ip, user_agent, request_id, schema_version, data
            from taken
            returning seq, outbox_id
            "#,
            next,
            i64::from(MOVE_ROWS_MAX),
        )
        .fetch_all(&mut *tx)
        .await?;
        if !moved.is_empty() {
            let count = i64::try_from(moved.len()).unwrap_or(i64::MAX);
            sqlx::query!("update stream.head set next = $1", next + count)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
        }
        let pairs = moved.iter().map(|row| (row.outbox_id, to_seq(row.seq)));
        self.tail
            .announce(to_seq(next) + moved.len() as Seq - 1, pairs);
        Ok(Moved::Events(moved.len()))
    }
}
