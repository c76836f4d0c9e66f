//! Asking a pipeline that has halted to try again.

use super::rebuild::{Operated, is_shadow};
use super::status::operated;
use crate::{Change, Changed, Changing, StoreError};
use millstream_domain::policy::{Action, Actor, Target, decide};
use millstream_event_log::events::PipelineEvent;
use millstream_event_log::events::pipeline::PipelineActedOn;
use sqlx::PgPool;

/// Somebody wants a pipeline that has halted to try again.
#[derive(Debug)]
pub struct ResumePipeline {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub pipeline: String,
}

impl Change for ResumePipeline {
    type Output = Operated;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Operated>, StoreError> {
        decide(&self.actor, Action::OperatePipelines, Target::SYSTEM)?;
        if is_shadow(&self.pipeline) {
            return Err(StoreError::NotFound);
        }
        let row = sqlx::query!(
            "select state, resume_asked from stream.pipeline where name = $1 for update",
            self.pipeline
        )
        .fetch_optional(cx.db())
        .await?
        .ok_or(StoreError::NotFound)?;
        if row.state != "halted" {
            let text = "the pipeline has not halted: there is nothing to resume";
            return Err(StoreError::Conflict(text.into()));
        }
        let now = cx.now;
        let output = operated(cx.db(), &self.pipeline, now).await?;
        if row.resume_asked {
            return Ok(Changed::nothing(output));
        }
        sqlx::query!(
            "update stream.pipeline set resume_asked = true where name = $1",
            self.pipeline
        )
        .execute(cx.db())
        .await?;
        let acted = PipelineActedOn {
            pipeline: self.pipeline,
        };
        Ok(Changed::because(output, PipelineEvent::Resumed(acted)))
    }
}

/// Whether a pipeline that has halted is to try again. Says so once.
pub async fn take_resume(pool: &PgPool, name: &str) -> Result<bool, sqlx::Error> {
    let taken = sqlx::query!(
        "update stream.pipeline set resume_asked = false where name = $1 and resume_asked",
        name
    )
    .execute(pool)
    .await?;
    Ok(taken.rows_affected() == 1)
}
