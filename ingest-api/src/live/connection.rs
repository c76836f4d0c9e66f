//! One WebSocket: what its client wants to hear of, and what it is told.

use super::entry::{Guest, Proof};
use super::hub::{Listener, Word};
use super::resume::{Missed, missed};
use super::topic::{Topic, Wanted, changed};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::state::AppState;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use millstream_domain::policy::{Action, Target, decide};
use millstream_event_log::{Position, Seq};
use millstream_store::task::TaskRef;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Most topics of one connection: more than any page shows.
const TOPICS_MAX: usize = 100;
/// How often a silent client is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(30);
/// How long a message may take to leave before the client counts as gone.
const SEND_TIME_MAX: Duration = Duration::from_secs(10);
/// How often rights are looked at even if nothing was heard: sessions also end by time.
const ASK_EVERY: Duration = Duration::from_mins(5);
/// Close code: who they were is not known any more.
pub(super) const ENDED: u16 = 4401;
/// Close code: too far behind; connect again and resume.
pub(super) const BEHIND: u16 = 4408;

/// What a client says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    /// All that it wants to hear of from now on.
    subscribe: Option<Vec<String>>,
    /// Where it was before the connection broke.
    resume: Option<String>,
}

/// An open connection.
pub(super) struct Connection {
    app: AppState,
    proof: Proof,
    caller: Caller,
    listener: Listener,
    socket: WebSocket,
    topics: BTreeSet<Topic>,
    /// What was told already, after a resumption.
    told: Seq,
    /// Whether anything was heard of the client since it was last asked.
    is_alive: bool,
}

/// Why a connection ends.
enum End {
    /// The client is gone.
    Gone,
    /// We close it, with this code and reason.
    Closed(u16, &'static str),
}

impl Connection {
    pub(super) fn new(app: AppState, guest: Guest, listener: Listener, socket: WebSocket) -> Self {
        Self {
            app,
            proof: guest.proof,
            caller: guest.caller,
            listener,
            socket,
            topics: BTreeSet::new(),
            told: 0,
            is_alive: true,
        }
    }

    /// Until one side ends it.
    pub(super) async fn run(mut self) {
        if let End::Closed(code, reason) = self.talk().await {
            let frame = CloseFrame {
                code,
                reason: reason.into(),
            };
            let close = self.socket.send(Message::Close(Some(frame)));
            let _ = tokio::time::timeout(SEND_TIME_MAX, close).await;
        }
    }

