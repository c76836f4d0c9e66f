//! `/reports`: reports as files: those that one has ordered, how far they are, and a form to order another.

use crate::api::reports::download::file;
use crate::api::reports::order::read;
use crate::error::ApiError;
use crate::extract::{Fields, Id, NoParams, Params};
use crate::pages::form::{PageForm, Wrong, sent};
use crate::pages::shell::{Section, Shell};
use crate::pages::show::Moment;
use crate::pages::texts::Texts;
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::ids::ReportId;
use millstream_domain::report::{ReportFormat, ReportGroup, ReportKind, ReportOrder, ReportState};
use millstream_event_log::events::project::ProjectState;
use millstream_store::PageRequest;
use millstream_store::page::LIMIT_MAX;
use millstream_store::report::{DeleteReport, Report};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The fields of the form.
const FIELDS: [&str; 7] = ["kind", "format", "project", "team", "user", "by", "days"];

#[derive(Template)]
#[template(path = "pages/report_files.html")]
struct FilesPage {
    shell: Shell,
    rows: Vec<FileRow>,
    /// Whether some are still to be made.
    is_moving: bool,
    form: OrderForm,
    wrong: Wrong,
    teams: Vec<(String, String)>,
    projects: Vec<(String, String)>,
    people: Vec<(String, String)>,
}

struct FileRow {
    id: String,
    kind: &'static str,
    /// Of what, and how many days.
    about: String,
    format: &'static str,
    state: &'static str,
    /// The colour of its dot.
    dot: &'static str,
    /// In hundredths, while it is made.
    progress: Option<f64>,
    error: Option<String>,
    /// The size of its file, if it is there.
    size: Option<String>,
    created: Moment,
    as_of: Option<Moment>,
    expires: Moment,
}

/// What was chosen.
struct OrderForm(BTreeMap<&'static str, String>);

impl OrderForm {
    fn take(params: &mut Params) -> Self {
        let fields = FIELDS.map(|name| (name, sent(params, name).unwrap_or_default()));
        Self(fields.into())
    }

    fn value(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.value(name) == value
    }

    /// As the API reads it: of the fields, those that the kind has.
    fn body(&self, me: &str) -> Map<String, Value> {
        let kind = self.value("kind").parse().unwrap_or(ReportKind::Tasks);
        let mut params = Map::new();
        for name in fields_of(kind) {
            let value = match (*name, self.value(name)) {
                ("user", "") => Value::from(me),
                (_, "") => continue,
                ("days", text) => text
                    .parse::<u32>()
                    .map_or_else(|_| text.into(), Value::from),
                (_, text) => text.into(),
            };
            params.insert((*name).to_owned(), value);
        }
        let mut body = Map::new();
        body.insert("kind".to_owned(), self.value("kind").into());
        body.insert("format".to_owned(), self.value("format").into());
        body.insert("params".to_owned(), params.into());
        body
    }
}

/// The fields of the form that a kind of report asks for.
fn fields_of(kind: ReportKind) -> &'static [&'static str] {
    match kind {
        ReportKind::Dashboard => &["days", "team", "project"],
        ReportKind::Distribution => &["by", "team", "project"],
        ReportKind::Stats => &["user", "days"],
        ReportKind::Performance => &["team", "days"],
        ReportKind::Flow => &["project", "days"],
        ReportKind::Tasks => &["team", "project"],
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass references"
)]
fn kind_text(kind: &ReportKind, t: &Texts) -> &'static str {
    match kind {
        ReportKind::Dashboard => t.file_dashboard,
        ReportKind::Distribution => t.file_distribution,
        ReportKind::Stats => t.file_stats,
        ReportKind::Performance => t.file_performance,
        ReportKind::Flow => t.file_flow,
        ReportKind::Tasks => t.file_tasks,
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass references"
)]
fn group_text(group: &ReportGroup, t: &Texts) -> &'static str {
    match group {
        ReportGroup::Status => t.status,
        ReportGroup::Priority => t.priority,
        ReportGroup::Assignee => t.report_person,
        ReportGroup::Project => t.report_project,
        ReportGroup::Team => t.report_team,
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass references"
)]
fn format_text(format: &ReportFormat) -> &'static str {
    match format {
        ReportFormat::Csv => "CSV",
        ReportFormat::Json => "JSON",
        ReportFormat::Parquet => "Parquet",
    }
}

