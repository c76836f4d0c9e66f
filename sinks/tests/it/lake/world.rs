//! Histories for the lake: two teams and their projects, and tasks that are made, moved, finished, taken up again, handed
//! on, put away, thrown away, brought back and removed; often on the edge of a day.

use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::{EventId, ProjectId, TaskId, TeamId, UserId};
use millstream_domain::task::{AssigneeRole, Priority, Status};
use millstream_domain::team::TeamRole;
use millstream_domain::user::Role;
use millstream_event_log::events::member::Membership;
use millstream_event_log::events::project::ProjectAlone;
use millstream_event_log::events::task::{Assignee, TaskAlone, TaskState};
use millstream_event_log::events::team::TeamAlone;
use millstream_event_log::events::user::UserAlone;
use millstream_event_log::events::{
    Change, MemberEvent, Payload, ProjectEvent, TaskEvent, TeamEvent, UserEvent,
};
use millstream_event_log::record::{NewEvent, Origin, Via};
use millstream_event_log::{Event, Record};
use rand::seq::IndexedRandom as _;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

pub(super) const TEAMS: [TeamId; 2] = [id(0x30), id(0x31)];
/// The first two are of the first team, the last of the second.
pub(super) const PROJECTS: [ProjectId; 3] = [project(0x20), project(0x21), project(0x22)];
/// An admin, a member of each team, and one of both.
pub(super) const PEOPLE: [UserId; 4] = [user(0x40), user(0x41), user(0x42), user(0x43)];

const fn id(n: u128) -> TeamId {
    TeamId(Uuid::from_u128(n))
}
const fn project(n: u128) -> ProjectId {
    ProjectId(Uuid::from_u128(n))
}
const fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

pub(super) fn team_of(project: ProjectId) -> TeamId {
    if project == PROJECTS[2] {
        TEAMS[1]
    } else {
        TEAMS[0]
    }
}

/// Evening before the clocks of Vienna go on.
pub(super) fn beginning() -> DateTime<Utc> {
    "2026-03-26T20:00:00Z".parse().unwrap()
}

/// Who tells what happens, at which time.
pub(super) struct Teller {
    rng: ChaCha8Rng,
    pub(super) now: DateTime<Utc>,
    pub(super) records: Vec<Record>,
    pub(super) tasks: Vec<TaskState>,
}

/// A history of about so many records.
pub(super) fn history(seed: u64, length: usize) -> Vec<Record> {
    let mut teller = Teller::begin(beginning());
    teller.rng = ChaCha8Rng::seed_from_u64(seed);
    while teller.records.len() < length {
        teller.pass_time();
        teller.act();
    }
    teller.records
}

impl Teller {
    /// Tells of the people, the teams and the projects, and leaves the rest to the caller.
    pub(super) fn begin(now: DateTime<Utc>) -> Self {
        let mut teller = Self {
            rng: ChaCha8Rng::seed_from_u64(0),
            now,
            records: Vec::new(),
            tasks: Vec::new(),
        };
        teller.people();
        teller
    }

    pub(super) fn say(&mut self, via: Via, event: impl Into<Event>) {
        let seq = self.records.len() as u64 + 1;
        let new = NewEvent {
            id: EventId(Uuid::from_u128(0xe000_0000 + u128::from(seq))),
            at: self.now,
            origin: Origin {
                actor: Some(PEOPLE[0]),
                via,
                ..Origin::default()
            },
            event: event.into(),
        };
        self.records
            .push(Record::from_new(new, seq, i64::try_from(seq).unwrap()));
    }

    fn people(&mut self) {
        let names = ["ada", "grace", "alan", "edsger"];
        for (id, name) in PEOPLE.into_iter().zip(names) {
            let UserEvent::Registered(alone) = UserEvent::samples().swap_remove(0) else {
                panic!("another sample")
            };
            let mut user = alone.user;
            (user.id, user.username) = (id, name.into());
            user.display_name = name.to_uppercase();
            user.role = if id == PEOPLE[0] {
                Role::Admin
            } else {
                Role::Member
            };
            self.say(Via::Token, UserEvent::Registered(UserAlone { user }));
        }
        for (id, name) in TEAMS.into_iter().zip(["Millers", "Bakers"]) {
            let mut team = TeamEvent::samples().swap_remove(0).team().clone();
            (team.id, team.name) = (id, name.into());
            self.say(Via::Token, TeamEvent::Created(TeamAlone { team }));
        }
        let belongs = [(1, 0), (2, 1), (3, 0), (3, 1)];
        for (person, team) in belongs {
            let membership = Membership {
                team_id: TEAMS[team],
                user_id: PEOPLE[person],
                username: names[person].into(),
                role: TeamRole::Member,
                role_before: None,
            };
            self.say(Via::Token, MemberEvent::Added(membership));
        }
        for (id, key) in PROJECTS.into_iter().zip(["ENG", "OPS", "BAK"]) {
            let mut project = ProjectEvent::samples().swap_remove(0).project().clone();
            (project.id, project.key, project.team_id) = (id, key.into(), team_of(id));
            project.name = format!("Project {key}");
            self.say(Via::Token, ProjectEvent::Created(ProjectAlone { project }));
        }
    }

