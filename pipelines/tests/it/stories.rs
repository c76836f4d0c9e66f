//! The logs of the golden cases: short stories of a team of three.

use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::{NotificationId, UserId};
use millstream_domain::task::{AssigneeRole, Status};
use millstream_event_log::events::comment::{CommentAlone, CommentState};
use millstream_event_log::events::notification::{NotificationEvent, NotificationsRead, Selection};
use millstream_event_log::events::schedule::{ScheduleAlone, ScheduleState};
use millstream_event_log::events::task::{Assignee, TaskAlone, TaskState};
use millstream_event_log::events::{
    Change, CommentEvent, Payload, ScheduleEvent, TaskEvent, WatchEvent,
};
use millstream_event_log::testing::record;
use millstream_event_log::{Event, Record};
use uuid::Uuid;

/// Long after every story.
pub(crate) const END: DateTime<Utc> = DateTime::from_timestamp_nanos(1_800_000_000_000_000_000);

const ADA: UserId = UserId(Uuid::from_u128(0x40));
const GRACE: UserId = UserId(Uuid::from_u128(0x41));
const ALAN: UserId = UserId(Uuid::from_u128(0x42));

/// A log with a name.
pub(crate) struct Story {
    pub(crate) name: &'static str,
    pub(crate) records: Vec<Record>,
}

/// All of them.
pub(crate) fn all() -> Vec<Story> {
    vec![
        story(
            "every_event_once",
            Event::samples()
                .into_iter()
                .map(|event| (ADA, event))
                .collect(),
        ),
        story("life_of_a_task", life_of_a_task()),
        story("an_inbox_is_read", an_inbox_is_read()),
        story("due_times_pass", due_times_pass()),
        story("somebody_watches", somebody_watches()),
        story("a_schedule_comes_up", a_schedule_comes_up()),
    ]
}

fn story(name: &'static str, acts: Vec<(UserId, Event)>) -> Story {
    let records = (1..).zip(acts).map(|(seq, (actor, event))| {
        let mut record = record(seq, event);
        record.origin.actor = Some(actor);
        record
    });
    Story {
        name,
        records: records.collect(),
    }
}

fn task(n: u128, assignees: &[(UserId, &str)]) -> TaskState {
    let mut task = TaskEvent::samples().swap_remove(0).task().clone();
    task.id = Uuid::from_u128(0x1000 + n).into();
    task.name = format!("ENG-{n}");
    task.assignees = assigned(assignees);
    task
}

fn assigned(assignees: &[(UserId, &str)]) -> Vec<Assignee> {
    let assignee = |(user_id, name): &(UserId, &str)| Assignee {
        user_id: *user_id,
        username: (*name).to_owned(),
        role: AssigneeRole::Collaborator,
        assigned_by: Some(ADA),
        assigned_at: DateTime::UNIX_EPOCH,
    };
    assignees.iter().map(assignee).collect()
}

fn created(task: &TaskState) -> Event {
    TaskEvent::Created(Box::new(TaskAlone { task: task.clone() })).into()
}

/// Changes a task and remembers what it is now.
fn changed(
    task: &mut TaskState,
    event: fn(Box<Change<TaskState>>) -> TaskEvent,
    edit: impl Fn(&mut TaskState),
) -> Event {
    let before = task.clone();
    edit(task);
    task.version += 1;
    event(Box::new(Change {
        before,
        after: task.clone(),
    }))
    .into()
}

fn comment(task: &TaskState, n: u128, author: UserId, mentions: &[UserId]) -> Event {
    let sample = CommentEvent::samples().swap_remove(0).comment().clone();
    let mut comment = CommentState {
        id: Uuid::from_u128(0x6000 + n).into(),
        author,
        ..sample
    };
    comment.task.id = task.id;
    comment.task.name.clone_from(&task.name);
    comment.mentions = mentions.to_vec();
    CommentEvent::Created(CommentAlone { comment }).into()
}

/// Each New Year's Day, then on another day; another one is turned off before its time, and a third is removed.
fn a_schedule_comes_up() -> Vec<(UserId, Event)> {
    let sample = ScheduleEvent::samples().swap_remove(0);
    let ScheduleEvent::Created(ScheduleAlone { schedule }) = sample else {
        unreachable!("the first sample is a new schedule")
    };
    let yearly = |n: u128, cron: &str| ScheduleState {
        id: Uuid::from_u128(0x9000 + n).into(),
        name: format!("Schedule {n}"),
        cron: Some(cron.to_owned()),
        ..schedule.clone()
    };
    let created = |schedule: &ScheduleState| {
        let schedule = schedule.clone();
        Event::from(ScheduleEvent::Created(ScheduleAlone { schedule }))
    };
    let updated = |before: &ScheduleState, after: &ScheduleState| {
        let (before, after) = (before.clone(), after.clone());
        Event::from(ScheduleEvent::Updated(Box::new(Change { before, after })))
    };
    let (first, off, gone) = (
        yearly(1, "0 8 1 7 *"),
        yearly(2, "0 9 1 7 *"),
        yearly(3, "0 10 1 7 *"),
    );
    let moved = ScheduleState {
        cron: Some("30 2 29 3 *".to_owned()),
        ..first.clone()
    };
    let turned_off = ScheduleState {
        enabled: false,
        ..off.clone()
    };
    let deleted = ScheduleEvent::Deleted(ScheduleAlone {
        schedule: gone.clone(),
    });
    vec![
        (ADA, created(&first)),
        (ADA, created(&off)),
        (ADA, created(&gone)),
        (ADA, updated(&first, &moved)),
        (ADA, updated(&off, &turned_off)),
        (ADA, deleted.into()),
    ]
}

