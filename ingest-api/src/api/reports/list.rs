//! `GET /reports`

use super::ReportBody;
use crate::answer::{Answer, Many};
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::state::AppState;
use axum::extract::State;

#[utoipa::path(
    get, path = "/reports", tag = "reports",
    summary = "Your reports",
    description = "Newest first. Files are kept for 7 days; that there was one is remembered for 30 more.",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of reports", body = Many<ReportBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_reports(
    State(app): State<AppState>,
    caller: Caller,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let page = params.page();
    params.finish(|| Some(()))?;
    let reports = app.store().reports(&caller.actor, &page).await?;
    Ok(Answer::page(
        reports.map(|report| ReportBody::from(&report)),
    ))
}
