//! Reports as files: ordered, made by a job, downloaded, deleted. Everybody has their own.

pub(crate) mod download;
pub(crate) mod list;
pub(crate) mod one;
pub(crate) mod order;

use crate::answer::Answer;
use crate::api::schema;
use chrono::{DateTime, Utc};
use millstream_domain::ids::ReportId;
use millstream_domain::report::{ReportFormat, ReportKind, ReportState};
use millstream_store::report::Report;
use millstream_store::version::ONLY;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A report as a file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Report)]
pub(crate) struct ReportBody {
    /// The job that makes it has the same.
    #[schema(value_type = Uuid)]
    id: ReportId,
    /// What it is about.
    #[schema(schema_with = schema::report_kind)]
    kind: ReportKind,
    /// As they were ordered, those that are by default among them.
    #[schema(value_type = Object)]
    params: Value,
    #[schema(schema_with = schema::report_format)]
    format: ReportFormat,
    /// As of when its numbers are; null until it is made.
    as_of: Option<DateTime<Utc>>,
    #[schema(schema_with = schema::report_state)]
    state: ReportState,
    /// How much of it is made, from 0 to 1; null where nobody knows yet.
    progress: Option<f64>,
    /// What went wrong the last time.
    error: Option<String>,
    /// When its file is removed.
    expires_at: DateTime<Utc>,
    /// The size of its file; null until it is made.
    size_bytes: Option<i64>,
    /// Where its file is; null until it is made, and once it is removed.
    #[schema(example = "/api/v1/reports/01890000-0000-7000-8000-000000000000/download")]
    download_url: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<&Report> for ReportBody {
    fn from(report: &Report) -> Self {
        let order = serde_json::to_value(report.order).expect("an order is plain data");
        let is_there = report.state == ReportState::Done;
        Self {
            id: report.id,
            kind: report.order.kind(),
            params: order.get("params").cloned().unwrap_or_default(),
            format: report.format,
            as_of: report.as_of,
            state: report.state,
            progress: report.progress,
            error: report.error.clone(),
            expires_at: report.expires_at,
            size_bytes: report.size_bytes,
            download_url: is_there.then(|| format!("/api/v1/reports/{}/download", report.id)),
            created_at: report.created_at,
        }
    }
}

/// One report. Nobody edits it, so there is one version.
fn report_answer(report: &Report) -> Answer {
    Answer::versioned(ONLY, ReportBody::from(report))
}
