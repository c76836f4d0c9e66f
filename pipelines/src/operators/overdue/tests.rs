//! When a task is said to be overdue, and when not again.

use super::*;
use millstream_event_log::events::Payload;
use millstream_event_log::events::task::{TaskAlone, TaskState};
use millstream_event_log::testing::at;

fn task(due: Option<i64>) -> TaskState {
    let mut task = TaskEvent::samples().swap_remove(0).task().clone();
    (task.due_at, task.status) = (due.map(at), Status::Todo);
    (task.archived, task.trashed_at) = (false, None);
    task
}

/// A task after each of these states and, where its timer was due by then, how often it was said to be overdue.
fn said(states: Vec<(i64, TaskState)>) -> Vec<usize> {
    let (key, mut state) = (Uuid::nil(), Deadline::default());
    let mut counts = Vec::new();
    for (seconds, task) in states {
        let created = TaskEvent::Created(Box::new(TaskAlone { task }));
        let mut cx = Context::new(at(seconds));
        let standing = Standing::after(&created);
        Overdue
            .event(&mut cx, &key, &mut state, standing)
            .expect("accepted");
        if Overdue.due(&state).is_some_and(|due| due <= at(seconds)) {
            Overdue.timer(&mut cx, &key, &mut state).expect("accepted");
        }
        counts.push(cx.into_effects().len());
    }
    counts
}

#[test]
fn it_is_said_once_for_each_due_time() {
    let states = vec![
        (0, task(Some(10))),
        (10, task(Some(10))),
        (11, task(Some(10))),
    ];
    assert_eq!(said(states), [0, 1, 0]);
    let later = vec![
        (10, task(Some(10))),
        (11, task(Some(20))),
        (20, task(Some(20))),
    ];
    assert_eq!(said(later), [1, 0, 1]);
}

#[test]
fn what_is_done_or_put_away_is_not_overdue_until_it_is_taken_up_again() {
    let done = TaskState {
        status: Status::Done,
        ..task(Some(10))
    };
    let archived = TaskState {
        archived: true,
        ..task(Some(10))
    };
    let trashed = TaskState {
        trashed_at: Some(at(1)),
        ..task(Some(10))
    };
    for closed in [done, archived, trashed] {
        assert_eq!(said(vec![(20, closed), (21, task(Some(10)))]), [0, 1]);
    }
}

#[test]
fn a_due_time_that_was_taken_away_and_set_again_counts_anew() {
    let states = vec![(10, task(Some(10))), (11, task(None)), (12, task(Some(10)))];
    assert_eq!(said(states), [1, 0, 1]);
}