fn state_text(state: ReportState, t: &Texts) -> (&'static str, &'static str) {
    match state {
        ReportState::Waiting => (t.job_waiting, ""),
        ReportState::Running => (t.job_running, "warn"),
        ReportState::Done => (t.file_ready, "good"),
        ReportState::Failed => (t.job_failed, "bad"),
        ReportState::Cancelled => (t.job_cancelled, ""),
        ReportState::Expired => (t.expired, ""),
    }
}

/// A size as people say it.
fn size(bytes: i64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KiB", bytes / 1_024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}

impl FilesPage {
    fn row(&self, report: &Report) -> FileRow {
        let (shell, t) = (&self.shell, self.shell.t);
        let (state, dot) = state_text(report.state, t);
        let past = |at| Moment::of(at, shell.now, shell.zone);
        let is_running = report.state == ReportState::Running;
        let is_there = report.state == ReportState::Done;
        FileRow {
            id: report.id.to_string(),
            kind: kind_text(&report.order.kind(), t),
            about: self.about(&report.order),
            format: format_text(&report.format),
            state,
            dot,
            progress: report
                .progress
                .filter(|_| is_running)
                .map(|part| (part * 100.0).round()),
            error: report.error.clone(),
            size: report.size_bytes.filter(|_| is_there).map(size),
            created: past(report.created_at),
            as_of: report.as_of.map(past),
            expires: Moment::ahead(report.expires_at, shell.now, shell.zone),
        }
    }

    /// What narrows a report down, in words; ids of what has none here.
    fn about(&self, order: &ReportOrder) -> String {
        let named = |list: &[(String, String)], id: String| {
            let known = list.iter().find(|(known, _)| *known == id);
            known.map_or(id, |(_, name)| name.clone())
        };
        let team = order.team().map(|id| named(&self.teams, id.to_string()));
        let project = order
            .project()
            .map(|id| named(&self.projects, id.to_string()));
        let person = order
            .person()
            .map(|(_, id)| named(&self.people, id.to_string()));
        let more = match order {
            ReportOrder::Distribution { by, .. } => {
                Some(group_text(by, self.shell.t).to_lowercase())
            }
            ReportOrder::Dashboard { days, .. }
            | ReportOrder::Stats { days, .. }
            | ReportOrder::Performance { days, .. }
            | ReportOrder::Flow { days, .. } => {
                Some(format!("{days} {}", self.shell.t.report_days))
            }
            ReportOrder::Tasks { .. } => None,
        };
        let parts = [person, team, project, more].into_iter().flatten();
        parts.collect::<Vec<_>>().join(" · ")
    }
}

/// Shows them. The address may say what the form begins with.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    mut params: Params,
) -> Result<Response, ApiError> {
    let form = OrderForm::take(&mut params);
    params.finish(|| Some(()))?;
    page(&app, viewer, form, Wrong::default()).await
}

