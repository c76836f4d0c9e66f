//! Mails that leave the house: what somebody is to be told is written down in the transaction that gives the reason, and
//! sent later ([`deliver`]).
//!
//! *Invariant:* for one event, one person gets one mail of a kind, however often the event is worked on. No secret is kept
//! here: a mail with one in it is made when it is sent ([`MailContent::PasswordReset`]).

pub mod deliver;
pub mod news;
pub mod preference;

use crate::{Changing, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::ids::{EventId, MailId, UserId};
use millstream_domain::mail::{MailText, Subject};
use millstream_domain::user::Email;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

/// A mail to one person.
#[derive(Debug, Clone)]
pub struct NewMail {
    /// The event that is the reason for it. A change knows its own by [`Changing::event_id`].
    pub event_id: EventId,
    /// What it is, such as `password_reset`: one of each kind per event and person.
    pub kind: &'static str,
    /// To whom.
    pub to: Email,
    /// What it says.
    pub content: MailContent,
    /// When it is wanted; not sent before.
    pub at: DateTime<Utc>,
}

/// What a mail says, or what it is made of when it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailContent {
    /// This.
    Composed(Composed),
    /// The way to a new password. The link's token is made when the mail is sent, so that it is kept nowhere but in the
    /// mail itself.
    PasswordReset {
        /// Whose password.
        user_id: UserId,
    },
    /// Something happened to a task.
    TaskNews(news::Reference),
    /// What the day brings.
    DailySummary(crate::summary::Span),
    /// That the account's e-mail address is another one now; to the one that it was.
    EmailChanged {
        /// Whose account.
        username: String,
    },
}

/// The words of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Composed {
    /// What it is about.
    pub subject: Subject,
    /// As plain text, which everybody can read.
    pub text: MailText,
    /// The same as HTML.
    pub html: Option<MailText>,
}

impl NewMail {
    /// Follows from event, kind and recipient.
    fn id(&self) -> MailId {
        let name = format!("mail/{}/{}", self.kind, self.to);
        MailId(Uuid::new_v5(&self.event_id.0, name.as_bytes()))
    }
}

/// Writes down that a mail is to be sent, in the transaction that gives the reason. `false` when it was written down
/// before.
pub async fn intend(db: &mut PgConnection, mail: &NewMail) -> Result<bool, sqlx::Error> {
    // As text: a parameter of type `json` goes as `jsonb`, which keeps neither the form nor every character.
    let content = serde_json::to_string(&mail.content).expect("words and ids have a JSON form");
    let done = sqlx::query!(
        "insert into app.mail (id, event_id, kind, recipient, content, next_at, created_at)
         values ($1, $2, $3, $4, $5::text::json, $6, $6) on conflict (event_id, kind, recipient) do nothing",
        mail.id().0,
        mail.event_id.0,
        mail.kind,
        mail.to.as_str(),
        content,
        mail.at,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

impl Changing<'_> {
    /// Writes down that a mail is to be sent once this change is committed; delivery is woken then.
    pub async fn intend_mail(&mut self, mail: &NewMail) -> Result<(), StoreError> {
        intend(self.db(), mail).await?;
        self.wants.mail = true;
        Ok(())
    }
}
