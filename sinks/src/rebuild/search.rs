//! The search index, made anew in a folder beside the one that is searched.

use super::{Hold, RebuildError, Rebuilt, Told};
use crate::tantivy::TantivySink;
use millstream_event_log::Seq;
use millstream_pipelines::dataflows::search::{self, SearchChange};
use millstream_pipelines::pipeline::Pipeline;
use millstream_search::{Index, SearchError};
use millstream_store::Store;
use millstream_store::pipeline::rebuild::{
    EXAMPLES_MAX, Found, RebuildState, SHADOW, begin, forget, take_over,
};
use std::sync::Arc;

/// The search index of this process.
#[derive(Debug)]
pub struct SearchView {
    store: Store,
    /// The row of its pipeline.
    row: String,
    index: Index,
    /// The one that is made anew.
    fresh: Option<Index>,
}

impl SearchView {
    /// The index that the pipeline of this row keeps.
    #[must_use]
    pub fn new(store: Store, row: &str, index: Index) -> Self {
        Self {
            store,
            row: row.to_owned(),
            index,
            fresh: None,
        }
    }

    fn fresh(&self) -> Result<Index, RebuildError> {
        let fresh = self.fresh.clone();
        fresh.ok_or_else(|| RebuildError::Broken("no index is being made anew".into()))
    }

    fn shadow(&self) -> String {
        format!("{}{SHADOW}", self.row)
    }
}

impl Rebuilt for SearchView {
    type Sink = TantivySink;

    fn pipeline(&self) -> Pipeline<SearchChange> {
        search::pipeline().named("search~next")
    }

    async fn begin(&mut self) -> Result<TantivySink, RebuildError> {
        // What is left of one before, if any, is closed and deleted first.
        self.clear().await?;
        let (clock, pool) = (Arc::clone(self.store.clock()), self.store.pool().clone());
        let version = i32::try_from(self.pipeline().logic_version()).unwrap_or(i32::MAX);
        let mut tx = pool.begin().await?;
        begin(&mut tx, &self.shadow(), version, clock.now()).await?;
        tx.commit().await?;
        let index = self.index.clone();
        let fresh = blocking(move || index.beside()).await?;
        self.fresh = Some(fresh.clone());
        Ok(TantivySink::new(fresh, pool, clock, self.shadow()))
    }

    async fn cut(&self) -> Result<Seq, RebuildError> {
        Ok(self.index.cut())
    }

    /// The index fences by itself, by the same number.
    async fn fence(&self, hold: Hold) -> Result<Seq, RebuildError> {
        let index = self.index.clone();
        blocking(move || index.claim(hold.generation)).await
    }

    async fn compare(&self, _: Seq, told: &Told) -> Result<Found, RebuildError> {
        let (live, fresh) = (self.index.clone(), self.fresh()?);
        let found = blocking(move || compared(&live, &fresh)).await?;
        told.of(RebuildState::Comparing, 1, 1).await;
        Ok(found)
    }

    async fn swap(&mut self, hold: Hold, _: Seq, _: &Found) -> Result<(), RebuildError> {
        let (index, fresh) = (self.index.clone(), self.fresh()?);
        blocking(move || index.replace(hold.generation, &fresh)).await?;
        self.fresh = None;
        // If we die here, what was refused is known twice: by the next rebuild, it is known once again.
        let mut tx = self.store.pool().begin().await?;
        take_over(&mut tx, &self.row, &self.shadow()).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn clear(&mut self) -> Result<(), RebuildError> {
        if let Some(fresh) = self.fresh.take() {
            blocking(move || fresh.discard()).await?;
        }
        let mut tx = self.store.pool().begin().await?;
        forget(&mut tx, &self.shadow()).await?;
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
