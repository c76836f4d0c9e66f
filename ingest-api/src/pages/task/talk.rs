//! What is said about a task: comments, written, changed and deleted where they stand, and what they said before.

use super::fields::as_written;
use super::read::{Back, page};
use crate::api::comments::markdown::to_html;
use crate::api::tasks::history::{actors, page_of};
use crate::error::ApiError;
use crate::extract::value::text;
use crate::extract::{Fields, Id, IdIn, Params};
use crate::pages::form::{PageForm, Wrong, sent};
use crate::pages::shell::{Section, Shell};
use crate::pages::show::{Avatar, Moment};
use crate::pages::viewer::Viewer;
use crate::pages::whole::longest;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::comment::CommentBody;
use millstream_domain::field::{FieldCode, Invalid};
use millstream_domain::ids::{CommentId, UserId};
use millstream_domain::policy::{Action, Target, decide};
use millstream_event_log::events::task::TaskState;
use millstream_event_log::{Event, Record, Seq};
use millstream_store::PageRequest;
use millstream_store::comment::{Comment, CommentEdit, CreateComment, UpdateComment};
use millstream_store::page::LIMIT_MAX;
use millstream_store::task::TaskRef;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

/// A comment.
pub(super) struct Said {
    pub(super) id: String,
    pub(super) by: UserId,
    pub(super) who: Avatar,
    pub(super) at: Moment,
    /// `None` once it is deleted.
    pub(super) html: Option<String>,
    /// As it was written; as it was typed, where its form came back.
    pub(super) body: String,
    pub(super) version: i64,
    /// Whether it says something else than once, and its history is of interest.
    pub(super) is_edited: bool,
    pub(super) may_edit: bool,
    pub(super) may_delete: bool,
    /// What is wrong with what was typed.
    pub(super) wrong: Option<String>,
}

impl Said {
    fn of(comment: &Comment, shell: &Shell, task: &TaskState, back: &Back) -> Self {
        let actor = &shell.viewer.caller.actor;
        let target = Target::authored(task.team_id, comment.author);
        let is_there = comment.deleted_at.is_none();
        let may = |action| is_there && decide(actor, action, target).is_ok();
        let is_back = back.comment == Some(comment.id);
        Self {
            id: comment.id.to_string(),
            by: comment.author,
            who: Avatar::of(comment.author, &comment.author_display_name),
            at: Moment::of(comment.created_at, shell.now, shell.zone),
            html: is_there.then(|| to_html(&comment.body)),
            body: if is_back {
                back.text.clone()
            } else {
                comment.body.clone()
            },
            version: comment.version,
            is_edited: is_there && comment.edited_at.is_some(),
            may_edit: may(Action::EditComment),
            may_delete: may(Action::DeleteComment),
            wrong: back.wrong.text().filter(|_| is_back),
        }
    }
}

/// A part of what was said about a task.
pub(super) struct Talk {
    /// Oldest first.
    pub(super) said: Vec<Said>,
    /// Where what was said before it is shown.
    pub(super) earlier: Option<String>,
    /// What it is before; `None` where it is the newest.
    pub(super) before: Option<String>,
}

/// The newest comments of a task, or those before a place; and the one whose form came back as it was typed.
pub(super) async fn comments(
    app: &AppState,
    shell: &Shell,
    task: &TaskState,
    back: &Back,
) -> Result<Talk, ApiError> {
    let page = PageRequest {
        cursor: back.before.clone(),
        ..longest()
    };
    let (actor, id) = (&shell.viewer.caller.actor, TaskRef::Id(task.id));
    let found = app.store().comments_newest_first(actor, &id, &page).await?;
    let shown = found.items.iter().rev();
    let mut said: Vec<Said> = shown
        .map(|comment| Said::of(comment, shell, task, back))
        .collect();
    // A form that came back is shown, however long ago its comment was written.
    let back_in = back
        .comment
        .filter(|id| !found.items.iter().any(|comment| comment.id == *id));
    if let Some(comment) = back_in {
        let comment = app.store().comment(actor, &id, comment).await?;
        said.insert(0, Said::of(&comment, shell, task, back));
    }
    Ok(Talk {
        said,
        earlier: found.next_cursor.map(|cursor| {
            let cursor = utf8_percent_encode(&cursor, NON_ALPHANUMERIC);
            format!("/tasks/{}?before={cursor}#comments", task.name)
        }),
        before: page.cursor,
    })
}

fn body(typed: &str) -> Result<CommentBody, ApiError> {
    let member = ("body".to_owned(), Value::String(typed.to_owned()));
    let mut fields = Fields::new(Map::from_iter([member]));
    let read = fields.required("body", text(CommentBody::new));
    fields.finish(|| read)
}

/// Writes one.
pub(crate) async fn comment(
    State(app): State<AppState>,
    Id(task): Id<TaskRef>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let typed = as_written(&sent(&mut params, "body").unwrap_or_default());
    params.finish(|| Some(()))?;
    let written = match body(&typed) {
        Ok(body) => {
            let create = CreateComment {
                actor: viewer.caller.actor.clone(),
                task: task.clone(),
                body,
            };
            let written = app.store().write(&viewer.caller.origin, create).await;
            written.map_err(ApiError::from)
        }
        Err(error) => Err(error),
    };
    match written {
        Ok(comment) => there(&app, &viewer, &task, comment.output.id, None).await,
        Err(error) => {
            let back = Back {
                text: typed,
                ..Back::wrong(Wrong::of(error)?)
            };
            page(&app, viewer, &task, back).await
        }
    }
}

