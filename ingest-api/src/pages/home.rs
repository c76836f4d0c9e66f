//! `/`: one's own work, by when it is due, and what happened meanwhile. For whoever is not logged in, the first page.

use crate::error::ApiError;
use crate::pages::landing;
use crate::pages::shell::{Section, Shell};
use crate::pages::show::day::PartOfDay;
use crate::pages::show::news::{NewsLine, news_lines};
use crate::pages::show::{Moment, TaskRow};
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use millstream_domain::task::Status;
use millstream_store::PageRequest;
use millstream_store::page::LIMIT_MAX;
use millstream_store::task::{Sort, SortField, Task, TaskFilter};
use millstream_store::views::activity::ActivityFilter;

/// How many lines of news there are, whatever is new.
const NEWS: usize = 12;
/// How many there are at most, where more are new: the rest is in the activity.
const NEWS_MAX: u32 = 30;
/// How many tasks are shown that somebody only watches.
const WATCHED_MAX: usize = 20;

#[derive(Template)]
#[template(path = "pages/home.html")]
struct HomePage {
    shell: Shell,
    groups: Vec<Group>,
    /// What the viewer watches and does not work on.
    watched: Vec<TaskRow>,
    news: Vec<NewsLine>,
    /// When they were last here.
    visit_before: Option<Moment>,
}

impl HomePage {
    fn greeting(&self) -> &'static str {
        match PartOfDay::of(self.shell.now, self.shell.zone) {
            PartOfDay::Morning => self.shell.t.good_morning,
            PartOfDay::Day => self.shell.t.good_day,
            PartOfDay::Evening => self.shell.t.good_evening,
        }
    }

    /// How many lines are new.
    fn new_count(&self) -> usize {
        self.news.iter().filter(|line| line.is_new).count()
    }
}

/// Tasks that are due at about the same time.
struct Group {
    title: &'static str,
    rows: Vec<TaskRow>,
}

/// What changed last comes first.
const LAST_CHANGED: Sort = Sort {
    field: SortField::UpdatedAt,
    descending: true,
};

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Option<Viewer>,
) -> Result<Response, ApiError> {
    let Some(viewer) = viewer else {
        return landing::show(&app).await;
    };
    let mine = TaskFilter {
        assignee: vec![viewer.caller.id],
        status: vec![Status::Todo, Status::InProgress, Status::Blocked],
        archived: Some(false),
        ..TaskFilter::default()
    };
    let soonest = Sort {
        field: SortField::DueAt,
        descending: false,
    };
    let most = PageRequest {
        limit: LIMIT_MAX,
        cursor: None,
    };
    let newest = PageRequest {
        limit: NEWS_MAX,
        cursor: None,
    };
    let actor = viewer.caller.actor.clone();
    let tasks = app.store().tasks(&actor, &mine, soonest, &most).await?;
    let news = app
        .store()
        .activity(&actor, ActivityFilter::default(), &newest)
        .await?;
    let watched = TaskFilter {
        watched_by: Some(viewer.caller.id),
        assignee: Vec::new(),
        ..mine
    };
    let watched = app
        .store()
        .tasks(&actor, &watched, LAST_CHANGED, &most)
        .await?;
    let shown = tasks.items.iter().chain(&watched.items);
    let shown: Vec<_> = shown.map(|task| task.state.project_id).collect();
    let mut shell = Shell::of(&app, viewer, Section::Home).await?.showing(shown);
    shell.find_tag_colors(&app, tasks.items.iter()).await?;
    let watched: Vec<_> = only_watched(watched.items, &shell).collect();
    shell.find_tag_colors(&app, watched.iter()).await?;
    let mut news = news_lines(&news.items, &shell);
    let new = news
        .iter()
        .rposition(|line| line.is_new)
        .map_or(0, |at| at + 1);
    news.truncate(new.max(NEWS));
    let seen = |at| Moment::of(at, shell.now, shell.zone);
    let page = HomePage {
        groups: groups(&tasks.items, &shell),
        watched: watched
            .iter()
            .map(|task| TaskRow::of(task, &shell))
            .collect(),
        news,
        visit_before: shell.viewer.visitor.visit_before.map(seen),
        shell,
    };
    super::render(&page)
}

/// Those that the viewer does not work on: these stand among their own.
fn only_watched(tasks: Vec<Task>, shell: &Shell) -> impl Iterator<Item = Task> {
    let me = shell.viewer.caller.id;
    let is_mine = move |task: &Task| task.state.assignees.iter().any(|a| a.user_id == me);
    let others = tasks.into_iter().filter(move |task| !is_mine(task));
    others.take(WATCHED_MAX)
}

fn groups(tasks: &[Task], shell: &Shell) -> Vec<Group> {
    let t = shell.t;
    let titles = [t.overdue, t.today, t.this_week, t.later, t.no_date];
    let mut groups = titles.map(|title| Group {
        title,
        rows: Vec::new(),
    });
    for task in tasks {
        let at = place(task.state.due_at, shell);
        groups[at].rows.push(TaskRow::of(task, shell));
    }
    groups
        .into_iter()
        .filter(|group| !group.rows.is_empty())
        .collect()
}

/// Which group a due time belongs to.
fn place(due: Option<DateTime<Utc>>, shell: &Shell) -> usize {
    let day = |at: DateTime<Utc>| at.with_timezone(&shell.zone).date_naive();
    let today = day(shell.now);
    match due {
        None => 4,
        Some(due) if due < shell.now => 0,
        Some(due) if day(due) == today => 1,
        Some(due) if day(due) <= end_of_week(today) => 2,
        Some(_) => 3,
    }
}

/// The Sunday of this week; on a weekend, the one after: the week that lies ahead is of interest then.
fn end_of_week(today: NaiveDate) -> NaiveDate {
    let past = i64::from(today.weekday().num_days_from_monday());
    let left = if past >= 5 { 13 - past } else { 6 - past };
    today + TimeDelta::days(left)
}
