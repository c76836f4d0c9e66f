//! `GET /users`

use crate::answer::{Answer, Many};
use crate::api::schema::Problems;
use crate::api::users::UserBody;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::state::AppState;
use axum::extract::State;
use millstream_domain::policy::Action;

#[utoipa::path(
    get, path = "/users", tag = "users",
    summary = "People",
    description = "Those who share a team with you; to admins and managers all.",
    params(
        ("q" = Option<String>, Query, description = "A part of the username or the display name"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of people", body = Many<UserBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_users(
    State(app): State<AppState>,
    caller: Caller,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let (q, page) = (params.q(), params.page());
    params.finish(|| Some(()))?;
    caller.may(Action::ListUsers)?;
    let sees_addresses = caller.may(Action::AdministerUsers).is_ok();
    let users = app
        .store()
        .users(&caller.actor, q.as_deref(), &page)
        .await?;
    Ok(Answer::page(users.map(|user| {
        let is_self = user.state.id == caller.id;
        if sees_addresses || is_self {
            UserBody::full(&user)
        } else {
            UserBody::public(&user)
        }
    })))
}
