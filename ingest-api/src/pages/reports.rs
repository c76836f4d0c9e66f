//! `/analytics`: reports as pages, with charts that are drawn here and the numbers of each one click away.
//!
//! They stand still: a report asks much of the lake, and nobody reads it for what changed a moment ago.

mod chart;
pub(crate) mod files;
pub(crate) mod sql;

use crate::api::analytics::bodies::{
    DayBody, LevelsBody, LoadBody, PercentilesBody, PeriodBody, StandingBody, ThroughputBody,
};
use crate::api::analytics::dashboard::{Asked, DashboardBody, SpreadBody};
use crate::api::analytics::distribution::ShareBody;
use crate::api::analytics::flow::FlowBody;
use crate::api::analytics::performance::PerformanceBody;
use crate::api::analytics::stats::StatsBody;
use crate::api::analytics::{dashboard, flow, only_days, performance, stats};
use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::pages::shell::{Section, Shell};
use crate::pages::texts::Texts;
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use chart::{Areas, Bars, Share};
use millstream_analytics_engine::reports::Scope;
use millstream_analytics_engine::reports::distribution::Group;
use millstream_domain::ids::{TeamId, UserId};
use millstream_domain::project::ProjectKey;
use millstream_domain::report::ReportKind;
use std::fmt::Display;

/// Over what the dashboard shows the tasks spread.
const SPREAD: [Group; 4] = [
    Group::Status,
    Group::Priority,
    Group::Project,
    Group::Assignee,
];
/// Lengths that a report can be asked for with one click.
const LENGTHS: [u32; 4] = [7, 30, 90, 366];

#[derive(Template)]
#[template(path = "pages/reports.html")]
struct DashboardPage {
    shell: Shell,
    head: Head,
    mine: Vec<Tile>,
    numbers: Numbers,
    by_status: Vec<Share>,
    by_priority: Vec<Share>,
    by_project: Vec<Share>,
    by_assignee: Vec<Share>,
}

#[derive(Template)]
#[template(path = "pages/report_person.html")]
struct PersonPage {
    shell: Shell,
    head: Head,
    numbers: Numbers,
}

#[derive(Template)]
#[template(path = "pages/report_team.html")]
struct TeamPage {
    shell: Shell,
    head: Head,
    numbers: Numbers,
    people: Vec<LoadBody>,
}

#[derive(Template)]
#[template(path = "pages/report_flow.html")]
struct FlowPage {
    shell: Shell,
    head: Head,
    numbers: Numbers,
    areas: Areas,
    levels: Vec<LevelsBody>,
}

/// What stands above every report.
struct Head {
    title: String,
    /// Whose: nothing above the dashboard.
    of: Option<&'static str>,
    period: PeriodBody,
    lengths: Vec<Length>,
    /// Where it is ordered as a file.
    export: String,
}

struct Length {
    days: u32,
    is_shown: bool,
}

impl Head {
    fn new(title: &str, of: Option<&'static str>, period: PeriodBody, days: u32) -> Self {
        let length = |length| Length {
            days: length,
            is_shown: length == days,
        };
        Self {
            title: title.to_owned(),
            of,
            period,
            lengths: LENGTHS.into_iter().map(length).collect(),
            export: format!("/reports?kind=dashboard&days={days}"),
        }
    }

    /// The same for a report of another kind, about one thing.
    fn of_one(self, kind: ReportKind, (name, id): (&str, impl Display), days: u32) -> Self {
        Self {
            export: format!("/reports?kind={kind}&{name}={id}&days={days}"),
            ..self
        }
    }
}

/// A number, and what it is.
struct Tile {
    label: &'static str,
    value: String,
    /// Whether it calls for something to be done.
    is_bad: bool,
}

/// What most reports say.
struct Numbers {
    now: Vec<Tile>,
    period: Vec<Tile>,
    times: Vec<Times>,
    bars: Bars,
    days: Vec<DayBody>,
}

/// How long something took.
struct Times {
    label: &'static str,
    count: u64,
    p50: String,
    p85: String,
    p95: String,
}

