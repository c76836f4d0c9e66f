//! `GET`, `PATCH` and `DELETE /tasks/{id}/comments/{comment_id}`

use crate::answer::{Answer, One};
use crate::api::comments::{CommentBody, comment_answer};
use crate::api::schema::{self, Problems};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::text;
use crate::extract::{IdIn, IfMatch, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use millstream_domain::comment;
use millstream_domain::ids::CommentId;
use millstream_store::comment::{CommentEdit, UpdateComment};
use millstream_store::task::TaskRef;
use utoipa::ToSchema;

/// What is to be different about a comment.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct CommentPatch {
    /// Markdown, up to 64 KiB.
    #[schema(schema_with = schema::said, required = false)]
    body: Option<String>,
}

#[utoipa::path(
    get, path = "/tasks/{id}/comments/{comment_id}", tag = "comments",
    summary = "A comment",
    params(
        ("id" = String, Path, description = "The task's id, or its name such as `ENG-42`"),
        ("comment_id" = Uuid, Path, description = "The comment"),
    ),
    responses((status = 200, description = "The comment", body = One<CommentBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_comment(
    State(app): State<AppState>,
    caller: Caller,
    IdIn(task, id): IdIn<TaskRef, CommentId>,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let comment = app.store().comment(&caller.actor, &task, id).await?;
    Ok(comment_answer(&comment))
}

#[utoipa::path(
    patch, path = "/tasks/{id}/comments/{comment_id}", tag = "comments",
    summary = "Edit a comment of yours",
    params(
        IfMatch,
        ("id" = String, Path, description = "The task's id, or its name such as `ENG-42`"),
        ("comment_id" = Uuid, Path, description = "The comment"),
    ),
    request_body(content = CommentPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The comment as it is now", body = One<CommentBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn edit_comment(
    State(app): State<AppState>,
    caller: Caller,
    IdIn(task, id): IdIn<TaskRef, CommentId>,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
    JsonBody(mut fields): JsonBody,
) -> Result<Response, ApiError> {
    let body = fields.changed("body", text(comment::CommentBody::new));
    fields.read_only(&[
        "id",
        "task_id",
        "author",
        "body_html",
        "created_at",
        "edited_at",
        "deleted_at",
        "updated_at",
        "version",
    ]);
    let body = fields.finish(|| Some(body))?;
    let update = UpdateComment {
        actor: caller.actor.clone(),
        task,
        id,
        expected_version,
        edit: body.map_or(CommentEdit::Nothing, CommentEdit::Body),
    };
    write(&app, &caller, update, comment_answer).await
}

#[utoipa::path(
    delete, path = "/tasks/{id}/comments/{comment_id}", tag = "comments",
    summary = "Delete a comment",
    description = "By its author or a maintainer of the team. Its text is gone, its place remains.",
    params(
        IfMatch,
        ("id" = String, Path, description = "The task's id, or its name such as `ENG-42`"),
        ("comment_id" = Uuid, Path, description = "The comment"),
    ),
    responses((status = 204, description = "Deleted"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn delete_comment(
    State(app): State<AppState>,
    caller: Caller,
    IdIn(task, id): IdIn<TaskRef, CommentId>,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let delete = UpdateComment {
        actor: caller.actor.clone(),
        task,
        id,
        expected_version,
        edit: CommentEdit::Delete,
    };
    let written = app.store().write(&caller.origin, delete).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT).at(written.position))
}
