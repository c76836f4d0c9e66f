//! How a history is written out: what happens to which task at which time, and what the reports tell of it.

use crate::lake::world::{PEOPLE, PROJECTS, Teller, assignee, team_of};
use crate::lake::{Bench, asker};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use millstream_analytics_engine::Session;
use millstream_analytics_engine::reports::dashboard::{self, Dashboard};
use millstream_analytics_engine::reports::distribution::{self, Group};
use millstream_analytics_engine::reports::flow::{self, Flow};
use millstream_analytics_engine::reports::stats::{self, Stats};
use millstream_analytics_engine::reports::team::{self, Performance};
use millstream_analytics_engine::reports::{Question, Scope};
use millstream_domain::ids::{ProjectId, TeamId};
use millstream_domain::task::Status;
use millstream_event_log::events::task::{Assignee, TaskAlone, TaskState};
use millstream_event_log::events::{Change, TaskEvent};
use millstream_event_log::record::Via;

pub(super) fn at(time: &str) -> DateTime<Utc> {
    time.parse().unwrap()
}

fn assigned(people: &[usize], time: &str) -> Vec<Assignee> {
    let people = people.iter();
    people.map(|p| assignee(PEOPLE[*p], at(time))).collect()
}

/// A history, as it is written. Tasks are told by the order in which they were made, people by their place in [`PEOPLE`].
pub(super) struct Story(Teller);

impl Story {
    pub(super) fn new() -> Self {
        Self(Teller::begin(at("2026-01-01T00:00:00Z")))
    }

    pub(super) fn make(&mut self, time: &str, project: usize, status: Status) -> usize {
        self.put(time, project, status, &[], Via::Token)
    }

    /// Makes one that is somebody's from the beginning.
    pub(super) fn make_for(
        &mut self,
        time: &str,
        project: usize,
        status: Status,
        people: &[usize],
    ) -> usize {
        self.put(time, project, status, people, Via::Token)
    }

    /// An import brings it.
    pub(super) fn bring(&mut self, time: &str, project: usize, status: Status) -> usize {
        self.put(time, project, status, &[], Via::Import)
    }

    fn put(
        &mut self,
        time: &str,
        project: usize,
        status: Status,
        people: &[usize],
        via: Via,
    ) -> usize {
        let teller = self.on(time);
        let mut task = teller.blank();
        task.project_id = PROJECTS[project];
        task.team_id = team_of(task.project_id);
        task.status = status;
        task.due_at = None;
        task.assignees = assigned(people, time);
        teller.add(task, via)
    }

    pub(super) fn becomes(&mut self, time: &str, task: usize, status: Status) {
        self.change(time, task, TaskEvent::Updated, |task| task.status = status);
    }

    pub(super) fn is_due(&mut self, time: &str, task: usize, due: Option<&str>) {
        let due = due.map(at);
        self.change(time, task, TaskEvent::Updated, |task| task.due_at = due);
    }

    pub(super) fn archive(&mut self, time: &str, task: usize) {
        self.change(time, task, TaskEvent::Archived, |task| task.archived = true);
    }

    pub(super) fn trash(&mut self, time: &str, task: usize) {
        self.change(time, task, TaskEvent::Trashed, |task| {
            task.trashed_at = Some(at(time));
        });
    }

    /// From the archive or the trash.
    pub(super) fn restore(&mut self, time: &str, task: usize) {
        self.change(time, task, TaskEvent::Restored, |task| {
            (task.archived, task.trashed_at) = (false, None);
        });
    }

    /// For ever.
    pub(super) fn remove(&mut self, time: &str, task: usize) {
        let teller = self.on(time);
        let task = teller.tasks[task].clone();
        teller.say(Via::Token, TaskEvent::Deleted(Box::new(TaskAlone { task })));
    }

    pub(super) fn assign(&mut self, time: &str, task: usize, people: &[usize]) {
        self.change(time, task, TaskEvent::Assigned, |task| {
            task.assignees = assigned(people, time);
        });
    }

    /// To another project, where it is these people's.
    pub(super) fn transfer(&mut self, time: &str, task: usize, project: usize, people: &[usize]) {
        self.change(time, task, TaskEvent::Moved, |task| {
            task.project_id = PROJECTS[project];
            task.team_id = team_of(task.project_id);
            task.assignees = assigned(people, time);
        });
    }

    fn on(&mut self, time: &str) -> &mut Teller {
        self.0.now = at(time);
        &mut self.0
    }

    fn change(
        &mut self,
        time: &str,
        task: usize,
        event: fn(Box<Change<TaskState>>) -> TaskEvent,
        edit: impl Fn(&mut TaskState),
    ) {
        self.on(time).change(task, event, |task, _, _| edit(task));
    }

    /// Ends the history: a half of it stands in files, the rest in memory.
    pub(super) async fn told(self) -> Told {
        let records = self.0.records;
        let mut bench = Bench::new().await;
        bench.read(&records[..records.len() / 2]).await;
        bench.writer.write().await.unwrap();
        bench.read(&records).await;
        Told {
            bench,
            zone: Tz::UTC,
            reader: 0,
        }
    }
}

/// What reports tell to ada, in UTC.
pub(super) struct Told {
    bench: Bench,
    zone: Tz,
    reader: usize,
}

impl Told {
    /// In another zone.
    pub(super) fn within(self, zone: Tz) -> Self {
        Self { zone, ..self }
    }

    /// To somebody else.
    pub(super) fn to(self, reader: usize) -> Self {
        Self { reader, ..self }
    }

    async fn session(&self) -> Session {
        let asker = asker(PEOPLE[self.reader]);
        self.bench.engine().session(&asker).await.unwrap()
    }

    fn question(&self, now: &str, days: u32) -> Question {
        Question {
            now: at(now),
            zone: self.zone,
            days,
            scope: Scope::default(),
        }
    }

    pub(super) async fn dashboard(&self, now: &str, days: u32) -> Dashboard {
        let (session, question) = (self.session().await, self.question(now, days));
        let asked = dashboard::ask(&session, &question, PEOPLE[self.reader]);
        asked.await.unwrap()
    }

    pub(super) async fn flow(&self, now: &str, days: u32, project: ProjectId) -> Flow {
        let (session, question) = (self.session().await, self.question(now, days));
        flow::ask(&session, &question, project).await.unwrap()
    }

    pub(super) async fn team(&self, now: &str, days: u32, of: TeamId) -> Performance {
        let (session, question) = (self.session().await, self.question(now, days));
        team::ask(&session, &question, of).await.unwrap()
    }

    pub(super) async fn stats(&self, now: &str, days: u32, person: usize) -> Stats {
        let (session, question) = (self.session().await, self.question(now, days));
        let asked = stats::ask(&session, &question, PEOPLE[person]);
        asked.await.unwrap()
    }

    pub(super) async fn distribution(&self, now: &str, by: Group) -> Vec<(Option<String>, u64)> {
        let (session, question) = (self.session().await, self.question(now, 1));
        let told = distribution::ask(&session, &question, by).await.unwrap();
        assert_eq!(told.others, 0);
        let groups = told.groups.into_iter();
        groups.map(|share| (share.value, share.count)).collect()
    }
}
