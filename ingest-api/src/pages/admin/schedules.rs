//! Schedules: all of them, one with its next times, and the form by which each is made or changed.

mod form;

use crate::api::schedules::preview::upcoming;
use crate::api::schedules::{create, one};
use crate::error::ApiError;
use crate::extract::params::{CURSOR_CHARACTERS_MAX, bounded};
use crate::extract::{Fields, Id, NoParams, Params};
use crate::pages::form::{PageForm, Wrong};
use crate::pages::shell::{Section, Shell};
use crate::pages::show::Moment;
use crate::pages::texts::Texts;
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use chrono_tz::TZ_VARIANTS;
use form::ScheduleForm;
use millstream_domain::ids::ScheduleId;
use millstream_domain::job::Queue;
use millstream_domain::policy::Action;
use millstream_domain::schedule::{MISSED_MAX, MissedPolicy};
use millstream_event_log::events::schedule::ScheduleState;
use millstream_store::PageRequest;
use millstream_store::schedule::{DeleteSchedule, KINDS, RunSchedule, Schedule};

#[derive(Template)]
#[template(path = "pages/admin_schedules.html")]
struct SchedulesPage {
    shell: Shell,
    rows: Vec<ScheduleRow>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/admin_schedule.html")]
struct SchedulePage {
    shell: Shell,
    row: ScheduleRow,
    /// The next times.
    times: Vec<Moment>,
    form: ScheduleForm,
    zones: Vec<&'static str>,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "pages/admin_schedule_new.html")]
struct NewSchedulePage {
    shell: Shell,
    form: ScheduleForm,
    zones: Vec<&'static str>,
    wrong: Wrong,
}

struct ScheduleRow {
    id: String,
    name: String,
    kind: String,
    /// When it runs, in a few words.
    times: String,
    time_zone: String,
    is_on: bool,
    next: Option<Moment>,
    last: Option<Moment>,
    last_job: Option<String>,
    missed: i64,
    version: i64,
}

impl ScheduleRow {
    fn of(schedule: &Schedule, shell: &Shell) -> Self {
        let state = &schedule.state;
        let ahead = |at| Moment::ahead(at, shell.now, shell.zone);
        let past = |at| Moment::of(at, shell.now, shell.zone);
        Self {
            id: state.id.to_string(),
            name: state.name.clone(),
            kind: state.kind.clone(),
            times: times(state, shell.t),
            time_zone: state.time_zone.clone(),
            is_on: state.enabled,
            next: state.next_after(shell.now).map(ahead),
            last: schedule.last_run_at.map(past),
            last_job: schedule.last_job_id.map(|id| id.to_string()),
            missed: schedule.missed_count,
            version: state.version,
        }
    }
}

/// The expression, or the step in the largest unit that it is a whole number of.
fn times(schedule: &ScheduleState, t: &Texts) -> String {
    if let Some(cron) = &schedule.cron {
        return cron.clone();
    }
    let seconds = schedule.every_s.unwrap_or_default();
    let (step, unit) = match seconds {
        s if s % 86_400 == 0 => (s / 86_400, t.unit_days),
        s if s % 3_600 == 0 => (s / 3_600, t.unit_hours),
        s if s % 60 == 0 => (s / 60, t.unit_minutes),
        s => (s, t.unit_seconds),
    };
    format!("{} {step} {unit}", t.schedule_every)
}

/// What becomes of missed runs, in words.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass references"
)]
fn policy_text(policy: &MissedPolicy, t: &Texts) -> &'static str {
    match policy {
        MissedPolicy::Skip => t.missed_skip,
        MissedPolicy::Once => t.missed_once,
        MissedPolicy::All => t.missed_all,
    }
}

fn zones() -> Vec<&'static str> {
    TZ_VARIANTS.iter().map(|zone| zone.name()).collect()
}

/// Shows them.
pub(crate) async fn show_all(
    State(app): State<AppState>,
    viewer: Viewer,
    mut params: Params,
) -> Result<Response, ApiError> {
    let page = PageRequest {
        cursor: params.one("cursor", |text| bounded(text, CURSOR_CHARACTERS_MAX)),
        ..PageRequest::default()
    };
    params.finish(|| Some(()))?;
    let actor = viewer.caller.actor.clone();
    let schedules = app.store().schedules(&actor, &page).await?;
    let shell = Shell::of(&app, viewer, Section::Admin).await?;
    let rows = schedules.items.iter().map(|s| ScheduleRow::of(s, &shell));
    crate::pages::render(&SchedulesPage {
        rows: rows.collect(),
        // Cursors are made of letters that stand for themselves in a URL.
        next: schedules
            .next_cursor
            .map(|cursor| format!("/admin/schedules?cursor={cursor}")),
        shell,
    })
}

/// Shows one.
pub(crate) async fn show_one(
    State(app): State<AppState>,
    viewer: Viewer,
    Id(id): Id<ScheduleId>,
    _: NoParams,
) -> Result<Response, ApiError> {
    page(&app, viewer, id, None, Wrong::default()).await
}

