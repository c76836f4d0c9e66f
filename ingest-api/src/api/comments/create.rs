//! `POST /tasks/{id}/comments`

use crate::answer::One;
use crate::api::comments::{CommentBody, comment_answer};
use crate::api::schema::{self, Problems};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::text;
use crate::extract::{Id, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use millstream_domain::comment;
use millstream_store::comment::CreateComment;
use millstream_store::task::TaskRef;
use utoipa::ToSchema;

/// The text of a comment.
#[derive(ToSchema)]
#[schema(example = json!({"body": "Grease it, @grace."}))]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct CommentText {
    /// Markdown, up to 64 KiB. `@ada` mentions a member of the team.
    #[schema(schema_with = schema::said)]
    body: String,
}

#[utoipa::path(
    post, path = "/tasks/{id}/comments", tag = "comments",
    summary = "Comment on a task",
    params(("id" = String, Path, description = "The task's id, or its name such as `ENG-42`")),
    request_body = CommentText,
    responses((status = 201, description = "Written", body = One<CommentBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn create_comment(
    State(app): State<AppState>,
    caller: Caller,
    Id(task): Id<TaskRef>,
    _: NoParams,
    JsonBody(mut fields): JsonBody,
) -> Result<Response, ApiError> {
    let body = fields.required("body", text(comment::CommentBody::new));
    let actor = caller.actor.clone();
    let create = fields.finish(|| {
        Some(CreateComment {
            actor,
            task,
            body: body?,
        })
    })?;
    write(&app, &caller, create, |comment| {
        let location = format!("/api/v1/tasks/{}/comments/{}", comment.task_id, comment.id);
        comment_answer(comment).created(&location)
    })
    .await
}
