//! `GET /tasks/{id}/comments`

use crate::answer::{Answer, Many};
use crate::api::comments::CommentBody;
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::state::AppState;
use axum::extract::State;
use millstream_store::task::TaskRef;

#[utoipa::path(
    get, path = "/tasks/{id}/comments", tag = "comments",
    summary = "Comments on a task",
    description = "Oldest first. Deleted ones keep their place, without their text.",
    params(
        ("id" = String, Path, description = "The task's id, or its name such as `ENG-42`"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of comments", body = Many<CommentBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_comments(
    State(app): State<AppState>,
    caller: Caller,
    Id(task): Id<TaskRef>,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let page = params.page();
    params.finish(|| Some(()))?;
    let comments = app.store().comments(&caller.actor, &task, &page).await?;
    Ok(Answer::page(
        comments.map(|comment| CommentBody::from(&comment)),
    ))
}
