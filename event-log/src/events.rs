//! The events: every fact that Millstream keeps, by noun.
//!
//! An event's name is in the past tense; its payload carries what its readers need, so that none has to ask the
//! database. Events carry user ids, and a username where a sentence needs it, never an e-mail address.
//!
//! To add one: a line in the `events!` call of its noun's file, and a sample; `cargo xtask accept` adds its form to
//! `test-data/<noun>/vN.json`. To add a noun: its file, and its lines in the lists of this one. To change a payload's
//! form: raise the noun's `VERSION` and keep reading the old one.

pub mod access;
pub mod api_token;
pub mod comment;
pub mod deadline;
pub mod job;
pub mod key;
pub mod member;
pub mod notification;
pub mod pipeline;
pub mod project;
pub mod report;
pub mod schedule;
pub mod session;
pub mod statement;
pub mod tag;
pub mod task;
pub mod team;
pub mod user;
pub mod watch;

use crate::error::DecodeError;
use crate::topic::Topic;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use uuid::Uuid;

pub use access::AccessEvent;
pub use api_token::ApiTokenEvent;
pub use comment::CommentEvent;
pub use deadline::DeadlineEvent;
pub use job::JobEvent;
pub use key::KeyEvent;
pub use member::MemberEvent;
pub use notification::NotificationEvent;
pub use pipeline::PipelineEvent;
pub use project::ProjectEvent;
pub use report::ReportEvent;
pub use schedule::ScheduleEvent;
pub use session::SessionEvent;
pub use statement::StatementEvent;
pub use tag::TagEvent;
pub use task::TaskEvent;
pub use team::TeamEvent;
pub use user::UserEvent;
pub use watch::WatchEvent;

use serde::{Deserialize, Serialize};

/// A thing before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change<T> {
    /// As it was.
    pub before: T,
    /// As it is now.
    pub after: T,
}

/// What the events of one noun have in common.
pub trait Payload: Sized {
    /// The noun: the name of its file, and of the folder of its golden files. Mostly also the first half of the types.
    const NOUN: &'static str;
    /// Where they are published.
    const TOPIC: Topic;
    /// The version of the form that is written now; every version from 1 on is read.
    const VERSION: u16;

    /// The type, such as `task.created`.
    fn kind(&self) -> &'static str;
    /// The aggregate whose order the event keeps.
    fn key(&self) -> Uuid;
    /// The thing the event is about, such as `task/0191…`.
    fn subject(&self) -> String;
    /// The payload as JSON.
    fn data(&self) -> Box<RawValue>;
    /// Reads a payload; `None` when the type is not one of this noun's.
    fn decode(kind: &str, version: u16, data: &str) -> Option<Result<Self, DecodeError>>;
    /// At least one of each variant, the same each time: for the golden files and the documents.
    fn samples() -> Vec<Self>;
}

fn decode_payload<T: DeserializeOwned>(
    kind: &str,
    version: u16,
    newest: u16,
    data: &str,
) -> Result<T, DecodeError> {
    if version == 0 || version > newest {
        return Err(DecodeError::UnknownVersion {
            kind: kind.to_owned(),
            version,
            newest,
        });
    }
    serde_json::from_str(data).map_err(|source| DecodeError::Payload {
        kind: kind.to_owned(),
        source,
    })
}

