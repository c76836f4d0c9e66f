//! Timers: what time does to tasks.
//!
//! ```text
//! log ─► tasks ─► by task ─► Overdue ─► `task.overdue`, appended to the outbox in the commit
//! ```
//!
//! What it says comes back to it through the log, like everything else, and is left alone.

use crate::operator::Reject;
use crate::operators::overdue::{Overdue, Standing};
use crate::pipeline::Pipeline;
use millstream_event_log::events::deadline::TaskOverdue;
use millstream_event_log::{Event, Record};
use uuid::Uuid;

/// The pipeline's name.
pub const NAME: &str = "timers";

/// The pipeline.
#[must_use]
pub fn pipeline() -> Pipeline<TaskOverdue> {
    Pipeline::keyed::<Overdue>(NAME, route, Overdue)
}

fn route(record: &Record) -> Result<Vec<(Uuid, Standing)>, Reject> {
    let event = record.event().map_err(|error| Reject(format!("{error}")))?;
    Ok(match event {
        Event::Task(event) => vec![(record.key, Standing::after(&event))],
        Event::Comment(_)
        | Event::Watch(_)
        | Event::Tag(_)
        | Event::Project(_)
        | Event::Team(_)
        | Event::Member(_)
        | Event::User(_)
        | Event::Session(_)
        | Event::ApiToken(_)
        | Event::Access(_)
        | Event::Notification(_)
        | Event::Deadline(_)
        | Event::Job(_)
        | Event::Report(_)
        | Event::Statement(_)
        | Event::Schedule(_)
        | Event::Pipeline(_)
        | Event::Key(_) => Vec::new(),
    })
}
