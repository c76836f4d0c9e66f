//! `POST /notifications/read`

use super::list::CountBody;
use crate::answer::{Answer, One};
use crate::api::schema::{self, Problems};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::{boolean, id, time};
use crate::extract::{Fields, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use millstream_domain::field::{FieldCode, FieldError, Invalid};
use millstream_domain::ids::NotificationId;
use millstream_event_log::events::notification::Selection;
use millstream_store::notification::ReadNotifications;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// Most notifications that are named one by one: ten pages.
pub(crate) const IDS_MAX: usize = 1_000;

/// What was read: exactly one of the three.
pub(crate) struct ReadBody;

impl PartialSchema for ReadBody {
    fn schema() -> RefOr<Schema> {
        let only_true = ObjectBuilder::new()
            .schema_type(Type::Boolean)
            .enum_values(Some([true]))
            .description(Some("Every one"));
        let ids = ArrayBuilder::new()
            .items(schema::id())
            .max_items(Some(IDS_MAX))
            .description(Some("These"));
        let body = ObjectBuilder::new()
            .description(Some("What was read: exactly one of the three"))
            .property("ids", ids)
            .property("all", only_true)
            .property("before", schema::time())
            .min_properties(Some(1))
            .max_properties(Some(1));
        body.into()
    }
}

impl ToSchema for ReadBody {}

fn read(mut fields: Fields) -> Result<Selection, ApiError> {
    let given = ["ids", "all", "before"]
        .iter()
        .filter(|name| fields.has(name))
        .count();
    if given != 1 {
        fields.wrong(
            "ids",
            Invalid::new(
                FieldCode::Invalid,
                "exactly one of ids, all and before must be given",
            ),
        );
    }
    let ids = fields
        .list("ids", IDS_MAX, id::<NotificationId>)
        .map(Selection::Ids);
    let all = fields.changed("all", only_true).map(|()| Selection::All);
    let before = fields.changed("before", time).map(Selection::Before);
    fields.finish(|| ids.or(all).or(before))
}

fn only_true(value: serde_json::Value) -> Result<(), Invalid> {
    if boolean(value)? {
        Ok(())
    } else {
        Err(Invalid::new(FieldCode::NotOneOf, "must be true"))
    }
}

#[utoipa::path(
    post, path = "/notifications/read", tag = "notifications",
    summary = "Mark notifications as read",
    description = "Answers how many are left. The view follows: wait for the position that is answered to see it there.",
    request_body = ReadBody,
    responses((status = 200, description = "How many are left", body = One<CountBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_notifications(
    State(app): State<AppState>,
    caller: Caller,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    let selection = read(fields)?;
    if let Selection::Ids(ids) = &selection {
        check_ids(&app, &caller, ids).await?;
    }
    // Counted before, because the answer must not wait for the view: what is selected will be read.
    let unread = app
        .store()
        .unread_without(caller.person(), &selection)
        .await?;
    let read = ReadNotifications {
        user_id: caller.id,
        selection,
    };
    write(&app, &caller, read, |()| Answer::one(CountBody { unread })).await
}

/// Each must be one of the caller's.
async fn check_ids(
    app: &AppState,
    caller: &Caller,
    ids: &[NotificationId],
) -> Result<(), ApiError> {
    let known = app
        .store()
        .known_notifications(caller.person(), ids)
        .await?;
    let unknown = ids.iter().enumerate().filter(|(_, id)| !known.contains(id));
    let errors: Vec<_> = unknown
        .map(|(at, _)| {
            FieldError::new(
                format!("ids[{at}]"),
                FieldCode::NotFound,
                "must be a notification of yours",
            )
        })
        .take(100)
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(ApiError::validation(errors))
    }
}
