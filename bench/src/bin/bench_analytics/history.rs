//! The history of a house that follows from its seed: teams and projects of very different sizes, and tasks that are made,
//! handed on, worked on, blocked, finished, taken up again, put away, thrown away and forgotten, over two years.

mod house;

use chrono::{DateTime, TimeDelta, Utc};
use house::name_of;
use millstream_domain::ids::{CommentId, EventId, ProjectId, TaskId, TeamId, UserId};
use millstream_domain::task::{AssigneeRole, Priority, Status};
use millstream_event_log::events::comment::{CommentAlone, CommentState, CommentedTask};
use millstream_event_log::events::task::{Assignee, TaskAlone, TaskState};
use millstream_event_log::events::{Change, CommentEvent, Payload, TaskEvent};
use millstream_event_log::{Event, NewEvent, Origin, Record, Via};
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;
use uuid::{Builder, Uuid};

/// Counts the changes to what is told here: a lake of another history is not used again.
pub(crate) const VERSION: u32 = 1;

const SEED: u64 = 5;
const TEAMS: usize = 40;
const PROJECTS: usize = 200;
const PEOPLE: usize = 1_000;
/// Tasks on which something happens, at least and at most as a rule.
const ALIVE: [usize; 2] = [5_000, 30_000];
/// Seconds from the first event to the last.
const SPAN_S: u64 = 2 * 365 * 86_400;

/// Tells one record after the other.
pub(crate) struct Teller {
    rng: ChaCha8Rng,
    now: DateTime<Utc>,
    /// Half the longest time between two events.
    pause_us: i64,
    left: u64,
    seq: u64,
    told: VecDeque<NewEvent>,
    pub(crate) people: Vec<UserId>,
    pub(crate) teams: Vec<(TeamId, Vec<usize>)>,
    pub(crate) projects: Vec<(ProjectId, usize)>,
    tasks_made: i64,
    alive: Vec<TaskState>,
    /// What every task begins as.
    blank: TaskState,
}

impl Teller {
    /// A history of so many events, and who is in it.
    pub(crate) fn new(events: u64) -> Self {
        let mut teller = Self {
            rng: ChaCha8Rng::seed_from_u64(SEED),
            now: "2024-01-01T00:00:00Z".parse().unwrap(),
            pause_us: i64::try_from(SPAN_S * 1_000_000 / events).unwrap(),
            left: events,
            seq: 0,
            told: VecDeque::new(),
            people: Vec::new(),
            teams: Vec::new(),
            projects: Vec::new(),
            tasks_made: 0,
            alive: Vec::new(),
            blank: TaskEvent::samples()[0].task().clone(),
        };
        teller.people();
        teller.teams();
        teller
    }

    /// An id as they are made at this time.
    fn id(&mut self) -> Uuid {
        let at = u64::try_from(self.now.timestamp_millis()).unwrap();
        Builder::from_unix_timestamp_millis(at, &self.rng.random()).into_uuid()
    }

    fn say(&mut self, actor: UserId, event: impl Into<Event>) {
        let new = NewEvent {
            id: EventId(self.id()),
            at: self.now,
            origin: Origin {
                actor: Some(actor),
                via: Via::Session,
                ..Origin::default()
            },
            event: event.into(),
        };
        self.told.push_back(new);
    }

    /// One event.
    fn act(&mut self) {
        let pause = self.rng.random_range(0..2 * self.pause_us);
        self.now += TimeDelta::microseconds(pause);
        let news = match self.alive.len() {
            0 => 1.0,
            alive if alive < ALIVE[0] => 0.5,
            alive if alive < ALIVE[1] => 0.11,
            _ => 0.02,
        };
        if self.rng.random_bool(news) {
            return self.create();
        }
        let at = self.rng.random_range(0..self.alive.len());
        match self.rng.random_range(0..100) {
            0..28 => self.comment(at),
            28..40 => self.hand_on(at),
            40..46 => {
                let days = self.rng.random_range(-2..30);
                self.change(at, TaskEvent::Updated, |task, now| {
                    task.due_at = Some(now + TimeDelta::days(days));
                });
            }
            46..52 => self.change(at, TaskEvent::Updated, |task, _| task.title.push('!')),
            52..54 => self.move_within_team(at),
            54 => {
                self.change(at, TaskEvent::Trashed, |task, now| {
                    task.trashed_at = Some(now);
                });
                self.alive.swap_remove(at);
            }
            55..57 => {
                // The last that is heard of it.
                self.comment(at);
                self.alive.swap_remove(at);
            }
            _ => self.go_on(at),
        }
    }

    /// The next step of a task's life.
    fn go_on(&mut self, at: usize) {
        let chance = self.rng.random_range(0..100);
        match (self.alive[at].status, chance) {
            (Status::Todo | Status::Blocked, _) | (Status::Done, 0..25) => {
                self.become_(at, Status::InProgress);
            }
            (Status::InProgress, 0..70) => self.become_(at, Status::Done),
            (Status::InProgress, 70..88) => self.become_(at, Status::Blocked),
            (Status::InProgress, _) => self.become_(at, Status::Todo),
            (Status::Done, 25..60) => {
                self.change(at, TaskEvent::Archived, |task, _| task.archived = true);
                self.alive.swap_remove(at);
            }
            (Status::Done, _) => {
                self.comment(at);
                self.alive.swap_remove(at);
            }
        }
    }

