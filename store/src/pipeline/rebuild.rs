//! Making a view anew: who asked for it, how far it is, and what came of it. The process that keeps the view does it; see
//! `sinks/src/rebuild.rs`.

mod carry;

pub use carry::{begin, forget, hold, take_over};

use super::status::operated;
use super::{PipelineStatus, view};
use crate::{Change, Changed, Changing, Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::UserId;
use millstream_domain::policy::{Action, Actor, Target, decide};
use millstream_event_log::events::PipelineEvent;
use millstream_event_log::events::pipeline::RebuildAsked;
use serde::{Deserialize, Serialize};
use sqlx::PgExecutor;
use sqlx::types::Json;
use uuid::Uuid;

/// What is behind the name of the pipeline that makes a view anew.
pub const SHADOW: &str = "~next";
/// How long a rebuild that nobody tells of counts as one that somebody does: it tells of itself every few seconds.
const SILENT_MAX: TimeDelta = TimeDelta::minutes(1);
/// The views that can be made anew.
pub const REBUILT: [&str; 3] = ["activity", "notifications", "search"];

/// Why the view of a pipeline is not made anew; `None` when it is.
#[must_use]
pub fn refusal(pipeline: &str) -> Option<&'static str> {
    match view(pipeline) {
        "activity" | "notifications" | "search" => None,
        "audit" => Some(
            "the audit is never made anew: it proves what happened because nobody can write it again; \"millstream audit verify\" \
             compares it with the log",
        ),
        "mails" | "mail" | "webhooks" => {
            Some("what was sent cannot be taken back, and a rebuild would send it once more")
        }
        "kafka" | "redis" => Some(
            "a mirror is filled by its own pipeline, which repairs a mirror that was lost by itself",
        ),
        "timers" | "schedules" => Some(
            "what it says is events of the log, which are not said twice: it goes on from what it remembers",
        ),
        _ => Some("what this pipeline writes is not made anew"),
    }
}

/// How far a rebuild is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RebuildState {
    /// Nobody has begun.
    Asked,
    /// The log is read from its beginning.
    Reading,
    /// The new view and the one that people see are compared.
    Comparing,
    /// The new one takes the other one's place.
    Swapping,
    /// It is over, and went well.
    Done,
    /// It is over, and the view is as it was.
    Failed,
}

impl RebuildState {
    /// The word in the API and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Reading => "reading",
            Self::Comparing => "comparing",
            Self::Swapping => "swapping",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    fn of(word: &str) -> Self {
        match word {
            "asked" => Self::Asked,
            "reading" => Self::Reading,
            "comparing" => Self::Comparing,
            "swapping" => Self::Swapping,
            "done" => Self::Done,
            _ => Self::Failed,
        }
    }

    /// Whether it is over.
    #[must_use]
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }
}

/// A row, or a document, that is not the same in both views.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Which.
    pub key: String,
    /// What people saw; nothing, where they saw none.
    pub live: Option<String>,
    /// What the log gives.
    pub rebuilt: Option<String>,
}

/// What came of comparing a view that was made anew with the one that people see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Rows, or documents, that people saw.
    pub live: u64,
    /// Those that the log gives.
    pub rebuilt: u64,
    /// Those that are only in what people saw.
    pub only_live: u64,
    /// Those that are only in what the log gives.
    pub only_rebuilt: u64,
    /// Those that are in both, and not the same.
    pub changed: u64,
    /// The first of those that differ.
    pub examples: Vec<Example>,
    /// Records that could not be taken when the view was made anew.
    #[serde(default)]
    pub refused: u64,
}

/// Most examples that are kept of what differs.
pub const EXAMPLES_MAX: usize = 10;
/// Most characters of an example's contents.
pub const EXAMPLE_CHARACTERS_MAX: usize = 400;

impl Found {
    /// How many differ.
    #[must_use]
    pub fn differences(&self) -> u64 {
        self.only_live + self.only_rebuilt + self.changed
    }

    /// Takes note of something that is not the same in both.
    pub fn differs(&mut self, key: String, live: Option<String>, rebuilt: Option<String>) {
        *match (&live, &rebuilt) {
            (Some(_), None) => &mut self.only_live,
            (None, Some(_)) => &mut self.only_rebuilt,
            (Some(_), Some(_)) | (None, None) => &mut self.changed,
        } += 1;
        self.shows(key, live, rebuilt);
    }

    /// Keeps an example, while there are few.
    pub(crate) fn shows(&mut self, key: String, live: Option<String>, rebuilt: Option<String>) {
        if self.examples.len() < EXAMPLES_MAX {
            let short = |text: String| text.chars().take(EXAMPLE_CHARACTERS_MAX).collect();
            self.examples.push(Example {
                key,
                live: live.map(short),
                rebuilt: rebuilt.map(short),
            });
        }
    }
}

/// A rebuild.
#[derive(Debug, Clone)]
pub struct Rebuild {
    /// The pipeline.
    pub pipeline: String,
    /// How far it is.
    pub state: RebuildState,
    /// Whether the two views are only compared.
    pub compare_only: bool,
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
    /// By whom.
    pub asked_by: Option<UserId>,
    /// How much of the present step is done.
    pub done: i64,
    /// How much it is in all.
    pub total: i64,
    /// When it was over.
    pub finished_at: Option<DateTime<Utc>>,
    /// What came of the comparison.
    pub found: Option<Found>,
    /// Why it failed.
    pub error: Option<String>,
}

