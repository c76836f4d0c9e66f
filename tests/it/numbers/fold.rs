//! Every number of every report, by walking through the records of `stream.log` as they stand there. Nothing of the product is
//! used for it, neither its types nor its tables: `docs/ANALYTICS.md` is what both follow.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

mod answer;

/// A record of the log.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) at: DateTime<Utc>,
    pub(super) kind: String,
    pub(super) via: String,
    pub(super) data: Value,
}

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) reader: String,
    pub(super) zone: Tz,
    pub(super) now: DateTime<Utc>,
    pub(super) days: u64,
    pub(super) about: About,
}

/// What it is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum About {
    Dashboard(Within),
    Distribution(&'static str, Within),
    Person(String),
    Team(String),
    Project(String),
}

/// Only a part of what the reader sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Within {
    pub(super) team: Option<String>,
    pub(super) project: Option<String>,
}

/// A task at a moment.
#[derive(Debug, Clone)]
struct Task {
    team: String,
    project: String,
    status: String,
    priority: String,
    due: Option<DateTime<Utc>>,
    created: DateTime<Utc>,
    assignees: Vec<String>,
    is_archived: bool,
    is_in_trash: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Created,
    Finished,
    Reopened,
}

/// Something that reports count.
#[derive(Debug)]
struct Happening {
    at: DateTime<Utc>,
    what: What,
    task: Task,
    /// Since when it was worked on.
    begun: Option<DateTime<Utc>>,
}

/// A task as it was from a time on; none when it was removed.
type Moment = (DateTime<Utc>, Option<Task>);

/// Everything that was told.
#[derive(Debug, Default)]
pub(super) struct Fold {
    lives: BTreeMap<String, Vec<Moment>>,
    begun: BTreeMap<String, DateTime<Utc>>,
    happenings: Vec<Happening>,
    /// Username and role of everybody.
    people: BTreeMap<String, (String, String)>,
    /// Team and person.
    members: BTreeSet<(String, String)>,
}

impl Fold {
    pub(super) fn of(records: &[Told]) -> Self {
        let mut fold = Self::default();
        for record in records {
            match record.kind.split_once('.') {
                Some(("task", what)) if what != "overdue" => fold.task(record, what),
                Some(("user", _)) => fold.person(&record.data),
                Some(("member", what)) => {
                    let (team, person) = (&record.data["team_id"], &record.data["user_id"]);
                    let belongs = (text(team), text(person));
                    match what {
                        "removed" => fold.members.remove(&belongs),
                        _ => fold.members.insert(belongs),
                    };
                }
                _ => {}
            }
        }
        fold
    }

    fn person(&mut self, data: &Value) {
        let user = data.get("after").or_else(|| data.get("user"));
        if let Some(user) = user.filter(|user| user.is_object()) {
            let said = (text(&user["username"]), text(&user["role"]));
            self.people.insert(text(&user["id"]), said);
        }
    }

    fn task(&mut self, record: &Told, what: &str) {
        let (before, after) = match what {
            "created" => (None, Some(&record.data["task"])),
            "deleted" => (Some(&record.data["task"]), None),
            _ => (Some(&record.data["before"]), Some(&record.data["after"])),
        };
        let id = text(&before.or(after).unwrap()["id"]);
        let (before, after) = (before.map(Task::of), after.map(Task::of));
        if let Some(after) = &after {
            self.step(record, &id, before.as_ref(), after);
        }
        self.lives.entry(id).or_default().push((record.at, after));
    }

    fn step(&mut self, record: &Told, id: &str, before: Option<&Task>, after: &Task) {
        let was = before.map(|task| task.status.as_str());
        let is = after.status.as_str();
        let mut happened = Vec::new();
        if was.is_none() {
            happened.push(What::Created);
        }
        if was == Some("done") && is != "done" {
            happened.push(What::Reopened);
            self.begun.remove(id);
        }
        if is == "in_progress" {
            self.begun.entry(id.to_owned()).or_insert(record.at);
        }
        let is_brought = was.is_none() && record.via == "import";
        if is == "done" && was != Some("done") && !is_brought {
            happened.push(What::Finished);
        }
        let begun = self.begun.get(id).copied();
        let tell = |what| Happening {
            at: record.at,
            what,
            task: after.clone(),
            begun,
        };
        self.happenings.extend(happened.into_iter().map(tell));
    }
}

impl Task {
    fn of(data: &Value) -> Self {
        let assignees = data["assignees"].as_array().unwrap();
        Self {
            team: text(&data["team_id"]),
            project: text(&data["project_id"]),
            status: text(&data["status"]),
            priority: text(&data["priority"]),
            due: data["due_at"].as_str().map(|due| due.parse().unwrap()),
            created: text(&data["created_at"]).parse().unwrap(),
            assignees: assignees.iter().map(|a| text(&a["user_id"])).collect(),
            is_archived: data["archived"].as_bool().unwrap(),
            is_in_trash: !data["trashed_at"].is_null(),
        }
    }

    fn is_open(&self) -> bool {
        !self.is_in_trash && !self.is_archived && self.status != "done"
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
