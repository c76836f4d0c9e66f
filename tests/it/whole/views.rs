//! Every view, asked as a client asks it, against what was acknowledged.
//!
//! To add a view: a function here that asks it of [`Seen`], and its line in [`Seen::check`].

use super::counted::{Counted, same};
use super::ledger::{Ledger, Place, Sheet, Who, line};
use super::office::Office;
use crate::api::Session;
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How many searches are asked at once: as many people as type at once.
const SEARCHES: usize = 4;

/// A house after work, about to be looked at.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    pub(super) office: &'a Office,
    pub(super) ledger: &'a Ledger,
    /// Where the last act stands, which each view is to have seen.
    pub(super) position: String,
    /// The same as a place in the log.
    pub(super) last: u64,
}

impl Seen<'_> {
    pub(super) async fn check(&self) {
        for ada in self.office.sessions(Who::Ada) {
            self.activity(ada).await;
        }
        self.audit().await;
        for who in Who::ALL {
            self.inbox(who).await;
        }
        self.search().await;
        self.reports().await;
        self.sql().await;
        self.strangers_see_nothing().await;
    }

    /// Ada, where searches and reports are answered.
    fn asking(&self) -> &Session {
        self.office.session(Who::Ada, self.office.answering)
    }

    /// A path, once its view has seen everything; then all of it.
    async fn all(&self, who: &Session, path: &str) -> Vec<Value> {
        who.get_after(path, &self.position).await.expect(200);
        let separator = if path.contains('?') { "" } else { "?" };
        who.all(&format!("{path}{separator}")).await
    }

    /// Each event that belongs to a team, once. Lines that are about no task have no name in them.
    async fn activity(&self, ada: &Session) {
        let kinds = ["task.", "comment.", "tag.", "team.", "member.", "project."];
        let expected = self.ledger.happened.named(|happened| {
            let is_shown = kinds.iter().any(|kind| happened.starts_with(kind));
            let is_shown = is_shown && !happened.starts_with("task.watched");
            let (what, about) = happened.split_once(": ").unwrap();
            let about = if happened.starts_with("task.") || happened.starts_with("comment.") {
                about
            } else {
                ""
            };
            is_shown.then(|| format!("{what}: {about}"))
        });
        let lines = self.all(ada, "/activity").await;
        let found = lines.iter().map(|item| {
            let about = self.ledger.word_of(text(&item["task"]["id"]));
            line(text(&item["type"]), actor(item), about)
        });
        same("activity", &expected, &found.collect());
        let places = lines.iter().map(|item| item["seq"].to_string());
        let once: Counted = places
            .clone()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        same("places of the activity", &once, &places.collect());
    }

    /// Each event once, and each record of the log.
    async fn audit(&self) {
        let ada = self.asking();
        let entries = self.all(ada, "/audit").await;
        let known = ["task.", "comment.", "tag.", "team.", "member.", "project."];
        let kept = entries.iter().filter(|entry| {
            let action = text(&entry["action"]);
            known.iter().any(|kind| action.starts_with(kind))
        });
        let found = kept.map(|entry| {
            let word = self.ledger.word_of(text(&entry["entity_id"]));
            let about = if word.is_empty() {
                text(&entry["entity_name"])
            } else {
                word
            };
            line(text(&entry["action"]), actor(entry), about)
        });
        same("audit", &self.ledger.happened, &found.collect());
        let places = entries.iter().map(|entry| entry["seq"].as_u64().unwrap());
        self.each_place_once("places of the audit", places);
    }

    /// Each record up to the last act, once. Something may have happened by itself since.
    fn each_place_once(&self, view: &str, places: impl Iterator<Item = u64>) {
        let place = |seq: u64| format!("record {seq}");
        let found = places.filter(|seq| *seq <= self.last).map(place);
        same(
            view,
            &(1..=self.last).map(place).collect(),
            &found.collect(),
        );
    }

    /// What each person is told, once, and how often they are told that they are.
    async fn inbox(&self, who: Who) {
        let none = Counted::default();
        let expected = self.ledger.told.get(&who).unwrap_or(&none);
        for session in self.office.sessions(who) {
            let told = self.all(session, "/notifications").await;
            let found = told.iter().map(|told| {
                let word = self.ledger.word_of(text(&told["task"]["id"]));
                line(text(&told["reason"]), text(&told["type"]), word)
            });
            let inbox = format!("notifications of {}", who.name());
            same(&inbox, expected, &found.collect());
            let count = session.get_after("/notifications/count", &self.position);
            let unread = &count.await.expect(200).data()["unread"];
            assert_eq!(unread, told.len(), "{inbox}: the number of them");
        }
    }

    /// Each task, once, by the word that only it has; each comment by its own; and all of a project.
    async fn search(&self) {
        let ada = self.asking();
        ada.get_after("/search", &self.position).await.expect(200);
        let asked = self.ledger.sheets.iter().flat_map(questions);
        let found: Vec<_> = stream::iter(asked)
            .map(async |(question, id)| {
                let hits = ada.get(&format!("/search?q={question}")).await.expect(200);
                let hits = hits.data();
                let hits = hits.as_array().unwrap().iter();
                let hits = hits.map(|hit| text(&hit["task"]["id"]).to_owned());
                (question, id.to_owned(), hits.collect::<Vec<_>>())
            })
            .buffer_unordered(SEARCHES)
            .collect()
            .await;
        let expected = found.iter().map(|(asked, id, _)| format!("{asked}: {id}"));
        let hits = found
            .iter()
            .flat_map(|(asked, _, hits)| hits.iter().map(move |hit| format!("{asked}: {hit}")));
        same("search", &expected.collect(), &hits.collect());
        for (n, key) in self.office.keys.iter().enumerate() {
            let there = self
                .ledger
                .sheets
                .iter()
                .filter(|sheet| sheet.project == n && sheet.place == Place::Open);
            let expected = there.map(|sheet| format!("{} {}", sheet.word, sheet.status));
            let hits = ada.all(&format!("/search?q=project:{key}")).await;
            let found = hits.iter().map(|hit| {
                let word = self.ledger.word_of(text(&hit["task"]["id"]));
                format!("{word} {}", text(&hit["task"]["status"]))
            });
            let of_project = format!("search in the project {n}");
            same(&of_project, &expected.collect(), &found.collect());
        }
    }

    /// The numbers of the dashboard and of the flow through each project, by the definitions of docs/ANALYTICS.md.
    async fn reports(&self) {
        let ada = self.asking();
        // Two days, so that midnight may pass meanwhile.
        let path = "/analytics/dashboard?days=2";
        let report = ada.get_after(path, &self.position).await.expect(200).data();
        let ledger = self.ledger;
        let open = |sheet: &Sheet| sheet.place == Place::Open && sheet.status != "done";
        let expected = json!({
            "open": ledger.count(open),
            "in_progress": ledger.count(|sheet| open(sheet) && sheet.status == "in_progress"),
            "blocked": ledger.count(|sheet| open(sheet) && sheet.status == "blocked"),
            "overdue": ledger.count(|sheet| open(sheet) && sheet.is_late),
            "unassigned": ledger.count(|sheet| open(sheet) && sheet.assignees.is_empty()),
        });
        let mut now = report["now"].clone();
        // What was due a minute ago was due today, or yesterday.
        now.as_object_mut().unwrap().remove("due_today");
        assert_eq!(now, expected, "dashboard: now");
        let expected = json!({
            "created": ledger.sheets.len(),
            "completed": ledger.finished,
            "reopened": ledger.reopened,
            "completed_with_due": 0,
            "completed_on_time": 0,
        });
        assert_eq!(report["throughput"], expected, "dashboard: throughput");
        for (n, project) in self.office.projects.iter().enumerate() {
            let path = format!("/analytics/projects/{project}/flow?days=2");
            let report = ada.get_after(&path, &self.position).await;
            let report = report.expect(200).data();
            let today = report["cumulative"].as_array().unwrap().last().unwrap();
            for status in ["todo", "in_progress", "blocked", "done"] {
                let expected = ledger.count(|sheet| {
                    let is_there = match sheet.place {
                        Place::Open => true,
                        Place::Archive => sheet.status == "done",
                        Place::Trash => false,
                    };
                    is_there && sheet.project == n && sheet.status == status
                });
                assert_eq!(today[status], expected, "flow of project {n}: {status}");
            }
        }
    }

    /// Each record and each task is in the lake, once.
    async fn sql(&self) {
        let counted = format!("select count(*) from events where seq <= {}", self.last);
        assert_eq!(self.ask(&counted).await, json!([[self.last]]), "{counted}");
        let places = self.ask("select seq from events").await;
        let places = places.as_array().unwrap().iter();
        let places = places.map(|row| row[0].as_u64().unwrap());
        self.each_place_once("events of the lake", places);
        let tasks = self.ask("select id, status from tasks").await;
        let found = tasks.as_array().unwrap().iter().map(|row| {
            let word = self.ledger.word_of(text(&row[0]));
            format!("{word} {}", text(&row[1]))
        });
        let sheets = self.ledger.sheets.iter();
        let expected = sheets.map(|sheet| format!("{} {}", sheet.word, sheet.status));
        same("tasks of the lake", &expected.collect(), &found.collect());
    }

    async fn ask(&self, sql: &str) -> Value {
        let body = json!({"sql": sql, "limit": 10_000});
        let answer = self.asking().post("/analytics/sql", &body).await;
        answer.expect(200).data()["rows"].clone()
    }

    async fn strangers_see_nothing(&self) {
        let stranger = &self.office.stranger;
        for path in ["/activity", "/notifications"] {
            let seen = self.all(stranger, path).await;
            assert!(seen.is_empty(), "{path} of a stranger: {seen:?}");
        }
    }
}

/// What to search for, and the task that is to be found. What is put away or thrown away is found by who asks for that.
fn questions(sheet: &Sheet) -> Vec<(String, &str)> {
    let place = match sheet.place {
        Place::Open => "",
        Place::Archive => "+is:archived",
        Place::Trash => "+is:trashed",
    };
    let words = [&sheet.word].into_iter().chain(&sheet.comments);
    words
        .map(|word| (format!("{word}{place}"), &*sheet.id))
        .collect()
}

/// Who acted; nobody where something happened by itself.
fn actor(item: &Value) -> &str {
    item["actor"]["username"].as_str().unwrap_or("nobody")
}

/// A text; nothing where there is none.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
