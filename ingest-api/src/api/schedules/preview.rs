//! `GET /schedules/{id}/preview`

use crate::answer::{Answer, One};
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Id, NoParams};
use crate::state::AppState;
use axum::extract::State;
use chrono::{DateTime, Utc};
use millstream_domain::ids::ScheduleId;
use millstream_event_log::events::schedule::ScheduleState;
use serde::Serialize;
use utoipa::ToSchema;

/// How many times are shown: enough to see the next weekend, or the night when clocks are set.
pub(crate) const SHOWN: usize = 10;

/// When a schedule would run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SchedulePreview)]
pub(crate) struct PreviewBody {
    /// The next times, whether it is on or off.
    times: Vec<DateTime<Utc>>,
}

/// The next times of a schedule.
pub(crate) fn upcoming(schedule: &ScheduleState, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let timetable = schedule.timetable();
    // What is stored was checked; a zone that only a newer program knows has no times here.
    timetable.map_or_else(|_| Vec::new(), |times| times.upcoming(now, SHOWN).collect())
}

#[utoipa::path(
    get, path = "/schedules/{id}/preview", tag = "schedules",
    summary = "The next ten times of a schedule (admin)",
    params(("id" = uuid::Uuid, Path, description = "The schedule")),
    responses((status = 200, description = "The times", body = One<PreviewBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn preview_schedule(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ScheduleId>,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let schedule = app.store().schedule(&caller.actor, id).await?.state;
    let times = upcoming(&schedule, app.store().clock().now());
    Ok(Answer::versioned(schedule.version, PreviewBody { times }))
}
