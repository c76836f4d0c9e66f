//! Who is told of what, and who is not.

use super::*;
use crate::testing::Played;
use millstream_domain::task::AssigneeRole;
use millstream_event_log::events::task::{Assignee, TaskAlone};
use millstream_event_log::events::{Change, CommentEvent, Payload};
use millstream_event_log::testing::at;

const ADA: UserId = UserId(Uuid::from_u128(0x40));
const GRACE: UserId = UserId(Uuid::from_u128(0x41));
const ALAN: UserId = UserId(Uuid::from_u128(0x42));

fn task(assignees: &[UserId]) -> TaskState {
    let mut task = TaskEvent::samples().swap_remove(0).task().clone();
    let assignee = |user_id: &UserId| Assignee {
        user_id: *user_id,
        username: "someone".into(),
        role: AssigneeRole::Collaborator,
        assigned_by: Some(ADA),
        assigned_at: at(0),
    };
    task.assignees = assignees.iter().map(assignee).collect();
    task.created_by = Some(ADA);
    task
}

fn created(assignees: &[UserId]) -> Happening {
    Happening::task(&TaskEvent::Created(Box::new(TaskAlone {
        task: task(assignees),
    })))
}

fn updated(edit: impl Fn(&mut TaskState), assignees: &[UserId]) -> Happening {
    let before = task(assignees);
    let mut after = before.clone();
    edit(&mut after);
    Happening::task(&TaskEvent::Updated(Box::new(Change { before, after })))
}

fn comment(author: UserId, mentions: &[UserId]) -> CommentState {
    let sample = CommentEvent::samples().swap_remove(0).comment().clone();
    CommentState {
        author,
        mentions: mentions.to_vec(),
        ..sample
    }
}

/// Plays what each actor did to one task; answers who was told what, act by act.
fn told(acts: Vec<(UserId, Happening)>) -> Vec<Vec<(UserId, Reason)>> {
    let mut played = Played::new(Notify);
    let acts = acts.into_iter().zip(1..);
    acts.map(|((actor, happening), n)| {
        let kind = "test".to_owned();
        let fact = Fact {
            event_id: Uuid::from_u128(n).into(),
            kind,
            actor: Some(actor),
            happening,
        };
        let effects = played.event(&Uuid::nil(), at(0), fact).expect("accepted");
        let told = effects.into_iter().filter_map(|effect| match effect {
            NotificationItem::Told(told) => Some((told.user_id, told.reason)),
            NotificationItem::Read { .. } => None,
        });
        told.collect()
    })
    .collect()
}

#[test]
fn who_is_assigned_is_told_and_who_assigns_themselves_is_not() {
    let acts = told(vec![
        (ADA, created(&[ADA, GRACE])),
        (GRACE, updated(|_| {}, &[ADA, GRACE])),
    ]);
    assert_eq!(acts, [vec![(GRACE, Reason::Assigned)], vec![]]);
}

#[test]
fn who_was_assigned_before_is_not_told_again() {
    let acts = told(vec![
        (ADA, created(&[GRACE])),
        (ADA, created(&[GRACE, ALAN])),
    ]);
    assert_eq!(acts[1], [(ALAN, Reason::Assigned)]);
}

#[test]
fn a_mention_counts_more_than_taking_part() {
    let said = Happening::Commented {
        comment: comment(ALAN, &[GRACE]),
    };
    let acts = told(vec![(ADA, created(&[GRACE])), (ALAN, said)]);
    assert_eq!(
        acts[1],
        [(ADA, Reason::Commented), (GRACE, Reason::Mentioned)]
    );
}

#[test]
fn who_commented_takes_part_from_then_on() {
    let first = Happening::Commented {
        comment: comment(ALAN, &[]),
    };
    let second = Happening::Commented {
        comment: comment(GRACE, &[]),
    };
    let acts = told(vec![(ADA, created(&[])), (ALAN, first), (GRACE, second)]);
    assert_eq!(
        acts[2],
        [(ADA, Reason::Commented), (ALAN, Reason::Commented)]
    );
}

