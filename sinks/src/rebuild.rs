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
//! out, and the next rebuild begins with an empty shadow.
//!
//! What people did to a view survives, because it is events. To add a view: an implementation of [`Rebuilt`] in a file here,
//! its name in `store::pipeline::rebuild`, and a line where its pipeline is started.

pub mod postgres;
pub mod search;

use crate::postgres::signed;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::{Either, select};
use millstream_event_log::signals::Signals;
use millstream_event_log::{Log, Seq};
use millstream_pipelines::Runner;
use millstream_pipelines::pipeline::{Item, Pipeline};
use millstream_pipelines::runner::Interrupted;
use millstream_pipelines::sink::{LEASE_TTL, Sink, in_full};
use millstream_search::SearchError;
use millstream_store::pipeline::rebuild::{Found, RebuildState, SHADOW, hold};
use millstream_store::pipeline::{release, renew};
use millstream_store::{Store, StoreError};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether somebody wants a view to be made anew: people wait for it.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often people are told how far it is.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// How often the hold on the view's pipeline is renewed: a third of the time that it lasts.
const RENEW: Duration = Duration::from_secs(5);
/// So many records behind the view, the shadow takes the rest while the view is held: it takes some hundredths of a second.
const NEAR: Seq = 2_000;
/// How often the shadow runs after the view before the view is held however much is left: each time there is less.
const CHASES_MAX: u32 = 20;
/// So many records more may be refused than the view had refused: beyond it, the program is to blame, and not the records.
const REFUSED_MAX: u64 = 100;

