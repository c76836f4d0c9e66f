//! `POST /jobs/{id}/retry`, `POST /jobs/{id}/cancel`

use super::{JobBody, job_answer};
use crate::answer::One;
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Id, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use millstream_domain::ids::JobId;
use millstream_store::job::{CancelJob, RetryJob};

#[utoipa::path(
    post, path = "/jobs/{id}/retry", tag = "jobs",
    summary = "Try a job again (admin)",
    description = "One that failed, died or was cancelled begins anew, with all its tries; one that waits for its next try \
                   need not wait. One that is done stays so: 409. May be repeated.",
    params(("id" = Uuid, Path, description = "The job")),
    responses((status = 200, description = "The job as it is now", body = One<JobBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn retry_job(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<JobId>,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    fields.finish(|| Some(()))?;
    let actor = caller.actor.clone();
    write(&app, &caller, RetryJob { actor, id }, job_answer).await
}

#[utoipa::path(
    post, path = "/jobs/{id}/cancel", tag = "jobs",
    summary = "Call a job off (admin)",
    description = "One that waits is cancelled at once. One that runs is told to stop within seconds, and is cancelled when it \
                   has; it may end before it hears of it. One that has ended stays as it is: 409. May be repeated.",
    params(("id" = Uuid, Path, description = "The job")),
    responses((status = 200, description = "The job as it is now", body = One<JobBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn cancel_job(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<JobId>,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    fields.finish(|| Some(()))?;
    let actor = caller.actor.clone();
    write(&app, &caller, CancelJob { actor, id }, job_answer).await
}
