//! `POST /schedules`

use super::fields::{self, kind};
use super::{ScheduleBody, schedule_answer};
use crate::answer::One;
use crate::api::schema::{self, Problems};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::text;
use crate::extract::{Fields, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use millstream_domain::policy::Action;
use millstream_domain::schedule::ScheduleName;
use millstream_store::schedule::CreateSchedule;
use serde_json::Value;
use utoipa::ToSchema;

/// A new schedule: `cron` or `every_s` must be given. The rest is by default UTC, no arguments, the queue of its kind, on, and
/// `once` for runs that were missed.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct NewSchedule {
    /// Unique.
    #[schema(schema_with = schema::line::<80>)]
    name: String,
    #[schema(schema_with = kind)]
    kind: String,
    /// Minute, hour, day of the month, month, day of the week: `*`, numbers, names, `1-5`, `1,3`, `*/15`, `L`, `5#2`. Takes the
    /// place of `every_s`.
    #[schema(schema_with = fields::cron_or_null, required = false)]
    cron: Option<String>,
    /// Takes the place of `cron`.
    #[schema(schema_with = fields::every_or_null, required = false)]
    every_s: Option<i64>,
    /// Whose wall the times of `cron` are on. One that clocks skip comes at the next moment that exists, one that they show
    /// twice comes once.
    #[schema(schema_with = schema::time_zone, required = false)]
    time_zone: Option<String>,
    /// What the jobs are given; null is nothing.
    #[schema(value_type = Option<Object>, required = false)]
    args: Option<Value>,
    #[schema(schema_with = schema::queue, required = false)]
    queue: Option<String>,
    #[schema(required = false, nullable = false)]
    enabled: Option<bool>,
    /// `skip` leaves runs out whose time passed while nothing ran, `once` makes up for the last of them, `all` for as many as
    /// `missed_max` says.
    #[schema(schema_with = schema::missed_policy, required = false)]
    missed: Option<String>,
    #[schema(schema_with = fields::missed_max, required = false)]
    missed_max: Option<i64>,
}

/// Reads it, from a body or from a form.
pub(crate) fn read(mut fields: Fields, caller: &Caller) -> Result<CreateSchedule, ApiError> {
    let name = fields.required("name", text(ScheduleName::new));
    let kind = fields.required("kind", text(|name| Ok(name.to_owned())));
    let edit = fields::times(&mut fields);
    let actor = caller.actor.clone();
    fields.finish(|| {
        Some(CreateSchedule {
            actor,
            name: name?,
            kind: kind?,
            edit,
        })
    })
}

#[utoipa::path(
    post, path = "/schedules", tag = "schedules",
    summary = "Make a schedule (admin)",
    request_body = NewSchedule,
    responses((status = 201, description = "Made", body = One<ScheduleBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn create_schedule(
    State(app): State<AppState>,
    caller: Caller,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    caller.may(Action::ManageSchedules)?;
    let create = read(fields, &caller)?;
    let now = app.store().clock().now();
    write(&app, &caller, create, |schedule| {
        let location = format!("/api/v1/schedules/{}", schedule.state.id);
        schedule_answer(schedule, now).created(&location)
    })
    .await
}
