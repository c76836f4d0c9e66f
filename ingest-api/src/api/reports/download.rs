//! `GET /reports/{id}/download`

use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Id, NoParams};
use crate::problem::Code;
use crate::state::AppState;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures::stream;
use millstream_domain::cause::in_full;
use millstream_domain::ids::ReportId;
use millstream_domain::policy::Actor;
use millstream_domain::report::{ReportFormat, ReportState};
use millstream_store::Store;
use millstream_store::report::Report;

#[utoipa::path(
    get, path = "/reports/{id}/download", tag = "reports",
    summary = "The file of a report",
    description = "409 until it is made, or if it cannot be; 410 once its time is over. An answer that breaks off is not the \
                   whole: its length is told before.",
    params(("id" = Uuid, Path, description = "The report")),
    responses(
        (status = 200, description = "The file", content(
            (String = "text/csv"), (Object = "application/json"), (Vec<u8> = "application/vnd.apache.parquet"),
        )),
        (status = 409, description = "`conflict`: It is not made yet, or cannot be", body = crate::error::Problem,
            content_type = "application/problem+json"),
        (status = 410, description = "`gone`: Its time is over", body = crate::error::Problem,
            content_type = "application/problem+json"),
        Problems,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn download_report(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ReportId>,
    _: NoParams,
) -> Result<Response, ApiError> {
    file(&app, &caller.actor, id).await
}

/// The file, for whoever may have it: sent piece by piece, as fast as it is read.
pub(crate) async fn file(
    app: &AppState,
    actor: &Actor,
    id: ReportId,
) -> Result<Response, ApiError> {
    let report = app.store().report(actor, id).await?;
    let why_not = match report.state {
        ReportState::Done => None,
        ReportState::Waiting | ReportState::Running => Some((
            Code::Conflict,
            "the report is not made yet: ask again in a moment",
        )),
        ReportState::Failed | ReportState::Cancelled => Some((
            Code::Conflict,
            "the report was not made: its `error` says why",
        )),
        ReportState::Expired => Some((Code::Gone, "the file was removed, as its time is over")),
    };
    if let Some((code, why)) = why_not {
        return Err(ApiError::new(code, why));
    }
    let headers: [(HeaderName, String); 4] = [
        (CONTENT_TYPE, content_type(report.format).to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", name_of(&report)),
        ),
        (
            CONTENT_LENGTH,
            report.size_bytes.unwrap_or_default().to_string(),
        ),
        (CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    let reading = Reading {
        store: app.store().clone(),
        left: report.size_bytes.unwrap_or_default(),
        report,
        number: 0,
    };
    let pieces = stream::try_unfold(reading, next);
    Ok((headers, Body::from_stream(pieces)).into_response())
}

fn content_type(format: ReportFormat) -> &'static str {
    match format {
        ReportFormat::Csv => "text/csv; charset=utf-8; header=present",
        ReportFormat::Json => "application/json",
        ReportFormat::Parquet => "application/vnd.apache.parquet",
    }
}

/// What the file is called where it is saved: of what it is, and as of when.
fn name_of(report: &Report) -> String {
    let as_of = report.as_of.unwrap_or(report.created_at);
    format!(
        "millstream-{}-{}.{}",
        report.order.kind(),
        as_of.format("%Y-%m-%d-%H%M%S"),
        report.format
    )
}

/// A file that is being sent.
struct Reading {
    store: Store,
    report: Report,
    number: i32,
    left: i64,
}

/// The next piece. What goes wrong on the way breaks the answer off, so that nobody takes it for the whole.
async fn next(mut reading: Reading) -> Result<Option<(Bytes, Reading)>, axum::BoxError> {
    if reading.left <= 0 {
        return Ok(None);
    }
    let piece = reading
        .store
        .report_piece(&reading.report, reading.number)
        .await
        .inspect_err(|error| {
            tracing::warn!(error = in_full(error), "the file of a report broke off");
        })?;
    let Some(piece) = piece else {
        return Err("the report was deleted while it was read".into());
    };
    reading.number += 1;
    reading.left -= i64::try_from(piece.len()).unwrap_or(i64::MAX);
    Ok(Some((piece.into(), reading)))
}
