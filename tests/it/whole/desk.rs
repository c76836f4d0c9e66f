//! The acts of people: each is sent as a client sends it, and what follows from it is written down once it is acknowledged.
//!
//! To add one: a function here, its lines in the ledger by the rules that docs/ tells people, and a place in `work.rs`.

use super::ledger::{Ledger, Place, Sheet, Who};
use super::office::Office;
use crate::api::Answer;
use chrono::TimeDelta;
use millstream_domain::clock::{Clock as _, SystemClock};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How long ago late tasks were due: news that are older than a day are not mailed.
const LATE_BY: TimeDelta = TimeDelta::minutes(1);

/// Where the acts of some people are sent and written down.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    office: &'a Office,
    pub(super) ledger: Ledger,
    /// How much was sent: the doors take turns.
    turn: usize,
    /// Where the last act stands.
    position: String,
}

/// What a task is to be.
#[derive(Debug, Default)]
pub(super) struct New {
    pub(super) assignees: Vec<Who>,
    pub(super) tags: Vec<String>,
    pub(super) is_late: bool,
}

impl<'a> Desk<'a> {
    pub(super) fn new(office: &'a Office) -> Self {
        Self {
            office,
            ledger: Ledger::default(),
            turn: 0,
            position: String::new(),
        }
    }

    async fn post(&mut self, who: Who, path: &str, body: &Value, status: u16) -> Answer {
        self.turn += 1;
        let session = self.office.session(who, self.turn);
        let answer = session.post(path, body).await;
        self.acknowledged(answer, status)
    }

    async fn patch(&mut self, who: Who, path: &str, body: &Value) -> Answer {
        self.turn += 1;
        let session = self.office.session(who, self.turn);
        let answer = session.send(Method::PATCH, path, body).await;
        self.acknowledged(answer, 200)
    }

    async fn delete(&mut self, who: Who, path: &str) -> Answer {
        self.turn += 1;
        let answer = self.office.session(who, self.turn).delete(path).await;
        self.acknowledged(answer, 204)
    }

    fn acknowledged(&mut self, answer: Answer, status: u16) -> Answer {
        let answer = answer.expect(status);
        self.office.acknowledged();
        self.position = answer.position();
        answer
    }

    /// Whoever has written something finds it, at another door, too, and whatever is away just then.
    pub(super) async fn finds(&self, who: Who, sheet: &Sheet) {
        let other_door = self.office.session(who, self.turn + 1);
        let path = format!("/activity?task={}", sheet.id);
        let seen = other_door.get_after(&path, &self.position).await;
        let seen = seen.expect(200);
        let asking = self.office.session(who, self.office.answering);
        let path = format!("/search?q={}", sheet.word);
        let found = asking.get_after(&path, &self.position).await;
        for seen in [seen, found.expect(200)] {
            assert!(seen.text().contains(&sheet.id), "{}: {seen:?}", sheet.word);
        }
    }

    /// What is sent for a new task, and the word in it.
    pub(super) fn draft(&self, new: &New) -> (Value, String) {
        let word = self.office.new_word();
        let assignees: Vec<_> = self.ids(&new.assignees);
        let mut body = json!({
            "project_id": self.office.projects[0], "title": format!("Mend {word}"),
            "assignees": assignees, "tags": new.tags,
        });
        if new.is_late {
            body["due_at"] = json!(SystemClock.now() - LATE_BY);
        }
        (body, word)
    }

    fn ids(&self, people: &[Who]) -> Vec<Value> {
        let ids = people.iter().map(|who| self.office.id(*who));
        ids.map(|id| json!({"user_id": id})).collect()
    }

