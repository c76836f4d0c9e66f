//! `GET` and `DELETE /reports/{id}`

use super::{ReportBody, report_answer};
use crate::answer::{Answer, One};
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Id, IfMatch, NoParams};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use millstream_domain::ids::ReportId;
use millstream_store::report::DeleteReport;

#[utoipa::path(
    get, path = "/reports/{id}", tag = "reports",
    summary = "A report",
    description = "For whoever ordered it, and for admins. Ask again to follow its progress.",
    params(("id" = Uuid, Path, description = "The report")),
    responses((status = 200, description = "The report", body = One<ReportBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_report(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ReportId>,
    _: NoParams,
) -> Result<Answer, ApiError> {
    Ok(report_answer(&app.store().report(&caller.actor, id).await?))
}

#[utoipa::path(
    delete, path = "/reports/{id}", tag = "reports",
    summary = "Delete a report",
    description = "With its file. If it is still to be made, its job is called off.",
    params(IfMatch, ("id" = Uuid, Path, description = "The report")),
    responses((status = 204, description = "Deleted"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn delete_report(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ReportId>,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let delete = DeleteReport {
        actor: caller.actor.clone(),
        id,
        expected_version,
    };
    let written = app.store().write(&caller.origin, delete).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT).at(written.position))
}
