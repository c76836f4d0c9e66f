//! Jobs: what waits, runs, is done and went wrong.

use crate::api::jobs::list::KIND_CHARACTERS_MAX;
use crate::error::ApiError;
use crate::extract::params::{CURSOR_CHARACTERS_MAX, bounded};
use crate::extract::{Id, NoParams, Params};
use crate::pages::form::{PageForm, Wrong, sent};
use crate::pages::shell::{Section, Shell};
use crate::pages::show::{Avatar, Choice, Moment, pretty};
use crate::pages::texts::Texts;
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::ids::{JobId, UserId};
use millstream_domain::job::JobState;
use millstream_domain::policy::Action;
use millstream_store::PageRequest;
use millstream_store::job::{CancelJob, Job, JobFilter, RetryJob};
use millstream_store::views::activity::Name;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::BTreeMap;

#[derive(Template)]
#[template(path = "pages/admin_jobs.html")]
struct JobsPage {
    shell: Shell,
    choices: Vec<Choice>,
    show: String,
    kind: String,
    rows: Vec<JobRow>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/admin_job.html")]
struct JobPage {
    shell: Shell,
    row: JobRow,
    result: Option<String>,
    wrong: Wrong,
}

struct JobRow {
    id: String,
    kind: String,
    queue: &'static str,
    state: &'static str,
    /// The colour of its dot.
    dot: &'static str,
    /// In hundredths.
    progress: Option<f64>,
    attempts: String,
    error: Option<String>,
    /// What the time beside it is, and the time.
    when: (&'static str, Moment),
    created: Moment,
    started: Option<Moment>,
    finished: Option<Moment>,
    by: Option<Avatar>,
    may_retry: bool,
    may_cancel: bool,
    is_stopping: bool,
}

fn state_text(state: JobState, t: &Texts) -> (&'static str, &'static str) {
    match state {
        JobState::Waiting => (t.job_waiting, ""),
        JobState::Running => (t.job_running, "warn"),
        JobState::Done => (t.job_done, "good"),
        JobState::Failed => (t.job_failed, "bad"),
        JobState::Cancelled => (t.job_cancelled, ""),
        JobState::Dead => (t.job_dead, "bad"),
    }
}

impl JobRow {
    fn of(job: &Job, names: &BTreeMap<UserId, Name>, shell: &Shell) -> Self {
        let t = shell.t;
        let (state, dot) = state_text(job.state, t);
        let past = |at| Moment::of(at, shell.now, shell.zone);
        let by = job.created_by.and_then(|id| names.get(&id));
        Self {
            id: job.id.to_string(),
            kind: job.kind.clone(),
            queue: job.queue.as_str(),
            state,
            dot,
            progress: job.progress.map(|part| (part * 100.0).round()),
            attempts: format!("{} / {}", job.attempts, job.max_attempts),
            error: job.error.clone(),
            when: match (job.state, job.started_at, job.finished_at) {
                (JobState::Waiting, ..) => {
                    (t.job_due, Moment::ahead(job.run_at, shell.now, shell.zone))
                }
                (_, _, Some(at)) => (t.job_ended, past(at)),
                (_, Some(at), None) => (t.job_began, past(at)),
                (_, None, None) => (t.created, past(job.created_at)),
            },
            created: past(job.created_at),
            started: job.started_at.map(past),
            finished: job.finished_at.map(past),
            by: by.map(|name| Avatar::of(name.id, &name.display_name)),
            may_retry: !matches!(job.state, JobState::Running | JobState::Done),
            may_cancel: !job.state.has_ended() && !job.cancel_asked,
            is_stopping: job.cancel_asked && !job.state.has_ended(),
        }
    }
}

/// The states behind the choices of the list.
fn states(show: &str) -> Vec<JobState> {
    match show {
        "all" => Vec::new(),
        "waiting" => vec![JobState::Waiting],
        "running" => vec![JobState::Running],
        "failed" => vec![JobState::Failed, JobState::Dead],
        "done" => vec![JobState::Done, JobState::Cancelled],
        _ => vec![JobState::Waiting, JobState::Running],
    }
}

fn choices(show: &str, kind: &str, t: &Texts) -> Vec<Choice> {
    let kind = utf8_percent_encode(kind, NON_ALPHANUMERIC);
    let choices = [
        ("open", t.jobs_open),
        ("waiting", t.job_waiting),
        ("running", t.job_running),
        ("failed", t.job_failed),
        ("done", t.job_done),
        ("all", t.all_tasks),
    ];
    let choice = |(name, text)| Choice {
        text,
        url: format!("/admin/jobs?show={name}&kind={kind}"),
        is_chosen: show == name,
    };
    choices.map(choice).into()
}

/// Shows them.
pub(crate) async fn show_all(
    State(app): State<AppState>,
    viewer: Viewer,
    mut params: Params,
) -> Result<Response, ApiError> {
    viewer.caller.may(Action::OperateJobs)?;
    let show = sent(&mut params, "show").filter(|show| !show.is_empty());
    let kind = params.one("kind", |text| bounded(text, KIND_CHARACTERS_MAX));
    let page = PageRequest {
        cursor: params.one("cursor", |text| bounded(text, CURSOR_CHARACTERS_MAX)),
        ..PageRequest::default()
    };
    params.finish(|| Some(()))?;
    let show = show.unwrap_or_else(|| "open".to_owned());
    let kind = kind.unwrap_or_default().trim().to_owned();
    let filter = JobFilter {
        states: states(&show),
        kind: Some(kind.clone()).filter(|kind| !kind.is_empty()),
        ..JobFilter::default()
    };
    let jobs = app
        .store()
        .jobs(&viewer.caller.actor, &filter, &page)
        .await?;
    let owners: Vec<_> = jobs.items.iter().filter_map(|job| job.created_by).collect();
    let names = app.store().names(&owners).await?;
    let shell = Shell::of(&app, viewer, Section::Admin).await?;
    let rows = jobs.items.iter().map(|job| JobRow::of(job, &names, &shell));
    let page = JobsPage {
        rows: rows.collect(),
        choices: choices(&show, &kind, shell.t),
        next: jobs.next_cursor.map(|cursor| {
            let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let (show, kind, cursor) = (encoded(&show), encoded(&kind), encoded(&cursor));
            format!("/admin/jobs?show={show}&kind={kind}&cursor={cursor}")
        }),
        show,
        kind,
        shell,
    };
    crate::pages::render(&page)
}

/// Shows one.
pub(crate) async fn show_one(
    State(app): State<AppState>,
    viewer: Viewer,
    Id(id): Id<JobId>,
    _: NoParams,
) -> Result<Response, ApiError> {
    page(&app, viewer, id, Wrong::default()).await
}

async fn page(
    app: &AppState,
    viewer: Viewer,
    id: JobId,
    wrong: Wrong,
) -> Result<Response, ApiError> {
    viewer.caller.may(Action::OperateJobs)?;
    let job = app.store().job(&viewer.caller.actor, id).await?;
    let owner: Vec<_> = job.created_by.into_iter().collect();
    let names = app.store().names(&owner).await?;
    let shell = Shell::of(app, viewer, Section::Admin).await?;
    let status = wrong.status();
    let page = JobPage {
        row: JobRow::of(&job, &names, &shell),
        result: job.result.as_ref().map(|json| pretty(json.get())),
        wrong,
        shell,
    };
    Ok((status, crate::pages::render(&page)?).into_response())
}

/// Tries one again.
pub(crate) async fn retry(
    State(app): State<AppState>,
    Id(id): Id<JobId>,
    PageForm { viewer, params }: PageForm,
) -> Result<Response, ApiError> {
    params.finish(|| Some(()))?;
    viewer.caller.may(Action::OperateJobs)?;
    let actor = viewer.caller.actor.clone();
    let done = app
        .store()
        .write(&viewer.caller.origin, RetryJob { actor, id })
        .await;
    answer(&app, viewer, id, done.map(drop).map_err(ApiError::from)).await
}

/// Calls one off.
pub(crate) async fn cancel(
    State(app): State<AppState>,
    Id(id): Id<JobId>,
    PageForm { viewer, params }: PageForm,
) -> Result<Response, ApiError> {
    params.finish(|| Some(()))?;
    viewer.caller.may(Action::OperateJobs)?;
    let actor = viewer.caller.actor.clone();
    let done = app
        .store()
        .write(&viewer.caller.origin, CancelJob { actor, id })
        .await;
    answer(&app, viewer, id, done.map(drop).map_err(ApiError::from)).await
}

async fn answer(
    app: &AppState,
    viewer: Viewer,
    id: JobId,
    done: Result<(), ApiError>,
) -> Result<Response, ApiError> {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/admin/jobs/{id}")).into_response()),
        Err(error) => page(app, viewer, id, Wrong::of(error)?).await,
    }
}
