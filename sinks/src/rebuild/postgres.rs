//! Views in Postgres, made anew: the activity and the notifications.

use super::{Hold, RebuildError, Rebuilt, Told, cut, seq};
use crate::activity::ActivityView;
use crate::notifications::NotificationsView;
use crate::postgres::{PostgresSink, View};
use millstream_event_log::Seq;
use millstream_pipelines::dataflows::{activity, notifications};
use millstream_pipelines::pipeline::{Item, Pipeline};
use millstream_store::Store;
use millstream_store::pipeline::move_cut;
use millstream_store::pipeline::rebuild::{
    Found, RebuildState, Standing, Wish, begin, clear, end, is_newest, take_over,
};
use millstream_store::shadow;
use millstream_store::views::shadow::{Place, Slice, Table};
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
    /// Where the shadow stood when the two were compared.
    compared: Option<Standing>,
}

impl PostgresView<ActivityView> {
    /// The activity.
    #[must_use]
    pub fn activity(store: Store) -> Self {
        let rows = (activity::NAME, shadow!("activity"));
        Self {
            store,
            rows,
            table: Table::Activity,
            shadow: ActivityView(Place::Shadow),
            pipeline: activity::pipeline().named(rows.1),
            compared: None,
        }
    }
}

impl PostgresView<NotificationsView> {
    /// The notifications.
    #[must_use]
    pub fn notifications(store: Store) -> Self {
        let rows = (notifications::NAME, shadow!("notifications"));
        Self {
            store,
            rows,
            table: Table::Notifications,
            shadow: NotificationsView(Place::Shadow),
            pipeline: notifications::pipeline().named(rows.1),
            compared: None,
        }
    }
}

impl<V: View<Item: Item> + Clone + Sync> Rebuilt for PostgresView<V> {
    type Sink = PostgresSink<V>;

    fn pipeline(&self) -> Pipeline<V::Item> {
        self.pipeline.clone()
    }

    async fn begin(&mut self, wish: &Wish) -> Result<PostgresSink<V>, RebuildError> {
        let clock = Arc::clone(self.store.clock());
        let version = i32::try_from(self.pipeline.logic_version()).unwrap_or(i32::MAX);
        let mut tx = self.store.pool().begin().await?;
        if !begin(&mut tx, wish, version, clock.now()).await? {
            return Err(RebuildError::Overtaken);
        }
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

    async fn compare(&mut self, wish: &Wish, at: Seq, told: &Told) -> Result<Found, RebuildError> {
        let standing = Standing::now(self.store.pool(), wish).await?;
        self.compared = standing.filter(|standing| standing.cut == cut(at));
        if self.compared.is_none() {
            return Err(RebuildError::Overtaken);
        }
        let mut found = Found::default();
        for slice in Slice::all(at) {
            let pool = self.store.pool();
            self.table.compare(pool, slice, &mut found).await?;
            told.of(RebuildState::Comparing, slice.nth + 1, slice.of);
        }
        Ok(found)
    }

    /// How it ended is said in the same transaction: whoever dies in it, or does not hear how it ended, leaves nothing unsaid.
    async fn swap(
        &mut self,
        wish: &Wish,
        hold: Hold,
        at: Seq,
        found: &Found,
    ) -> Result<(), RebuildError> {
        let now = self.store.clock().now();
        let compared = self.compared.take().ok_or(RebuildError::Overtaken)?;
        let mut tx = self.store.pool().begin().await?;
        // The fence, and the lock under which every commit of this pipeline stands.
        let is_held = move_cut(&mut tx, self.rows.0, hold.generation, cut(at), now).await?;
        // From here on nobody else begins, and so empties the shadow, before this is over.
        if !is_held || !is_newest(&mut tx, wish).await? {
            return Err(RebuildError::Overtaken);
        }
        // Nor does anybody write it who began before.
        if !take_over(&mut tx, wish, compared, cut(at)).await? {
            return Err(RebuildError::Overtaken);
        }
        if found.differences() > 0 {
            self.table.carry_over(&mut tx).await?;
        }
        // Nor does a session exchange it that outlived its process: when the process came back, it called its rebuild failed.
        if !end(&mut *tx, wish, &Ok(found.clone()), now).await? {
            return Err(RebuildError::Overtaken);
        }
        tx.commit().await?;
        Ok(())
    }

    async fn clear(&mut self, wish: &Wish) -> Result<(), RebuildError> {
        let mut tx = self.store.pool().begin().await?;
        if clear(&mut tx, wish).await? {
            self.table.empty_shadow(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
