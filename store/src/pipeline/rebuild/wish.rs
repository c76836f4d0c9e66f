//! A wish for a rebuild, from whoever asks for it to what came of it.
//!
//! *Invariant:* whoever was silent for so long that somebody asked again changes nothing any more: whatever is done for a wish is
//! done while it is the newest of its pipeline, and no newer one comes before the transaction ends ([`is_newest`]).

use super::{Found, Rebuild, RebuildState, SHADOW, SILENT_MAX, is_shadow, refusal};
use crate::pipeline::PipelineStatus;
use crate::pipeline::status::operated;
use crate::{Change, Changed, Changing, Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::policy::{Action, Actor, Target, decide};
use millstream_event_log::events::PipelineEvent;
use millstream_event_log::events::pipeline::RebuildAsked;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// Somebody wants a view to be made anew. One that is being made anew already goes on.
#[derive(Debug, Clone)]
pub struct AskRebuild {
    /// Who.
    pub actor: Actor,
    /// The pipeline that keeps it.
    pub pipeline: String,
    /// Whether the two are only to be compared.
    pub compare_only: bool,
}

/// A pipeline as it is after an act, and the last time that its view was made anew.
pub type Operated = (PipelineStatus, Option<Rebuild>);

impl Change for AskRebuild {
    type Output = Operated;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Operated>, StoreError> {
        decide(&self.actor, Action::OperatePipelines, Target::SYSTEM)?;
        if is_shadow(&self.pipeline) {
            return Err(StoreError::NotFound);
        }
        // So that it is not forgotten meanwhile. Commits of the pipeline, and an exchange of its view, go on.
        sqlx::query!(
            "select name from stream.pipeline where name = $1 for key share",
            self.pipeline
        )
        .fetch_optional(cx.db())
        .await?
        .ok_or(StoreError::NotFound)?;
        if let Some(why) = refusal(&self.pipeline) {
            return Err(StoreError::Conflict(why));
        }
        let now = cx.now;
        if !self.write(cx).await? {
            let output = operated(cx.db(), &self.pipeline, now).await?;
            return Ok(Changed::nothing(output));
        }
        let output = operated(cx.db(), &self.pipeline, now).await?;
        let asked = RebuildAsked {
            pipeline: self.pipeline,
            compare_only: self.compare_only,
        };
        Ok(Changed::because(output, PipelineEvent::RebuildAsked(asked)))
    }
}

impl AskRebuild {
    /// Writes the wish down; `false` when one is under way.
    async fn write(&self, cx: &mut Changing<'_>) -> Result<bool, StoreError> {
        let (now, by, wish) = (cx.now, cx.origin.actor.map(Uuid::from), cx.event_id(0));
        // Looked at first, because a new wish waits for who exchanges a view, and one that is under way need not.
        let under_way = sqlx::query_scalar!(
            r#"select exists (select from stream.rebuild
                              where pipeline = $1 and state not in ('done', 'failed') and reported_at >= $2) as "is!""#,
            self.pipeline,
            now - SILENT_MAX,
        )
        .fetch_one(cx.db())
        .await?;
        if under_way {
            return Ok(false);
        }
        let asked = sqlx::query_scalar!(
            "insert into stream.rebuild as r (pipeline, wish, state, compare_only, asked_at, asked_by, reported_at)
             values ($1, $6, 'asked', $2, $3, $4, $3)
             on conflict (pipeline) do update
             set wish = $6, state = 'asked', compare_only = $2, asked_at = $3, asked_by = $4, reported_at = $3, owner = null,
                 done = 0, total = 0, finished_at = null, found = null, error = null
             where r.state in ('done', 'failed') or r.reported_at < $5
             returning pipeline",
            self.pipeline,
            self.compare_only,
            now,
            by,
            now - SILENT_MAX,
            wish.0,
        )
        .fetch_optional(cx.db())
        .await?;
        Ok(asked.is_some())
    }
}

/// A wish that a process has taken on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The pipeline that keeps the view.
    pub pipeline: String,
    /// Which: the event that told of it.
    pub id: Uuid,
    /// Whether the two are only to be compared.
    pub compare_only: bool,
}

