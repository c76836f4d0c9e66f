//! `GET`, `PATCH` and `DELETE /schedules/{id}`

use super::fields::{SchedulePatch, edit};
use super::{ScheduleBody, schedule_answer};
use crate::answer::{Answer, One};
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Fields, Id, IfMatch, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use millstream_domain::ids::ScheduleId;
use millstream_domain::policy::Action;
use millstream_store::Versions;
use millstream_store::schedule::{DeleteSchedule, UpdateSchedule};

#[utoipa::path(
    get, path = "/schedules/{id}", tag = "schedules",
    summary = "A schedule (admin)",
    params(("id" = uuid::Uuid, Path, description = "The schedule")),
    responses((status = 200, description = "The schedule", body = One<ScheduleBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_schedule(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ScheduleId>,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let schedule = app.store().schedule(&caller.actor, id).await?;
    Ok(schedule_answer(&schedule, app.store().clock().now()))
}

#[utoipa::path(
    patch, path = "/schedules/{id}", tag = "schedules",
    summary = "Change a schedule (admin)",
    description = "Times that have passed are not run again. `cron` takes the place of `every_s`, and the other way round.",
    params(IfMatch, ("id" = uuid::Uuid, Path, description = "The schedule")),
    request_body(content = SchedulePatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The schedule as it is now", body = One<ScheduleBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn update_schedule(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ScheduleId>,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    caller.may(Action::ManageSchedules)?;
    let update = read(fields, &caller, id, expected_version)?;
    let now = app.store().clock().now();
    let answer = |schedule: &_| schedule_answer(schedule, now);
    write(&app, &caller, update, answer).await
}

/// Reads it, from a body or from a form.
pub(crate) fn read(
    mut fields: Fields,
    caller: &Caller,
    id: ScheduleId,
    expected_version: Option<Versions>,
) -> Result<UpdateSchedule, ApiError> {
    let edit = edit(&mut fields);
    fields.read_only(&[
        "id",
        "missed_count",
        "next_run_at",
        "last_run_at",
        "last_job_id",
        "created_at",
        "updated_at",
        "version",
    ]);
    let actor = caller.actor.clone();
    fields.finish(|| {
        Some(UpdateSchedule {
            actor,
            id,
            expected_version,
            edit,
        })
    })
}

#[utoipa::path(
    delete, path = "/schedules/{id}", tag = "schedules",
    summary = "Delete a schedule (admin)",
    description = "The jobs that it has enqueued stay. One that Millstream brought along does not come back.",
    params(IfMatch, ("id" = uuid::Uuid, Path, description = "The schedule")),
    responses((status = 204, description = "Deleted"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn delete_schedule(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ScheduleId>,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let delete = DeleteSchedule {
        actor: caller.actor.clone(),
        id,
        expected_version,
    };
    let deleted = app.store().write(&caller.origin, delete).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT).at(deleted.position))
}