impl Numbers {
    fn new(
        t: &'static Texts,
        now: StandingBody,
        period: ThroughputBody,
        times: Vec<Times>,
        days: Vec<DayBody>,
    ) -> Self {
        Self {
            now: standing(t, now),
            period: throughput(t, period),
            times,
            bars: Bars::of(&days),
            days,
        }
    }
}

fn tile(label: &'static str, value: u64) -> Tile {
    Tile {
        label,
        value: value.to_string(),
        is_bad: false,
    }
}

fn standing(t: &'static Texts, now: StandingBody) -> Vec<Tile> {
    vec![
        tile(t.report_open, now.open),
        tile(t.report_in_progress, now.in_progress),
        tile(t.report_blocked, now.blocked),
        Tile {
            is_bad: now.overdue > 0,
            ..tile(t.report_overdue, now.overdue)
        },
        tile(t.report_due_today, now.due_today),
        tile(t.report_unassigned, now.unassigned),
    ]
}

fn throughput(t: &'static Texts, period: ThroughputBody) -> Vec<Tile> {
    let on_time = match period.completed_with_due {
        0 => "–".to_owned(),
        due => format!("{} %", period.completed_on_time * 100 / due),
    };
    vec![
        tile(t.report_created, period.created),
        tile(t.report_completed, period.completed),
        tile(t.report_reopened, period.reopened),
        Tile {
            label: t.report_on_time,
            value: on_time,
            is_bad: false,
        },
    ]
}

fn times(label: &'static str, of: PercentilesBody) -> Times {
    Times {
        label,
        count: of.count,
        p50: length(of.p50_s),
        p85: length(of.p85_s),
        p95: length(of.p95_s),
    }
}

fn both_times(t: &'static Texts, cycle: PercentilesBody, lead: PercentilesBody) -> Vec<Times> {
    vec![
        times(t.report_cycle_time, cycle),
        times(t.report_lead_time, lead),
    ]
}

/// A length of time, in the two largest units that it has.
fn length(seconds: Option<i64>) -> String {
    let Some(seconds) = seconds else {
        return "–".to_owned();
    };
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// The surroundings of a page that stands still.
async fn still(app: &AppState, viewer: Viewer) -> Result<Shell, ApiError> {
    let mut shell = Shell::of(app, viewer, Section::Analytics).await?;
    shell.here = None;
    Ok(shell)
}

/// The dashboard.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    params: Params,
) -> Result<Response, ApiError> {
    let days = only_days(params)?;
    let shell = still(&app, viewer).await?;
    let (t, caller) = (shell.t, &shell.viewer.caller);
    // One question, so that all its numbers are as of one moment.
    let asked = Asked {
        days,
        scope: Scope::default(),
        by: SPREAD.to_vec(),
    };
    let told: DashboardBody = dashboard::find(&app, caller, asked).await?;
    let spread = |group: Group| {
        let told = told.spread.iter().find(|spread| spread.by == group.word());
        told.map(|told| shares(told, group, &shell))
            .unwrap_or_default()
    };
    let [by_status, by_priority, by_project, by_assignee] = SPREAD.map(spread);
    let cycle = times(t.report_cycle_time, told.cycle_time);
    let page = DashboardPage {
        head: Head::new(t.reports, None, told.period, days),
        mine: standing(t, told.mine).into_iter().take(5).collect(),
        numbers: Numbers::new(t, told.now, told.throughput, vec![cycle], told.days),
        by_status,
        by_priority,
        by_project,
        by_assignee,
        shell,
    };
    super::render(&page)
}

