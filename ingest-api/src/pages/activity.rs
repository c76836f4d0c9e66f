//! `/activity`: what happened, day by day.

use crate::error::ApiError;
use crate::extract::Params;
use crate::extract::params::{CURSOR_CHARACTERS_MAX, bounded};
use crate::pages::form::sent;
use crate::pages::shell::{Section, Shell};
use crate::pages::show::day::day_title;
use crate::pages::show::news::{NewsLine, news_lines};
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use millstream_domain::project::ProjectKey;
use millstream_event_log::events::project::ProjectState;
use millstream_store::PageRequest;
use millstream_store::views::activity::{ActivityFilter, ActivityLine};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

#[derive(Template)]
#[template(path = "pages/activity.html")]
struct ActivityPage {
    shell: Shell,
    /// The project that it is about, where the choice does not have it otherwise: it is in the archive.
    archived: Option<ProjectState>,
    days: Vec<DayOfNews>,
    next: Option<String>,
}

struct DayOfNews {
    title: String,
    lines: Vec<NewsLine>,
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    mut params: Params,
) -> Result<Response, ApiError> {
    let key = sent(&mut params, "project").filter(|key| !key.is_empty());
    let page = PageRequest {
        cursor: params.one("cursor", |text| bounded(text, CURSOR_CHARACTERS_MAX)),
        ..PageRequest::default()
    };
    params.finish(|| Some(()))?;
    let mut shell = Shell::of(&app, viewer, Section::Activity)
        .await?
        .showing([]);
    let mut filter = ActivityFilter::default();
    let mut archived = None;
    if let Some(key) = &key {
        let key = ProjectKey::new(key).map_err(|_| ApiError::not_found())?;
        let actor = &shell.viewer.caller.actor;
        let project = app.store().project_with_key(actor, &key).await?;
        filter.project = Some(project.id);
        shell = shell.about(&project);
        archived = Some(project).filter(|project| project.archived);
    }
    let actor = &shell.viewer.caller.actor;
    let lines = app.store().activity(actor, filter, &page).await?;
    let page = ActivityPage {
        archived,
        days: days(&lines.items, &shell),
        next: lines.next_cursor.map(|cursor| {
            let cursor = utf8_percent_encode(&cursor, NON_ALPHANUMERIC);
            let project = key.map_or_else(String::new, |key| format!("project={key}&"));
            format!("/activity?{project}cursor={cursor}")
        }),
        shell,
    };
    super::render(&page)
}

fn days(lines: &[ActivityLine], shell: &Shell) -> Vec<DayOfNews> {
    let mut days: Vec<DayOfNews> = Vec::new();
    for (line, shown) in lines.iter().zip(news_lines(lines, shell)) {
        let title = day_title(line.at, shell.now, shell.zone);
        match days.last_mut().filter(|day| day.title == title) {
            Some(day) => day.lines.push(shown),
            None => days.push(DayOfNews {
                title,
                lines: vec![shown],
            }),
        }
    }
    days
}
