//! `GET /jobs/{id}`

use super::{JobBody, job_answer};
use crate::answer::{Answer, One};
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Id, NoParams};
use crate::state::AppState;
use axum::extract::State;
use millstream_domain::ids::JobId;

#[utoipa::path(
    get, path = "/jobs/{id}", tag = "jobs",
    summary = "A job",
    description = "For whoever wanted it done, and for admins. Ask again to follow its progress.",
    params(("id" = Uuid, Path, description = "The job")),
    responses((status = 200, description = "The job", body = One<JobBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_job(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<JobId>,
    _: NoParams,
) -> Result<Answer, ApiError> {
    Ok(job_answer(&app.store().job(&caller.actor, id).await?))
}
