//! A project as a list: what is open, by status; or what a filter finds.

use crate::api::search::{find, unreadable};
use crate::error::ApiError;
use crate::extract::Params;
use crate::extract::params::{CURSOR_CHARACTERS_MAX, bounded};
use crate::pages::form::sent;
use crate::pages::shell::Shell;
use crate::pages::show::Choice;
use crate::pages::show::TaskRow;
use crate::problem::Code;
use crate::state::AppState;
use askama::Template;
use axum::response::Response;
use millstream_domain::query::Query;
use millstream_domain::task::Status;
use millstream_event_log::events::project::ProjectState;
use millstream_store::task::{Sort, SortField, Task, TaskFilter};
use millstream_store::{Page, PageRequest};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// In the order in which they are of interest.
const ORDER: [Status; 4] = [
    Status::InProgress,
    Status::Blocked,
    Status::Todo,
    Status::Done,
];

#[derive(Template)]
#[template(path = "pages/project_list.html")]
struct ListPage {
    shell: Shell,
    project: ProjectState,
    choices: Vec<Choice>,
    q: String,
    /// What is wrong with the filter.
    wrong: Option<String>,
    groups: Vec<Group>,
    here: String,
    next: Option<String>,
}

/// The tasks of one status.
struct Group {
    status: Status,
    rows: Vec<TaskRow>,
}

struct Asked {
    show: String,
    q: String,
    page: PageRequest,
}

/// Shows it.
pub(super) async fn show(
    app: &AppState,
    mut shell: Shell,
    project: ProjectState,
    mut params: Params,
) -> Result<Response, ApiError> {
    let asked = Asked {
        show: sent(&mut params, "show").unwrap_or_else(|| "open".to_owned()),
        q: params.q().unwrap_or_default(),
        page: PageRequest {
            cursor: params.one("cursor", |text| bounded(text, CURSOR_CHARACTERS_MAX)),
            ..PageRequest::default()
        },
    };
    params.finish(|| Some(()))?;
    let found = if asked.q.is_empty() {
        chosen(app, &shell, &project, &asked).await
    } else {
        searched(app, &shell, &project, &asked).await
    };
    let (found, wrong) = match found {
        Ok(found) => (found, None),
        Err(error) if error.code == Code::BadRequest && !asked.q.is_empty() => {
            let none = Page {
                items: Vec::new(),
                next_cursor: None,
            };
            (none, Some(error.detail))
        }
        Err(error) => return Err(error),
    };
    shell.find_tag_colors(app, found.items.iter()).await?;
    let here = address(&project, &asked, None);
    let page = ListPage {
        choices: choices(&shell, &project, &asked),
        groups: groups(&found.items, &shell),
        next: found
            .next_cursor
            .map(|cursor| address(&project, &asked, Some(&cursor))),
        q: asked.q,
        wrong,
        here,
        project,
        shell,
    };
    super::super::render(&page)
}

async fn chosen(
    app: &AppState,
    shell: &Shell,
    project: &ProjectState,
    asked: &Asked,
) -> Result<Page<Task>, ApiError> {
    let status = match asked.show.as_str() {
        "done" => vec![Status::Done],
        "all" => Vec::new(),
        _ => ORDER[..3].to_vec(),
    };
    let filter = TaskFilter {
        project: vec![project.id],
        status,
        archived: Some(false),
        ..TaskFilter::default()
    };
    let sort = Sort {
        field: SortField::Rank,
        descending: false,
    };
    let actor = &shell.viewer.caller.actor;
    Ok(app.store().tasks(actor, &filter, sort, &asked.page).await?)
}

/// What the query language finds in this project.
async fn searched(
    app: &AppState,
    shell: &Shell,
    project: &ProjectState,
    asked: &Asked,
) -> Result<Page<Task>, ApiError> {
    // Read alone first: a place that an error points at is one in what was typed.
    Query::parse(&asked.q).map_err(|error| unreadable(&error))?;
    let within = format!("project:{} ({})", project.key, asked.q);
    let caller = &shell.viewer.caller;
    let zone = &shell.viewer.visitor.time_zone;
    let found = find(app, caller, zone, &within, asked.page.clone()).await?;
    let ids: Vec<_> = found.hits.iter().map(|hit| hit.task.id).collect();
    Ok(Page {
        items: app.store().some_tasks(&caller.actor, &ids).await?,
        next_cursor: found.next_cursor,
    })
}

fn groups(tasks: &[Task], shell: &Shell) -> Vec<Group> {
    let of_status = |status| {
        let rows = tasks.iter().filter(|task| task.state.status == status);
        Group {
            status,
            rows: rows.map(|task| TaskRow::of(task, shell)).collect(),
        }
    };
    ORDER
        .into_iter()
        .map(of_status)
        .filter(|group| !group.rows.is_empty())
        .collect()
}

fn choices(shell: &Shell, project: &ProjectState, asked: &Asked) -> Vec<Choice> {
    let t = shell.t;
    let choice = |(name, text)| Choice {
        text,
        url: format!("/projects/{}?show={name}", project.key),
        is_chosen: asked.q.is_empty() && asked.show == name,
    };
    [
        ("open", t.open_tasks),
        ("done", t.done_tasks),
        ("all", t.all_tasks),
    ]
    .map(choice)
    .into()
}

fn address(project: &ProjectState, asked: &Asked, cursor: Option<&str>) -> String {
    let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let mut address = format!("/projects/{}?show={}", project.key, encoded(&asked.show));
    if !asked.q.is_empty() {
        address = format!("{address}&q={}", encoded(&asked.q));
    }
    if let Some(cursor) = cursor {
        address = format!("{address}&cursor={}", encoded(cursor));
    }
    address
}
