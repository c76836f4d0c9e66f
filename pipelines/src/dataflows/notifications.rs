//! Notifications: what each person should know of.
//!
//! ```text
//! log ─► tasks, comments, watching ─► by task ─► Notify ─┐
//!     └► inbox acts ────────────────► by person ─────────┴─► app.notification
//! ```

use crate::operator::Reject;
use crate::operators::notify::{Fact, Happening, NotificationItem, Notify};
use crate::pipeline::Pipeline;
use millstream_event_log::events::comment::CommentState;
use millstream_event_log::events::{CommentEvent, DeadlineEvent, NotificationEvent, WatchEvent};
use millstream_event_log::{Event, Record};
use uuid::Uuid;

/// The pipeline's name.
pub const NAME: &str = "notifications";

/// The pipeline.
#[must_use]
pub fn pipeline() -> Pipeline<NotificationItem> {
    Pipeline::keyed::<Notify>(NAME, route, Notify)
}

pub(super) fn route(record: &Record) -> Result<Vec<(Uuid, Fact)>, Reject> {
    let event = record.event().map_err(|error| Reject(format!("{error}")))?;
    let happening = match event {
        Event::Task(event) => Happening::task(&event),
        Event::Comment(CommentEvent::Created(comment)) => Happening::Commented {
            comment: comment.comment,
        },
        Event::Comment(CommentEvent::Edited(change)) => {
            let known = change.before.mentions;
            let mentions = change
                .after
                .mentions
                .iter()
                .filter(|m| !known.contains(m))
                .copied()
                .collect();
            Happening::Edited {
                comment: CommentState {
                    mentions,
                    ..change.after
                },
            }
        }
        Event::Watch(event) => {
            let watches = matches!(event, WatchEvent::Watched(_));
            Happening::watch(event.watcher(), watches)
        }
        Event::Notification(NotificationEvent::Read(read)) => Happening::Read { read },
        Event::Deadline(DeadlineEvent::Overdue(overdue)) => Happening::Overdue { overdue },
        Event::Comment(CommentEvent::Deleted(_))
        | Event::Notification(NotificationEvent::PreferencesChanged(_))
        | Event::Tag(_)
        | Event::Project(_)
        | Event::Team(_)
        | Event::Member(_)
        | Event::User(_)
        | Event::Session(_)
        | Event::ApiToken(_)
        | Event::Access(_)
        | Event::Job(_)
        | Event::Report(_)
        | Event::Statement(_)
        | Event::Schedule(_)
        | Event::Pipeline(_)
        | Event::Key(_) => return Ok(Vec::new()),
    };
    let fact = Fact {
        event_id: record.id,
        kind: record.kind.to_string(),
        actor: record.origin.actor,
        happening,
    };
    Ok(vec![(record.key, fact)])
}
