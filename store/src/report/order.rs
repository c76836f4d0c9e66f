//! A report is ordered, together with its job, or deleted, which calls the job off.

use super::{FILE_KEPT, MakeReport, Report, find, visible};
use crate::job::{Job, NewJob};
use crate::team::ids;
use crate::version::{ONLY, Versions, check_version};
use crate::{Change, Changed, Changing, StoreError};
use millstream_domain::field::{FieldCode, FieldError};
use millstream_domain::ids::{JobId, ReportId, UserId};
use millstream_domain::policy::{Action, Actor, Refusal, Target, decide};
use millstream_domain::report::{ReportFormat, ReportOrder};
use millstream_event_log::events::ReportEvent;
use millstream_event_log::events::report::ReportState;
use serde_json::Value;
use uuid::Uuid;

/// Most reports of one person whose time is not over, those among them that are still to be made: more than anybody keeps
/// apart, and together at most 1.25 GiB.
pub const REPORTS_MAX: i64 = 20;

/// Somebody orders a report.
#[derive(Debug)]
pub struct OrderReport {
    /// Who.
    pub actor: Actor,
    /// About what.
    pub order: ReportOrder,
    /// In which form.
    pub format: ReportFormat,
}

/// Somebody deletes a report. If it is being made, that ends.
#[derive(Debug)]
pub struct DeleteReport {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub id: ReportId,
    /// The version that they know, if they said.
    pub expected_version: Option<Versions>,
}

impl Change for OrderReport {
    type Output = Job;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Job>, StoreError> {
        decide(&self.actor, Action::OrderReports, Target::SYSTEM)?;
        let owner = self.actor.user_id().ok_or(Refusal::Unauthenticated)?;
        self.check(cx).await?;
        make_room(cx, owner).await?;
        let (id, now): (JobId, _) = (cx.id(), cx.now);
        let job = NewJob::of(id, &MakeReport {}, now)?.owned_by(Some(owner));
        let state = ReportState {
            report_id: ReportId(id.0),
            order: self.order,
            format: self.format,
            owner,
            expires_at: now + FILE_KEPT,
        };
        let written = serde_json::to_value(state.order).expect("an order is plain data");
        sqlx::query!(
            "insert into jobs.report (id, kind, params, format, created_by, created_at, expires_at)
             values ($1, $2, $3::text::json, $4, $5, $6, $7)",
            id.0,
            state.order.kind().as_str(),
            written.get("params").unwrap_or(&Value::Null).to_string(),
            state.format.as_str(),
            owner.0,
            now,
            state.expires_at,
        )
        .execute(cx.db())
        .await?;
        let job = cx.enqueue(&job).await?.into_job();
        Ok(Changed::because(job, ReportEvent::Ordered(state)))
    }
}

impl OrderReport {
    /// Whether all that it names is there and seen.
    async fn check(&self, cx: &mut Changing<'_>) -> Result<(), StoreError> {
        let seen = ids(self.actor.visible_teams());
        let person = self.order.person();
        let found = sqlx::query!(
            r#"select
                 ($1::uuid is null or exists (
                     select from app.team where id = $1 and ($4::uuid[] is null or id = any($4)))) as "team!",
                 ($2::uuid is null or exists (
                     select from app.project where id = $2 and ($4::uuid[] is null or team_id = any($4)))) as "project!",
                 ($3::uuid is null or exists (
                     select from app.user u where u.id = $3 and ($4::uuid[] is null or u.id = $5
                        or exists (select from app.membership m where m.user_id = u.id and m.team_id = any($4)))))
                     as "person!""#,
            self.order.team().map(Uuid::from),
            self.order.project().map(Uuid::from),
            person.map(|(_, id)| id.0),
            seen.as_deref(),
            self.actor.user_id().map(Uuid::from),
        )
        .fetch_one(cx.db())
        .await?;
        let person = person.map_or("user", |(name, _)| name);
        let named = [
            ("team", found.team),
            ("project", found.project),
            (person, found.person),
        ];
        let missing = named.into_iter().filter(|(_, found)| !found);
        let wrong: Vec<_> = missing
            .map(|(name, _)| {
                let text = "is not there, or you do not see it";
                FieldError::new(format!("params.{name}"), FieldCode::NotFound, text)
            })
            .collect();
        if wrong.is_empty() {
            return Ok(());
        }
        Err(StoreError::Fields(wrong))
    }
}

/// Locks the person, so that of many reports ordered at once none is one too many.
async fn make_room(cx: &mut Changing<'_>, owner: UserId) -> Result<(), StoreError> {
    let is_active = sqlx::query_scalar!(
        "select active from app.user where id = $1 for no key update",
        owner.0
    )
    .fetch_optional(cx.db())
    .await?;
    if is_active != Some(true) {
        return Err(Refusal::Unauthenticated.into());
    }
    let now = cx.now;
    let there_are = sqlx::query_scalar!(
        r#"select count(*) as "reports!" from jobs.report where created_by = $1 and expires_at > $2"#,
        owner.0,
        now,
    )
    .fetch_one(cx.db())
    .await?;
    if there_are >= REPORTS_MAX {
        return Err(StoreError::Conflict(format!(
            "there are {REPORTS_MAX} reports of yours, which is the most: delete one that is no longer needed"
        )));
    }
    Ok(())
}

impl Change for DeleteReport {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        let now = cx.now;
        // The job first: in the order in which whoever makes the report takes them.
        sqlx::query!(
            "select id from jobs.job where id = $1 for update",
            self.id.0
        )
        .fetch_optional(cx.db())
        .await?;
        let report: Report = visible(&self.actor, find(cx.db(), self.id, now).await?)?;
        check_version(self.expected_version, ONLY)?;
        sqlx::query!(
            "update jobs.job
             set cancel_asked = true,
                 state = case when state = 'waiting' then 'cancelled' else state end,
                 finished_at = case when state = 'waiting' then $2::timestamptz end
             where id = $1 and state in ('waiting', 'running')",
            self.id.0,
            now,
        )
        .execute(cx.db())
        .await?;
        let gone = sqlx::query!("delete from jobs.report where id = $1", self.id.0)
            .execute(cx.db())
            .await?;
        if gone.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        let state = ReportState {
            report_id: report.id,
            order: report.order,
            format: report.format,
            owner: report.created_by,
            expires_at: report.expires_at,
        };
        Ok(Changed::because((), ReportEvent::Deleted(state)))
    }
}
