//! The pipelines as people see them, and when one is forgotten.

use super::rebuild::{Rebuild, SHADOW};
use crate::{Page, PageRequest, Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

/// How long a pipeline that nobody owns counts as what it last said: a node that restarts is back by then, and one that has
/// halted says so more often.
const SILENT_MAX: TimeDelta = TimeDelta::minutes(1);
/// How long the row of a node's own view is kept when nobody owns it: a node that is away for a weekend finds it again.
pub(crate) const UNOWNED_KEPT: TimeDelta = TimeDelta::days(7);

/// A pipeline.
#[derive(Debug, Clone)]
pub struct PipelineStatus {
    /// Its name.
    pub name: String,
    /// The version of its logic.
    pub version: i32,
    /// The last record it has committed.
    pub cut: i64,
    /// How many records it has not committed yet.
    pub lag_records: i64,
    /// How long the oldest of them has been in the log, whatever time its event tells of.
    pub lag_ms: i64,
    /// `running`, `stalled`, `halted` or `rebuilding`; `stopped` when nobody runs it.
    pub state: String,
    /// What is wrong.
    pub error: Option<String>,
    /// Who runs it; who ran it last, when it stopped without giving it up.
    pub owner: Option<String>,
    /// Raised at each change of owner.
    pub generation: i64,
    /// How many records it refused that wait for somebody.
    pub dead_letters: i64,
    /// When it last committed.
    pub committed_at: Option<DateTime<Utc>>,
}

/// The view that a pipeline of this name keeps: several nodes may keep one each, `search@here` and `search@there`.
#[must_use]
pub fn view(pipeline: &str) -> &str {
    pipeline.split_once('@').map_or(pipeline, |(view, _)| view)
}

impl Store {
    /// All pipelines, by name.
    pub async fn pipelines(&self) -> Result<Vec<PipelineStatus>, StoreError> {
        Ok(all(&self.pool, self.clock.now()).await?)
    }

    /// The pipeline of this name, and the last time that its view was made anew.
    pub async fn pipeline(
        &self,
        name: &str,
    ) -> Result<(PipelineStatus, Option<Rebuild>), StoreError> {
        let mut db = self.pool.acquire().await?;
        operated(&mut db, name, self.clock.now()).await
    }

    /// A page of them. There are few, and they are read as one.
    pub async fn pipelines_page(
        &self,
        page: &PageRequest,
    ) -> Result<Page<PipelineStatus>, StoreError> {
        let after: Option<String> = page.after()?;
        let mut rest = self.pipelines().await?;
        rest.retain(|pipeline| after.as_ref().is_none_or(|after| pipeline.name > *after));
        // As names compare here, whatever the database's locale says.
        rest.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Page::of(rest, page, |pipeline| pipeline.name.clone()))
    }

    /// The cut that a pipeline has committed; `None` when there is no such pipeline.
    pub async fn pipeline_cut(&self, name: &str) -> Result<Option<i64>, StoreError> {
        Ok(
            sqlx::query_scalar!("select cut from stream.pipeline where name = $1", name)
                .fetch_optional(&self.pool)
                .await?,
        )
    }

    /// Forgets the views of nodes that are gone; how many. A view that nodes share is never forgotten: its cut is all there is.
    pub(crate) async fn prune_views_of_nodes(&self) -> Result<i64, StoreError> {
        let now = self.clock.now();
        let gone = sqlx::query_scalar!(
            r#"
            with gone as (
                delete from stream.pipeline
                where name like '%@%' and coalesce(leased_until, '-infinity') < $1 and reported_at < $2
                returning name
            ), letters as (
                delete from stream.dead_letter where pipeline in (select name from gone)
            ), states as (
                delete from stream.pipeline_state where pipeline in (select name from gone)
            ), rebuilds as (
                delete from stream.rebuild where pipeline in (select name from gone)
            )
            select count(*) as "gone!" from gone
            "#,
            now,
            now - UNOWNED_KEPT,
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(gone)
    }
}

/// What is left of a pipeline that nobody runs: what it last said of itself does not count any more.
fn stopped(status: PipelineStatus) -> PipelineStatus {
    PipelineStatus {
        state: "stopped".into(),
        error: None,
        ..status
    }
}

/// The pipeline of this name, and the last time that its view was made anew.
pub(super) async fn operated(
    db: &mut PgConnection,
    name: &str,
    now: DateTime<Utc>,
) -> Result<(PipelineStatus, Option<Rebuild>), StoreError> {
    let mut pipelines = all(&mut *db, now).await?;
    pipelines.retain(|pipeline| pipeline.name == name);
    let pipeline = pipelines.pop().ok_or(StoreError::NotFound)?;
    let mut rebuilds = super::rebuild::all(db, now).await?;
    rebuilds.retain(|rebuild| rebuild.pipeline == name);
    Ok((pipeline, rebuilds.pop()))
}

async fn all(
    db: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<PipelineStatus>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select p.name, p.version, p.cut, p.error,
               case when p.state = 'running' and exists (
                   select from stream.rebuild r
                   where r.pipeline = p.name and r.state not in ('done', 'failed') and r.reported_at >= $2
               ) then 'rebuilding' else p.state end as "state!", p.owner, p.generation, p.dead_letters, p.committed_at,
               coalesce(p.leased_until, '-infinity') < $1 and p.reported_at < $2 as "is_stopped!",
               greatest((select next from stream.head) - 1 - p.cut, 0) as "lag_records!",
               coalesce(
                   (select extract(epoch from clock_timestamp() - l.moved_at) * 1000
                    from stream.log l where l.seq = p.cut + 1),
                   0
               )::bigint as "lag_ms!"
        from stream.pipeline p
        where p.name not like '%' || $3
        order by p.name
        "#,
        now,
        now - SILENT_MAX,
        SHADOW,
    )
    .fetch_all(db)
    .await?;
    let status = rows.into_iter().map(|r| {
        let status = PipelineStatus {
            name: r.name,
            version: r.version,
            cut: r.cut,
            lag_records: r.lag_records,
            // By the database's clock, which `moved_at` is of, too.
            lag_ms: r.lag_ms.max(0),
            state: r.state,
            error: r.error,
            owner: r.owner,
            generation: r.generation,
            dead_letters: r.dead_letters,
            committed_at: r.committed_at,
        };
        if r.is_stopped {
            stopped(status)
        } else {
            status
        }
    });
    Ok(status.collect())
}
