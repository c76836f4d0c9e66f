//! `GET /ws/tasks/{id}/comments`: the comments of one task, both ways.

use super::guest::Guest;
use super::hub::{Listener, Word};
use super::rounds::{Due, Rounds};
use super::socket::{BEHIND, End, GONE, Socket, bounded};
use super::topic::Topic;
use crate::api::comments::CommentBody as CommentJson;
use crate::api::schema::Problems;
use crate::error::ApiError;
use crate::extract::json;
use crate::extract::value::text;
use crate::extract::{Fields, Id, NoParams, value};
use crate::middleware::rate;
use crate::request::RequestContext;
use crate::state::AppState;
use axum::extract::State;
use axum::extract::ws::{WebSocketUpgrade, close_code};
use axum::response::Response;
use millstream_domain::comment::CommentBody;
use millstream_domain::ids::TaskId;
use millstream_store::comment::CreateComment;
use millstream_store::task::TaskRef;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[utoipa::path(
    get, path = "/ws/tasks/{id}/comments", tag = "live",
    summary = "Talk about a task",
    description = "A WebSocket: send `{\"body\": \"…\"}` to write a comment, which is answered with `{\"type\": \"written\", \
                   \"comment\": …}` or `{\"type\": \"error\", \"problem\": …}`; every comment that is written, edited or deleted \
                   comes as `{\"type\": \"comment\", \"comment\": …}`. Each that is written counts as a request.",
    params(("id" = String, Path, description = "The task's id, or its name such as `ENG-42`")),
    responses((status = 101, description = "The connection is open"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn talk(
    State(app): State<AppState>,
    guest: Guest,
    Id(task): Id<TaskRef>,
    _: NoParams,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let task = app.store().task(&guest.caller.actor, &task).await?.state.id;
    let listener = app.hub().listen(guest.caller.id)?;
    listener.set(BTreeSet::from([Topic::Task(task)]));
    let cx = RequestContext::current();
    Ok(bounded(upgrade).on_upgrade(move |socket| {
        let conversation = Talk {
            app,
            guest,
            task,
            listener,
            socket: Socket::new(socket),
        };
        cx.scope(conversation.run())
    }))
}

struct Talk {
    app: AppState,
    guest: Guest,
    task: TaskId,
    listener: Listener,
    socket: Socket,
}

impl Talk {
    async fn run(mut self) {
        let mut rounds = Rounds::new(self.app.hub().limits().ping_every, self.listener.id);
        // It may have gone between the look at it and the listening.
        let mut done = Box::pin(self.check()).await;
        while done.is_ok() {
            done = tokio::select! {
                word = self.listener.words.recv() => Box::pin(self.pass_on(word)).await,
                said = self.socket.hear() => match said {
                    Ok(Some(text)) => Box::pin(self.write(&text)).await,
                    Ok(None) => Ok(()),
                    Err(end) => Err(end),
                },
                due = rounds.next(&self.app, &self.guest) => match due {
                    Due::Ping => self.socket.ping().await,
                    Due::Ask => Box::pin(self.ask_again()).await,
                },
            };
        }
        if let Err(end) = done {
            Box::pin(self.socket.close(end)).await;
        }
    }

    async fn pass_on(&mut self, word: Option<Word>) -> Result<(), End> {
        match word {
            // The signal without the comment is for pages.
            Some(Word::Record(told, _)) => match told.comment() {
                Some(message) => self.socket.send(message).await,
                None => Ok(()),
            },
            Some(Word::Inbox { .. }) => Ok(()),
            Some(Word::AskAgain) => self.ask_again().await,
            Some(Word::Check(_)) => self.check().await,
            None if self.app.hub().is_stopped() => Err(End::Closed(
                close_code::AWAY,
                "the server stops: connect again",
            )),
            None => Err(End::Closed(BEHIND, "too far behind: connect again")),
        }
    }

    async fn ask_again(&mut self) -> Result<(), End> {
        if self.guest.ask_again(&self.app).await? {
            self.check().await?;
        }
        Ok(())
    }

    async fn check(&mut self) -> Result<(), End> {
        if self
            .guest
            .may_hear(&self.app, Topic::Task(self.task))
            .await?
        {
            return Ok(());
        }
        Err(End::Closed(
            GONE,
            "the task is gone, or not yours to see any more",
        ))
    }

    /// Writes a comment; what is wrong with it is told as the API tells it. Who they are is asked each time, as of a request.
    async fn write(&mut self, said: &str) -> Result<(), End> {
        let counted = rate::count_for(&self.app, Some(&self.guest.caller)).await;
        let written = match counted {
            Ok(()) => {
                self.ask_again().await?;
                self.written(said).await
            }
            Err(refused) => Err(refused),
        };
        let answer = match written {
            Ok(comment) => json!({"type": "written", "comment": comment}),
            Err(error) => {
                let problem: Value = serde_json::from_slice(&error.body()).unwrap_or_default();
                json!({"type": "error", "problem": problem})
            }
        };
        self.socket.send(answer.to_string()).await
    }

    async fn written(&mut self, said: &str) -> Result<CommentJson, ApiError> {
        self.guest.caller.may_change()?;
        let members = json::parse(said.as_bytes())
            .map_err(|error| ApiError::bad_request(format!("not well-formed JSON: {error}")))?;
        let members =
            value::object(members).map_err(|invalid| ApiError::validation(vec![invalid.at("")]))?;
        let mut fields = Fields::new(members);
        let body = fields.required("body", text(CommentBody::new));
        let create = CreateComment {
            actor: self.guest.caller.actor.clone(),
            task: TaskRef::Id(self.task),
            body: fields.finish(|| body)?,
        };
        let origin = &self.guest.caller.origin;
        let written = self.app.store().write(origin, create).await?;
        Ok(CommentJson::from(&written.output))
    }
}
