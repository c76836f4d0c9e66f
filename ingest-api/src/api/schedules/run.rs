//! `POST /schedules/{id}/run`

use crate::answer::One;
use crate::api::jobs::{JobBody, job_answer};
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Id, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use millstream_domain::ids::ScheduleId;
use millstream_domain::policy::Action;
use millstream_store::schedule::RunSchedule;

#[utoipa::path(
    post, path = "/schedules/{id}/run", tag = "schedules",
    summary = "Run a schedule now (admin)",
    description = "Beside its times, which stay as they are; one that is off, too. Answers the job.",
    params(("id" = uuid::Uuid, Path, description = "The schedule")),
    responses((status = 202, description = "The job", body = One<JobBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn run_schedule(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ScheduleId>,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    caller.may(Action::ManageSchedules)?;
    fields.finish(|| Some(()))?;
    let actor = caller.actor.clone();
    let run = RunSchedule { actor, id };
    write(&app, &caller, run, |job| {
        job_answer(job).accepted(&format!("/api/v1/jobs/{}", job.id))
    })
    .await
}