#[test]
fn mentioning_oneself_tells_nobody() {
    let said = Happening::Commented {
        comment: comment(ADA, &[ADA]),
    };
    assert_eq!(told(vec![(ADA, created(&[])), (ADA, said)])[1], []);
}

#[test]
fn a_changed_status_is_told_to_who_takes_part() {
    let done = updated(|task| task.status = Status::Done, &[GRACE]);
    let acts = told(vec![(ADA, created(&[GRACE])), (GRACE, done)]);
    assert_eq!(acts[1], [(ADA, Reason::StatusChanged)]);
}

#[test]
fn nothing_is_told_of_what_is_put_away() {
    let archived = updated(|task| task.archived = true, &[GRACE, ALAN]);
    assert_eq!(told(vec![(ADA, created(&[GRACE])), (ADA, archived)])[1], []);
}

fn watch(user_id: UserId, watches: bool) -> Happening {
    Happening::Watch { user_id, watches }
}

#[test]
fn who_watches_is_told_until_they_do_not_watch_any_more() {
    let (done, open) = (
        || updated(|task| task.status = Status::Done, &[GRACE]),
        || Happening::Commented {
            comment: comment(GRACE, &[]),
        },
    );
    let acts = told(vec![
        (ADA, created(&[GRACE])),
        (ALAN, watch(ALAN, true)),
        (GRACE, done()),
        (ALAN, watch(ALAN, false)),
        (GRACE, open()),
    ]);
    assert_eq!(acts[1], []);
    assert_eq!(
        acts[2],
        [(ADA, Reason::StatusChanged), (ALAN, Reason::StatusChanged)]
    );
    assert_eq!(acts[4], [(ADA, Reason::Commented)]);
}

#[test]
fn who_does_not_want_to_hear_of_it_is_told_what_is_meant_for_them() {
    let said = |mentions: &[UserId]| Happening::Commented {
        comment: comment(GRACE, mentions),
    };
    let acts = told(vec![
        (ADA, created(&[GRACE])),
        (ADA, watch(ADA, false)),
        (GRACE, said(&[])),
        (GRACE, said(&[ADA])),
        (GRACE, created(&[GRACE, ADA])),
        (ADA, watch(ADA, true)),
        (GRACE, said(&[])),
    ]);
    assert_eq!(acts[2], []);
    assert_eq!(acts[3], [(ADA, Reason::Mentioned)]);
    assert_eq!(acts[4], [(ADA, Reason::Assigned)]);
    assert_eq!(acts[6], [(ADA, Reason::Commented)]);
}

#[test]
fn a_task_that_is_late_is_told_to_who_watches_it_too() {
    let overdue = TaskOverdue::of(&task(&[GRACE]), at(60));
    let acts = told(vec![
        (ADA, created(&[GRACE])),
        (ALAN, watch(ALAN, true)),
        (UserId(Uuid::nil()), Happening::Overdue { overdue }),
    ]);
    assert_eq!(acts[2], [(GRACE, Reason::Overdue), (ALAN, Reason::Overdue)]);
}

#[test]
fn a_deleted_task_is_forgotten() {
    let mut state = Participants::default();
    let mut cx = Context::new(at(0));
    for event in [
        TaskEvent::Created(Box::new(TaskAlone {
            task: task(&[GRACE]),
        })),
        TaskEvent::Deleted(Box::new(TaskAlone {
            task: task(&[GRACE]),
        })),
    ] {
        let (kind, happening) = (event.kind().to_owned(), Happening::task(&event));
        let fact = Fact {
            event_id: Uuid::nil().into(),
            kind,
            actor: None,
            happening,
        };
        Notify
            .event(&mut cx, &Uuid::nil(), &mut state, fact)
            .expect("accepted");
    }
    assert_eq!(state, Participants::default());
}

#[test]
fn ids_follow_from_event_person_and_reason() {
    let event = EventId(Uuid::from_u128(1));
    let id = notification_id(event, ADA, Reason::Assigned);
    assert_eq!(id, notification_id(event, ADA, Reason::Assigned));
    assert_ne!(id, notification_id(event, GRACE, Reason::Assigned));
    assert_ne!(id, notification_id(event, ADA, Reason::Mentioned));
}
