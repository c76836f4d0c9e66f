//! One WebSocket of `GET /live`: what its client wants to hear of, and what it is told.

mod resume;

use super::guest::Guest;
use super::hub::{Listener, Word};
use super::place::{Brought, Place};
use super::rounds::{Due, Rounds};
use super::socket::{BEHIND, End, Socket};
use super::told::{Told, inbox_changed};
use super::topic::{Topic, Wanted};
use crate::middleware::rate;
use crate::state::AppState;
use axum::extract::ws::{WebSocket, close_code};
use millstream_event_log::Seq;
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Most topics of one connection: more than any page shows.
const TOPICS_MAX: usize = 100;
/// What is told of a topic that does not exist, and of one that may not be seen.
const ABSENT: &str = "there is no such topic";

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
#[derive(Debug)]
pub(super) struct Connection {
    app: AppState,
    guest: Guest,
    listener: Listener,
    socket: Socket,
    /// What it hears of, each with the last record (of an inbox: the last that it shows) that it need not be told of.
    topics: BTreeMap<Topic, Seq>,
    /// How far its client has been told.
    place: Place,
    /// Whether it has said what it wants to hear of.
    subscribed: bool,
    /// Whether it may still say where it was before: all its topics are told from one place on.
    may_resume: bool,
    /// Where it went on from: one record may have been told in part, by the connection before.
    resumed: Place,
    /// Where it is to go on from, once it says what it wants to hear of.
    held: Option<Brought>,
}

impl Connection {
    pub(super) fn new(app: AppState, guest: Guest, listener: Listener, socket: WebSocket) -> Self {
        Self {
            app,
            guest,
            listener,
            socket: Socket::new(socket),
            topics: BTreeMap::new(),
            place: Place::default(),
            subscribed: false,
            may_resume: true,
            resumed: Place::default(),
            held: None,
        }
    }

    /// Until one side ends it. Boxed, as a future holds what it was given once more for each future around it.
    pub(super) async fn run(mut self: Box<Self>) {
        let mut rounds = Rounds::new(self.app.hub().limits().ping_every, self.listener.id);
        let end = loop {
            // What is rare is boxed: an idle connection is as large as what it may wait in.
            let done = tokio::select! {
                word = self.listener.words.recv() => match word {
                    Some(Word::Record(told, inbox)) => self.tell(&told, inbox).await,
                    rare => Box::pin(self.pass_on(rare)).await,
                },
                said = self.socket.hear() => match said {
                    Ok(Some(text)) => Box::pin(self.obey(&text)).await,
                    Ok(None) => Ok(()),
                    Err(end) => Err(end),
                },
                due = rounds.next(&self.app, &self.guest) => match due {
                    Due::Ping => self.socket.ping().await,
                    Due::Ask => Box::pin(self.ask_again()).await,
                },
            };
            if let Err(end) = done {
                break end;
            }
        };
        Box::pin(self.socket.close(end)).await;
    }

    /// Tells of a record.
    async fn tell(&mut self, told: &Told, inbox: Seq) -> Result<(), End> {
        self.place.inbox = self.place.inbox.max(inbox);
        if let Some(done) = self.resumed.told_of(told.seq) {
            let (topics, seq) = (&self.topics, told.seq);
            let hears = |topic| topics.get(&topic).is_some_and(|since| seq > *since);
            for message in told.messages(done, self.inbox_told(seq), hears) {
                self.socket.send(message).await?;
            }
        }
        if told.seq > self.place.seq {
            (self.place.seq, self.place.part) = (told.seq, 0);
        }
        Ok(())
    }

    /// Passes on a word of the hub.
    async fn pass_on(&mut self, word: Option<Word>) -> Result<(), End> {
        match word {
            Some(Word::Record(told, inbox)) => self.tell(&told, inbox).await,
            Some(Word::Inbox { inbox, log }) => self.tell_inbox(inbox, log).await,
            Some(Word::AskAgain) => self.ask_again().await,
            Some(Word::Check(topic)) => self.check(&[topic]).await,
            None if self.app.hub().is_stopped() => Err(End::Closed(
                close_code::AWAY,
                "the server stops: connect again and resume",
            )),
            None => Err(End::Closed(
                BEHIND,
                "too far behind: connect again and resume",
            )),
        }
    }

    /// How far the inbox was told of; who does not ask for it misses nothing there.
    fn inbox_told(&self, seq: Seq) -> Seq {
        let own = Topic::Notifications(self.guest.caller.id);
        if self.topics.contains_key(&own) {
            self.place.inbox
        } else {
            seq
        }
    }

    /// The position that the client is to come back with.
    fn position(&self) -> Place {
        Place {
            inbox: self.inbox_told(self.place.seq),
            ..self.place
        }
    }

