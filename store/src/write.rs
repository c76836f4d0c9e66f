//! The one write path: state and what happened, in one transaction.
//!
//! A [`Change`] changes state and answers with what it did and which events say so. [`Store::write`] runs it in a
//! transaction, appends the events to the outbox as the last thing before the commit (the rows of the aggregates are
//! locked by then, so outbox ids ascend in commit order per aggregate), commits, and wakes the mover.
//!
//! Committing several requests together, when that becomes worth it, is a change in this file alone: a queue in front of
//! [`Store::write`] whose worker runs many changes, each in a savepoint, before one commit.

use crate::idempotency::{Claim, IdempotencyKey, StoredAnswer};
use crate::wake::Wants;
use crate::{Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::clock::IdSource;
use millstream_domain::ids::EventId;
use millstream_event_log::{Event, NewEvent, Origin, Position, outbox};
use sqlx::{PgConnection, Postgres, Transaction};
use std::collections::BTreeMap;
use std::future::Future;
use uuid::Uuid;

/// Something that changes state.
pub trait Change: Send {
    /// What the caller gets.
    type Output: Send;

    /// Changes state and says what happened. An error rolls everything back.
    fn apply(
        self,
        cx: &mut Changing<'_>,
    ) -> impl Future<Output = Result<Changed<Self::Output>, StoreError>> + Send;

    /// Before several of these are made in one transaction: locks what they need together, where one after the other would
    /// take locks out of their order.
    fn lock_together(
        _all: &[Self],
        _cx: &mut Changing<'_>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send
    where
        Self: Sized,
    {
        std::future::ready(Ok(()))
    }
}

/// What a change did.
#[derive(Debug)]
pub struct Changed<T> {
    /// What the caller gets.
    pub output: T,
    /// What happened, in order; empty when nothing changed.
    pub events: Vec<Event>,
}

impl<T> Changed<T> {
    /// Nothing changed.
    pub fn nothing(output: T) -> Self {
        Self {
            output,
            events: Vec::new(),
        }
    }

    /// The same, after something else that happened first.
    pub(crate) fn after(mut self, first: Vec<Event>) -> Self {
        self.events.splice(0..0, first);
        self
    }

    /// One thing happened.
    pub fn because(output: T, event: impl Into<Event>) -> Self {
        Self {
            output,
            events: vec![event.into()],
        }
    }
}

/// What a change works with.
#[derive(Debug)]
pub struct Changing<'a> {
    tx: &'a mut Transaction<'static, Postgres>,
    ids: &'a dyn IdSource,
    /// When the act happens.
    pub now: DateTime<Utc>,
    /// Who acts, and from where.
    pub origin: &'a Origin,
    /// Who is to be woken after the commit.
    pub(crate) wants: &'a mut Wants,
    /// The ids of events that were asked for before the events were told, by their place among them.
    drawn: BTreeMap<usize, EventId>,
    /// How many events were told by changes before this one, in the same transaction.
    told: usize,
}

impl Changing<'_> {
    /// The transaction's connection.
    pub(crate) fn db(&mut self) -> &mut PgConnection {
        self.tx
    }

    /// A fresh id.
    pub(crate) fn id<T: From<Uuid>>(&self) -> T {
        self.ids.next().into()
    }

    /// The id that the event will have which this change tells as its `nth`, from 0: for what refers to the event.
    #[must_use]
    pub fn event_id(&mut self, nth: usize) -> EventId {
        let ids = self.ids;
        *self
            .drawn
            .entry(self.told + nth)
            .or_insert_with(|| ids.next().into())
    }
}

/// Who acts, from where, and under which idempotency key.
#[derive(Debug, Clone, Default)]
pub struct Act {
    /// Who and from where.
    pub origin: Origin,
    /// The key, if the client sent one.
    pub key: Option<IdempotencyKey>,
}

impl From<Origin> for Act {
    fn from(origin: Origin) -> Self {
        Self { origin, key: None }
    }
}

/// What was written.
#[derive(Debug, Clone)]
pub struct Written<T> {
    /// What the change answered.
    pub output: T,
    /// The write's place in the stream; `None` when nothing happened.
    pub position: Option<Position>,
}