/// One, with its form as it is or as it was typed.
async fn page(
    app: &AppState,
    viewer: Viewer,
    id: ScheduleId,
    typed: Option<ScheduleForm>,
    wrong: Wrong,
) -> Result<Response, ApiError> {
    let actor = viewer.caller.actor.clone();
    let schedule = app.store().schedule(&actor, id).await?;
    let shell = Shell::of(app, viewer, Section::Admin).await?;
    // In the schedule's own zone, where its expression can be read.
    let zone = schedule.state.time_zone.parse().unwrap_or(shell.zone);
    let ahead = |at| Moment::ahead(at, shell.now, zone);
    let times = upcoming(&schedule.state, shell.now);
    let status = wrong.status();
    let page = SchedulePage {
        row: ScheduleRow::of(&schedule, &shell),
        times: times.into_iter().map(ahead).collect(),
        form: typed.unwrap_or_else(|| ScheduleForm::of(&schedule.state)),
        zones: zones(),
        wrong,
        shell,
    };
    Ok((status, crate::pages::render(&page)?).into_response())
}

/// Shows the form for a new one.
pub(crate) async fn show_new(
    State(app): State<AppState>,
    viewer: Viewer,
    _: NoParams,
) -> Result<Response, ApiError> {
    let form = ScheduleForm::blank(viewer.zone());
    new_page(&app, viewer, form, Wrong::default()).await
}

async fn new_page(
    app: &AppState,
    viewer: Viewer,
    form: ScheduleForm,
    wrong: Wrong,
) -> Result<Response, ApiError> {
    viewer.caller.may(Action::ManageSchedules)?;
    let status = wrong.status();
    let page = NewSchedulePage {
        shell: Shell::of(app, viewer, Section::Admin).await?,
        form,
        zones: zones(),
        wrong,
    };
    Ok((status, crate::pages::render(&page)?).into_response())
}

fn to(id: ScheduleId) -> Response {
    Redirect::to(&format!("/admin/schedules/{id}")).into_response()
}

/// Makes one.
pub(crate) async fn create(
    State(app): State<AppState>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let form = ScheduleForm::sent(&mut params);
    params.finish(|| Some(()))?;
    viewer.caller.may(Action::ManageSchedules)?;
    let made = match form.members() {
        Ok(members) => match create::read(Fields::new(members), &viewer.caller) {
            Ok(create) => {
                let written = app.store().write(&viewer.caller.origin, create).await;
                written.map_err(ApiError::from)
            }
            Err(error) => Err(error),
        },
        Err(wrong) => return new_page(&app, viewer, form, wrong).await,
    };
    match made {
        Ok(made) => Ok(to(made.output.state.id)),
        Err(error) => new_page(&app, viewer, form, Wrong::of(error)?).await,
    }
}

/// Changes one.
pub(crate) async fn update(
    State(app): State<AppState>,
    Id(id): Id<ScheduleId>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let version = params.one("version", |text| Ok(text.parse::<i64>().unwrap_or(0)));
    let form = ScheduleForm::sent(&mut params);
    params.finish(|| Some(()))?;
    viewer.caller.may(Action::ManageSchedules)?;
    let known = version.map(Into::into);
    let changed = match form.members() {
        Ok(members) => match one::read(Fields::new(members), &viewer.caller, id, known) {
            Ok(update) => {
                let written = app.store().write(&viewer.caller.origin, update).await;
                written.map(drop).map_err(ApiError::from)
            }
            Err(error) => Err(error),
        },
        Err(wrong) => return page(&app, viewer, id, Some(form), wrong).await,
    };
    match changed {
        Ok(()) => Ok(to(id)),
        Err(error) => page(&app, viewer, id, Some(form), Wrong::of(error)?).await,
    }
}

/// Runs one now, and shows its job.
pub(crate) async fn run(
    State(app): State<AppState>,
    Id(id): Id<ScheduleId>,
    PageForm { viewer, params }: PageForm,
) -> Result<Response, ApiError> {
    params.finish(|| Some(()))?;
    let actor = viewer.caller.actor.clone();
    let run = RunSchedule { actor, id };
    let job = app.store().write(&viewer.caller.origin, run).await?.output;
    Ok(Redirect::to(&format!("/admin/jobs/{}", job.id)).into_response())
}

/// Deletes one.
pub(crate) async fn delete(
    State(app): State<AppState>,
    Id(id): Id<ScheduleId>,
    PageForm { viewer, params }: PageForm,
) -> Result<Response, ApiError> {
    params.finish(|| Some(()))?;
    let delete = DeleteSchedule {
        actor: viewer.caller.actor.clone(),
        id,
        expected_version: None,
    };
    app.store().write(&viewer.caller.origin, delete).await?;
    Ok(Redirect::to("/admin/schedules").into_response())
}