impl Wish {
    /// The name of the pipeline that makes the view anew.
    #[must_use]
    pub fn shadow(&self) -> String {
        format!("{}{SHADOW}", self.pipeline)
    }
}

impl Store {
    /// Takes on a rebuild that was asked for.
    pub async fn take_rebuild(
        &self,
        pipeline: &str,
        owner: &str,
    ) -> Result<Option<Wish>, StoreError> {
        let taken = sqlx::query!(
            "update stream.rebuild set state = 'reading', owner = $2, reported_at = $3
             where pipeline = $1 and state = 'asked' returning wish, compare_only",
            pipeline,
            owner,
            self.clock.now(),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(taken.map(|taken| Wish {
            pipeline: pipeline.to_owned(),
            id: taken.wish,
            compare_only: taken.compare_only,
        }))
    }

    /// Ends what this owner was at when its process ended: it begins anew only when somebody asks for it.
    pub async fn forget_rebuild(&self, pipeline: &str, owner: &str) -> Result<(), StoreError> {
        sqlx::query!(
            "update stream.rebuild
             set state = 'failed', finished_at = $3, error = 'the process ended in the middle of it: it can be asked for again'
             where pipeline = $1 and owner = $2 and state not in ('asked', 'done', 'failed')",
            pipeline,
            owner,
            self.clock.now(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Says how far a rebuild is; `false` when it is over, or somebody has asked again.
    pub async fn report_rebuild(
        &self,
        wish: &Wish,
        state: RebuildState,
        (done, total): (u64, u64),
    ) -> Result<bool, StoreError> {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        // The time is that of the report, however long the only connection had to be waited for.
        let mut db = self.pool.acquire().await?;
        let told = sqlx::query!(
            "update stream.rebuild set state = $3, done = $4, total = $5, reported_at = $6
             where pipeline = $1 and wish = $2 and state not in ('done', 'failed')",
            wish.pipeline,
            wish.id,
            state.as_str(),
            number(done),
            number(total),
            self.clock.now(),
        )
        .execute(&mut *db)
        .await?;
        Ok(told.rows_affected() == 1)
    }

    /// Says how a rebuild ended, if it was not said before, and nobody has asked again.
    pub async fn end_rebuild(
        &self,
        wish: &Wish,
        ended: &Result<Found, String>,
    ) -> Result<(), StoreError> {
        end(&self.pool, wish, ended, self.clock.now()).await?;
        Ok(())
    }
}

/// Says how a rebuild ended, as [`Store::end_rebuild`] does: also in the transaction in which the view is exchanged, so that
/// nobody is ever told that it was not. `false` when it was said before, or somebody has asked again: whoever exchanges the view
/// then has been given up, and must not.
pub async fn end(
    db: impl PgExecutor<'_>,
    wish: &Wish,
    ended: &Result<Found, String>,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let (state, found, error) = match ended {
        Ok(found) => (RebuildState::Done, Some(Json(found)), None),
        Err(error) => (RebuildState::Failed, None, Some(error.replace('\0', " "))),
    };
    let told = sqlx::query!(
        "update stream.rebuild
         set state = $3, found = $4, error = $5, finished_at = $6, reported_at = $6
         where pipeline = $1 and wish = $2 and state not in ('done', 'failed')",
        wish.pipeline,
        wish.id,
        state.as_str(),
        found as Option<Json<&Found>>,
        error,
        now,
    )
    .execute(db)
    .await?;
    Ok(told.rows_affected() == 1)
}

/// Whether nobody has asked again. If so, a newer wish waits for the end of the transaction; telling how far it is does not.
///
/// The pipeline's row comes first, if it is locked, too.
pub async fn is_newest(db: &mut PgConnection, wish: &Wish) -> Result<bool, sqlx::Error> {
    let newest = sqlx::query_scalar!(
        "select pipeline from stream.rebuild where pipeline = $1 and wish = $2 for key share",
        wish.pipeline,
        wish.id,
    )
    .fetch_optional(db)
    .await?;
    Ok(newest.is_some())
}
