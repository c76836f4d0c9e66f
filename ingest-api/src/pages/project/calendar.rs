//! A project as a calendar: a month of days, with what is due on each.

use crate::error::ApiError;
use crate::extract::Params;
use crate::pages::form::sent;
use crate::pages::shell::Shell;
use crate::pages::show::TaskRow;
use crate::pages::show::day::{begin, said};
use crate::pages::whole::list_all;
use crate::state::AppState;
use askama::Template;
use axum::response::Response;
use chrono::{Datelike, Days, Months, NaiveDate};
use chrono_tz::Tz;
use millstream_event_log::events::project::ProjectState;
use millstream_store::PageRequest;
use millstream_store::task::{Sort, SortField, Task, TaskFilter};

/// Days that are shown: six weeks hold every month.
const DAYS: u64 = 42;

#[derive(Template)]
#[template(path = "pages/project_calendar.html")]
struct CalendarPage {
    shell: Shell,
    project: ProjectState,
    month: Month,
}

struct Month {
    title: String,
    before: String,
    after: String,
    weekdays: Vec<String>,
    days: Vec<Day>,
}

struct Day {
    number: u32,
    full: String,
    is_other: bool,
    is_today: bool,
    rows: Vec<TaskRow>,
}

/// Shows it.
pub(super) async fn show(
    app: &AppState,
    shell: Shell,
    project: ProjectState,
    mut params: Params,
) -> Result<Response, ApiError> {
    let today = shell.now.with_timezone(&shell.zone).date_naive();
    let asked = sent(&mut params, "month")
        .and_then(|month| NaiveDate::parse_from_str(&format!("{month}-01"), "%Y-%m-%d").ok())
        .filter(|month| (1970..=9999).contains(&month.year()));
    params.finish(|| Some(()))?;
    let first = asked.or_else(|| today.with_day(1)).unwrap_or(today);
    let monday = first - Days::new(first.weekday().num_days_from_monday().into());
    let tasks = due_between(app, &shell, &project, monday, monday + Days::new(DAYS)).await?;
    let of_day = |day: NaiveDate| Day {
        number: day.day(),
        full: said(shell.t.day_title, day),
        is_other: day.month() != first.month(),
        is_today: day == today,
        rows: tasks
            .iter()
            .filter(|task| due_day(task, shell.zone) == Some(day))
            .map(|task| TaskRow::of(task, &shell))
            .collect(),
    };
    let days: Vec<NaiveDate> = monday.iter_days().take(42).collect();
    let month = Month {
        title: said(shell.t.month_title, first),
        before: (first - Months::new(1)).format("%Y-%m").to_string(),
        after: (first + Months::new(1)).format("%Y-%m").to_string(),
        weekdays: days[..7].iter().map(|day| said("{wday}", *day)).collect(),
        days: days.into_iter().map(of_day).collect(),
    };
    super::super::render(&CalendarPage {
        shell,
        project,
        month,
    })
}

fn due_day(task: &Task, zone: Tz) -> Option<NaiveDate> {
    let due = task.state.due_at?;
    Some(due.with_timezone(&zone).date_naive())
}

async fn due_between(
    app: &AppState,
    shell: &Shell,
    project: &ProjectState,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<Vec<Task>, ApiError> {
    let filter = TaskFilter {
        project: vec![project.id],
        archived: Some(false),
        due_after: begin(from, shell.zone),
        due_before: begin(until, shell.zone),
        ..TaskFilter::default()
    };
    let sort = Sort {
        field: SortField::DueAt,
        descending: false,
    };
    let (store, actor, filter) = (app.store(), &shell.viewer.caller.actor, &filter);
    list_all(async |page: PageRequest| store.tasks(actor, filter, sort, &page).await).await
}