/// Somebody wants a view to be made anew. One that is being made anew already goes on.
#[derive(Debug)]
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
        sqlx::query!(
            "select name from stream.pipeline where name = $1 and name not like '%~next' for no key update",
            self.pipeline
        )
        .fetch_optional(cx.db())
        .await?
        .ok_or(StoreError::NotFound)?;
        if let Some(why) = refusal(&self.pipeline) {
            return Err(StoreError::Conflict(why.into()));
        }
        let (now, by) = (cx.now, cx.origin.actor.map(Uuid::from));
        let asked = sqlx::query_scalar!(
            "insert into stream.rebuild as r (pipeline, state, compare_only, asked_at, asked_by, reported_at)
             values ($1, 'asked', $2, $3, $4, $3)
             on conflict (pipeline) do update
             set state = 'asked', compare_only = $2, asked_at = $3, asked_by = $4, reported_at = $3, owner = null,
                 done = 0, total = 0, finished_at = null, found = null, error = null
             where r.state in ('done', 'failed') or r.reported_at < $5
             returning pipeline",
            self.pipeline,
            self.compare_only,
            now,
            by,
            now - SILENT_MAX,
        )
        .fetch_optional(cx.db())
        .await?;
        let output = operated(cx.db(), &self.pipeline, now).await?;
        if asked.is_none() {
            return Ok(Changed::nothing(output));
        }
        let asked = RebuildAsked {
            pipeline: self.pipeline,
            compare_only: self.compare_only,
        };
        Ok(Changed::because(output, PipelineEvent::RebuildAsked(asked)))
    }
}

impl Store {
    /// The rebuilds that there were, the last of each pipeline.
    pub async fn rebuilds(&self) -> Result<Vec<Rebuild>, StoreError> {
        Ok(all(&self.pool, self.clock.now()).await?)
    }

    /// The last rebuild of a pipeline.
    pub async fn rebuild(&self, pipeline: &str) -> Result<Option<Rebuild>, StoreError> {
        let mut all = self.rebuilds().await?;
        all.retain(|rebuild| rebuild.pipeline == pipeline);
        Ok(all.pop())
    }

    /// Takes a rebuild that was asked for; whether the two views are only to be compared.
    pub async fn take_rebuild(
        &self,
        pipeline: &str,
        owner: &str,
    ) -> Result<Option<bool>, StoreError> {
        Ok(sqlx::query_scalar!(
            "update stream.rebuild set state = 'reading', owner = $2, reported_at = $3
             where pipeline = $1 and state = 'asked' returning compare_only",
            pipeline,
            owner,
            self.clock.now(),
        )
        .fetch_optional(&self.pool)
        .await?)
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

    /// Says how far a rebuild is.
    pub async fn report_rebuild(
        &self,
        pipeline: &str,
        state: RebuildState,
        (done, total): (u64, u64),
    ) -> Result<(), StoreError> {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        sqlx::query!(
            "update stream.rebuild set state = $2, done = $3, total = $4, reported_at = $5 where pipeline = $1",
            pipeline,
            state.as_str(),
            number(done),
            number(total),
            self.clock.now(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Says how a rebuild ended.
    pub async fn end_rebuild(
        &self,
        pipeline: &str,
        ended: &Result<Found, String>,
    ) -> Result<(), StoreError> {
        let (state, found, error) = match ended {
            Ok(found) => (RebuildState::Done, Some(Json(found)), None),
            Err(error) => (RebuildState::Failed, None, Some(error.replace('\0', " "))),
        };
        sqlx::query!(
            "update stream.rebuild
             set state = $2, found = $3, error = $4, finished_at = $5, reported_at = $5 where pipeline = $1",
            pipeline,
            state.as_str(),
            found as Option<Json<&Found>>,
            error,
            self.clock.now(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// The rebuilds that there were, the last of each pipeline.
pub(super) async fn all(
    db: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<Rebuild>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select pipeline, state, compare_only, asked_at, asked_by, done, total, finished_at,
                  found as "found: Json<Found>", error,
                  state not in ('done', 'failed') and reported_at < $1 as "is_lost!"
           from stream.rebuild order by pipeline"#,
        now - SILENT_MAX,
    )
    .fetch_all(db)
    .await?;
    let rebuild = rows.into_iter().map(|r| Rebuild {
        pipeline: r.pipeline,
        state: if r.is_lost {
            RebuildState::Failed
        } else {
            RebuildState::of(&r.state)
        },
        compare_only: r.compare_only,
        asked_at: r.asked_at,
        asked_by: r.asked_by.map(UserId),
        done: r.done,
        total: r.total,
        finished_at: r.finished_at,
        found: r.found.map(|found| found.0),
        error: if r.is_lost {
            Some(format!(
                "nobody has told of it for a minute while it was {}: it can be asked for again",
                r.state
            ))
        } else {
            r.error
        },
    });
    Ok(rebuild.collect())
}