fn life_of_a_task() -> Vec<(UserId, Event)> {
    let mut one = task(1, &[]);
    let mut acts = vec![(ADA, created(&one))];
    let both = [(GRACE, "grace"), (ALAN, "alan")];
    acts.push((
        ADA,
        changed(&mut one, TaskEvent::Assigned, |t| {
            t.assignees = assigned(&both);
        }),
    ));
    acts.push((GRACE, comment(&one, 1, GRACE, &[ALAN])));
    acts.push((
        ALAN,
        changed(&mut one, TaskEvent::Updated, |t| {
            t.status = Status::InProgress;
        }),
    ));
    acts.push((
        ADA,
        changed(&mut one, TaskEvent::Assigned, |t| {
            t.assignees = assigned(&both[..1]);
        }),
    ));
    acts.push((ADA, comment(&one, 2, ADA, &[])));
    acts.push((
        GRACE,
        changed(&mut one, TaskEvent::Updated, |t| t.status = Status::Done),
    ));
    acts.push((
        ADA,
        changed(&mut one, TaskEvent::Archived, |t| t.archived = true),
    ));
    acts.push((
        ADA,
        TaskEvent::Deleted(Box::new(TaskAlone { task: one })).into(),
    ));
    acts
}

fn an_inbox_is_read() -> Vec<(UserId, Event)> {
    let (one, two) = (task(1, &[(GRACE, "grace")]), task(2, &[(GRACE, "grace")]));
    let read = |selection| -> Event {
        NotificationEvent::Read(NotificationsRead {
            user_id: GRACE,
            selection,
        })
        .into()
    };
    vec![
        (ADA, created(&one)),
        (GRACE, read(Selection::All)),
        (ADA, created(&two)),
        (ALAN, comment(&two, 1, ALAN, &[])),
        (
            GRACE,
            read(Selection::Ids(vec![NotificationId(Uuid::from_u128(1))])),
        ),
    ]
}

/// Ada made the task and does not want to hear of it; Alan, who has nothing to do with it, does for a while.
fn somebody_watches() -> Vec<(UserId, Event)> {
    let mut one = task(1, &[(GRACE, "grace")]);
    let watcher = |user_id| {
        let mut watcher = WatchEvent::samples().swap_remove(0).watcher().clone();
        (watcher.user_id, watcher.task_id) = (user_id, one.id);
        watcher
    };
    let (ada, alan) = (watcher(ADA), watcher(ALAN));
    one.created_by = Some(ADA);
    let mut acts = vec![
        (ADA, created(&one)),
        (ALAN, WatchEvent::Watched(alan.clone()).into()),
        (GRACE, comment(&one, 1, GRACE, &[])),
        (ADA, WatchEvent::Unwatched(ada).into()),
    ];
    acts.push((
        GRACE,
        changed(&mut one, TaskEvent::Updated, |t| t.status = Status::Blocked),
    ));
    acts.push((ALAN, WatchEvent::Unwatched(alan.clone()).into()));
    acts.push((GRACE, comment(&one, 2, GRACE, &[ADA])));
    acts.push((ALAN, WatchEvent::Watched(alan).into()));
    acts
}

/// Of five tasks that are due on the same day one is left as it is and one is given another day.
fn due_times_pass() -> Vec<(UserId, Event)> {
    let mut tasks: Vec<_> = (1..=5).map(|n| task(n, &[(GRACE, "grace")])).collect();
    let mut acts: Vec<_> = tasks.iter().map(|task| (ADA, created(task))).collect();
    let edits: [fn(&mut TaskState); 4] = [
        |t| t.status = Status::Done,
        |t| t.due_at = t.due_at.map(|due| due + TimeDelta::days(1)),
        |t| t.due_at = None,
        |t| t.archived = true,
    ];
    for (task, edit) in tasks[1..].iter_mut().zip(edits) {
        acts.push((GRACE, changed(task, TaskEvent::Updated, edit)));
    }
    acts
}