/// Changes what one says, or deletes it. A text that somebody else overtook comes back with what was typed.
pub(crate) async fn edit_comment(
    State(app): State<AppState>,
    IdIn(task, id): IdIn<TaskRef, CommentId>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let typed = as_written(&sent(&mut params, "body").unwrap_or_default());
    let version = sent(&mut params, "version").and_then(|version| version.parse::<i64>().ok());
    let is_deletion = sent(&mut params, "act").as_deref() == Some("delete");
    let before = sent(&mut params, "before");
    params.finish(|| Some(()))?;
    let edit = if is_deletion {
        Ok(CommentEdit::Delete)
    } else {
        body(&typed).map(CommentEdit::Body)
    };
    let written = match edit {
        Ok(edit) => {
            let update = UpdateComment {
                actor: viewer.caller.actor.clone(),
                task: task.clone(),
                id,
                expected_version: version.map(Into::into),
                edit,
            };
            let written = app.store().write(&viewer.caller.origin, update).await;
            written.map_err(ApiError::from)
        }
        Err(error) => Err(error),
    };
    match written {
        Ok(_) => there(&app, &viewer, &task, id, before).await,
        Err(error) => {
            let back = Back {
                comment: Some(id),
                text: typed,
                before,
                ..Back::wrong(Wrong::of(error)?)
            };
            page(&app, viewer, &task, back).await
        }
    }
}

/// The address of a comment: of the page of what was said that has it.
pub(crate) fn comment_url(task: &str, comment: CommentId) -> String {
    format!("/tasks/{task}?comment={comment}#comment-{comment}")
}

/// Leads to a comment on the task's page; to an older one where it was shown.
async fn there(
    app: &AppState,
    viewer: &Viewer,
    task: &TaskRef,
    comment: CommentId,
    before: Option<String>,
) -> Result<Response, ApiError> {
    let task = app.store().task(&viewer.caller.actor, task).await?;
    let part = before.map_or_else(String::new, |cursor| {
        format!("?before={}", utf8_percent_encode(&cursor, NON_ALPHANUMERIC))
    });
    let to = format!("/tasks/{}{part}#comment-{comment}", task.state.name);
    Ok(Redirect::to(&to).into_response())
}

#[derive(Template)]
#[template(path = "pages/comment_history.html")]
struct CommentHistoryPage {
    shell: Shell,
    task: String,
    comment: String,
    versions: Vec<Version>,
    /// Where the versions before these are.
    earlier: Option<String>,
    /// Whether the newest is among them.
    has_newest: bool,
}

/// A comment as it once was.
struct Version {
    who: Option<Avatar>,
    at: Moment,
    /// What it said from then on; `None` once it is deleted.
    html: Option<String>,
}

/// What a comment said before, newest first.
pub(crate) async fn show_comment_history(
    State(app): State<AppState>,
    viewer: Viewer,
    IdIn(task, id): IdIn<TaskRef, CommentId>,
    mut params: Params,
) -> Result<Response, ApiError> {
    let before = params.one("before", seq);
    params.finish(|| Some(()))?;
    let known = app.store().task(&viewer.caller.actor, &task).await?.state;
    let actor = &viewer.caller.actor;
    let comment = app.store().comment(actor, &task, id).await?;
    let subject = format!("comment/{id}");
    let records = app
        .log()
        .newest_of_subject(known.id.0, &subject, before, LIMIT_MAX + 1)
        .await?;
    let (records, more) = page_of(records, LIMIT_MAX);
    let oldest = records.last().filter(|_| more.is_some());
    let earlier = oldest.map(|oldest| {
        let place = format!("/tasks/{}/comments/{id}", known.name);
        format!("{place}/history?before={}", oldest.seq)
    });
    let names = actors(&app, &records).await?;
    let project = app.store().project(actor, known.project_id).await?;
    let shell = Shell::of(&app, viewer, Section::Projects)
        .await?
        .about(&project);
    let is_deleted = comment.deleted_at.is_some();
    let version = |record: &Record| Version {
        who: record
            .origin
            .actor
            .and_then(|id| names.get(&id))
            .map(|name| Avatar::of(name.id, &name.display_name)),
        at: Moment::of(record.at, shell.now, shell.zone),
        html: match record.event() {
            // Whoever deletes a comment wants what it said to be gone, all of it.
            Ok(Event::Comment(event)) if !is_deleted => Some(to_html(&event.comment().body)),
            _ => None,
        },
    };
    let versions = records.iter().map(version).collect();
    super::super::render(&CommentHistoryPage {
        task: known.name,
        comment: id.to_string(),
        versions,
        earlier,
        has_newest: before.is_none(),
        shell,
    })
}

/// A place in the log.
fn seq(text: &str) -> Result<Seq, Invalid> {
    let wrong = |_| {
        Invalid::new(
            FieldCode::Invalid,
            "must be a place that this list gave out",
        )
    };
    text.parse().map_err(wrong)
}
