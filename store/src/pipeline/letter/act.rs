//! What people do about dead letters: try one again, or leave it out.

use super::LetterState;
use super::read::{DeadLetter, one};
use super::write::count;
use crate::pipeline::rebuild::is_shadow;
use crate::{Change, Changed, Changing, StoreError};
use millstream_domain::field::FieldCode;
use millstream_domain::policy::{Action, Actor, Target, decide};
use millstream_event_log::events::PipelineEvent;
use millstream_event_log::events::pipeline::{DiscardedRecord, RefusedRecord};
use uuid::Uuid;

/// Most characters of the reason for which a record is discarded: a few sentences.
pub const REASON_CHARACTERS_MAX: usize = 500;

/// Somebody wants a refused record to be tried again. One that is on its way already stays so.
#[derive(Debug)]
pub struct RetryDeadLetter {
    /// Who.
    pub actor: Actor,
    /// Of which pipeline.
    pub pipeline: String,
    /// Which record.
    pub seq: i64,
}

/// Somebody says that nobody misses a refused record.
#[derive(Debug)]
pub struct DiscardDeadLetter {
    /// Who.
    pub actor: Actor,
    /// Of which pipeline.
    pub pipeline: String,
    /// Which record.
    pub seq: i64,
    /// Why.
    pub reason: String,
}

impl Change for RetryDeadLetter {
    type Output = DeadLetter;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<DeadLetter>, StoreError> {
        match held(cx, &self.actor, &self.pipeline, self.seq).await? {
            LetterState::Waiting | LetterState::Discarded => {}
            LetterState::Retrying => {
                let letter = one(cx.db(), &self.pipeline, self.seq).await?;
                return Ok(Changed::nothing(letter));
            }
            LetterState::Taken => return Err(StoreError::Conflict("the record was taken".into())),
        }
        let (now, by) = (cx.now, cx.origin.actor.map(Uuid::from));
        let event = cx.event_id(0);
        sqlx::query!(
            "update stream.dead_letter
             set state = 'retrying', retry_event = $3, acted_by = $4, acted_at = $5, reason = null
             where pipeline = $1 and seq = $2",
            self.pipeline,
            self.seq,
            event.0,
            by,
            now,
        )
        .execute(cx.db())
        .await?;
        count(cx.db(), &self.pipeline).await?;
        let letter = one(cx.db(), &self.pipeline, self.seq).await?;
        let record = RefusedRecord {
            pipeline: self.pipeline,
            seq: u64::try_from(self.seq).unwrap_or(0),
        };
        Ok(Changed::because(
            letter,
            PipelineEvent::DeadLetterRetried(record),
        ))
    }
}

impl Change for DiscardDeadLetter {
    type Output = DeadLetter;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<DeadLetter>, StoreError> {
        let state = held(cx, &self.actor, &self.pipeline, self.seq).await?;
        let reason = reason(&self.reason)?;
        match state {
            LetterState::Waiting => {}
            LetterState::Discarded => {
                let letter = one(cx.db(), &self.pipeline, self.seq).await?;
                return Ok(Changed::nothing(letter));
            }
            LetterState::Retrying => {
                let text = "the record is on its way once more: wait what comes of that";
                return Err(StoreError::Conflict(text.into()));
            }
            LetterState::Taken => return Err(StoreError::Conflict("the record was taken".into())),
        }
        let (now, by) = (cx.now, cx.origin.actor.map(Uuid::from));
        sqlx::query!(
            "update stream.dead_letter set state = 'discarded', acted_by = $3, acted_at = $4, reason = $5
             where pipeline = $1 and seq = $2",
            self.pipeline,
            self.seq,
            by,
            now,
            reason,
        )
        .execute(cx.db())
        .await?;
        count(cx.db(), &self.pipeline).await?;
        let letter = one(cx.db(), &self.pipeline, self.seq).await?;
        let record = DiscardedRecord {
            pipeline: self.pipeline,
            seq: u64::try_from(self.seq).unwrap_or(0),
            reason,
        };
        Ok(Changed::because(
            letter,
            PipelineEvent::DeadLetterDiscarded(record),
        ))
    }
}

/// The letter, locked, for somebody who may act on it. The pipeline's row comes first, as it does in a commit.
async fn held(
    cx: &mut Changing<'_>,
    actor: &Actor,
    pipeline: &str,
    seq: i64,
) -> Result<LetterState, StoreError> {
    decide(actor, Action::OperatePipelines, Target::SYSTEM)?;
    // What is refused while a view is made anew is nobody's until the view is exchanged.
    if is_shadow(pipeline) {
        return Err(StoreError::NotFound);
    }
    sqlx::query!(
        "select name from stream.pipeline where name = $1 for update",
        pipeline
    )
    .fetch_optional(cx.db())
    .await?
    .ok_or(StoreError::NotFound)?;
    let state = sqlx::query_scalar!(
        "select state from stream.dead_letter where pipeline = $1 and seq = $2 for update",
        pipeline,
        seq,
    )
    .fetch_optional(cx.db())
    .await?
    .ok_or(StoreError::NotFound)?;
    Ok(state.parse().unwrap_or(LetterState::Waiting))
}

fn reason(text: &str) -> Result<String, StoreError> {
    let text = text.trim();
    let (code, message) = match text.chars().count() {
        0 => (FieldCode::Required, "must not be empty".to_owned()),
        n if n > REASON_CHARACTERS_MAX => (
            FieldCode::TooLong,
            format!("must have at most {REASON_CHARACTERS_MAX} characters"),
        ),
        _ if text.contains('\0') => (FieldCode::Invalid, "must not contain NUL".to_owned()),
        _ => return Ok(text.to_owned()),
    };
    Err(StoreError::field("reason", code, message))
}