async fn page(
    app: &AppState,
    viewer: Viewer,
    form: OrderForm,
    wrong: Wrong,
) -> Result<Response, ApiError> {
    let most = PageRequest {
        limit: LIMIT_MAX,
        cursor: None,
    };
    let (actor, me) = (viewer.caller.actor.clone(), viewer.caller.id);
    let reports = app.store().reports(&actor, &most).await?.items;
    let mut teams = app.store().teams(&actor, &most).await?.items;
    // What the address asks for may be none of those that are offered; what cannot be seen is not offered either.
    if let Ok(id) = form.value("team").parse()
        && !teams.iter().any(|team| team.id == id)
    {
        teams.extend(app.store().team(&actor, id).await.ok());
    }
    let chosen_project = match form.value("project").parse() {
        Ok(id) => app.store().project(&actor, id).await.ok(),
        Err(_) => None,
    };
    let chosen = form.value("user").parse().ok();
    let named = reports.iter().filter_map(|report| report.order.person());
    let mut people: Vec<_> = named.map(|(_, id)| id).chain([me]).collect();
    if let Some(id) = chosen
        && app.store().knows_of(&actor, id).await?
    {
        people.push(id);
    }
    let people = app.store().names(&people).await?;
    let shell = Shell::of(app, viewer, Section::Analytics).await?;
    let project = |project: &ProjectState| (project.id.to_string(), project.name.clone());
    let is_unnamed = |chosen: &ProjectState| shell.projects.iter().all(|it| it.id != chosen.id);
    let unnamed = chosen_project.filter(is_unnamed);
    let status = wrong.status();
    let mut page = FilesPage {
        rows: Vec::new(),
        is_moving: reports
            .iter()
            .any(|report| matches!(report.state, ReportState::Waiting | ReportState::Running)),
        form,
        wrong,
        teams: teams
            .into_iter()
            .map(|team| (team.id.to_string(), team.name))
            .collect(),
        projects: shell
            .projects
            .iter()
            .chain(unnamed.as_ref())
            .map(project)
            .collect(),
        people: people
            .into_values()
            .map(|name| (name.id.to_string(), name.display_name))
            .collect(),
        shell,
    };
    page.rows = reports.iter().map(|report| page.row(report)).collect();
    Ok((status, crate::pages::render(&page)?).into_response())
}

/// Orders one.
pub(crate) async fn order(
    State(app): State<AppState>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let form = OrderForm::take(&mut params);
    params.finish(|| Some(()))?;
    let body = form.body(&viewer.caller.id.to_string());
    let ordered = match read(Fields::new(body), &viewer.caller) {
        Ok(order) => {
            let written = app.store().write(&viewer.caller.origin, order).await;
            written.map(drop).map_err(ApiError::from)
        }
        Err(error) => Err(error),
    };
    match ordered {
        Ok(()) => Ok(Redirect::to("/reports").into_response()),
        Err(error) => page(&app, viewer, form, Wrong::of(error)?).await,
    }
}

/// Deletes one.
pub(crate) async fn delete(
    State(app): State<AppState>,
    Id(id): Id<ReportId>,
    PageForm { viewer, params }: PageForm,
) -> Result<Response, ApiError> {
    params.finish(|| Some(()))?;
    let delete = DeleteReport {
        actor: viewer.caller.actor.clone(),
        id,
        expected_version: None,
    };
    app.store().write(&viewer.caller.origin, delete).await?;
    Ok(Redirect::to("/reports").into_response())
}

/// The file of one.
pub(crate) async fn download(
    State(app): State<AppState>,
    viewer: Viewer,
    Id(id): Id<ReportId>,
    _: NoParams,
) -> Result<Response, ApiError> {
    file(&app, &viewer.caller.actor, id).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_form_asks_for_what_its_kind_has() {
        let form = |kind: &str| {
            let fields = [
                ("kind", kind),
                ("team", "t"),
                ("days", "7"),
                ("project", ""),
                ("by", "status"),
            ];
            OrderForm(fields.map(|(name, value)| (name, value.to_owned())).into())
        };
        for (kind, params) in [
            ("dashboard", json!({"team": "t", "days": 7})),
            ("distribution", json!({"team": "t", "by": "status"})),
            ("stats", json!({"user": "me", "days": 7})),
            ("performance", json!({"team": "t", "days": 7})),
            ("flow", json!({"days": 7})),
            ("tasks", json!({"team": "t"})),
        ] {
            assert_eq!(form(kind).body("me")["params"], params, "{kind}");
        }
    }

    #[test]
    fn a_size_is_said_in_its_largest_unit() {
        let said = [0, 1_023, 1_024, 1_048_575, 5 << 20].map(size);
        assert_eq!(said, ["0 B", "1023 B", "1 KiB", "1023 KiB", "5 MiB"]);
    }
}