/// Declares the events of one noun: an enum of payloads, and its [`Payload`].
macro_rules! events {
    (
        $(#[$doc:meta])*
        $name:ident ($noun:literal, $topic:expr, version $version:literal) {
            $($(#[$vdoc:meta])* $variant:ident($payload:ty) = $kind:literal,)*
        }
        key($key_of:ident) $key:expr;
        subject($subject_of:ident) $subject:expr;
        samples $samples:expr;
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name { $($(#[$vdoc])* $variant($payload),)* }

        impl $crate::events::Payload for $name {
            const NOUN: &'static str = $noun;
            const TOPIC: $crate::topic::Topic = $topic;
            const VERSION: u16 = $version;

            fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => $kind,)* }
            }

            fn key(&self) -> uuid::Uuid {
                let $key_of = self;
                $key
            }

            fn subject(&self) -> String {
                let $subject_of = self;
                $subject
            }

            fn data(&self) -> Box<serde_json::value::RawValue> {
                match self {
                    $(Self::$variant(payload) => serde_json::value::to_raw_value(payload),)*
                }
                .expect("payloads are plain data with text keys, which always have a JSON form")
            }

            fn decode(
                kind: &str,
                version: u16,
                data: &str,
            ) -> Option<Result<Self, $crate::error::DecodeError>> {
                match kind {
                    $($kind => Some(
                        $crate::events::decode_payload(kind, version, $version, data).map(Self::$variant),
                    ),)*
                    _ => None,
                }
            }

            fn samples() -> Vec<Self> {
                $samples
            }
        }
    };
}
pub(crate) use events;

/// Declares [`Event`] over the nouns.
macro_rules! nouns {
    ($($(#[$doc:meta])* $noun:ident($event:ty),)*) => {
        /// Any event.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Event { $($(#[$doc])* $noun($event),)* }

        impl Event {
            /// Where it is published.
            #[must_use]
            pub fn topic(&self) -> Topic {
                match self { $(Self::$noun(_) => <$event>::TOPIC,)* }
            }

            /// The version of the form in which [`Event::data`] writes it.
            #[must_use]
            pub fn version(&self) -> u16 {
                match self { $(Self::$noun(_) => <$event>::VERSION,)* }
            }

            /// The type, such as `task.created`.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$noun(event) => event.kind(),)* }
            }

            /// The aggregate whose order the event keeps.
            #[must_use]
            pub fn key(&self) -> Uuid {
                match self { $(Self::$noun(event) => event.key(),)* }
            }

            /// The thing the event is about.
            #[must_use]
            pub fn subject(&self) -> String {
                match self { $(Self::$noun(event) => event.subject(),)* }
            }

            /// The payload as JSON.
            #[must_use]
            pub fn data(&self) -> Box<RawValue> {
                match self { $(Self::$noun(event) => event.data(),)* }
            }

            /// Reads a payload of the given type and version.
            pub fn decode(kind: &str, version: u16, data: &str) -> Result<Self, DecodeError> {
                $(if let Some(read) = <$event>::decode(kind, version, data) {
                    return read.map(Self::$noun);
                })*
                Err(DecodeError::UnknownType(kind.to_owned()))
            }

            /// At least one of each type, the same each time.
            #[must_use]
            pub fn samples() -> Vec<Self> {
                let mut all = Vec::new();
                $(all.extend(<$event>::samples().into_iter().map(Self::$noun));)*
                all
            }
        }

        /// What only the tests ask of every noun.
        #[cfg(test)]
        impl Event {
            const NOUNS: &[&str] = &[$(<$event>::NOUN),*];

            fn check_wire_forms() {
                $(tests::check_wire_forms::<$event>();)*
            }
        }

        $(impl From<$event> for Event {
            fn from(event: $event) -> Self {
                Self::$noun(event)
            }
        })*
    };
}

nouns! {
    /// A task changed.
    Task(TaskEvent),
    /// A comment changed.
    Comment(CommentEvent),
    /// Somebody chose whether to be told of what happens to a task.
    Watch(WatchEvent),
    /// A tag changed.
    Tag(TagEvent),
    /// A project changed.
    Project(ProjectEvent),
    /// A team changed.
    Team(TeamEvent),
    /// Who belongs to a team changed.
    Member(MemberEvent),
    /// An account changed.
    User(UserEvent),
    /// A log-in began, failed or ended.
    Session(SessionEvent),
    /// Something was refused that the audit should know.
    Access(AccessEvent),
    /// Somebody made an API token, or took one back.
    ApiToken(ApiTokenEvent),
    /// Somebody did something to their inbox.
    Notification(NotificationEvent),
    /// A time came that a task was due at.
    Deadline(DeadlineEvent),
    /// Somebody did something to a job.
    Job(JobEvent),
    /// Somebody ordered a report, or deleted one.
    Report(ReportEvent),
    /// Somebody asked something in SQL.
    Statement(StatementEvent),
    /// Somebody did something to a schedule.
    Schedule(ScheduleEvent),
    /// Somebody did something to a pipeline.
    Pipeline(PipelineEvent),
    /// A key of access tokens changed.
    Key(KeyEvent),
}

#[cfg(test)]
mod tests;
