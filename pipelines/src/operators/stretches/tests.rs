//! Where stretches begin and end, and what is said of them.

use super::*;
use millstream_event_log::events::task::TaskAlone;
use millstream_event_log::events::{Payload, TaskEvent};
use millstream_event_log::testing::{at, record};

/// A life told by edits, each so many seconds after the beginning; the rows that came of it, the newest of each stretch.
struct Told {
    life: Life,
    task: TaskState,
    seq: u64,
    rows: Vec<IntervalRow>,
}

impl Told {
    fn created(status: Status, imported: bool) -> Self {
        let mut task = TaskEvent::samples().swap_remove(0).task().clone();
        task.status = status;
        let mut told = Self {
            life: Life::default(),
            task,
            seq: 0,
            rows: Vec::new(),
        };
        let after = Some(Box::new(told.task.clone()));
        told.tell(0, None, after, imported);
        told
    }

    fn tell(
        &mut self,
        seconds: i64,
        before: Option<Box<TaskState>>,
        after: Option<Box<TaskState>>,
        imported: bool,
    ) {
        self.seq += 1;
        let event = TaskEvent::Created(Box::new(TaskAlone {
            task: self.task.clone(),
        }));
        let mut facts = crate::dataflows::lake::route(&record(self.seq, event)).expect("readable");
        let mut fact = facts.swap_remove(0).1;
        fact.thing = Some(Thing::Task {
            before,
            after,
            imported,
        });
        let mut cx = Context::new(at(seconds));
        let key = self.task.id.0;
        Stretches
            .event(&mut cx, &key, &mut self.life, fact)
            .expect("accepted");
        for change in cx.into_effects() {
            if let LakeChange::PutInterval(row) = change {
                self.rows.retain(|known| known.number != row.number);
                self.rows.push(*row);
            }
        }
    }

    fn then(mut self, seconds: i64, edit: impl Fn(&mut TaskState)) -> Self {
        let before = self.task.clone();
        edit(&mut self.task);
        let after = self.task.clone();
        self.tell(
            seconds,
            Some(Box::new(before)),
            Some(Box::new(after)),
            false,
        );
        self
    }

    /// Status, from, to and marks of each stretch.
    fn shape(&self) -> Vec<(Status, i64, Option<i64>, &'static str)> {
        let seconds = |time: DateTime<Utc>| (time - at(0)).num_seconds();
        let marks = |row: &IntervalRow| match (row.creation, row.completion, row.reopening) {
            (true, false, false) => "made",
            (true, true, false) => "made and finished",
            (false, true, false) => "finished",
            (false, false, true) => "reopened",
            (false, false, false) => "",
            other => panic!("{other:?}"),
        };
        let shape = |row: &IntervalRow| {
            let left = row.left_at.map(seconds);
            (row.status, seconds(row.entered_at), left, marks(row))
        };
        self.rows.iter().map(shape).collect()
    }
}

#[test]
fn a_task_that_is_finished_twice_is_told_twice_and_begun_anew_between() {
    let told = Told::created(Status::Todo, false)
        .then(10, |t| t.status = Status::InProgress)
        .then(20, |t| t.status = Status::Done)
        .then(30, |t| t.status = Status::Todo)
        .then(40, |t| t.status = Status::InProgress)
        .then(50, |t| t.status = Status::Blocked)
        .then(60, |t| t.status = Status::InProgress)
        .then(70, |t| t.status = Status::Done);
    assert_eq!(
        told.shape(),
        [
            (Status::Todo, 0, Some(10), "made"),
            (Status::InProgress, 10, Some(20), ""),
            (Status::Done, 20, Some(30), "finished"),
            (Status::Todo, 30, Some(40), "reopened"),
            (Status::InProgress, 40, Some(50), ""),
            (Status::Blocked, 50, Some(60), ""),
            (Status::InProgress, 60, Some(70), ""),
            (Status::Done, 70, None, "finished"),
        ]
    );
    let started: Vec<_> = told.rows.iter().map(|row| row.started_at).collect();
    assert_eq!(started[0], None);
    assert_eq!(started[2], Some(at(10)));
    assert_eq!(started[3], None);
    assert_eq!(started[7], Some(at(40)));
}

#[test]
fn a_stretch_ends_when_somebody_else_takes_over_and_finishes_nothing() {
    let told = Told::created(Status::Todo, false)
        .then(10, |t| t.status = Status::Done)
        .then(20, |t| t.assignees.clear())
        .then(30, |t| t.archived = true)
        .then(40, |t| t.title = "Another".into());
    assert_eq!(
        told.shape(),
        [
            (Status::Todo, 0, Some(10), "made"),
            (Status::Done, 10, Some(20), "finished"),
            (Status::Done, 20, Some(30), ""),
            (Status::Done, 30, None, ""),
        ]
    );
    assert!(
        told.rows
            .iter()
            .skip(1)
            .all(|row| row.status_since == at(10))
    );
}

#[test]
fn the_trash_is_a_gap_and_what_is_purged_leaves_nothing_to_remember() {
    let mut told = Told::created(Status::InProgress, false)
        .then(10, |t| t.trashed_at = Some(at(10)))
        .then(20, |t| t.trashed_at = None);
    let expected = [
        (Status::InProgress, 0, Some(10), "made"),
        (Status::InProgress, 20, None, ""),
    ];
    assert_eq!(told.shape(), expected);
    let before = Box::new(told.task.clone());
    told.tell(30, Some(before), None, false);
    assert_eq!(told.shape()[1].2, Some(30));
    assert_eq!(told.life, Life::default());
}

#[test]
fn what_was_brought_from_elsewhere_done_was_not_finished_here() {
    assert_eq!(
        Told::created(Status::Done, false).shape()[0].3,
        "made and finished"
    );
    assert_eq!(Told::created(Status::Done, true).shape()[0].3, "made");
}

#[test]
fn a_clock_that_was_set_back_makes_a_stretch_without_length() {
    let told = Told::created(Status::Todo, false).then(-5, |t| t.status = Status::Done);
    assert_eq!(told.shape()[0].2, Some(0));
}
