//! Making a view anew: the same pipeline runs once more, beside the one that people see, from the beginning of the log into a
//! place of its own (its *shadow*); then the two are compared, and the new one takes the other one's place.
//!
//! ```text
//! log ─► the pipeline ─────────► the view                people read it the whole time
//!  └───► the same, as `~next` ─► its shadow ─► compared ─► carried over, in one write
//! ```
//!
//! The shadow never gets ahead of the view: it runs to where the view is, again and again, until little is left. Then the
//! view's pipeline is held for a moment (its lease is taken, its generation raised), the shadow takes the rest, and both stand
//! at the same record: so every difference that is found is one. A process that dies leaves the view as it was; the hold runs
//! out, and the next rebuild begins with an empty shadow. A process that sleeps for so long that somebody asks again is
//! overtaken: whatever it still does, it does for a wish that is not the newest, and comes to nothing.
//!
//! What people did to a view survives, because it is events. To add a view: an implementation of [`Rebuilt`] in a file here,
//! its line in `store/src/pipeline/rebuild/views.rs`, and a line where its pipeline is started.

mod attempt;
pub mod postgres;
pub mod search;
mod told;

pub use attempt::HELD_MAX;
pub use told::Told;

use crate::postgres::signed;
use attempt::Attempt;
use chrono::{DateTime, Utc};
use futures::future::{Either, select};
use millstream_domain::cause::in_full;
use millstream_event_log::{Log, Seq};
use millstream_pipelines::pipeline::{Item, Pipeline};
use millstream_pipelines::runner::Interrupted;
use millstream_pipelines::sink::Sink;
use millstream_search::SearchError;
use millstream_store::pipeline::rebuild::{Found, Wish};
use millstream_store::{Store, StoreError};
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether somebody wants a view to be made anew: people wait for it.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long something that has to be done, and was not, is waited with.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Why a view was not made anew.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The shadow did not get to where the view is.
    #[error("the log could not be read through: {0}")]
    Interrupted(#[from] Interrupted),
    /// Somebody else has taken the view's pipeline, or makes the view anew.
    #[error("another process has taken the pipeline over in the meantime")]
    Overtaken,
    /// More is written than the shadow reads.
    #[error(
        "{behind} records were written while it read what had been written before: it would hold the view for too long, and \
         nothing was changed; ask again when less is written"
    )]
    Outrun {
        /// So many are left.
        behind: Seq,
    },
    /// Too many records could not be taken.
    #[error(
        "{refused} records were refused, and the view has refused {known}: nothing was changed, because this looks like a fault \
         of this version"
    )]
    Refused {
        /// So many this time.
        refused: u64,
        /// So many until now.
        known: u64,
    },
    /// The database.
    #[error("the database")]
    Database(#[from] sqlx::Error),
    /// The database, asked by the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The search index.
    #[error("the search index")]
    Search(#[from] SearchError),
    /// Something that ought not to happen.
    #[error("{0}")]
    Broken(String),
}

/// The view's pipeline, held.
#[derive(Debug, Clone, Copy)]
pub struct Hold {
    /// The generation under which nobody but us writes.
    pub generation: i64,
    /// When it was asked for.
    pub at: DateTime<Utc>,
}

/// A view that can be made anew.
pub trait Rebuilt: Send + Sync + 'static {
    /// What the shadow is written by.
    type Sink: Sink<Item: Item>;

    /// The pipeline, under the shadow's name.
    fn pipeline(&self) -> Pipeline<<Self::Sink as Sink>::Item>;

    /// Empties the shadow, and gives what writes it.
    fn begin(
        &mut self,
        wish: &Wish,
    ) -> impl Future<Output = Result<Self::Sink, RebuildError>> + Send;

    /// How far the view is.
    fn cut(&self) -> impl Future<Output = Result<Seq, RebuildError>> + Send;

    /// Has nobody write the view any more but who holds it, and says how far it is.
    fn fence(&self, hold: Hold) -> impl Future<Output = Result<Seq, RebuildError>> + Send;

    /// Compares the two, which stand still at `cut`; tells how much is done.
    fn compare(
        &mut self,
        wish: &Wish,
        cut: Seq,
        told: &Told,
    ) -> impl Future<Output = Result<Found, RebuildError>> + Send;

    /// Has the shadow, as it was compared, take the view's place, all at once; with what its pipeline remembers, where that is
    /// in the same place. An error says that nothing was changed.
    fn swap(
        &mut self,
        wish: &Wish,
        hold: Hold,
        cut: Seq,
        found: &Found,
    ) -> impl Future<Output = Result<(), RebuildError>> + Send;

    /// Does what [`Rebuilt::swap`] could not do at once. It is called until it succeeds.
    fn settle(
        &mut self,
        _wish: &Wish,
        _cut: Seq,
    ) -> impl Future<Output = Result<(), RebuildError>> + Send {
        std::future::ready(Ok(()))
    }

    /// Gives the shadow's room back, unless somebody has asked again: then it is theirs.
    fn clear(&mut self, wish: &Wish) -> impl Future<Output = Result<(), RebuildError>> + Send;
}

