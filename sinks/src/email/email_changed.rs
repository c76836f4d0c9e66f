//! The mail that tells somebody, at their old address, that their account has another one now. It names no new address: who
//! reads the mailbox now may not be who it was.

use askama::Template;
use millstream_domain::mail::{MailText, Subject};
use millstream_store::mail::Composed;
use std::error::Error;

/// The words, for the account of this name.
pub(crate) fn words(username: &str) -> Result<Composed, Box<dyn Error + Send + Sync>> {
    let text = Text { username }.render()?;
    let html = Html { username }.render()?;
    Ok(Composed {
        subject: Subject::new(&SubjectLine.render()?)?,
        text: MailText::new(&text)?,
        html: Some(MailText::new(&html)?),
    })
}

#[derive(Template)]
#[template(path = "emails/email_changed/subject.txt")]
struct SubjectLine;

#[derive(Template)]
#[template(path = "emails/email_changed/body.txt")]
struct Text<'a> {
    username: &'a str,
}

#[derive(Template)]
#[template(path = "emails/email_changed/body.html")]
struct Html<'a> {
    username: &'a str,
}
