//! Records: one event as it stands in the log, and how it looks as a CloudEvents 1.0 event.

use crate::cut::Seq;
use crate::error::DecodeError;
use crate::events::Event;
use crate::topic::Topic;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{EventId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// The CloudEvents `source` of everything that Millstream says.
pub const SOURCE: &str = "/millstream";

/// By which way an act came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// The browser's session cookie.
    Session,
    /// A bearer access token.
    Token,
    /// An API token.
    ApiToken,
    /// Millstream itself: timers, commands of the operator.
    #[default]
    System,
    /// An import.
    Import,
}

impl Via {
    /// The word on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Token => "token",
            Self::ApiToken => "api_token",
            Self::System => "system",
            Self::Import => "import",
        }
    }

    /// The way that a stored word names; `None` for any other word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Session,
            Self::Token,
            Self::ApiToken,
            Self::System,
            Self::Import,
        ]
        .into_iter()
        .find(|via| via.as_str() == word)
    }
}

/// Where an act came from. Address and agent are for the audit alone and leave through no other door.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origin {
    /// Who acted; `None` for nobody known and for Millstream itself.
    pub actor: Option<UserId>,
    /// By which way.
    pub via: Via,
    /// The client's address.
    pub client_ip: Option<String>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
}

/// An event on its way into the outbox.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Its id, unique for ever.
    pub id: EventId,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Where it came from.
    pub origin: Origin,
    /// What happened.
    pub event: Event,
}

/// An event in the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// Its place.
    pub seq: Seq,
    /// The outbox row it was moved from: what clients hold as `w…`.
    pub outbox_id: i64,
    /// Its id, unique for ever.
    pub id: EventId,
    /// Where it is published.
    pub topic: Topic,
    /// The aggregate whose order it keeps; for anything that belongs to a task, the task.
    pub key: Uuid,
    /// Its type, such as `task.created`.
    pub kind: Arc<str>,
    /// The thing it is about, such as `task/0191…`.
    pub subject: Arc<str>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Where it came from.
    pub origin: Origin,
    /// The version of the payload's form.
    pub schema_version: u16,
    /// The payload: JSON, as it was written.
    pub data: Arc<RawValue>,
}

impl Record {
    /// The record that an event becomes at a place of the log.
    #[must_use]
    pub fn from_new(new: NewEvent, seq: Seq, outbox_id: i64) -> Self {
        Self {
            seq,
            outbox_id,
            id: new.id,
            topic: new.event.topic(),
            key: new.event.key(),
            kind: new.event.kind().into(),
            subject: new.event.subject().into(),
            at: new.at,
            schema_version: new.event.version(),
            data: new.event.data().into(),
            origin: new.origin,
        }
    }

    /// The payload, decoded.
    pub fn event(&self) -> Result<Event, DecodeError> {
        Event::decode(&self.kind, self.schema_version, self.data.get())
    }

    /// Bytes of the payload: what budgets count.
    #[must_use]
    pub fn size(&self) -> usize {
        self.data.get().len()
    }

    /// The CloudEvents JSON form that leaves the house: without the client's address and agent.
    #[must_use]
    pub fn to_cloud_event(&self) -> Value {
        let mut event = Map::new();
        let mut put = |name: &str, value: Value| event.insert(name.to_owned(), value);
        put("specversion", json!("1.0"));
        put("id", json!(self.id));
        put("source", json!(SOURCE));
        put("type", json!(self.kind));
        put("subject", json!(self.subject));
        put("time", json!(self.at));
        put("datacontenttype", json!("application/json"));
        put("seq", json!(self.seq));
        put("schemaversion", json!(self.schema_version));
        put("via", json!(self.origin.via));
        if let Some(actor) = self.origin.actor {
            put("actor", json!(actor));
        }
        if let Some(request_id) = &self.origin.request_id {
            put("requestid", json!(request_id));
        }
        put(
            "data",
            serde_json::from_str(self.data.get()).unwrap_or(Value::Null),
        );
        Value::Object(event)
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.seq == other.seq
            && self.outbox_id == other.outbox_id
            && self.id == other.id
            && self.topic == other.topic
            && self.key == other.key
            && self.kind == other.kind
            && self.subject == other.subject
            && self.at == other.at
            && self.origin == other.origin
            && self.schema_version == other.schema_version
            && self.data.get() == other.data.get()
    }
}
