//! Reports: files that somebody ordered. Each has a row, a job of the same id that makes it, and its file in pieces, all in the
//! schema of jobs: whoever makes them needs to write nowhere else.
//!
//! *Invariant:* a file is there whole or not at all. Pieces belong to the try that wrote them; the row names the try whose pieces
//! are the file, and nobody reads others.

mod make;
mod order;

pub use make::{FileMade, MakeReport, ToMake};
pub use order::{DeleteReport, OrderReport, REPORTS_MAX};

use crate::actor::stored;
use crate::page::ByTime;
use crate::{Page, PageRequest, Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::{ReportId, UserId};
use millstream_domain::job::JobState;
use millstream_domain::policy::{Action, Actor, Refusal, Target, decide};
use millstream_domain::report::{ReportFormat, ReportOrder, ReportState};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

/// How long a file is kept: somebody comes back from a week away.
pub const FILE_KEPT: TimeDelta = TimeDelta::days(7);
/// How long it is remembered that there was one, so that a link to it says what became of it.
pub const EXPIRED_REMEMBERED: TimeDelta = TimeDelta::days(30);
/// Most bytes of a piece: what is held in memory of a file that is written or read.
pub const PIECE_BYTES_MAX: usize = 1 << 20;
/// Most bytes of a file: some hundred thousand rows. It is kept in the database, in every backup of it.
pub const FILE_BYTES_MAX: u64 = 64 << 20;

/// A report as people see it.
#[derive(Debug, Clone)]
pub struct Report {
    /// Which; its job has the same id.
    pub id: ReportId,
    /// What it is about.
    pub order: ReportOrder,
    /// In which form it is.
    pub format: ReportFormat,
    /// How far it is.
    pub state: ReportState,
    /// How much of it is made, from 0 to 1.
    pub progress: Option<f64>,
    /// What went wrong the last time.
    pub error: Option<String>,
    /// As of when its numbers are, once it is made.
    pub as_of: Option<DateTime<Utc>>,
    /// The size of its file, once it is made.
    pub size_bytes: Option<i64>,
    /// Whose it is.
    pub created_by: UserId,
    /// When it was ordered.
    pub created_at: DateTime<Utc>,
    /// When its file is removed.
    pub expires_at: DateTime<Utc>,
    /// The try that made the file.
    made_by_fence: Option<i64>,
}

struct Row {
    id: Uuid,
    kind: String,
    params: Value,
    format: String,
    job_state: Option<String>,
    progress: Option<f64>,
    error: Option<String>,
    as_of: Option<DateTime<Utc>>,
    size_bytes: Option<i64>,
    made_by_fence: Option<i64>,
    created_by: Uuid,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl Row {
    fn into_report(self, now: DateTime<Utc>) -> Result<Report, StoreError> {
        let state = self.state(now);
        let is_made = self.as_of.is_some();
        Ok(Report {
            id: ReportId(self.id),
            order: order_of(&self.kind, &self.params)?,
            format: stored(&self.format),
            state,
            progress: if is_made { Some(1.0) } else { self.progress },
            error: self.error.filter(|_| !is_made),
            as_of: self.as_of,
            size_bytes: self.size_bytes,
            created_by: UserId(self.created_by),
            created_at: self.created_at,
            expires_at: self.expires_at,
            made_by_fence: self.made_by_fence,
        })
    }

    /// The file says more than the job, which may have been forgotten, or not have ended yet.
    fn state(&self, now: DateTime<Utc>) -> ReportState {
        if self.expires_at <= now {
            return ReportState::Expired;
        }
        if self.as_of.is_some() {
            return ReportState::Done;
        }
        match self.job_state.as_deref().map(stored) {
            Some(JobState::Waiting) => ReportState::Waiting,
            Some(JobState::Running) => ReportState::Running,
            Some(JobState::Cancelled) => ReportState::Cancelled,
            Some(JobState::Done | JobState::Failed | JobState::Dead) | None => ReportState::Failed,
        }
    }
}

/// An order as its two columns have it.
fn order_of(kind: &str, params: &Value) -> Result<ReportOrder, StoreError> {
    let order = json!({"kind": kind, "params": params});
    serde_json::from_value(order)
        .map_err(|error| StoreError::Internal(sqlx::Error::Decode(error.into())))
}

async fn find(
    db: &mut PgConnection,
    id: ReportId,
    now: DateTime<Utc>,
) -> Result<Option<Report>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"select r.id, r.kind, r.params, r.format, j.state as "job_state?", j.progress as "progress?",
                  j.error as "error?", r.as_of, r.size_bytes, r.made_by_fence, r.created_by, r.created_at,
                  r.expires_at
           from jobs.report r left join jobs.job j on j.id = r.id
           where r.id = $1"#,
        id.0,
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| row.into_report(now)).transpose()
}

/// Whether somebody may see a report. To others it answers like one that does not exist.
fn visible(actor: &Actor, report: Option<Report>) -> Result<Report, StoreError> {
    let report = report.ok_or(StoreError::NotFound)?;
    decide(
        actor,
        Action::ReadReport,
        Target::personal(report.created_by),
    )?;
    Ok(report)
}

impl Store {
    /// A report, for its owner and for admins.
    pub async fn report(&self, actor: &Actor, id: ReportId) -> Result<Report, StoreError> {
        let mut db = self.pool.acquire().await?;
        visible(actor, find(&mut db, id, self.clock.now()).await?)
    }

    /// Somebody's own reports, newest first.
    pub async fn reports(
        &self,
        actor: &Actor,
        page: &PageRequest,
    ) -> Result<Page<Report>, StoreError> {
        let owner = actor.user_id().ok_or(Refusal::Unauthenticated)?;
        let after: Option<ByTime> = page.after()?;
        let rows = sqlx::query_as!(
            Row,
            r#"select r.id, r.kind, r.params, r.format, j.state as "job_state?", j.progress as "progress?",
                      j.error as "error?", r.as_of, r.size_bytes, r.made_by_fence, r.created_by, r.created_at,
                      r.expires_at
               from jobs.report r left join jobs.job j on j.id = r.id
               where r.created_by = $1 and ($2::timestamptz is null or (r.created_at, r.id) < ($2, $3::uuid))
               order by r.created_at desc, r.id desc
               limit $4"#,
            owner.0,
            after.map(|after| after.0),
            after.map(|after| after.1),
            page.rows(),
        )
        .fetch_all(&self.pool)
        .await?;
        let now = self.clock.now();
        let reports: Result<Vec<_>, _> = rows.into_iter().map(|row| row.into_report(now)).collect();
        Ok(Page::of(reports?, page, |report| {
            ByTime(report.created_at, report.id.0)
        }))
    }

    /// A piece of a report's file; `None` behind the last, and when the file is gone. No connection is held between pieces, so
    /// that a slow reader keeps nobody waiting.
    pub async fn report_piece(
        &self,
        report: &Report,
        number: i32,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let bytes = sqlx::query_scalar!(
            "select bytes from jobs.report_piece where report_id = $1 and fence = $2 and number = $3",
            report.id.0,
            report.made_by_fence.unwrap_or_default(),
            number,
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(bytes)
    }
}
