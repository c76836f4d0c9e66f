//! By which way mails go: to a mail server, or, where none is set, into the log, so that somebody who tries Millstream can
//! follow the links all the same. Whether another process has a server is asked before a mail is claimed.

use super::message::message;
use super::smtp::SmtpServer;
use chrono::{DateTime, Utc};
use lettre::message::Mailbox;
use millstream_domain::cause::in_full;
use millstream_store::mail::Composed;
use millstream_store::mail::deliver::Outgoing;

/// Most characters of what is kept of a server's words.
const REASON_CHARS_MAX: usize = 500;
/// What message ids end with when the sender's address has no name that they may end with.
const HOST: &str = "millstream.invalid";

/// The way of mails.
#[derive(Debug)]
pub struct Post(Way);

#[derive(Debug)]
enum Way {
    Server { server: SmtpServer, from: Mailbox },
    Log,
}

/// The text is not a sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an address such as Millstream <millstream@example.org>")]
pub struct InvalidSender(String);

/// Why a mail was not delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// It never will be.
    #[error("refused: {0}")]
    Refused(String),
    /// Nobody wants it any more: what it was about is gone, or its reader is.
    #[error("it is not wanted any more")]
    NotWanted,
    /// Another try may go better.
    #[error("not now: {0}")]
    Later(String),
    /// The mail server is not there, or does not let us in: nothing was said about this mail.
    #[error("no mail server: {reason}")]
    Away {
        /// In the server's words, which may name somebody.
        reason: String,
        /// The code of its answer, if it gave one: all of it that may be logged.
        code: Option<u16>,
    },
}

impl PostError {
    /// As much of a server's words as is kept.
    fn shortened(self) -> Self {
        let short = |reason: String| reason.chars().take(REASON_CHARS_MAX).collect();
        match self {
            Self::Refused(reason) => Self::Refused(short(reason)),
            Self::NotWanted => Self::NotWanted,
            Self::Later(reason) => Self::Later(short(reason)),
            Self::Away { reason, code } => Self::Away {
                reason: short(reason),
                code,
            },
        }
    }
}

impl Post {
    /// To a server, from this sender: an address, or a name and an address in angle brackets.
    pub fn to_server(server: SmtpServer, from: &str) -> Result<Self, InvalidSender> {
        let from = from.parse().map_err(|_| InvalidSender(from.to_owned()))?;
        Ok(Self(Way::Server { server, from }))
    }

    /// Into the log.
    #[must_use]
    pub fn log() -> Self {
        Self(Way::Log)
    }

    /// Whether there is a server.
    #[must_use]
    pub fn has_server(&self) -> bool {
        matches!(self.0, Way::Server { .. })
    }

    /// What message ids end with.
    pub(super) fn host(&self) -> &str {
        match &self.0 {
            Way::Server { from, .. } if from.email.domain().is_ascii() => from.email.domain(),
            Way::Server { .. } | Way::Log => HOST,
        }
    }

    /// Sends a mail.
    pub(super) async fn send(
        &self,
        mail: &Outgoing,
        words: &Composed,
        now: DateTime<Utc>,
    ) -> Result<(), PostError> {
        match &self.0 {
            Way::Server { server, from } => {
                let message = message(from, mail, words, now)
                    .map_err(|error| PostError::Refused(in_full(&error)))?;
                server
                    .send(&message, from)
                    .await
                    .map_err(PostError::shortened)
            }
            Way::Log => {
                print(mail, words);
                Ok(())
            }
        }
    }
}

/// The whole mail in one line of the log. Of everything that is logged, only this names a person: there is nobody else
/// who could be told.
fn print(mail: &Outgoing, words: &Composed) {
    tracing::info!(
        mail = %mail.id,
        message_id = mail.message_id,
        "no mail server is set (SMTP_URL), so this mail is printed:\n\nTo: {}\nSubject: {}\n\n{}\n",
        mail.to,
        words.subject,
        words.text,
    );
}
