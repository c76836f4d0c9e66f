//! The numbers of reports once more, by walking through the events in plain Rust: nothing here knows of stretches, tables or
//! SQL. `docs/ANALYTICS.md` is what both follow.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use millstream_domain::ids::{ProjectId, TaskId, TeamId, UserId};
use millstream_domain::policy::Visible;
use millstream_domain::task::Status;
use millstream_event_log::events::task::TaskState;
use millstream_event_log::record::Via;
use millstream_event_log::{Event, Record};
use std::collections::BTreeMap;

/// A task as it was from a moment on; none when it was removed.
type Moment = (DateTime<Utc>, Option<TaskState>);

/// A time at which something was finished.
pub(super) struct Finished {
    pub(super) at: DateTime<Utc>,
    pub(super) task: TaskState,
    pub(super) cycle_s: Option<i64>,
    pub(super) lead_s: i64,
}

/// Everything that was told.
#[derive(Default)]
pub(super) struct Fold {
    pub(super) lives: BTreeMap<TaskId, Vec<Moment>>,
    pub(super) created: Vec<(DateTime<Utc>, TaskState)>,
    pub(super) finished: Vec<Finished>,
    pub(super) reopened: Vec<(DateTime<Utc>, TaskState)>,
    begun: BTreeMap<TaskId, DateTime<Utc>>,
}

/// Which tasks are counted.
#[derive(Clone)]
pub(super) struct Counted {
    pub(super) visible: Visible,
    pub(super) team: Option<TeamId>,
    pub(super) project: Option<ProjectId>,
    pub(super) assignee: Option<UserId>,
}

impl Counted {
    pub(super) fn counts(&self, task: &TaskState) -> bool {
        self.visible.includes(task.team_id)
            && self.team.is_none_or(|team| task.team_id == team)
            && self
                .project
                .is_none_or(|project| task.project_id == project)
            && self
                .assignee
                .is_none_or(|user| task.assignees.iter().any(|a| a.user_id == user))
    }
}

impl Fold {
    pub(super) fn of(records: &[Record]) -> Self {
        let mut fold = Self::default();
        for record in records {
            let Event::Task(event) = record.event().unwrap() else {
                continue;
            };
            let life = fold.lives.entry(event.task().id).or_default();
            let before = life.last().and_then(|(_, task)| task.clone());
            life.push((record.at, event.after().cloned()));
            if let Some(after) = event.after() {
                fold.step(record, before.as_ref(), after);
            }
        }
        fold
    }

    fn step(&mut self, record: &Record, before: Option<&TaskState>, after: &TaskState) {
        let at = record.at;
        let was = before.map(|task| task.status);
        if before.is_none() {
            self.created.push((at, after.clone()));
        }
        if was == Some(Status::Done) && after.status != Status::Done {
            self.reopened.push((at, after.clone()));
            self.begun.remove(&after.id);
        }
        if after.status == Status::InProgress {
            self.begun.entry(after.id).or_insert(at);
        }
        let brought = before.is_none() && record.origin.via == Via::Import;
        if after.status == Status::Done && was != Some(Status::Done) && !brought {
            let begun = self.begun.get(&after.id);
            self.finished.push(Finished {
                at,
                task: after.clone(),
                cycle_s: begun.map(|begun| (at - *begun).num_seconds()),
                lead_s: (at - after.created_at).num_seconds(),
            });
        }
    }

    /// The tasks that are there now.
    pub(super) fn now(&self) -> impl Iterator<Item = &TaskState> {
        let last = self.lives.values().filter_map(|life| life.last());
        last.filter_map(|(_, task)| task.as_ref())
            .filter(|task| task.trashed_at.is_none())
    }

    /// Those of them that are to be done.
    pub(super) fn open(&self) -> impl Iterator<Item = &TaskState> {
        self.now()
            .filter(|task| !task.archived && task.status != Status::Done)
    }

    /// How many were in each status when the day ended where the reader is.
    pub(super) fn levels(&self, counted: &Counted, day: NaiveDate, zone: Tz) -> [i64; 4] {
        let mut levels = [0; 4];
        for life in self.lives.values() {
            let by_then = life
                .iter()
                .rev()
                .find(|(at, _)| at.with_timezone(&zone).date_naive() <= day);
            let Some((_, Some(task))) = by_then else {
                continue;
            };
            let left = task.trashed_at.is_some() || (task.archived && task.status != Status::Done);
            if !left && counted.counts(task) {
                levels[place(task.status)] += 1;
            }
        }
        levels
    }
}

pub(super) fn place(status: Status) -> usize {
    match status {
        Status::Todo => 0,
        Status::InProgress => 1,
        Status::Blocked => 2,
        Status::Done => 3,
    }
}

/// For so many of a hundred it took no longer than this: the time of one of them.
pub(super) fn nearest_rank(mut seconds: Vec<i64>, percent: usize) -> Option<i64> {
    seconds.sort_unstable();
    let rank = (seconds.len() * percent).div_ceil(100);
    seconds.get(rank.max(1) - 1).copied()
}
