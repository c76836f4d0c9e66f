//! `POST /reports`

use crate::answer::One;
use crate::api::jobs::{JobBody, job_answer};
use crate::api::schema::{self, Problems};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::{id, whole, word};
use crate::extract::{Fields, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use millstream_analytics_engine::reports::{DAYS_DEFAULT, DAYS_MAX};
use millstream_domain::field::{FieldCode, Invalid};
use millstream_domain::ids::UserId;
use millstream_domain::report::{ReportFormat, ReportGroup, ReportKind, ReportOrder};
use millstream_store::report::OrderReport;
use serde_json::Value;
use utoipa::ToSchema;

/// A report to be made.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct NewReport {
    /// `dashboard`, `distribution`, `stats` (of a person), `performance` (of a team) and `flow` (of a project) are what GET
    /// /analytics/… answers; `tasks` has a row for each task that you see and that is not in the trash.
    #[schema(schema_with = schema::report_kind)]
    kind: String,
    #[schema(schema_with = schema::report_format)]
    format: String,
    #[schema(required = false)]
    params: Option<NewReportParams>,
}

/// What a report is asked. Each kind has its own: `dashboard` has `days`, `team`, `project`; `distribution` has `by`, `team`,
/// `project`; `stats` has `user` and `days`; `performance` has `team` and `days`; `flow` has `project` and `days`; `tasks` has
/// `team`, `project`, `assignee`. `user` of `stats`, `team` of `performance` and `project` of `flow` must be given.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct NewReportParams {
    /// How many days, today among them.
    #[schema(schema_with = days_schema, required = false)]
    days: Option<u32>,
    /// Over what tasks are spread; `status` by itself.
    #[schema(schema_with = schema::report_group_or_null, required = false)]
    by: Option<String>,
    #[schema(required = false)]
    team: Option<uuid::Uuid>,
    #[schema(required = false)]
    project: Option<uuid::Uuid>,
    #[schema(required = false)]
    user: Option<uuid::Uuid>,
    /// Only tasks that somebody works on.
    #[schema(required = false)]
    assignee: Option<uuid::Uuid>,
}

fn days_schema() -> utoipa::openapi::schema::Object {
    schema::whole_or_null(1..=DAYS_MAX)
}

/// Reads it, from a body or from a form.
pub(crate) fn read(mut fields: Fields, caller: &Caller) -> Result<OrderReport, ApiError> {
    let kind: Option<ReportKind> = fields.required("kind", word);
    let format: Option<ReportFormat> = fields.required("format", word);
    let order = fields.object_if_any("params", |params| {
        if let Some(kind) = kind {
            return read_params(kind, params);
        }
        // Which ones there may be depends on the kind: without one, what can be read at all is.
        pass_over(params);
        None
    });
    let actor = caller.actor.clone();
    fields.finish(|| {
        Some(OrderReport {
            actor,
            order: order?,
            format: format?,
        })
    })
}

/// The parameters of a kind.
fn read_params(kind: ReportKind, params: &mut Fields) -> Option<ReportOrder> {
    let days_of = |params: &mut Fields| params.optional("days", days).unwrap_or(DAYS_DEFAULT);
    match kind {
        ReportKind::Dashboard => Some(ReportOrder::Dashboard {
            days: days_of(params),
            team: params.optional("team", id),
            project: params.optional("project", id),
        }),
        ReportKind::Distribution => Some(ReportOrder::Distribution {
            by: params.optional("by", word).unwrap_or(ReportGroup::Status),
            team: params.optional("team", id),
            project: params.optional("project", id),
        }),
        ReportKind::Stats => {
            let (user, days) = (params.required("user", id), days_of(params));
            Some(ReportOrder::Stats { user: user?, days })
        }
        ReportKind::Performance => {
            let (team, days) = (params.required("team", id), days_of(params));
            Some(ReportOrder::Performance { team: team?, days })
        }
        ReportKind::Flow => {
            let (project, days) = (params.required("project", id), days_of(params));
            let project = project?;
            Some(ReportOrder::Flow { project, days })
        }
        ReportKind::Tasks => Some(ReportOrder::Tasks {
            team: params.optional("team", id),
            project: params.optional("project", id),
            assignee: params.optional("assignee", id),
        }),
    }
}

/// Reads every parameter that some kind has.
fn pass_over(params: &mut Fields) {
    params.optional("days", days);
    params.optional("by", word::<ReportGroup>);
    for name in ["team", "project", "user", "assignee"] {
        params.optional(name, id::<UserId>);
    }
}

#[expect(clippy::needless_pass_by_value, reason = "all readers have one form")]
fn days(value: Value) -> Result<u32, Invalid> {
    let days = u32::try_from(whole(&value)?).ok();
    days.filter(|days| (1..=DAYS_MAX).contains(days))
        .ok_or_else(|| {
            let text = format!("must be a whole number from 1 to {DAYS_MAX}");
            Invalid::new(FieldCode::OutOfRange, text)
        })
}

#[utoipa::path(
    post, path = "/reports", tag = "reports",
    summary = "Order a report as a file",
    description = "Of what you see when it is made, everything in it that was written before. Answers the job that makes it; the report \
                   has the same id. At most 20 of yours at a time, a file of at most 64 MiB, kept for 7 days.",
    request_body = NewReport,
    responses((status = 202, description = "The job", body = One<JobBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn order_report(
    State(app): State<AppState>,
    caller: Caller,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    let order = read(fields, &caller)?;
    write(&app, &caller, order, |job| {
        job_answer(job).accepted(&format!("/api/v1/jobs/{}", job.id))
    })
    .await
}