    /// Mostly some hours; sometimes to the very midnight of Vienna, or a moment before it.
    fn pass_time(&mut self) {
        let step = self.rng.random_range(1..5 * 3600);
        let next = self.now + TimeDelta::seconds(step);
        let zone = chrono_tz::Europe::Vienna;
        let day = next.with_timezone(&zone).date_naive();
        let midnight = millstream_domain::query::start_of(day, zone);
        self.now = match self.rng.random_range(0..8) {
            0 if midnight > self.now => midnight,
            1 if midnight > self.now => midnight - TimeDelta::microseconds(1),
            _ => next,
        };
    }

    fn act(&mut self) {
        if self.tasks.len() < 4 || self.rng.random_range(0..6) == 0 {
            return self.create();
        }
        let at = self.rng.random_range(0..self.tasks.len());
        let before = self.tasks[at].clone();
        if before.trashed_at.is_some() {
            return if self.rng.random_range(0..3) == 0 {
                self.tasks.swap_remove(at);
                let gone = TaskEvent::Deleted(Box::new(TaskAlone { task: before }));
                self.say(Via::Token, gone);
            } else {
                self.change(at, TaskEvent::Restored, |task, _, _| task.trashed_at = None);
            };
        }
        match self.rng.random_range(0..20) {
            0 => self.change(at, TaskEvent::Trashed, |task, now, _| {
                task.trashed_at = Some(now);
            }),
            1 => self.change(at, TaskEvent::Archived, |task, _, _| task.archived = true),
            2 => self.change(at, TaskEvent::Restored, |task, _, _| task.archived = false),
            3 | 4 => self.change(at, TaskEvent::Assigned, |task, now, rng| {
                task.assignees = some_people(rng, now);
            }),
            5 => self.change(at, TaskEvent::Moved, |task, _, rng| {
                task.project_id = *PROJECTS.choose(rng).unwrap();
                task.team_id = team_of(task.project_id);
            }),
            6 => self.change(at, TaskEvent::Updated, |task, now, rng| {
                let hours = rng.random_range(-40..80);
                task.due_at = Some(now + TimeDelta::hours(hours));
            }),
            7 => self.change(at, TaskEvent::Updated, |task, _, _| task.title.push('!')),
            _ => self.change(at, TaskEvent::Updated, |task, now, rng| {
                task.status = some_status(rng);
                task.completed_at = (task.status == Status::Done).then_some(now);
            }),
        }
    }

    fn create(&mut self) {
        let mut task = self.blank();
        let rng = &mut self.rng;
        task.project_id = *PROJECTS.choose(rng).unwrap();
        task.team_id = team_of(task.project_id);
        task.priority = *[Priority::Low, Priority::High].choose(rng).unwrap();
        task.status = if rng.random_range(0..8) == 0 {
            some_status(rng)
        } else {
            Status::Todo
        };
        task.assignees = some_people(rng, self.now);
        task.due_at = (rng.random_range(0..2) == 0).then(|| self.now + TimeDelta::hours(30));
        let via = if rng.random_range(0..5) == 0 {
            Via::Import
        } else {
            Via::Token
        };
        self.add(task, via);
    }

    /// A task that is made now, and that nothing is said of yet.
    pub(super) fn blank(&self) -> TaskState {
        let n = self.records.len() as u128;
        let mut task = TaskEvent::samples().swap_remove(0).task().clone();
        task.id = TaskId(Uuid::from_u128(0x1000 + n));
        (task.number, task.name) = (i64::try_from(n).unwrap(), format!("T-{n}"));
        (task.created_at, task.updated_at) = (self.now, self.now);
        task
    }

    /// It is made; its place among the tasks.
    pub(super) fn add(&mut self, task: TaskState, via: Via) -> usize {
        self.tasks.push(task.clone());
        self.say(via, TaskEvent::Created(Box::new(TaskAlone { task })));
        self.tasks.len() - 1
    }

    pub(super) fn change(
        &mut self,
        at: usize,
        event: fn(Box<Change<TaskState>>) -> TaskEvent,
        edit: impl Fn(&mut TaskState, DateTime<Utc>, &mut ChaCha8Rng),
    ) {
        let before = self.tasks[at].clone();
        let task = &mut self.tasks[at];
        edit(task, self.now, &mut self.rng);
        task.version += 1;
        task.updated_at = self.now;
        let after = task.clone();
        self.say(Via::Token, event(Box::new(Change { before, after })));
    }
}

fn some_status(rng: &mut ChaCha8Rng) -> Status {
    use Status::{Blocked, Done, InProgress, Todo};
    *[Todo, InProgress, InProgress, Blocked, Done, Done]
        .choose(rng)
        .unwrap()
}

fn some_people(rng: &mut ChaCha8Rng, now: DateTime<Utc>) -> Vec<Assignee> {
    let count = rng.random_range(0..3);
    let chosen = PEOPLE.sample(rng, count).copied();
    chosen.map(|person| assignee(person, now)).collect()
}

/// Somebody who works on a task from now on.
pub(super) fn assignee(user_id: UserId, now: DateTime<Utc>) -> Assignee {
    Assignee {
        user_id,
        username: user_id.to_string(),
        role: AssigneeRole::Collaborator,
        assigned_by: None,
        assigned_at: now,
    }
}
