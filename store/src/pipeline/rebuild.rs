//! Making a view anew: who asked for it, how far it is, and what came of it. The process that keeps the view does it; see
//! `sinks/src/rebuild.rs`.

mod carry;
mod found;
mod views;
mod wish;

pub use carry::{Standing, begin, clear, hold, take_over};
pub use found::{EXAMPLE_CHARACTERS_MAX, EXAMPLES_MAX, Example, Found};
pub(crate) use views::is_shadow;
pub use views::{SHADOW, VIEWS, refusal};
pub use wish::{AskRebuild, Operated, Wish, end, is_newest};

use crate::{Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::UserId;
use serde::{Deserialize, Serialize};
use sqlx::PgExecutor;
use sqlx::types::Json;

/// How long a rebuild that nobody tells of counts as one that somebody does: it tells of itself every second.
const SILENT_MAX: TimeDelta = TimeDelta::minutes(1);

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