    fn become_(&mut self, at: usize, status: Status) {
        self.change(at, TaskEvent::Updated, |task, now| {
            task.status = status;
            task.completed_at = (status == Status::Done).then_some(now);
        });
    }

    fn create(&mut self) {
        self.tasks_made += 1;
        // A few projects have most of the tasks.
        let share: f64 = self.rng.random();
        let (project_id, team) = self.projects[place(share * share, PROJECTS)];
        let mut task = self.blank.clone();
        task.id = TaskId(self.id());
        (task.number, task.name) = (self.tasks_made, format!("T-{}", self.tasks_made));
        (task.project_id, task.team_id) = (project_id, self.teams[team].0);
        task.title = self.title();
        task.description.clear();
        task.tags.clear();
        task.priority = *PRIORITIES.choose(&mut self.rng).unwrap();
        task.status = Status::Todo;
        task.assignees = self.workers(team);
        let due = self.rng.random_range(1..60);
        task.due_at = (due <= 30).then(|| self.now + TimeDelta::days(due));
        (task.created_at, task.updated_at) = (self.now, self.now);
        let author = self.member(team);
        task.created_by = Some(author);
        self.alive.push(task.clone());
        self.say(author, TaskEvent::Created(Box::new(TaskAlone { task })));
    }

    fn comment(&mut self, at: usize) {
        let (id, author, body) = (self.id(), self.member(self.team_of(at)), self.title());
        let task = &self.alive[at];
        let comment = CommentState {
            id: CommentId(id),
            task: CommentedTask {
                id: task.id,
                name: task.name.clone(),
                title: task.title.clone(),
                project_id: task.project_id,
                team_id: task.team_id,
            },
            author,
            body,
            mentions: Vec::new(),
            created_at: self.now,
            edited_at: None,
            deleted_at: None,
            version: 1,
        };
        self.say(author, CommentEvent::Created(CommentAlone { comment }));
    }

    fn hand_on(&mut self, at: usize) {
        let workers = self.workers(self.team_of(at));
        self.change(at, TaskEvent::Assigned, |task, _| task.assignees = workers);
    }

    fn move_within_team(&mut self, at: usize) {
        let team = self.team_of(at);
        let there = self.rng.random_range(0..PROJECTS / TEAMS);
        let (project, _) = self.projects[team + there * TEAMS];
        self.change(at, TaskEvent::Moved, |task, _| task.project_id = project);
    }

    fn change(
        &mut self,
        at: usize,
        event: fn(Box<Change<TaskState>>) -> TaskEvent,
        edit: impl FnOnce(&mut TaskState, DateTime<Utc>),
    ) {
        let actor = self.member(self.team_of(at));
        let task = &mut self.alive[at];
        let before = task.clone();
        edit(task, self.now);
        task.version += 1;
        task.updated_at = self.now;
        let after = task.clone();
        self.say(actor, event(Box::new(Change { before, after })));
    }

    fn team_of(&self, at: usize) -> usize {
        let team = self.alive[at].team_id;
        let found = self.teams.iter().position(|(id, _)| *id == team);
        found.unwrap()
    }

    fn member(&mut self, team: usize) -> UserId {
        let member = self.teams[team].1.choose(&mut self.rng).unwrap();
        self.people[*member]
    }

    fn workers(&mut self, team: usize) -> Vec<Assignee> {
        let count = self.rng.random_range(0..3);
        let (now, people) = (self.now, &self.people);
        let chosen = self.teams[team].1.sample(&mut self.rng, count);
        let assignee = |person: &usize| Assignee {
            user_id: people[*person],
            username: name_of(*person),
            role: AssigneeRole::Collaborator,
            assigned_by: None,
            assigned_at: now,
        };
        chosen.map(assignee).collect()
    }

    fn title(&mut self) -> String {
        let mut word = |of: &[&'static str]| *of.choose(&mut self.rng).unwrap();
        let (verb, thing, when) = (word(&VERBS), word(&THINGS), word(&TIMES));
        format!("{verb} the {thing} {when}")
    }
}

impl Iterator for Teller {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        self.left = self.left.checked_sub(1)?;
        if self.told.is_empty() {
            self.act();
        }
        let new = self.told.pop_front()?;
        self.seq += 1;
        let write = i64::try_from(self.seq).unwrap();
        Some(Record::from_new(new, self.seq, write))
    }
}

/// A place among so many, from 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a small number"
)]
fn place(share: f64, of: usize) -> usize {
    ((share * of as f64) as usize).min(of - 1)
}

const PRIORITIES: [Priority; 4] = [
    Priority::Low,
    Priority::Medium,
    Priority::Medium,
    Priority::High,
];
const VERBS: [&str; 8] = [
    "Grease",
    "Mend",
    "Count",
    "Order",
    "Measure",
    "Paint",
    "Replace",
    "Look after",
];
const THINGS: [&str; 12] = [
    "mill wheel",
    "axle",
    "gate",
    "sacks",
    "millstone",
    "hopper",
    "river wall",
    "granary roof",
    "cart",
    "sieve",
    "winch",
    "oven",
];
const TIMES: [&str; 6] = [
    "before winter",
    "this week",
    "when the river is low",
    "with the bakers",
    "as last year",
    "once more",
];
