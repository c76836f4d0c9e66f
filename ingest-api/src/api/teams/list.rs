//! `GET /teams`

use crate::answer::{Answer, Many};
use crate::api::schema::Problems;
use crate::api::teams::TeamBody;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::state::AppState;
use axum::extract::State;

#[utoipa::path(
    get, path = "/teams", tag = "teams",
    summary = "Teams",
    description = "Those that you see, oldest first.",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of teams", body = Many<TeamBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_teams(
    State(app): State<AppState>,
    caller: Caller,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let page = params.page();
    params.finish(|| Some(()))?;
    let teams = app.store().teams(&caller.actor, &page).await?;
    Ok(Answer::page(
        teams.map(|team| TeamBody::seen_by(&caller, &team)),
    ))
}
