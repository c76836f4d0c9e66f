//! A project as a board: a lane for each status, in the order that people gave it.

use crate::error::ApiError;
use crate::extract::Params;
use crate::pages::shell::Shell;
use crate::pages::show::TaskRow;
use crate::state::AppState;
use askama::Template;
use axum::response::Response;
use millstream_domain::task::Status;
use millstream_event_log::events::project::ProjectState;
use millstream_store::PageRequest;
use millstream_store::page::LIMIT_MAX;
use millstream_store::task::{Sort, SortField, TaskFilter};

#[derive(Template)]
#[template(path = "pages/project_board.html")]
struct BoardPage {
    shell: Shell,
    project: ProjectState,
    lanes: Vec<Lane>,
}

struct Lane {
    status: Status,
    rows: Vec<TaskRow>,
    /// How many cards there are, as text: `100+` when more than are shown.
    count: String,
    has_more: bool,
}

/// Shows it.
pub(super) async fn show(
    app: &AppState,
    mut shell: Shell,
    project: ProjectState,
    params: Params,
) -> Result<Response, ApiError> {
    params.finish(|| Some(()))?;
    let mut lanes = Vec::with_capacity(Status::ALL.len());
    for status in Status::ALL {
        lanes.push(lane(app, &mut shell, &project, *status).await?);
    }
    super::super::render(&BoardPage {
        shell,
        project,
        lanes,
    })
}

async fn lane(
    app: &AppState,
    shell: &mut Shell,
    project: &ProjectState,
    status: Status,
) -> Result<Lane, ApiError> {
    let filter = TaskFilter {
        project: vec![project.id],
        status: vec![status],
        archived: Some(false),
        ..TaskFilter::default()
    };
    // What was finished last is of more interest than what was finished first.
    let sort = match status {
        Status::Done => Sort {
            field: SortField::UpdatedAt,
            descending: true,
        },
        _ => Sort {
            field: SortField::Rank,
            descending: false,
        },
    };
    let most = PageRequest {
        limit: LIMIT_MAX,
        cursor: None,
    };
    let actor = &shell.viewer.caller.actor;
    let found = app.store().tasks(actor, &filter, sort, &most).await?;
    let has_more = found.next_cursor.is_some();
    shell.find_tag_colors(app, found.items.iter()).await?;
    let rows: Vec<_> = found
        .items
        .iter()
        .map(|task| TaskRow::of(task, shell))
        .collect();
    Ok(Lane {
        status,
        count: format!("{}{}", rows.len(), if has_more { "+" } else { "" }),
        rows,
        has_more,
    })
}
