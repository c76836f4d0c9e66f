//! The form of a mail (RFC 5322, MIME).
//!
//! *Invariant:* nothing that a person typed becomes a header. Subjects and addresses are of types that hold no line break,
//! and are encoded here all the same; everything else stands in the body.

use chrono::{DateTime, Utc};
use lettre::Message;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use millstream_store::mail::Composed;
use millstream_store::mail::deliver::Outgoing;
use std::time::SystemTime;

/// Why something is no mail. Another try would end alike.
#[derive(Debug, thiserror::Error)]
pub(super) enum MessageError {
    /// The recipient's address is none that mail can go to.
    #[error("the address is not one that mail can be sent to")]
    Address(#[from] lettre::address::AddressError),
    /// The parts do not make a mail.
    #[error("the mail cannot be put together")]
    Form(#[from] lettre::error::Error),
}

/// The mail as it goes to the server.
pub(super) fn message(
    from: &Mailbox,
    mail: &Outgoing,
    words: &Composed,
    now: DateTime<Utc>,
) -> Result<Message, MessageError> {
    let to = Mailbox::new(None, mail.to.parse()?);
    let head = Message::builder()
        .from(from.clone())
        .to(to)
        .subject(words.subject.as_str())
        .message_id(Some(format!("<{}>", mail.message_id)))
        .date(SystemTime::from(now))
        .header(AutoSubmitted);
    let text = words.text.as_str().to_owned();
    Ok(match &words.html {
        None => head.singlepart(SinglePart::plain(text))?,
        Some(html) => {
            let html = html.as_str().to_owned();
            head.multipart(MultiPart::alternative_plain_html(text, html))?
        }
    })
}

/// Tells other programs not to answer: no out-of-office notes (RFC 3834).
#[derive(Debug, Clone, Copy)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
