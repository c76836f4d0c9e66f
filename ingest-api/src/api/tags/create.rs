//! `POST /tags`

use crate::answer::One;
use crate::api::schema::{self, Problems};
use crate::api::tags::{TagBody, tag_answer};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::{id, text};
use crate::extract::{Fields, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use millstream_domain::tag::TagColor;
use millstream_domain::task::TagName;
use millstream_store::tag::CreateTag;
use utoipa::ToSchema;

/// A new tag.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct NewTag {
    /// The team it belongs to.
    team_id: uuid::Uuid,
    /// 1 to 40 characters without commas, unique in the team whatever their case.
    #[schema(schema_with = schema::tag_name)]
    name: String,
    /// Default `gray`.
    #[schema(schema_with = schema::tag_color_or_null, required = false)]
    color: Option<String>,
}

/// Reads it, from a body or from a form.
pub(crate) fn read(mut fields: Fields, caller: &Caller) -> Result<CreateTag, ApiError> {
    let team_id = fields.required("team_id", id);
    let name = fields.required("name", text(TagName::new));
    let color = fields.optional("color", text(TagColor::new));
    let actor = caller.actor.clone();
    fields.finish(|| {
        Some(CreateTag {
            actor,
            team_id: team_id?,
            name: name?,
            color: color.unwrap_or_default(),
        })
    })
}

#[utoipa::path(
    post, path = "/tags", tag = "tags",
    summary = "Make a tag (maintainer)",
    description = "Members make tags, too, by giving tasks names that are new.",
    request_body = NewTag,
    responses((status = 201, description = "Made", body = One<TagBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn create_tag(
    State(app): State<AppState>,
    caller: Caller,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    let create = read(fields, &caller)?;
    write(&app, &caller, create, |tag| {
        tag_answer(tag).created(&format!("/api/v1/tags/{}", tag.id))
    })
    .await
}