/// Why a view was not made anew.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The shadow did not get to where the view is.
    #[error("the log could not be read through: {0}")]
    Interrupted(#[from] Interrupted),
    /// Somebody else has taken the view's pipeline.
    #[error("another process has taken the pipeline over in the meantime")]
    Overtaken,
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
    fn begin(&mut self) -> impl Future<Output = Result<Self::Sink, RebuildError>> + Send;

    /// How far the view is.
    fn cut(&self) -> impl Future<Output = Result<Seq, RebuildError>> + Send;

    /// Has nobody write the view any more but who holds it, and says how far it is.
    fn fence(&self, hold: Hold) -> impl Future<Output = Result<Seq, RebuildError>> + Send;

    /// Compares the two, which stand still at `cut`; tells how much is done.
    fn compare(
        &self,
        cut: Seq,
        told: &Told,
    ) -> impl Future<Output = Result<Found, RebuildError>> + Send;

    /// Has the shadow take the view's place, all at once, with what its pipeline remembers.
    fn swap(
        &mut self,
        hold: Hold,
        cut: Seq,
        found: &Found,
    ) -> impl Future<Output = Result<(), RebuildError>> + Send;

    /// Gives the shadow's room back.
    fn clear(&mut self) -> impl Future<Output = Result<(), RebuildError>> + Send;
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

/// Where people are told how far it is.
#[derive(Debug)]
pub struct Told {
    store: Store,
    row: String,
}

impl Told {
    /// So much of the step is done.
    pub async fn of(&self, state: RebuildState, done: u64, total: u64) {
        let told = self.store.report_rebuild(&self.row, state, (done, total));
        if let Err(error) = told.await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(pipeline = self.row, error, "how far it is was not told");
        }
    }
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
            // What we were at when our process ended is over.
            if is_first {
                let forgotten = self.store.forget_rebuild(&self.row, &self.node).await;
                is_first = forgotten.is_err();
            }
            match self.store.take_rebuild(&self.row, &self.node).await {
                Ok(Some(compare_only)) if !is_first => self.one(compare_only, &stop).await,
                Ok(_) => {}
                Err(error) => tracing::debug!(
                    pipeline = self.row,
                    error = &error as &dyn std::error::Error,
                    "wishes for a rebuild cannot be read"
                ),
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// One rebuild, from the wish to what came of it.
    async fn one(&mut self, compare_only: bool, stop: &CancellationToken) {
        tracing::info!(
            pipeline = self.row,
            compare_only,
            "the view is made anew beside the one that is read"
        );
        let done = self.rebuild(compare_only, stop).await;
        let cleared = self.view.clear().await;
        if let Err(error) = cleared {
            let error = &error as &dyn std::error::Error;
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
        if let Err(error) = self.store.end_rebuild(&self.row, &ended).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(pipeline = self.row, error, "how it ended was not told");
        }
    }

    async fn rebuild(
        &mut self,
        compare_only: bool,
        stop: &CancellationToken,
    ) -> Result<Found, RebuildError> {
        let sink = self.view.begin().await?;
        let mut shadow = self.shadow(sink);
        for _ in 0..CHASES_MAX {
            let cut = self.view.cut().await?;
            self.chase(&mut shadow, cut, stop).await?;
            if self.view.cut().await? <= cut + NEAR {
                break;
            }
        }
        let (pool, now) = (self.store.pool().clone(), self.store.clock().now());
        // Another name than that of who runs the pipeline here: they are to wait, too.
        let owner = format!("{} rebuilds", self.node);
        let leased = hold(&pool, &self.row, &owner, now, ttl()).await?;
        let (generation, _) = leased.ok_or(RebuildError::Overtaken)?;
        let hold = Hold {
            generation,
            at: now,
        };
        let row = self.row.clone();
        let done = {
            let kept = pin!(keep(&self.store, &row, generation));
            let work = pin!(finish(
                &mut self.view,
                &self.store,
                &row,
                &mut shadow,
                hold,
                compare_only,
                stop
            ));
            match select(work, kept).await {
                Either::Left((done, _)) => done,
                Either::Right((lost, _)) => Err(lost),
            }
        };
        release(&pool, &row, generation).await?;
        done
    }

    /// The pipeline that writes the shadow. It tells nobody how far it is, and reads the retries that are meant for the view's.
    fn shadow(&self, sink: V::Sink) -> Shadow<V> {
        let pipeline = self.view.pipeline();
        let lease = crate::lease::PostgresLease::new(
            self.store.pool().clone(),
            Arc::clone(self.store.clock()),
            format!("{}{SHADOW}", self.row),
            pipeline.logic_version(),
            &*self.node,
        );
        Runner::new(
            pipeline,
            self.log.clone(),
            sink,
            lease,
            Arc::clone(self.store.clock()),
            Signals::default(),
        )
        .row(&*self.row)
    }

    /// Has the shadow run to `until`, and tells how far it is meanwhile.
    async fn chase(
        &self,
        shadow: &mut Shadow<V>,
        until: Seq,
        stop: &CancellationToken,
    ) -> Result<(), RebuildError> {
        let told = Told {
            store: self.store.clone(),
            row: self.row.clone(),
        };
        let name = format!("{}{SHADOW}", self.row);
        let telling = async {
            loop {
                let cut = self.store.pipeline_cut(&name).await.ok().flatten();
                let cut = cut.and_then(|cut| u64::try_from(cut).ok()).unwrap_or(0);
                told.of(RebuildState::Reading, cut, until).await;
                tokio::time::sleep(TELL_EVERY).await;
            }
        };
        tokio::select! {
            done = shadow.through(until, stop) => Ok(done?),
            () = telling => Ok(()),
        }
    }
}

type Shadow<V> =
    Runner<<<V as Rebuilt>::Sink as Sink>::Item, <V as Rebuilt>::Sink, crate::lease::PostgresLease>;

/// What is done while the view is held.
async fn finish<V: Rebuilt>(
    view: &mut V,
    store: &Store,
    row: &str,
    shadow: &mut Shadow<V>,
    hold: Hold,
    compare_only: bool,
    stop: &CancellationToken,
) -> Result<Found, RebuildError> {
    let told = Told {
        store: store.clone(),
        row: row.to_owned(),
    };
    let cut = view.fence(hold).await?;
    shadow.through(cut, stop).await?;
    told.of(RebuildState::Comparing, 0, 0).await;
    let mut found = view.compare(cut, &told).await?;
    found.refused = count(store, &format!("{row}{SHADOW}")).await?;
    let known = count(store, row).await?;
    if found.refused > known + REFUSED_MAX {
        let refused = found.refused;
        return Err(RebuildError::Refused { refused, known });
    }
    if !compare_only {
        told.of(RebuildState::Swapping, 0, 0).await;
        view.swap(hold, cut, &found).await?;
    }
    Ok(found)
}

/// How many records a pipeline has refused and not taken since.
async fn count(store: &Store, row: &str) -> Result<u64, RebuildError> {
    let refused = millstream_store::pipeline::refused(store.pool(), row).await?;
    Ok(refused.len() as u64)
}

/// Keeps the hold; ends when it was lost.
async fn keep(store: &Store, row: &str, generation: i64) -> RebuildError {
    loop {
        tokio::time::sleep(RENEW).await;
        let now = store.clock().now();
        // Not reached is not lost: the fence decides.
        if let Ok(false) = renew(store.pool(), row, generation, now, ttl()).await {
            return RebuildError::Overtaken;
        }
    }
}

fn ttl() -> TimeDelta {
    TimeDelta::from_std(LEASE_TTL).unwrap_or(TimeDelta::MAX)
}

/// A place in the log, as the database says it.
pub(crate) fn seq(cut: i64) -> Seq {
    Seq::try_from(cut).unwrap_or(0)
}

/// The same the other way round.
pub(crate) fn cut(seq: Seq) -> i64 {
    signed(seq)
}
