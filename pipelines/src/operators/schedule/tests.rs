//! When a schedule's time is said to have come, and when not.

use super::*;
use chrono::TimeDelta;
use millstream_event_log::events::schedule::ScheduleAlone;
use millstream_event_log::events::{Change, Payload};
use millstream_event_log::testing::at;

/// Every hour, on the hour.
fn hourly() -> ScheduleState {
    let sample = ScheduleEvent::samples().swap_remove(0);
    let ScheduleEvent::Created(ScheduleAlone { schedule }) = sample else {
        unreachable!("the first sample is a new schedule")
    };
    ScheduleState {
        cron: Some("0 * * * *".into()),
        ..schedule
    }
}

fn updated(after: ScheduleState) -> ScheduleEvent {
    let before = after.clone();
    ScheduleEvent::Updated(Box::new(Change { before, after }))
}

/// Runs events at their seconds, with the timers before them, up to an end; the seconds of the times that came.
fn came(events: Vec<(i64, ScheduleEvent)>, end: i64) -> Vec<i64> {
    let (key, mut state, mut said) = (Uuid::nil(), Planned::default(), Vec::new());
    let mut fire = |state: &mut Planned, until: DateTime<Utc>| {
        while let Some(due) = Schedule.due(state).filter(|due| *due <= until) {
            let mut cx = Context::new(due);
            Schedule.timer(&mut cx, &key, state).expect("accepted");
            said.extend(
                cx.into_effects()
                    .iter()
                    .map(|due| (due.at - at(0)).num_seconds()),
            );
        }
    };
    for (seconds, event) in events {
        fire(&mut state, at(seconds));
        if let Some(plan) = Plan::after(event) {
            let mut cx = Context::new(at(seconds));
            Schedule
                .event(&mut cx, &key, &mut state, plan)
                .expect("accepted");
        }
    }
    fire(&mut state, at(end));
    said
}

#[test]
fn each_time_comes_once_and_nothing_drifts() {
    let created = ScheduleEvent::Created(ScheduleAlone { schedule: hourly() });
    assert_eq!(came(vec![(10, created)], 3 * 3_600), [3_600, 7_200, 10_800]);
}

#[test]
fn one_that_is_off_or_gone_does_not_come() {
    let created = || ScheduleEvent::Created(ScheduleAlone { schedule: hourly() });
    let off = ScheduleState {
        enabled: false,
        ..hourly()
    };
    let again = updated(hourly());
    let acts = vec![(0, created()), (4_000, updated(off)), (12_000, again)];
    assert_eq!(came(acts, 15_000), [3_600, 14_400]);
    let deleted = ScheduleEvent::Deleted(ScheduleAlone { schedule: hourly() });
    assert_eq!(
        came(vec![(0, created()), (4_000, deleted)], 15_000),
        [3_600]
    );
}

#[test]
fn a_run_by_hand_and_a_repeated_event_change_nothing() {
    let created = || ScheduleEvent::Created(ScheduleAlone { schedule: hourly() });
    let run = ScheduleEvent::samples().swap_remove(2);
    assert!(matches!(run, ScheduleEvent::Run(_)));
    let acts = vec![(0, created()), (100, run), (200, created())];
    assert_eq!(came(acts, 4_000), [3_600]);
}

#[test]
fn steps_are_counted_from_when_they_were_set() {
    let schedule = ScheduleState {
        cron: None,
        every_s: Some(600),
        since: at(100),
        ..hourly()
    };
    let created = ScheduleEvent::Created(ScheduleAlone { schedule });
    assert_eq!(came(vec![(100, created)], 2_000), [700, 1_300, 1_900]);
}

#[test]
fn times_that_cannot_be_read_are_refused() {
    for schedule in [
        ScheduleState {
            time_zone: "Mars/Olympus".into(),
            ..hourly()
        },
        ScheduleState {
            cron: None,
            ..hourly()
        },
        ScheduleState {
            cron: Some("soon".into()),
            ..hourly()
        },
    ] {
        let mut cx = Context::new(at(0) + TimeDelta::zero());
        let plan = Plan::Is(Box::new(schedule));
        let refused = Schedule.event(&mut cx, &Uuid::nil(), &mut Planned::default(), plan);
        assert!(refused.is_err());
    }
}
