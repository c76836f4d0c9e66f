//! Reports as files: the same questions that pages and the API ask, for the same eyes, and the tasks themselves. A file comes in
//! pieces, so that nobody has to hold all of it.
//!
//! ```text
//!  order ─► session of its owner ─► numbers, as JSON ─┬─► rows of one form ─┐
//!                              └──► tasks, batch by batch ──────────────────┴─► encoder ─► bytes
//! ```

mod csv;
mod encode;
mod numbers;

use crate::error::LakeError;
use crate::reports::{Scope, tasks};
use crate::session::{Asker, Engine, Session};
use crate::threads::Threads;
use arrow::array::RecordBatch;
use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use encode::Encoder;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use millstream_domain::ids::UserId;
use millstream_domain::policy::Visible;
use millstream_domain::report::{ReportFormat, ReportOrder};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::{self, Debug};

/// A file that somebody wants.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Who. They get what they see now, whatever they saw when they ordered it.
    pub owner: UserId,
    /// About what.
    pub order: ReportOrder,
    /// In which form.
    pub format: ReportFormat,
    /// As of when.
    pub now: DateTime<Utc>,
}

/// Why there is no file. Each says so in a sentence for its owner.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The lake's.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// Whoever ordered it was deactivated since.
    #[error("whoever ordered it may not log in any more")]
    NoOwner,
    /// What it is about was deleted, or is not theirs to see any more.
    #[error("the {0} that it is about is not there any more, or you do not see it any more")]
    Hidden(&'static str),
    /// What was found cannot be written in this form.
    #[error("what was found cannot be written in this form")]
    Unwritable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ExportError {
    fn unwritable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unwritable(error.into())
    }
}

/// A file that is being made.
pub struct Export {
    threads: Threads,
    /// None once the last piece was taken.
    rest: Option<Rest>,
    total: u64,
    done: u64,
}

/// What is still to be written, and what writes it.
enum Rest {
    Whole(Vec<u8>),
    Rows(Rows, Encoder),
}

type Rows = BoxStream<'static, Result<RecordBatch, LakeError>>;

impl Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Export")
            .field("done", &self.done)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Begins a file.
    pub async fn export(&self, wanted: &Wanted) -> Result<Export, ExportError> {
        let owner = self.person(wanted.owner).await?;
        let owner = owner
            .filter(|person| person.active)
            .ok_or(ExportError::NoOwner)?;
        // The lake knows them, and is as far as whoever asks has waited for: nobody knows more.
        let asker = Asker {
            id: wanted.owner,
            visible: Visible::All,
        };
        let wanted = *wanted;
        if let Some(scope) = scope_of_tasks(&wanted.order) {
            let engine = self.clone();
            let begun = async move {
                let session = engine.session(&asker).await?;
                match hidden(&session, &wanted.order).await? {
                    Some(hidden) => Ok(Err(ExportError::Hidden(hidden))),
                    None => Ok(of_tasks(&session, &scope, &wanted, engine.threads()).await),
                }
            };
            return self.threads().work(begun).await?;
        }
        let zone = owner.time_zone.parse().unwrap_or(Tz::UTC);
        let told = self.answer(&asker, async move |session: Session| {
            match hidden(&session, &wanted.order).await? {
                Some(hidden) => Ok(Err(hidden)),
                None => numbers::ask(&session, &wanted, zone).await.map(Ok),
            }
        });
        let told = told.await?.map_err(ExportError::Hidden)?;
        of_numbers(&told, &wanted, self.threads())
    }
}

/// Which tasks, where the order is about tasks themselves.
fn scope_of_tasks(order: &ReportOrder) -> Option<Scope> {
    match *order {
        ReportOrder::Tasks {
            team,
            project,
            assignee,
        } => Some(Scope {
            team,
            project,
            assignee,
        }),
        ReportOrder::Dashboard { .. }
        | ReportOrder::Distribution { .. }
        | ReportOrder::Stats { .. }
        | ReportOrder::Performance { .. }
        | ReportOrder::Flow { .. } => None,
    }
}

/// What the order names and its owner does not see.
async fn hidden(session: &Session, order: &ReportOrder) -> Result<Option<&'static str>, LakeError> {
    if let Some(id) = order.team()
        && session.team(id).await?.is_none()
    {
        return Ok(Some("team"));
    }
    if let Some(id) = order.project()
        && session.project(id).await?.is_none()
    {
        return Ok(Some("project"));
    }
    if let Some((_, id)) = order.person()
        && session.person(id).await?.is_none()
    {
        return Ok(Some("person"));
    }
    Ok(None)
}

#[derive(Deserialize)]
struct Counted {
    #[serde(default)]
    rows: u64,
}

async fn of_tasks(
    session: &Session,
    scope: &Scope,
    wanted: &Wanted,
    threads: &Threads,
) -> Result<Export, ExportError> {
    let counted: Vec<Counted> = session.rows(&tasks::count(scope)).await?;
    let stream = session.stream(&tasks::rows(scope)).await?;
    let encoder = Encoder::new(wanted.format, &stream.schema(), &head(wanted))?;
    Ok(Export {
        threads: threads.clone(),
        rest: Some(Rest::Rows(stream.map_err(LakeError::from).boxed(), encoder)),
        total: counted.first().map_or(0, |counted| counted.rows),
        done: 0,
    })
}

fn of_numbers(told: &Value, wanted: &Wanted, threads: &Threads) -> Result<Export, ExportError> {
    let rest = if wanted.format == ReportFormat::Json {
        let mut whole = head(wanted);
        whole["data"] = told.clone();
        Rest::Whole(whole.to_string().into_bytes())
    } else {
        let rows = numbers::rows(told)?;
        let encoder = Encoder::new(wanted.format, &rows.schema(), &head(wanted))?;
        Rest::Rows(stream::iter([Ok(rows)]).boxed(), encoder)
    };
    Ok(Export {
        threads: threads.clone(),
        rest: Some(rest),
        total: 1,
        done: 0,
    })
}

/// What a JSON file says of itself, before its data.
fn head(wanted: &Wanted) -> Value {
    let mut head = serde_json::to_value(wanted.order).expect("an order is plain data");
    head["as_of"] = json!(wanted.now.to_rfc3339_opts(SecondsFormat::Micros, true));
    head
}

impl Export {
    /// The next bytes, maybe none yet; `None` behind the last. They are made on the engine's threads.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ExportError> {
        let (rows, encoder) = match self.rest.take() {
            None => return Ok(None),
            Some(Rest::Whole(bytes)) => return Ok(Some(bytes)),
            Some(Rest::Rows(rows, encoder)) => (rows, encoder),
        };
        let stepped = async move { Ok(step(rows, encoder).await) };
        let (bytes, rows, rest) = self.threads.work(stepped).await??;
        self.done += rows;
        self.rest = rest;
        Ok(Some(bytes))
    }

    /// How much is done, from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a bar is not exact to 2^53")]
    #[must_use]
    pub fn progress(&self) -> f64 {
        (self.done as f64 / self.total.max(1) as f64).min(1.0)
    }
}

/// Writes the next rows: the bytes, how many rows they are, and what is left.
async fn step(
    mut rows: Rows,
    mut encoder: Encoder,
) -> Result<(Vec<u8>, u64, Option<Rest>), ExportError> {
    let Some(batch) = rows.try_next().await? else {
        return Ok((encoder.finish()?, 0, None));
    };
    let bytes = encoder.write(&batch)?;
    let count = batch.num_rows() as u64;
    Ok((bytes, count, Some(Rest::Rows(rows, encoder))))
}