    async fn talk(&mut self) -> End {
        let ticks = |every| {
            let mut ticks = interval_at(Instant::now() + every, every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        };
        let (mut pings, mut asks) = (ticks(PING_EVERY), ticks(ASK_EVERY));
        loop {
            let done = tokio::select! {
                word = self.listener.words.recv() => match word {
                    Some(Word::Told(seq, topic, text)) => self.tell(seq, topic, &text).await,
                    Some(Word::AskAgain) => self.ask_again().await,
                    None => Err(End::Closed(BEHIND, "too far behind: connect again and resume")),
                },
                said = self.socket.recv() => match said {
                    Some(Ok(message)) => self.hear(message).await,
                    Some(Err(_)) | None => Err(End::Gone),
                },
                _ = pings.tick() => self.ping().await,
                _ = asks.tick() => self.ask_again().await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        match tokio::time::timeout(SEND_TIME_MAX, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }

    async fn tell(&mut self, seq: Seq, topic: Topic, text: &str) -> Result<(), End> {
        // An inbox may show a record later than the log had it: better told twice.
        let is_known = seq <= self.told && !matches!(topic, Topic::Notifications(_));
        if is_known || !self.topics.contains(&topic) {
            return Ok(());
        }
        self.send(Message::text(text)).await
    }

    async fn ping(&mut self) -> Result<(), End> {
        if !std::mem::take(&mut self.is_alive) {
            return Err(End::Gone);
        }
        self.send(Message::Ping(Vec::new().into())).await
    }

    async fn hear(&mut self, message: Message) -> Result<(), End> {
        self.is_alive = true;
        match message {
            Message::Text(text) => match serde_json::from_str(&text) {
                Ok(said) => self.obey(said).await,
                Err(_) => {
                    self.complain("must be {\"subscribe\": [topics], \"resume\": position}")
                        .await
                }
            },
            Message::Binary(_) => self.complain("must be text").await,
            Message::Close(_) => Err(End::Gone),
            Message::Ping(_) | Message::Pong(_) => Ok(()),
        }
    }

    async fn complain(&mut self, message: &str) -> Result<(), End> {
        let text = json!({"type": "error", "message": message}).to_string();
        self.send(Message::text(text)).await
    }

    async fn obey(&mut self, said: Said) -> Result<(), End> {
        let position = match said.resume.as_deref().map(str::parse::<Position>) {
            None => None,
            Some(Ok(position)) => Some(position),
            Some(Err(_)) => return self.complain("resume must be a position").await,
        };
        if let Some(wanted) = said.subscribe {
            if wanted.len() > TOPICS_MAX {
                let message = format!("at most {TOPICS_MAX} topics");
                return self.complain(&message).await;
            }
            let mut topics = BTreeSet::new();
            for name in wanted {
                match topic_of(&self.app, &self.caller, &name).await {
                    Ok(topic) => {
                        topics.insert(topic);
                    }
                    Err(message) => {
                        self.complain(&format!("{name}: {message}")).await?;
                    }
                }
            }
            self.topics.clone_from(&topics);
            self.listener.set(topics);
        }
        // What is told from here on waits in the queue; what was told before is looked up.
        match position {
            Some(Position::View(seq)) => self.resume(seq).await,
            Some(Position::Write(_)) | None => {
                let position = Position::View(self.app.hub().told()).to_string();
                let text = json!({"type": "ready", "position": position}).to_string();
                self.send(Message::text(text)).await
            }
        }
    }

    async fn resume(&mut self, after: Seq) -> Result<(), End> {
        match missed(&self.app, self.caller.id, &self.topics, after).await {
            Missed::TooMuch => {
                let text = json!({"type": "behind"}).to_string();
                self.send(Message::text(text)).await
            }
            Missed::Some { topics, until } => {
                for (topic, seq) in topics {
                    self.send(Message::text(changed(topic, seq))).await?;
                }
                self.told = until;
                let position = Position::View(until).to_string();
                let text = json!({"type": "ready", "position": position}).to_string();
                self.send(Message::text(text)).await
            }
        }
    }

    /// The person's rights may have changed: who are they now, and what may they still hear of?
    async fn ask_again(&mut self) -> Result<(), End> {
        self.caller = match self.proof.caller(&self.app).await {
            Ok(caller) => caller,
            Err(error) if error.code.status().is_client_error() => {
                return Err(End::Closed(ENDED, "the session has ended: log in again"));
            }
            // Rather closed than told what may not be told.
            Err(_) => return Err(End::Closed(close_code::AGAIN, "try again")),
        };
        let mut gone = Vec::new();
        for topic in self.topics.clone() {
            match visible(&self.app, &self.caller, topic).await {
                Ok(true) => {}
                Ok(false) => gone.push(topic),
                Err(_) => return Err(End::Closed(close_code::AGAIN, "try again")),
            }
        }
        for topic in &gone {
            self.topics.remove(topic);
        }
        if !gone.is_empty() {
            self.listener.set(self.topics.clone());
        }
        for topic in gone {
            let text = json!({"type": "gone", "topic": topic.to_string()}).to_string();
            self.send(Message::text(text)).await?;
        }
        Ok(())
    }
}

/// A topic that this person may listen to. What they may not see is told like what does not exist.
async fn topic_of(app: &AppState, caller: &Caller, name: &str) -> Result<Topic, &'static str> {
    const ABSENT: &str = "there is no such topic";
    let wanted: Wanted = name.parse().map_err(|()| ABSENT)?;
    let topic = match wanted {
        Wanted::Notifications => Topic::Notifications(caller.id),
        Wanted::Task(id) => Topic::Task(id),
        Wanted::Project(id) => Topic::Project(id),
    };
    match visible(app, caller, topic).await {
        Ok(true) => Ok(topic),
        Ok(false) => Err(ABSENT),
        Err(_) => Err("cannot be looked up just now: try again"),
    }
}

/// Whether somebody may hear of this.
pub(super) async fn visible(
    app: &AppState,
    caller: &Caller,
    topic: Topic,
) -> Result<bool, ApiError> {
    let team = match topic {
        Topic::Notifications(person) => return Ok(person == caller.id),
        Topic::Task(id) => match app.store().task(&caller.actor, &TaskRef::Id(id)).await {
            Ok(task) => task.state.team_id,
            Err(error) => return absent(error.into()),
        },
        Topic::Project(id) => match app.store().project(&caller.actor, id).await {
            Ok(project) => project.team_id,
            Err(error) => return absent(error.into()),
        },
    };
    Ok(decide(&caller.actor, Action::ReadTeam, Target::team(team)).is_ok())
}

fn absent(error: ApiError) -> Result<bool, ApiError> {
    if error.code.status().is_client_error() {
        return Ok(false);
    }
    Err(error)
}