    /// A task was made. Who made a task takes part in it, and who was given it is told.
    pub(super) fn made(&mut self, who: Who, id: &str, word: String, new: &New) -> Sheet {
        let ledger = &mut self.ledger;
        ledger.note("task.created", Some(who), &word);
        ledger.words.insert(id.to_owned(), word.clone());
        let assignees: BTreeSet<_> = new.assignees.iter().copied().collect();
        ledger.tell(
            "assigned",
            "task.created",
            Some(who),
            assignees.clone(),
            &word,
        );
        if new.is_late {
            // Nobody does it in time any more.
            ledger.note("task.overdue", None, &word);
            ledger.tell("overdue", "task.overdue", None, assignees.clone(), &word);
        }
        Sheet {
            id: id.to_owned(),
            word,
            status: "todo",
            project: 0,
            place: Place::Open,
            assignees,
            others: BTreeSet::from([who]),
            watchers: BTreeSet::new(),
            is_late: new.is_late,
            comments: Vec::new(),
            was_gone: false,
        }
    }

    /// Makes a task, and the tags that only it has.
    pub(super) async fn make(&mut self, who: Who, new: &New) -> Sheet {
        let (body, word) = self.draft(new);
        let answer = self.post(who, "/tasks", &body, 201).await;
        self.made(who, &answer.id(), word, new)
    }

    /// A tag came along with a task that was made.
    pub(super) fn brought_tag(&mut self, who: Who, name: &str) {
        self.ledger.note("tag.created", Some(who), name);
    }

    /// Comments, and names somebody; the comment's id. Who takes part is told, and who is named even so.
    pub(super) async fn comment(&mut self, who: Who, sheet: &mut Sheet, named: Who) -> String {
        let word = self.office.new_word();
        let body = json!({"body": format!("See {word}, @{}.", named.name())});
        let path = format!("/tasks/{}/comments", sheet.id);
        let id = self.post(who, &path, &body, 201).await.id();
        let ledger = &mut self.ledger;
        ledger.note("comment.created", Some(who), &sheet.word);
        ledger.words.insert(id.clone(), sheet.word.clone());
        let mut others = sheet.participants();
        others.remove(&named);
        let kind = "comment.created";
        ledger.tell("commented", kind, Some(who), others, &sheet.word);
        ledger.tell("mentioned", kind, Some(who), [named], &sheet.word);
        sheet.others.insert(who);
        sheet.comments.push(word);
        id
    }

    /// Writes a comment anew, and names somebody else in it: who is told alone.
    pub(super) async fn edit(&mut self, who: Who, sheet: &Sheet, comment: &str, named: Who) {
        let word = sheet.comments.last().expect("it has the comment");
        let body = json!({"body": format!("See {word}, @{}!", named.name())});
        let path = format!("/tasks/{}/comments/{comment}", sheet.id);
        self.patch(who, &path, &body).await;
        let ledger = &mut self.ledger;
        ledger.note("comment.edited", Some(who), &sheet.word);
        let kind = "comment.edited";
        ledger.tell("mentioned", kind, Some(who), [named], &sheet.word);
    }

    /// Deletes the last comment of a task.
    pub(super) async fn unsay(&mut self, who: Who, sheet: &mut Sheet, comment: &str) {
        let path = format!("/tasks/{}/comments/{comment}", sheet.id);
        self.delete(who, &path).await;
        self.ledger.note("comment.deleted", Some(who), &sheet.word);
        sheet.comments.pop();
        sheet.was_gone = true;
    }

    /// Says how far a task is.
    pub(super) async fn set(&mut self, who: Who, sheet: &mut Sheet, status: &'static str) {
        let path = format!("/tasks/{}", sheet.id);
        self.patch(who, &path, &json!({"status": status})).await;
        self.has_status(who, "task.updated", sheet, status);
    }

    /// Moves a task to another column of its board.
    pub(super) async fn drag(&mut self, who: Who, sheet: &mut Sheet, status: &'static str) {
        let path = format!("/tasks/{}/move", sheet.id);
        let body = json!({"status": status});
        self.post(who, &path, &body, 200).await;
        self.has_status(who, "task.moved", sheet, status);
    }

    /// Who takes part is told of another status.
    fn has_status(&mut self, who: Who, kind: &str, sheet: &mut Sheet, status: &'static str) {
        let ledger = &mut self.ledger;
        ledger.note(kind, Some(who), &sheet.word);
        let all = sheet.participants();
        ledger.tell("status_changed", kind, Some(who), all, &sheet.word);
        ledger.finished += usize::from(status == "done");
        ledger.reopened += usize::from(sheet.status == "done");
        sheet.status = status;
    }

