//! What the audit makes of every event there is.

use super::*;
use millstream_domain::audit::ENTITIES;
use millstream_event_log::events::session::{EndReason, FailedLogin, RefusedLogin, SessionEnded};
use millstream_event_log::events::{Event, SessionEvent, TaskEvent};
use millstream_event_log::testing::{at, record};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

fn entry_of(event: impl Into<Event>) -> Entry {
    entry(&record(7, event)).unwrap()
}

fn json(text: Option<&String>) -> Value {
    text.map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
}

#[test]
fn every_event_has_an_entry_that_says_who_what_and_when() {
    for event in Event::samples() {
        let entry = entry_of(event.clone());
        assert_eq!(entry.action, event.kind());
        assert_eq!((entry.seq, entry.at), (7, at(7)));
        assert!(entry.actor.is_some() && entry.via == Via::Token);
        assert!(!entry.entity.is_empty(), "{}", entry.action);
    }
}

#[test]
fn the_kinds_of_things_are_those_that_events_are_about() {
    let told: BTreeSet<String> = Event::samples()
        .into_iter()
        .map(|event| entry_of(event).entity)
        .collect();
    // Of the samples of refused access, one names a team.
    let kinds = ENTITIES.iter().copied().filter(|kind| *kind != "access");
    assert_eq!(told, kinds.map(str::to_owned).collect());
}

#[test]
fn the_whole_thing_stands_before_and_after() {
    for event in Event::samples() {
        let Event::Task(task) = &event else { continue };
        let entry = entry_of(event.clone());
        let state =
            |task: Option<&_>| task.map_or(Value::Null, |t| serde_json::to_value(t).unwrap());
        assert_eq!(
            json(entry.before.as_ref()),
            state(task.before()),
            "{}",
            entry.action
        );
        assert_eq!(
            json(entry.after.as_ref()),
            state(task.after()),
            "{}",
            entry.action
        );
        assert_eq!(entry.entity_name.as_deref(), Some("ENG-42"));
    }
}

#[test]
fn a_field_that_this_version_does_not_know_is_kept() {
    let mut record = record(
        1,
        TaskEvent::Created(match &Event::samples()[0] {
            Event::Task(TaskEvent::Created(task)) => task.clone(),
            other => panic!("{other:?}"),
        }),
    );
    let mut data: Value = serde_json::from_str(record.data.get()).unwrap();
    data["task"]["colour"] = "green".into();
    record.data = RawValue::from_string(data.to_string()).unwrap().into();
    assert_eq!(
        json(entry(&record).unwrap().after.as_ref())["colour"],
        "green"
    );
}

#[test]
fn the_order_in_which_a_payload_was_written_does_not_matter() {
    let mut shuffled = record(1, Event::samples()[1].clone());
    let expected = entry(&shuffled).unwrap();
    let data: Value = serde_json::from_str(shuffled.data.get()).unwrap();
    let text = format!(
        "{{\"after\": {:#}, \"before\": {}}}",
        data["after"], data["before"]
    );
    shuffled.data = RawValue::from_string(text).unwrap().into();
    assert_eq!(entry(&shuffled).unwrap(), expected);
}

#[test]
fn refusals_and_failures_are_told_from_what_was_done() {
    let failed = |suppressed| {
        entry_of(SessionEvent::LoginFailed(FailedLogin {
            user_id: None,
            suppressed,
        }))
    };
    assert_eq!(failed(0).outcome, Outcome::Failed);
    assert_eq!(failed(0).reason.as_deref(), Some("wrong_credentials"));
    assert_eq!(
        failed(12).reason.as_deref(),
        Some("wrong_credentials; suppressed: 12")
    );
    let refused = entry_of(SessionEvent::LoginRefused(RefusedLogin {
        user_id: Some(Uuid::from_u128(2).into()),
        known_address: true,
        suppressed: 0,
    }));
    assert_eq!(refused.outcome, Outcome::Refused);
    let reason = "too_many_tries_from_known_address";
    assert_eq!(refused.reason.as_deref(), Some(reason));
    let ended = |reason| {
        entry_of(SessionEvent::Ended(SessionEnded {
            session_id: Uuid::from_u128(1).into(),
            user_id: Uuid::from_u128(2).into(),
            reason,
        }))
    };
    assert_eq!(ended(EndReason::RefreshReused).outcome, Outcome::Refused);
    assert_eq!(ended(EndReason::LoggedOut).outcome, Outcome::Accepted);
}

#[test]
fn no_entry_has_a_field_for_a_secret() {
    for event in Event::samples() {
        let entry = entry_of(event);
        let text = format!("{:?} {:?}", entry.before, entry.after);
        for word in ["email\\\"", "password", "secret", "token", "hash"] {
            assert!(!text.contains(word), "{} carries {word}", entry.action);
        }
    }
}

#[test]
fn an_unreadable_record_is_refused_and_not_skipped() {
    let mut record = record(1, Event::samples()[0].clone());
    record.kind = "task.sung".into();
    assert!(entry(&record).unwrap_err().0.contains("task.sung"));
}
