//! The search index, made anew in a folder beside the one that is searched.

use super::{Hold, RebuildError, Rebuilt, Told, cut};
use crate::tantivy::TantivySink;
use millstream_event_log::Seq;
use millstream_pipelines::dataflows::search::{self, SearchChange};
use millstream_pipelines::pipeline::Pipeline;
use millstream_search::{Index, SearchError};
use millstream_store::Store;
use millstream_store::pipeline::rebuild::{
    EXAMPLES_MAX, Found, RebuildState, Standing, Wish, begin, clear, take_over,
};
use millstream_store::shadow;
use std::sync::Arc;

/// The search index of this process. No other process makes it anew: its pipeline is this node's own.
#[derive(Debug)]
pub struct SearchView {
    store: Store,
    index: Index,
    /// The one that is made anew.
    fresh: Option<Index>,
    /// Where its pipeline stood when the two were compared.
    compared: Option<Standing>,
}

impl SearchView {
    /// This index.
    #[must_use]
    pub fn new(store: Store, index: Index) -> Self {
        Self {
            store,
            index,
            fresh: None,
            compared: None,
        }
    }

    fn fresh(&self) -> Result<Index, RebuildError> {
        let fresh = self.fresh.clone();
        fresh.ok_or_else(|| RebuildError::Broken("no index is being made anew".into()))
    }

    /// Closes and deletes what is left of an index that is made anew, if any.
    async fn discard(&mut self) -> Result<(), RebuildError> {
        match self.fresh.take() {
            Some(fresh) => blocking(move || fresh.discard()).await,
            None => Ok(()),
        }
    }
}

impl Rebuilt for SearchView {
    type Sink = TantivySink;

    fn pipeline(&self) -> Pipeline<SearchChange> {
        search::pipeline().named(shadow!("search"))
    }

    async fn begin(&mut self, wish: &Wish) -> Result<TantivySink, RebuildError> {
        self.discard().await?;
        let (clock, pool) = (Arc::clone(self.store.clock()), self.store.pool().clone());
        let version = i32::try_from(self.pipeline().logic_version()).unwrap_or(i32::MAX);
        let mut tx = pool.begin().await?;
        if !begin(&mut tx, wish, version, clock.now()).await? {
            return Err(RebuildError::Overtaken);
        }
        tx.commit().await?;
        let index = self.index.clone();
        let fresh = blocking(move || index.beside()).await?;
        self.fresh = Some(fresh.clone());
        Ok(TantivySink::new(fresh, pool, clock, wish.shadow()))
    }

    async fn cut(&self) -> Result<Seq, RebuildError> {
        Ok(self.index.cut())
    }

    /// The index fences by itself, by the same number.
    async fn fence(&self, hold: Hold) -> Result<Seq, RebuildError> {
        let index = self.index.clone();
        blocking(move || index.claim(hold.generation)).await
    }

    async fn compare(&mut self, wish: &Wish, at: Seq, told: &Told) -> Result<Found, RebuildError> {
        self.compared = Standing::now(self.store.pool(), wish).await?;
        let (live, fresh) = (self.index.clone(), self.fresh()?);
        if fresh.cut() != at {
            return Err(RebuildError::Overtaken);
        }
        let found = blocking(move || compared(&live, &fresh)).await?;
        told.of(RebuildState::Comparing, 1, 1);
        Ok(found)
    }

    /// The index knows whether the hold is the newest.
    async fn swap(&mut self, _: &Wish, hold: Hold, _: Seq, _: &Found) -> Result<(), RebuildError> {
        let (index, fresh) = (self.index.clone(), self.fresh()?);
        blocking(move || index.replace(hold.generation, &fresh)).await?;
        self.fresh = None;
        Ok(())
    }

    /// What was refused is in Postgres, and the index is not. If we die before this, a rebuild finds it once more.
    async fn settle(&mut self, wish: &Wish, at: Seq) -> Result<(), RebuildError> {
        let Some(compared) = self.compared else {
            return Ok(());
        };
        let mut tx = self.store.pool().begin().await?;
        // If it does not stand there any more, it was taken over, and the answer was lost.
        if take_over(&mut tx, wish, compared, cut(at)).await? {
            tx.commit().await?;
        }
        Ok(())
    }

    async fn clear(&mut self, wish: &Wish) -> Result<(), RebuildError> {
        self.discard().await?;
        let mut tx = self.store.pool().begin().await?;
        clear(&mut tx, wish).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// What differs, document by document. Neither is written meanwhile.
fn compared(live: &Index, fresh: &Index) -> Result<Found, SearchError> {
    let (mut was, is) = (live.digests()?, fresh.digests()?);
    let mut found = Found {
        live: was.len() as u64,
        rebuilt: is.len() as u64,
        ..Found::default()
    };
    for (key, digest) in is {
        let before = was.remove(&key);
        if before == Some(digest) {
            continue;
        }
        differs(&mut found, key, before.map(|_| live), Some(fresh))?;
    }
    for key in was.into_keys() {
        differs(&mut found, key, Some(live), None)?;
    }
    Ok(found)
}

/// Takes note of a document that is in these of the two; its contents are read while there are few examples.
fn differs(
    found: &mut Found,
    key: String,
    live: Option<&Index>,
    fresh: Option<&Index>,
) -> Result<(), SearchError> {
    let is_shown = found.examples.len() < EXAMPLES_MAX;
    let text = |index: Option<&Index>| match index {
        Some(index) if is_shown => Ok(Some(index.source(&key)?.unwrap_or_default())),
        Some(_) => Ok(Some(String::new())),
        None => Ok::<_, SearchError>(None),
    };
    let (live, rebuilt) = (text(live)?, text(fresh)?);
    found.differs(key, live, rebuilt);
    Ok(())
}

/// Does something to an index away from the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SearchError> + Send + 'static,
) -> Result<T, RebuildError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(panicked) => Err(RebuildError::Broken(panicked.to_string())),
    }
}
