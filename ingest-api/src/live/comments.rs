//! `GET /ws/tasks/{id}/comments`: the comments of one task, both ways.

use super::connection::{ENDED, visible};
use super::entry::{Guest, bounded, full};
use super::hub::{Listener, Word};
use super::topic::Topic;
use crate::api::comments::CommentBody as CommentJson;
use crate::api::schema::Problems;
use crate::error::ApiError;
use crate::extract::Id;
use crate::extract::json;
use crate::extract::value::text;
use crate::extract::{Fields, value};
use crate::state::AppState;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use millstream_domain::comment::CommentBody;
use millstream_domain::ids::TaskId;
use millstream_store::comment::CreateComment;
use millstream_store::task::TaskRef;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a message may take to leave before the client counts as gone.
const SEND_TIME_MAX: Duration = Duration::from_secs(10);

#[utoipa::path(
    get, path = "/ws/tasks/{id}/comments", tag = "live",
    summary = "Talk about a task",
    description = "A WebSocket: send `{\"body\": \"…\"}` to write a comment; every comment that is written, edited or deleted comes \
                   as `{\"type\": \"comment\", \"comment\": …}`.",
    params(("id" = String, Path, description = "The task's id, or its name such as `ENG-42`")),
    responses((status = 101, description = "The connection is open"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn talk(
    State(app): State<AppState>,
    guest: Guest,
    Id(task): Id<TaskRef>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let task = app.store().task(&guest.caller.actor, &task).await?.state.id;
    let listener = app.hub().listen(guest.caller.id).ok_or_else(full)?;
    listener.set(BTreeSet::from([Topic::Task(task)]));
    Ok(bounded(upgrade).on_upgrade(move |socket| async move {
        Talk {
            app,
            guest,
            task,
            listener,
            socket,
        }
        .run()
        .await;
    }))
}

struct Talk {
    app: AppState,
    guest: Guest,
    task: TaskId,
    listener: Listener,
    socket: WebSocket,
}

impl Talk {
    async fn run(mut self) {
        loop {
            let goes_on = tokio::select! {
                word = self.listener.words.recv() => match word {
                    // The signal without the comment is for pages.
                    Some(Word::Told(_, _, text)) if !text.contains("\"type\":\"comment\"") => true,
                    Some(Word::Told(_, _, text)) => self.send(Message::text(&*text)).await,
                    Some(Word::AskAgain) => self.ask_again().await,
                    None => false,
                },
                said = self.socket.recv() => match said {
                    Some(Ok(Message::Text(text))) => self.write(&text).await,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => false,
                    Some(Ok(_)) => true,
                },
            };
            if !goes_on {
                return;
            }
        }
    }

    async fn send(&mut self, message: Message) -> bool {
        let sent = tokio::time::timeout(SEND_TIME_MAX, self.socket.send(message)).await;
        matches!(sent, Ok(Ok(())))
    }

    /// Writes a comment; what is wrong with it is told as the API tells it.
    async fn write(&mut self, said: &str) -> bool {
        let answer = match written(&self.app, &self.guest, self.task, said).await {
            Ok(comment) => json!({"type": "written", "comment": comment}),
            Err(error) => {
                let problem: Value = serde_json::from_slice(&error.body()).unwrap_or_default();
                json!({"type": "error", "problem": problem})
            }
        };
        self.send(Message::text(answer.to_string())).await
    }

    async fn ask_again(&mut self) -> bool {
        let asked = self.guest.proof.caller(&self.app).await;
        let may = match asked {
            Ok(caller) => {
                self.guest.caller = caller;
                visible(&self.app, &self.guest.caller, Topic::Task(self.task)).await
            }
            Err(error) => Err(error),
        };
        if matches!(may, Ok(true)) {
            return true;
        }
        let frame = CloseFrame {
            code: ENDED,
            reason: "the session has ended, or the task is not yours to see any more".into(),
        };
        self.send(Message::Close(Some(frame))).await;
        false
    }
}

async fn written(
    app: &AppState,
    guest: &Guest,
    task: TaskId,
    said: &str,
) -> Result<CommentJson, ApiError> {
    guest.caller.may_change()?;
    let members = json::parse(said.as_bytes())
        .map_err(|error| ApiError::bad_request(format!("not well-formed JSON: {error}")))?;
    let members =
        value::object(members).map_err(|invalid| ApiError::validation(vec![invalid.at("")]))?;
    let mut fields = Fields::new(members);
    let body = fields.required("body", text(CommentBody::new));
    let create = CreateComment {
        actor: guest.caller.actor.clone(),
        task: TaskRef::Id(task),
        body: fields.finish(|| body)?,
    };
    let written = app.store().write(&guest.caller.origin, create).await?;
    Ok(CommentJson::from(&written.output))
}
