//! Mails, a file and a folder of templates (`templates/emails/<mail>`) each: subject, plain text, HTML.
//!
//! To add one: a file below, its three templates, and whoever intends it.

mod daily_summary;
pub(crate) mod email_changed;
mod password_reset;
mod task_news;

pub use password_reset::ResetMails;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use millstream_store::Store;
use millstream_store::mail::Composed;
use millstream_store::mail::news::Reference;
use millstream_store::summary::Span;
use std::error::Error;

/// The words of a mail, or what is wrong with a template of ours.
type Words = Result<Composed, Box<dyn Error + Send + Sync>>;

/// The page where people choose their mails.
const SETTINGS: &str = "/settings/mails";

/// Makes the mails about the work, of what their readers may see at that moment.
#[derive(Debug, Clone)]
pub struct WorkMails {
    store: Store,
    public_url: String,
}

impl WorkMails {
    /// For links to this address, where people reach Millstream.
    #[must_use]
    pub fn new(store: Store, public_url: &str) -> Self {
        Self {
            store,
            public_url: public_url.trim_end_matches('/').to_owned(),
        }
    }

    /// The mail about a task; `None` when it is not wanted any more.
    pub(crate) async fn task_news(
        &self,
        about: &Reference,
        recipient: &str,
    ) -> Result<Option<Composed>, Box<dyn Error + Send + Sync>> {
        let news = self.store.task_news(about, recipient).await?;
        let words = news.map(|news| task_news::words(about, &news, &self.public_url));
        words.transpose()
    }

    /// The summary of a day; `None` when it is not wanted any more.
    pub(crate) async fn daily_summary(
        &self,
        span: &Span,
        recipient: &str,
    ) -> Result<Option<Composed>, Box<dyn Error + Send + Sync>> {
        let summary = self.store.summary(span, recipient).await?;
        let words = summary.map(|summary| daily_summary::words(span, &summary, &self.public_url));
        words.transpose()
    }
}

/// A time as people read it, in their zone.
fn when(at: DateTime<Utc>, zone: &str) -> String {
    let zone: Tz = zone.parse().unwrap_or(Tz::UTC);
    let local = at.with_timezone(&zone);
    local.format("%a %-d %b %Y, %H:%M %Z").to_string()
}
