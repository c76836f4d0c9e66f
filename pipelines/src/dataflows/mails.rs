//! Mails: what people are told of by mail, beside their inbox.
//!
//! ```text
//! log ─► tasks, comments, watching ─► by task ─► Notify ─► a row of `app.mail`, written in the commit
//! ```
//!
//! The same operator as that of [`super::notifications`], with a cut and state of its own: notifications are rebuilt, and
//! nobody wants old mails again.

use super::notifications;
use crate::operator::Reject;
use crate::operators::notify::{Fact, Happening, NotificationItem, Notify};
use crate::pipeline::Pipeline;
use millstream_event_log::{Record, Via};
use uuid::Uuid;

/// The pipeline's name.
pub const NAME: &str = "mails";

/// The pipeline.
#[must_use]
pub fn pipeline() -> Pipeline<NotificationItem> {
    Pipeline::keyed::<Notify>(NAME, route, Notify)
}

/// Who takes part in what was imported is remembered, and nobody is mailed thousands of tasks.
fn hush(fact: &mut Fact) {
    if let Happening::Task { silent, .. } = &mut fact.happening {
        *silent = true;
    }
}

/// What inboxes are told of, but not what people do to them.
fn route(record: &Record) -> Result<Vec<(Uuid, Fact)>, Reject> {
    let mut facts = notifications::route(record)?;
    facts.retain(|(_, fact)| !matches!(fact.happening, Happening::Read { .. }));
    if record.origin.via == Via::Import {
        for (_, fact) in &mut facts {
            hush(fact);
        }
    }
    Ok(facts)
}
