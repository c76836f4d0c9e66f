//! `GET /schedules`

use super::ScheduleBody;
use crate::answer::{Answer, Many};
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::state::AppState;
use axum::extract::State;

#[utoipa::path(
    get, path = "/schedules", tag = "schedules",
    summary = "Schedules (admin)",
    description = "Oldest first; those that Millstream brings along are among them.",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of schedules", body = Many<ScheduleBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_schedules(
    State(app): State<AppState>,
    caller: Caller,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let page = params.page();
    params.finish(|| Some(()))?;
    let schedules = app.store().schedules(&caller.actor, &page).await?;
    let now = app.store().clock().now();
    Ok(Answer::page(
        schedules.map(|schedule| ScheduleBody::of(&schedule, now)),
    ))
}