/// The groups as rows with a bar each.
fn shares(told: &SpreadBody, group: Group, shell: &Shell) -> Vec<Share> {
    let t = shell.t;
    let named = |share: &ShareBody| match (group, share.value.as_deref()) {
        (_, None) => t.report_nobody.to_owned(),
        (Group::Status | Group::Priority, Some(word)) => word_text(word, t).to_owned(),
        (_, Some(id)) => share.label.clone().unwrap_or_else(|| id.to_owned()),
    };
    let link = |share: &ShareBody| {
        let id = share.value.as_deref()?;
        match group {
            Group::Assignee => Some(format!("/analytics/users/{id}")),
            Group::Team => Some(format!("/analytics/teams/{id}")),
            // Of those that the navigation knows.
            Group::Project => {
                let mut known = shell.projects.iter();
                let project = known.find(|project| project.id.to_string() == id)?;
                Some(format!("/analytics/projects/{}", project.key))
            }
            Group::Status | Group::Priority => None,
        }
    };
    let counts = told.groups.iter().map(|share| share.count);
    let most = counts.max().unwrap_or(0).max(told.others);
    let mut shares: Vec<_> = told
        .groups
        .iter()
        .map(|share| Share::of(named(share), link(share), share.count, most))
        .collect();
    if told.others > 0 {
        shares.push(Share::of(
            t.report_others.to_owned(),
            None,
            told.others,
            most,
        ));
    }
    shares
}

fn word_text(word: &str, t: &'static Texts) -> &'static str {
    use crate::pages::show::task::{priority_text, status_text};
    let status = word.parse().ok().map(|status| status_text(&status, t));
    let priority = || {
        word.parse()
            .ok()
            .map(|priority| priority_text(&priority, t))
    };
    status.or_else(priority).unwrap_or(t.report_others)
}

/// What a person works on and has finished.
pub(crate) async fn show_person(
    State(app): State<AppState>,
    viewer: Viewer,
    Id(id): Id<UserId>,
    params: Params,
) -> Result<Response, ApiError> {
    let days = only_days(params)?;
    let shell = still(&app, viewer).await?;
    let t = shell.t;
    let told: StatsBody = stats::find(&app, &shell.viewer.caller, id, days).await?;
    let both = both_times(t, told.cycle_time, told.lead_time);
    super::render(&PersonPage {
        head: Head::new(
            &told.user.display_name,
            Some(t.report_person),
            told.period,
            days,
        )
        .of_one(ReportKind::Stats, ("user", id), days),
        numbers: Numbers::new(t, told.now, told.throughput, both, told.days),
        shell,
    })
}

/// How a team does.
pub(crate) async fn show_team(
    State(app): State<AppState>,
    viewer: Viewer,
    Id(id): Id<TeamId>,
    params: Params,
) -> Result<Response, ApiError> {
    let days = only_days(params)?;
    let shell = still(&app, viewer).await?;
    let t = shell.t;
    let told: PerformanceBody = performance::find(&app, &shell.viewer.caller, id, days).await?;
    let both = both_times(t, told.cycle_time, told.lead_time);
    super::render(&TeamPage {
        head: Head::new(&told.team.name, Some(t.report_team), told.period, days).of_one(
            ReportKind::Performance,
            ("team", id),
            days,
        ),
        numbers: Numbers::new(t, told.now, told.throughput, both, told.days),
        people: told.people,
        shell,
    })
}

/// How work flows through a project.
pub(crate) async fn show_flow(
    State(app): State<AppState>,
    viewer: Viewer,
    Path(key): Path<String>,
    params: Params,
) -> Result<Response, ApiError> {
    let days = only_days(params)?;
    let key = ProjectKey::new(&key).map_err(|_| ApiError::not_found())?;
    let actor = &viewer.caller.actor;
    let project = app.store().project_with_key(actor, &key).await?;
    let shell = still(&app, viewer).await?.about(&project);
    let t = shell.t;
    let told: FlowBody = flow::find(&app, &shell.viewer.caller, project.id, days).await?;
    let both = both_times(t, told.cycle_time, told.lead_time);
    super::render(&FlowPage {
        head: Head::new(
            &told.project.name,
            Some(t.report_project),
            told.period,
            days,
        )
        .of_one(ReportKind::Flow, ("project", project.id), days),
        numbers: Numbers::new(t, told.now, told.throughput, both, told.days),
        areas: Areas::of(&told.cumulative, t),
        levels: told.cumulative,
        shell,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_said_in_its_two_largest_units() {
        let said = [
            Some(0),
            Some(59),
            Some(60),
            Some(5_400),
            Some(100_000),
            None,
        ]
        .map(length);
        assert_eq!(said, ["0 s", "59 s", "1 min", "1 h 30 min", "1 d 3 h", "–"]);
    }
}
