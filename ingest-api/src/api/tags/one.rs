//! `GET`, `PATCH` and `DELETE /tags/{id}`

use crate::answer::{Answer, One};
use crate::api::schema::{self, Problems};
use crate::api::tags::{TagBody, tag_answer};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::text;
use crate::extract::{Fields, Id, IfMatch, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use millstream_domain::ids::TagId;
use millstream_domain::tag::TagColor;
use millstream_domain::task::TagName;
use millstream_store::Versions;
use millstream_store::tag::UpdateTag;
use utoipa::ToSchema;

/// What is to be different about a tag.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct TagPatch {
    /// 1 to 40 characters without commas, unique in the team whatever their case.
    #[schema(schema_with = schema::tag_name, required = false)]
    name: Option<String>,
    /// Null makes it gray.
    #[schema(schema_with = schema::tag_color_or_null, required = false)]
    color: Option<String>,
}

#[utoipa::path(
    get, path = "/tags/{id}", tag = "tags",
    summary = "A tag",
    params(("id" = uuid::Uuid, Path, description = "The tag")),
    responses((status = 200, description = "The tag", body = One<TagBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_tag(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<TagId>,
    _: NoParams,
) -> Result<Answer, ApiError> {
    Ok(tag_answer(&app.store().tag(&caller.actor, id).await?))
}

#[utoipa::path(
    patch, path = "/tags/{id}", tag = "tags",
    summary = "Rename or colour a tag (maintainer)",
    description = "The tasks that carry it keep it, under its new name.",
    params(IfMatch, ("id" = uuid::Uuid, Path, description = "The tag")),
    request_body(content = TagPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The tag as it is now", body = One<TagBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn update_tag(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<TagId>,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    let update = read(fields, &caller, id, expected_version)?;
    write(&app, &caller, update, tag_answer).await
}

/// Reads it, from a body or from a form.
pub(crate) fn read(
    mut fields: Fields,
    caller: &Caller,
    id: TagId,
    expected_version: Option<Versions>,
) -> Result<UpdateTag, ApiError> {
    let name = fields.changed("name", text(TagName::new));
    let color = fields.clearable("color", text(TagColor::new));
    fields.read_only(&["id", "team_id", "created_at", "updated_at", "version"]);
    let actor = caller.actor.clone();
    fields.finish(|| {
        Some(UpdateTag {
            actor,
            id,
            expected_version,
            name,
            color: color.map(Option::unwrap_or_default),
        })
    })
}

#[utoipa::path(
    delete, path = "/tags/{id}", tag = "tags",
    summary = "Delete a tag (maintainer)",
    description = "It is taken from all tasks that carry it, and each of them says so. That may take a while where there are \
                   many thousands; whoever does not wait for the end deletes it again.",
    params(IfMatch, ("id" = uuid::Uuid, Path, description = "The tag")),
    responses((status = 204, description = "Deleted"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn delete_tag(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<TagId>,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let deleted = app
        .store()
        .delete_tag(&caller.origin, &caller.actor, id, expected_version)
        .await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT).at(deleted.position))
}
