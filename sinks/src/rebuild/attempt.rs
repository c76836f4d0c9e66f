//! One rebuild: the shadow runs after the view, the view is held, the two are compared, and the new one takes its place.

use super::told::Told;
use super::{Hold, RebuildError, Rebuilt, again};
use crate::lease::PostgresLease;
use chrono::TimeDelta;
use futures::future::{Either, select};
use millstream_domain::cause::in_full;
use millstream_event_log::signals::Signals;
use millstream_event_log::{Log, Seq};
use millstream_pipelines::Runner;
use millstream_pipelines::sink::{LEASE_TTL, Sink};
use millstream_store::Store;
use millstream_store::pipeline::rebuild::{Found, RebuildState, Wish, hold, is_newest};
use millstream_store::pipeline::{refused, release, renew};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often the hold on the view's pipeline is renewed: a third of the time that it lasts.
const RENEW: Duration = Duration::from_secs(5);
/// So many records behind the view, the shadow takes the rest while the view is held: it takes some hundredths of a second.
const NEAR: Seq = 2_000;
/// How often the shadow runs after the view: each time there is less, if it reads faster than people write.
const CHASES_MAX: u32 = 20;
/// So many records behind the view after all that, it is held all the same: it takes some seconds. Beyond it, it is not: the
/// view would stand still for as long as people wrote faster than this machine reads.
pub const HELD_MAX: Seq = 50_000;
/// So many records more may be refused than the view had refused: beyond it, the program is to blame, and not the records.
const REFUSED_MAX: u64 = 100;

/// One rebuild, under way.
pub(super) struct Attempt<'a, V> {
    pub(super) store: &'a Store,
    pub(super) log: &'a Log,
    pub(super) node: &'a str,
    pub(super) wish: &'a Wish,
    pub(super) told: &'a Told,
    pub(super) view: &'a mut V,
    pub(super) stop: &'a CancellationToken,
}

/// The pipeline that writes the shadow.
type Shadow<V> = Runner<<<V as Rebuilt>::Sink as Sink>::Item, <V as Rebuilt>::Sink, PostgresLease>;

impl<V: Rebuilt> Attempt<'_, V> {
    /// Makes the view anew, or compares it.
    pub(super) async fn made(mut self) -> Result<Found, RebuildError> {
        let sink = self.view.begin(self.wish).await?;
        let mut shadow = self.shadow(sink);
        self.chase(&mut shadow).await?;
        let hold = self.hold().await?;
        let made = self.held(&mut shadow, hold).await;
        let (pool, row) = (self.store.pool(), &self.wish.pipeline);
        if let Err(error) = release(pool, row, hold.generation).await {
            // Nothing is lost: the hold runs out.
            let error = in_full(&error);
            tracing::warn!(pipeline = row, error, "the hold was not given up");
        }
        made
    }

    /// It tells nobody how far it is, and reads the retries that are meant for the view's.
    fn shadow(&self, sink: V::Sink) -> Shadow<V> {
        let pipeline = self.view.pipeline();
        let lease = PostgresLease::new(
            self.store.pool().clone(),
            Arc::clone(self.store.clock()),
            self.wish.shadow(),
            pipeline.logic_version(),
            self.node,
        );
        Runner::new(
            pipeline,
            self.log.clone(),
            sink,
            lease,
            Arc::clone(self.store.clock()),
            Signals::default(),
        )
        .row(&*self.wish.pipeline)
    }

    /// Has the shadow run after the view until little is left.
    async fn chase(&mut self, shadow: &mut Shadow<V>) -> Result<(), RebuildError> {
        let mut behind = 0;
        for _ in 0..CHASES_MAX {
            let cut = self.view.cut().await?;
            self.through(shadow, cut).await?;
            behind = self.view.cut().await?.saturating_sub(cut);
            if behind <= NEAR {
                return Ok(());
            }
        }
        if behind > HELD_MAX {
            return Err(RebuildError::Outrun { behind });
        }
        Ok(())
    }

    /// Has the shadow run to `until`, and tells how far it is meanwhile.
    async fn through(&self, shadow: &mut Shadow<V>, until: Seq) -> Result<(), RebuildError> {
        // Who slept, and is overtaken, is not to take the shadow from who came after.
        let mut db = self.store.pool().acquire().await?;
        if !is_newest(&mut db, self.wish).await? {
            return Err(RebuildError::Overtaken);
        }
        drop(db);
        tokio::select! {
            done = shadow.through(until, self.stop) => Ok(done?),
            never = self.told.reads(until) => match never {},
        }
    }

    async fn hold(&self) -> Result<Hold, RebuildError> {
        let at = self.store.clock().now();
        // Another name than that of who runs the pipeline here: they are to wait, too.
        let owner = format!("{} rebuilds", self.node);
        let held = hold(self.store.pool(), self.wish, &owner, at, ttl()).await?;
        let generation = held.ok_or(RebuildError::Overtaken)?;
        Ok(Hold { generation, at })
    }

    /// What is done while the view is held.
    async fn held(&mut self, shadow: &mut Shadow<V>, hold: Hold) -> Result<Found, RebuildError> {
        let mut kept = pin!(keep(self.store, &self.wish.pipeline, hold.generation));
        let (at, found) = {
            let compared = pin!(self.compared(shadow, hold));
            match select(compared, kept.as_mut()).await {
                Either::Left((compared, _)) => compared?,
                Either::Right((lost, _)) => return Err(lost),
            }
        };
        if self.wish.compare_only {
            return Ok(found);
        }
        self.told.of(RebuildState::Swapping, 0, 0);
        // From here on, it knows by itself whether it is still ours: cut off, nobody would know what became of it.
        let exchanged = pin!(self.exchanged(hold, at, found));
        match select(exchanged, kept).await {
            Either::Left((exchanged, _)) => exchanged,
            Either::Right((_, exchanged)) => exchanged.await,
        }
    }

    /// Where both stand, and what differs.
    async fn compared(
        &mut self,
        shadow: &mut Shadow<V>,
        hold: Hold,
    ) -> Result<(Seq, Found), RebuildError> {
        let at = self.view.fence(hold).await?;
        self.through(shadow, at).await?;
        self.told.of(RebuildState::Comparing, 0, 0);
        let mut found = self.view.compare(self.wish, at, self.told).await?;
        found.refused = count(self.store, &self.wish.shadow()).await?;
        let known = count(self.store, &self.wish.pipeline).await?;
        if found.refused > known + REFUSED_MAX {
            let refused = found.refused;
            return Err(RebuildError::Refused { refused, known });
        }
        Ok((at, found))
    }

    /// The new one is the view. What is left to do then is done as often as it takes: nothing makes it undone.
    async fn exchanged(
        &mut self,
        hold: Hold,
        at: Seq,
        found: Found,
    ) -> Result<Found, RebuildError> {
        self.view.swap(self.wish, hold, at, &found).await?;
        while let Err(error) = self.view.settle(self.wish, at).await {
            let what = "the view was made anew, but not what its pipeline has refused";
            if !again(&self.wish.pipeline, what, &error, self.stop).await {
                break;
            }
        }
        Ok(found)
    }
}

/// How many records a pipeline has refused and not taken since.
async fn count(store: &Store, row: &str) -> Result<u64, RebuildError> {
    Ok(refused(store.pool(), row).await?.len() as u64)
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
