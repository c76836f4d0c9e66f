//! The mail by which somebody sets a new password.
//!
//! The link's token stands behind `#`: browsers send that part to no server, so it is in nobody's access log and in no
//! `Referer`. The mail also gives it by itself, for those whose browser runs no scripts.

use crate::delivery::mail::compose::PasswordResetMail;
use askama::Template;
use futures::FutureExt;
use futures::future::BoxFuture;
use millstream_domain::ids::{MailId, UserId};
use millstream_domain::mail::{MailText, Subject};
use millstream_store::Store;
use millstream_store::mail::Composed;
use millstream_store::user::reset::{LINK_GOOD_FOR, ResetToken};
use std::error::Error;

/// Makes these mails, with a fresh token each.
#[derive(Debug, Clone)]
pub struct ResetMails {
    store: Store,
    public_url: String,
}

impl ResetMails {
    /// For links to this address, where people reach Millstream.
    #[must_use]
    pub fn new(store: Store, public_url: &str) -> Self {
        Self {
            store,
            public_url: public_url.trim_end_matches('/').to_owned(),
        }
    }

    fn words(&self, token: &ResetToken) -> Result<Composed, Box<dyn Error + Send + Sync>> {
        let secret = token.secret.as_str();
        let page = format!("{}/reset", self.public_url);
        let link = format!("{page}#{secret}");
        let minutes = LINK_GOOD_FOR.num_minutes();
        let (page, link) = (page.as_str(), link.as_str());
        let subject = SubjectLine.render()?;
        let text = Text {
            link,
            secret,
            minutes,
        };
        let html = Html {
            page,
            link,
            secret,
            minutes,
        };
        Ok(Composed {
            subject: Subject::new(&subject)?,
            text: MailText::new(&text.render()?)?,
            html: Some(MailText::new(&html.render()?)?),
        })
    }
}

impl PasswordResetMail for ResetMails {
    fn compose<'a>(
        &'a self,
        mail: MailId,
        user: UserId,
        recipient: &'a str,
    ) -> BoxFuture<'a, Result<Option<Composed>, Box<dyn Error + Send + Sync>>> {
        async move {
            let token = self.store.new_reset_token(mail, user, recipient).await?;
            token.map(|token| self.words(&token)).transpose()
        }
        .boxed()
    }
}

#[derive(Template)]
#[template(path = "emails/password_reset/subject.txt")]
struct SubjectLine;

#[derive(Template)]
#[template(path = "emails/password_reset/body.txt")]
struct Text<'a> {
    link: &'a str,
    secret: &'a str,
    minutes: i64,
}

#[derive(Template)]
#[template(path = "emails/password_reset/body.html")]
struct Html<'a> {
    page: &'a str,
    link: &'a str,
    secret: &'a str,
    minutes: i64,
}