/// The answer to an act that may have been done before.
#[derive(Debug)]
pub enum Answered<T> {
    /// It was done now.
    Now(Written<T>),
    /// It was done before, under the same key: this was the answer.
    Before(StoredAnswer),
}

impl Store {
    /// Writes a change and what happened, all or nothing.
    pub async fn write<C: Change>(
        &self,
        origin: &Origin,
        change: C,
    ) -> Result<Written<C::Output>, StoreError> {
        let mut tx = self.pool.begin().await?;
        let mut wants = Wants::default();
        let done = self.run(&mut tx, &mut wants, origin, change).await;
        self.finish(tx, done, wants).await
    }

    /// The same for an act with an idempotency key: done once, however often it is asked for. `render` makes the answer
    /// that later requests with the key get; it is kept in the same transaction.
    pub async fn write_once<C: Change>(
        &self,
        act: &Act,
        change: C,
        render: impl FnOnce(&Written<C::Output>) -> StoredAnswer + Send,
    ) -> Result<Answered<C::Output>, StoreError> {
        let Some(key) = &act.key else {
            return self.write(&act.origin, change).await.map(Answered::Now);
        };
        let mut tx = self.pool.begin().await?;
        let mut wants = Wants::default();
        let done = self
            .run_once(&mut tx, &mut wants, &act.origin, key, change, render)
            .await;
        self.finish(tx, done, wants).await
    }

    /// Commits what was done and undoes what was not. To drop the transaction would undo it too, but its locks would
    /// outlive the answer: whoever then tries again at once would be told that the first try is still running.
    async fn finish<T>(
        &self,
        tx: Transaction<'static, Postgres>,
        done: Result<T, StoreError>,
        wants: Wants,
    ) -> Result<T, StoreError> {
        match done {
            Ok(_) => {
                tx.commit().await?;
                self.poke.poke();
                wants.wake(&self.signals);
            }
            Err(_) => {
                // If it fails, the connection is gone, and with it the transaction; the first error is the one to tell.
                let _ = tx.rollback().await;
            }
        }
        done
    }

    async fn run_once<C: Change>(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        wants: &mut Wants,
        origin: &Origin,
        key: &IdempotencyKey,
        change: C,
        render: impl FnOnce(&Written<C::Output>) -> StoredAnswer + Send,
    ) -> Result<Answered<C::Output>, StoreError> {
        if let Claim::Answered(answer) = key.claim(tx).await? {
            return Ok(Answered::Before(answer));
        }
        let written = self.run(tx, wants, origin, change).await?;
        key.keep(tx, &render(&written), self.clock.now()).await?;
        Ok(Answered::Now(written))
    }

    async fn run<C: Change>(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        wants: &mut Wants,
        origin: &Origin,
        change: C,
    ) -> Result<Written<C::Output>, StoreError> {
        let now = self.clock.now();
        let mut cx = Changing {
            tx,
            ids: &*self.ids,
            now,
            origin,
            wants,
            drawn: BTreeMap::new(),
            told: 0,
        };
        let Changed { output, events } = change.apply(&mut cx).await?;
        let mut drawn = cx.drawn;
        let events: Vec<_> = events
            .into_iter()
            .enumerate()
            .map(|(nth, event)| NewEvent {
                id: drawn.remove(&nth).unwrap_or_else(|| self.ids.next().into()),
                at: now,
                origin: origin.clone(),
                event,
            })
            .collect();
        let last = outbox::append(tx, &events).await?;
        Ok(Written {
            output,
            position: last.map(Position::Write),
        })
    }
}

/// Several changes of one kind in one transaction: an import writes hundreds at a time.
impl<C: Change> Change for Vec<C> {
    type Output = Vec<C::Output>;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Self::Output>, StoreError> {
        let mut all = Changed {
            output: Vec::with_capacity(self.len()),
            events: Vec::new(),
        };
        // A future of its own: what it borrows of the changes need not be shared between threads.
        let locking = C::lock_together(&self, cx);
        locking.await?;
        let before = cx.told;
        for change in self {
            cx.told = before + all.events.len();
            let Changed { output, events } = change.apply(cx).await?;
            all.output.push(output);
            all.events.extend(events);
        }
        cx.told = before;
        Ok(all)
    }
}
