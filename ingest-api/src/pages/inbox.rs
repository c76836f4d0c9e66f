//! `/inbox`: what somebody was told, by task.

use crate::error::ApiError;
use crate::extract::Params;
use crate::extract::params::{CURSOR_BYTES_MAX, bounded, id};
use crate::pages::form::{PageForm, sent};
use crate::pages::shell::{Section, Shell};
use crate::pages::show::{Avatar, Moment};
use crate::pages::texts::Texts;
use crate::pages::viewer::Viewer;
use crate::position::WaitFor;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_event_log::events::notification::Selection;
use millstream_store::PageRequest;
use millstream_store::notification::ReadNotifications;
use millstream_store::views::notifications::Notification;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

#[derive(Template)]
#[template(path = "pages/inbox.html")]
struct InboxPage {
    shell: Shell,
    unread_only: bool,
    groups: Vec<Group>,
    next: Option<String>,
}

/// What was told of one task.
struct Group {
    name: String,
    title: String,
    lines: Vec<Line>,
    unread: Vec<String>,
    has_unread: bool,
}

struct Line {
    who: Option<Avatar>,
    text: String,
    url: String,
    is_unread: bool,
    at: Moment,
}

impl Line {
    fn of(told: &Notification, shell: &Shell) -> Self {
        let name = told
            .actor
            .as_ref()
            .map_or("", |actor| actor.display_name.as_str());
        let anchor = told
            .comment_id
            .map_or_else(String::new, |comment| format!("#comment-{comment}"));
        Self {
            who: told
                .actor
                .as_ref()
                .map(|actor| Avatar::of(actor.id, &actor.display_name)),
            text: format!("{name} {}", reason(&told.reason, shell.t))
                .trim()
                .to_owned(),
            url: format!("/tasks/{}{anchor}", told.task_name),
            is_unread: told.read_at.is_none(),
            at: Moment::of(told.at, shell.now, shell.zone),
        }
    }
}

fn reason(word: &str, t: &Texts) -> &'static str {
    match word {
        "assigned" => t.reason_assigned,
        "mentioned" => t.reason_mentioned,
        "status_changed" => t.reason_status_changed,
        "due_soon" => t.reason_due_soon,
        "overdue" => t.reason_overdue,
        _ => t.reason_commented,
    }
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    wait: WaitFor,
    mut params: Params,
) -> Result<Response, ApiError> {
    let unread_only = sent(&mut params, "show").as_deref() != Some("all");
    let page = PageRequest {
        cursor: params.one("cursor", |text| bounded(text, CURSOR_BYTES_MAX)),
        ..PageRequest::default()
    };
    params.finish(|| Some(()))?;
    wait.view(&app, "notifications").await?;
    let person = viewer.caller.person().clone();
    let told = app
        .store()
        .notifications(&person, unread_only, &page)
        .await?;
    let shell = Shell::of(&app, viewer, Section::Inbox).await?;
    let page = InboxPage {
        groups: groups(&told.items, &shell),
        next: told.next_cursor.map(|cursor| {
            let cursor = utf8_percent_encode(&cursor, NON_ALPHANUMERIC);
            let show = if unread_only { "" } else { "show=all&" };
            format!("/inbox?{show}cursor={cursor}")
        }),
        unread_only,
        shell,
    };
    super::render(&page)
}

/// By task, in the order of their newest.
fn groups(told: &[Notification], shell: &Shell) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for one in told {
        let at = groups.iter().position(|group| group.name == one.task_name);
        let at = at.unwrap_or_else(|| {
            groups.push(Group {
                name: one.task_name.clone(),
                title: one.task_title.clone(),
                lines: Vec::new(),
                unread: Vec::new(),
                has_unread: false,
            });
            groups.len() - 1
        });
        let group = &mut groups[at];
        group.lines.push(Line::of(one, shell));
        if one.read_at.is_none() {
            group.unread.push(one.id.to_string());
            group.has_unread = true;
        }
    }
    groups
}

/// Marks some, or all, as read; comes back once the inbox shows it.
pub(crate) async fn mark_read(
    State(app): State<AppState>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let all = sent(&mut params, "all").is_some();
    let ids = params.many("id", id);
    params.finish(|| Some(()))?;
    let read = ReadNotifications {
        user_id: viewer.caller.id,
        selection: if all {
            Selection::All
        } else {
            Selection::Ids(ids)
        },
    };
    let written = app.store().write(&viewer.caller.origin, read).await?;
    if let Some(position) = written.position {
        // A view that is far behind shows it later; the act is done.
        let _ = WaitFor::of(position).view(&app, "notifications").await;
    }
    Ok(Redirect::to("/inbox").into_response())
}