/// Makes one view anew whenever somebody wants that.
#[derive(Debug)]
pub struct Rebuilder<V> {
    store: Store,
    log: Log,
    /// The row of the view's pipeline.
    row: String,
    node: String,
    view: V,
}

impl<V: Rebuilt> Rebuilder<V> {
    /// Of the view that the pipeline of this row keeps, in this process.
    pub fn new(store: Store, log: Log, row: impl Into<String>, node: &str, view: V) -> Self {
        Self {
            store,
            log,
            row: row.into(),
            node: node.to_owned(),
            view,
        }
    }

    /// Looks for wishes until told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut is_first = true;
        while !stop.is_cancelled() {
            match self.wish(&mut is_first).await {
                Ok(Some(wish)) => self.one(&wish, &stop).await,
                Ok(None) => {}
                Err(error) => tracing::debug!(
                    pipeline = self.row,
                    error = in_full(&error),
                    "wishes for a rebuild cannot be read"
                ),
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// What somebody wants, if anybody does. What we were at when our process ended is over first.
    async fn wish(&self, is_first: &mut bool) -> Result<Option<Wish>, StoreError> {
        if *is_first {
            self.store.forget_rebuild(&self.row, &self.node).await?;
            *is_first = false;
        }
        self.store.take_rebuild(&self.row, &self.node).await
    }

    /// One rebuild, from the wish to what came of it.
    async fn one(&mut self, wish: &Wish, stop: &CancellationToken) {
        tracing::info!(
            pipeline = self.row,
            compare_only = wish.compare_only,
            "the view is made anew beside the one that is read"
        );
        let done = self.told_of(wish, stop).await;
        let cleared = self.view.clear(wish).await;
        if let Err(error) = cleared {
            let error = in_full(&error);
            tracing::warn!(pipeline = self.row, error, "the shadow was not emptied");
        }
        let ended = done.map_err(|error| in_full(&error));
        match &ended {
            Ok(found) => tracing::info!(
                pipeline = self.row,
                rows = found.rebuilt,
                differences = found.differences(),
                "the view was made anew"
            ),
            Err(error) => tracing::warn!(pipeline = self.row, error, "the view was not made anew"),
        }
        while let Err(error) = self.store.end_rebuild(wish, &ended).await {
            if !again(&self.row, "how it ended was not told", &error, stop).await {
                break;
            }
        }
    }

    /// Makes the view anew, and tells how far it is the whole time. It is given up when somebody has asked again.
    async fn told_of(
        &mut self,
        wish: &Wish,
        stop: &CancellationToken,
    ) -> Result<Found, RebuildError> {
        let told = Told::new(self.store.clone(), wish.clone());
        let over = stop.child_token();
        let attempt = Attempt {
            store: &self.store,
            log: &self.log,
            node: &self.node,
            wish,
            told: &told,
            view: &mut self.view,
            stop: &over,
        };
        let (made, telling) = (pin!(attempt.made()), pin!(told.tells()));
        let done = match select(made, telling).await {
            Either::Left((done, _)) => done,
            Either::Right(((), made)) => {
                over.cancel();
                made.await
            }
        };
        match done {
            Err(RebuildError::Interrupted(Interrupted::Stopped)) if !stop.is_cancelled() => {
                Err(RebuildError::Overtaken)
            }
            done => done,
        }
    }
}

/// Something that has to be done was not: says so, and waits a while. `false` when the process is to end.
async fn again(
    row: &str,
    what: &str,
    error: &(dyn std::error::Error + Send + Sync + 'static),
    stop: &CancellationToken,
) -> bool {
    {
        let error: &(dyn std::error::Error + 'static) = error;
        tracing::warn!(pipeline = row, error, "{what}: it is tried again");
    }
    tokio::select! {
        () = tokio::time::sleep(AGAIN_AFTER) => true,
        () = stop.cancelled() => false,
    }
}

/// A place in the log, as the database says it.
pub(crate) fn seq(cut: i64) -> Seq {
    Seq::try_from(cut).unwrap_or(0)
}

/// The same the other way round.
pub(crate) fn cut(seq: Seq) -> i64 {
    signed(seq)
}
