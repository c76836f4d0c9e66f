//! Schedule: keyed by schedule, waits for its next time, and says that it has come: once for each such time, however late
//! that is. What becomes of times that passed while nothing ran is decided by the sink, which knows what time it is.

use crate::operator::{Context, Operator, Reject};
use chrono::{DateTime, Utc};
use millstream_domain::schedule::Timetable;
use millstream_event_log::events::ScheduleEvent;
use millstream_event_log::events::schedule::ScheduleState;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a schedule is after an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Plan {
    /// This.
    Is(Box<ScheduleState>),
    /// It is gone.
    Gone,
}

impl Plan {
    /// What an event makes of its schedule; `None` where it changes nothing.
    #[must_use]
    pub fn after(event: ScheduleEvent) -> Option<Self> {
        match event {
            ScheduleEvent::Created(alone) => Some(Self::Is(Box::new(alone.schedule))),
            ScheduleEvent::Updated(change) => Some(Self::Is(Box::new(change.after))),
            ScheduleEvent::Deleted(_) => Some(Self::Gone),
            ScheduleEvent::Run(_) => None,
        }
    }
}

/// What is remembered of a schedule that is enabled.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    schedule: Option<Box<ScheduleState>>,
    /// When it is its turn.
    next: Option<DateTime<Utc>>,
}

/// A schedule's time has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Due {
    /// As it was then.
    pub schedule: Box<ScheduleState>,
    /// Which time.
    pub at: DateTime<Utc>,
}

fn timetable(schedule: &ScheduleState) -> Result<Timetable, Reject> {
    let unreadable = |invalid| Reject(format!("the schedule's times cannot be read: {invalid}"));
    schedule.timetable().map_err(unreadable)
}

/// The operator.
///
/// ```
/// use millstream_event_log::events::{Payload, ScheduleEvent};
/// use millstream_pipelines::operators::schedule::{Plan, Planned, Schedule};
/// use millstream_pipelines::{Context, Operator};
///
/// // Every quarter of an hour.
/// let created = ScheduleEvent::samples().swap_remove(0);
/// let (key, mut state) = (created.key(), Planned::default());
/// let at = "2026-01-01T08:03:00Z".parse().unwrap();
/// let plan = Plan::after(created).unwrap();
/// Schedule.event(&mut Context::new(at), &key, &mut state, plan).unwrap();
/// let due = "2026-01-01T08:15:00Z".parse().unwrap();
/// assert_eq!(Schedule.due(&state), Some(due));
/// let mut cx = Context::new(due);
/// Schedule.timer(&mut cx, &key, &mut state).unwrap();
/// assert_eq!(cx.into_effects()[0].at, due);
/// assert_eq!(Schedule.due(&state), Some(due + chrono::TimeDelta::minutes(15)));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Schedule;

impl Operator for Schedule {
    type Key = Uuid;
    type In = Plan;
    type Out = Due;
    type State = Planned;

    fn event(
        &self,
        cx: &mut Context<Due>,
        _key: &Uuid,
        state: &mut Planned,
        plan: Plan,
    ) -> Result<(), Reject> {
        *state = match plan {
            Plan::Is(schedule) if schedule.enabled => {
                // What came due before the event has been its turn before.
                let next = timetable(&schedule)?.next_after(cx.at());
                let schedule = Some(schedule);
                Planned { schedule, next }
            }
            Plan::Is(_) | Plan::Gone => Planned::default(),
        };
        Ok(())
    }

    fn due(&self, state: &Planned) -> Option<DateTime<Utc>> {
        state.next
    }

    fn timer(&self, cx: &mut Context<Due>, _key: &Uuid, state: &mut Planned) -> Result<(), Reject> {
        if let (Some(schedule), Some(at)) = (&state.schedule, state.next) {
            // From the time that was due, not from when it was heard: nothing drifts.
            state.next = timetable(schedule)?.next_after(at);
            let schedule = schedule.clone();
            cx.emit(Due { schedule, at });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
