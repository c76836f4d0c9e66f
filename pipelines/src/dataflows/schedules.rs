//! Schedules: what is done again and again.
//!
//! ```text
//! log ─► schedules ─► by schedule ─► Schedule ─► a job for each time that comes, enqueued in the commit
//! ```
//!
//! It is never rebuilt: what it would enqueue again was done.

use crate::operator::Reject;
use crate::operators::schedule::{Due, Plan, Schedule};
use crate::pipeline::Pipeline;
use millstream_event_log::{Event, Record};
use uuid::Uuid;

/// The pipeline's name.
pub const NAME: &str = "schedules";

/// The pipeline.
#[must_use]
pub fn pipeline() -> Pipeline<Due> {
    Pipeline::keyed::<Schedule>(NAME, route, Schedule)
}

fn route(record: &Record) -> Result<Vec<(Uuid, Plan)>, Reject> {
    let event = record.event().map_err(|error| Reject(format!("{error}")))?;
    Ok(match event {
        Event::Schedule(event) => Plan::after(event)
            .map(|plan| (record.key, plan))
            .into_iter()
            .collect(),
        Event::Task(_)
        | Event::Comment(_)
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
        | Event::Pipeline(_)
        | Event::Key(_) => Vec::new(),
    })
}