    /// Moves a task to the other project, of which nobody is told.
    pub(super) async fn carry(&mut self, who: Who, sheet: &mut Sheet) {
        sheet.project = 1 - sheet.project;
        let body = json!({"project_id": self.office.projects[sheet.project]});
        let path = format!("/tasks/{}/move", sheet.id);
        self.post(who, &path, &body, 200).await;
        self.ledger.note("task.moved", Some(who), &sheet.word);
    }

    /// Says who works on a task; who did not before is told.
    pub(super) async fn assign(&mut self, who: Who, sheet: &mut Sheet, people: &[Who]) {
        let body = json!({"assignees": self.ids(people)});
        let path = format!("/tasks/{}/assign", sheet.id);
        self.post(who, &path, &body, 200).await;
        let people: BTreeSet<_> = people.iter().copied().collect();
        let added: Vec<_> = people.difference(&sheet.assignees).copied().collect();
        let ledger = &mut self.ledger;
        ledger.note("task.assigned", Some(who), &sheet.word);
        ledger.tell("assigned", "task.assigned", Some(who), added, &sheet.word);
        sheet.assignees = people;
    }

    /// Wants to be told of what happens to a task.
    pub(super) async fn watch(&mut self, who: Who, sheet: &mut Sheet) {
        let path = format!("/tasks/{}/watch", sheet.id);
        self.post(who, &path, &json!({}), 200).await;
        self.ledger.note("task.watched", Some(who), &sheet.word);
        sheet.watchers.insert(who);
    }

    /// Puts a task away.
    pub(super) async fn archive(&mut self, who: Who, sheet: &mut Sheet) {
        let path = format!("/tasks/{}/archive", sheet.id);
        self.post(who, &path, &json!({}), 200).await;
        self.ledger.note("task.archived", Some(who), &sheet.word);
        sheet.place = Place::Archive;
    }

    /// Throws a task away.
    pub(super) async fn trash(&mut self, who: Who, sheet: &mut Sheet) {
        self.delete(who, &format!("/tasks/{}", sheet.id)).await;
        self.is_trashed(who, sheet);
    }

    fn is_trashed(&mut self, who: Who, sheet: &mut Sheet) {
        self.ledger.note("task.trashed", Some(who), &sheet.word);
        sheet.place = Place::Trash;
        sheet.was_gone = true;
    }

    /// Brings a task back.
    pub(super) async fn restore(&mut self, who: Who, sheet: &mut Sheet) {
        let path = format!("/tasks/{}/restore", sheet.id);
        self.post(who, &path, &json!({}), 200).await;
        self.ledger.note("task.restored", Some(who), &sheet.word);
        sheet.place = Place::Open;
    }

    /// Does several things at once: makes two tasks, changes one, and throws another one away.
    pub(super) async fn batch(
        &mut self,
        who: Who,
        new: &New,
        changed: &Sheet,
        gone: &mut Sheet,
    ) -> Vec<Sheet> {
        let drafts = [self.draft(new), self.draft(new)];
        let mut operations: Vec<_> = drafts
            .iter()
            .map(|(body, _)| json!({"op": "create", "body": body}))
            .collect();
        let urgent = json!({"priority": "urgent"});
        operations.push(json!({"op": "patch", "id": changed.id, "body": urgent}));
        operations.push(json!({"op": "delete", "id": gone.id}));
        let body = json!({"operations": operations});
        let done = self.post(who, "/tasks/batch", &body, 200).await.data();
        let results = done["results"].as_array().unwrap();
        let statuses: Vec<_> = results.iter().map(|it| it["status"].as_u64()).collect();
        assert_eq!(
            statuses,
            [201, 201, 200, 204].map(Some),
            "the batch: {done}"
        );
        let made = results.iter().zip(drafts).map(|(result, (_, word))| {
            let id = result["data"]["id"].as_str().unwrap();
            self.made(who, id, word, new)
        });
        let made = made.collect();
        self.ledger.note("task.updated", Some(who), &changed.word);
        self.is_trashed(who, gone);
        made
    }
}