    async fn tell_inbox(&mut self, inbox: Seq, log: Seq) -> Result<(), End> {
        self.place.inbox = self.place.inbox.max(inbox);
        if log > self.place.seq {
            (self.place.seq, self.place.part) = (log, 0);
        }
        let person = self.guest.caller.id;
        match self.topics.get(&Topic::Notifications(person)) {
            Some(since) if inbox > *since => {
                let message = inbox_changed(person, self.position());
                self.socket.send(message).await
            }
            _ => Ok(()),
        }
    }

    async fn complain(&mut self, message: &str) -> Result<(), End> {
        let text = json!({"type": "error", "message": message}).to_string();
        self.socket.send(text).await
    }

    async fn obey(&mut self, text: &str) -> Result<(), End> {
        if let Err(refused) = rate::count_for(&self.app, Some(&self.guest.caller)).await {
            return self.complain(&refused.detail).await;
        }
        let Ok(said) = serde_json::from_str::<Said>(text) else {
            return self
                .complain("must be {\"subscribe\": [topics], \"resume\": position}")
                .await;
        };
        // With the second list, topics are told from different places on.
        self.may_resume &= !(self.subscribed && said.subscribe.is_some());
        match said.resume.as_deref().map(str::parse) {
            None => {}
            Some(Ok(brought)) if self.may_resume => self.held = Some(brought),
            Some(Ok(_)) => {
                let message = "resume comes once, with the first subscribe of a connection";
                return self.complain(message).await;
            }
            Some(Err(())) => return self.complain("resume must be a position").await,
        }
        match said.subscribe {
            Some(wanted) if wanted.len() > TOPICS_MAX => {
                let message = format!("at most {TOPICS_MAX} topics");
                return self.complain(&message).await;
            }
            Some(wanted) => self.subscribe(wanted).await?,
            // Nothing to go on with yet.
            None if !self.subscribed => return Ok(()),
            None => {}
        }
        match self.held.take() {
            Some(brought) => self.resume(brought).await,
            None => self.tell_ready().await,
        }
    }

    async fn tell_ready(&mut self) -> Result<(), End> {
        let position = self.position().to_string();
        let text = json!({"type": "ready", "position": position}).to_string();
        self.socket.send(text).await
    }

    /// Hears of these topics from now on, of those that may be heard of. First of all of them, so that nothing is missed that
    /// changes while it is asked which those are.
    async fn subscribe(&mut self, wanted: Vec<String>) -> Result<(), End> {
        let wanted: BTreeMap<String, Option<Topic>> = wanted
            .into_iter()
            .map(|name| {
                let topic = name.parse().ok().map(|wanted| self.topic(wanted));
                (name, topic)
            })
            .collect();
        let since = self
            .listener
            .set(wanted.values().flatten().copied().collect());
        if !self.subscribed || self.listener.words.is_empty() {
            // All that was told before has been passed on, so this is how far the client is.
            let (log, inbox) = (
                since.log.max(self.place.seq),
                since.inbox.max(self.place.inbox),
            );
            if log > self.place.seq {
                self.place.part = 0;
            }
            (self.place.seq, self.place.inbox) = (log, inbox);
        }
        let mut topics = BTreeMap::new();
        for (name, topic) in wanted {
            let known = topic.and_then(|topic| self.topics.get(&topic));
            match (topic, known) {
                (Some(topic), Some(known)) => {
                    topics.insert(topic, *known);
                }
                (Some(topic), None) if self.guest.may_hear(&self.app, topic).await? => {
                    let since = match topic {
                        Topic::Notifications(_) => since.inbox,
                        Topic::Task(_) | Topic::Project(_) => since.log,
                    };
                    topics.insert(topic, since);
                }
                _ => {
                    let name: String = name.chars().take(80).collect();
                    self.complain(&format!("{name}: {ABSENT}")).await?;
                }
            }
        }
        self.topics = topics;
        self.subscribed = true;
        self.listen();
        Ok(())
    }

    fn topic(&self, wanted: Wanted) -> Topic {
        match wanted {
            Wanted::Notifications => Topic::Notifications(self.guest.caller.id),
            Wanted::Task(id) => Topic::Task(id),
            Wanted::Project(id) => Topic::Project(id),
        }
    }

    fn listen(&self) {
        let topics: BTreeSet<Topic> = self.topics.keys().copied().collect();
        self.listener.set(topics);
    }

    /// Who are they now? If they have other rights than before, what may they still hear of?
    async fn ask_again(&mut self) -> Result<(), End> {
        if self.guest.ask_again(&self.app).await? {
            let topics: Vec<Topic> = self.topics.keys().copied().collect();
            self.check(&topics).await?;
        }
        Ok(())
    }

    /// Takes away those of these topics that they may not hear of any more.
    async fn check(&mut self, topics: &[Topic]) -> Result<(), End> {
        for topic in topics {
            if self.topics.contains_key(topic) && !self.guest.may_hear(&self.app, *topic).await? {
                self.topics.remove(topic);
                self.listen();
                let text = json!({"type": "gone", "topic": topic.to_string()}).to_string();
                self.socket.send(text).await?;
            }
        }
        Ok(())
    }
}
