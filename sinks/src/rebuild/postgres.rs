//! Views in Postgres, made anew: the activity and the notifications.

use super::{Hold, RebuildError, Rebuilt, Told, cut, seq};
use crate::activity::ActivityShadow;
use crate::notifications::NotificationsShadow;
use crate::postgres::{PostgresSink, View};
use millstream_event_log::Seq;
use millstream_pipelines::dataflows::{activity, notifications};
use millstream_pipelines::pipeline::{Item, Pipeline};
use millstream_store::Store;
use millstream_store::pipeline::move_cut;
use millstream_store::pipeline::rebuild::{Found, RebuildState, begin, forget, take_over};
use millstream_store::views::shadow::{Slice, Table};
use std::sync::Arc;

/// A view in Postgres that can be made anew.
#[derive(Debug)]
pub struct PostgresView<V: View> {
    store: Store,
    /// The row of the view's pipeline, and that of the shadow's.
    rows: (&'static str, &'static str),
    table: Table,
    shadow: V,
    pipeline: Pipeline<V::Item>,
}

impl PostgresView<ActivityShadow> {
    /// The activity.
    #[must_use]
    pub fn activity(store: Store) -> Self {
        let rows = (activity::NAME, "activity~next");
        Self {
            store,
            rows,
            table: Table::Activity,
            shadow: ActivityShadow,
            pipeline: activity::pipeline().named(rows.1),
        }
    }
}

impl PostgresView<NotificationsShadow> {
    /// The notifications.
    #[must_use]
    pub fn notifications(store: Store) -> Self {
        let rows = (notifications::NAME, "notifications~next");
        Self {
            store,
            rows,
            table: Table::Notifications,
            shadow: NotificationsShadow,
            pipeline: notifications::pipeline().named(rows.1),
        }
    }
}

impl<V: View<Item: Item> + Clone + Sync> Rebuilt for PostgresView<V> {
    type Sink = PostgresSink<V>;

    fn pipeline(&self) -> Pipeline<V::Item> {
        self.pipeline.clone()
    }

    async fn begin(&mut self) -> Result<PostgresSink<V>, RebuildError> {
        let clock = Arc::clone(self.store.clock());
        let version = i32::try_from(self.pipeline.logic_version()).unwrap_or(i32::MAX);
        let mut tx = self.store.pool().begin().await?;
        begin(&mut tx, self.rows.1, version, clock.now()).await?;
        self.table.empty_shadow(&mut tx).await?;
        tx.commit().await?;
        let pool = self.store.pool().clone();
        Ok(PostgresSink::new(
            self.rows.1,
            pool,
            clock,
            self.shadow.clone(),
        ))
    }

    async fn cut(&self) -> Result<Seq, RebuildError> {
        let cut = self.store.pipeline_cut(self.rows.0).await?;
        Ok(cut.map_or(0, seq))
    }

    /// The generation was raised with the hold: no commit of an older one succeeds.
    async fn fence(&self, _: Hold) -> Result<Seq, RebuildError> {
        self.cut().await
    }

    async fn compare(&self, cut: Seq, told: &Told) -> Result<Found, RebuildError> {
        let mut found = Found::default();
        for slice in Slice::all(cut) {
            let pool = self.store.pool();
            self.table.compare(pool, slice, &mut found).await?;
            told.of(RebuildState::Comparing, slice.nth + 1, slice.of)
                .await;
        }
        Ok(found)
    }

    async fn swap(&mut self, hold: Hold, at: Seq, found: &Found) -> Result<(), RebuildError> {
        let (row, shadow) = self.rows;
        let now = self.store.clock().now();
        let mut tx = self.store.pool().begin().await?;
        // The fence, and the lock under which every commit of this pipeline stands.
        if !move_cut(&mut tx, row, hold.generation, cut(at), now).await? {
            return Err(RebuildError::Overtaken);
        }
        if found.differences() > 0 {
            self.table.carry_over(&mut tx).await?;
        }
        take_over(&mut tx, row, shadow).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn clear(&mut self) -> Result<(), RebuildError> {
        let mut tx = self.store.pool().begin().await?;
        forget(&mut tx, self.rows.1).await?;
        self.table.empty_shadow(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }
}
