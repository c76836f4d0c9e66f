//! `GET /tags`

use crate::answer::{Answer, Many};
use crate::api::schema::Problems;
use crate::api::tags::TagBody;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::extract::params::id;
use crate::state::AppState;
use axum::extract::State;

#[utoipa::path(
    get, path = "/tags", tag = "tags",
    summary = "Tags",
    description = "Those of the teams that you see, oldest first.",
    params(
        ("team" = Option<uuid::Uuid>, Query, description = "Only of this team"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of tags", body = Many<TagBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_tags(
    State(app): State<AppState>,
    caller: Caller,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let (team, page) = (params.one("team", id), params.page());
    params.finish(|| Some(()))?;
    let tags = app.store().tags(&caller.actor, team, &page).await?;
    Ok(Answer::page(tags.map(|tag| TagBody::from(&tag))))
}
