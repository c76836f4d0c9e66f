//! What is done with the issues: they are imported, and then changed in ways and in an order that are drawn.

use super::PEOPLE;
use crate::api::Session;
use crate::import::args;
use crate::installation::Installation;
use crate::server::Server;
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use millstream_domain::clock::{Clock as _, SystemClock};
use rand::seq::IndexedRandom as _;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reqwest::Method;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The path of a folder with exports of other trackers.
const ISSUES: &str = "TEST_ISSUES";
/// Issues that are written here.
const WRITTEN: usize = 60;
/// Most operations of a batch.
const BATCH: usize = 12;
/// The work on the issues.
pub(super) struct Work {
    rng: ChaCha8Rng,
    pub(super) ada: Session,
    /// Of everybody.
    pub(super) ids: Vec<String>,
    pub(super) teams: Vec<String>,
    pub(super) projects: Vec<String>,
    tasks: Vec<String>,
}

impl Work {
    pub(super) async fn begin(installation: &Installation, server: &Server) -> Self {
        let ada = server.found().await;
        let me = ada.get("/auth/me").await.expect(200).id();
        let mut people = vec![("ada", me, None)];
        for (name, ..) in &PEOPLE[1..] {
            let registered = server.api().register(name, None).await.expect(201);
            people.push((name, registered.id(), Some(registered)));
        }
        let mut teams = Vec::new();
        for name in ["Millers", "Bakers", "Sleepers"] {
            teams.push(ada.team(name).await);
        }
        for (team, person) in [(0, 1), (0, 2), (1, 2), (1, 3)] {
            ada.join(&teams[team], people[person].2.as_ref().unwrap())
                .await;
        }
        for (name, zone, _) in PEOPLE {
            let person = server.api().log_in(name).await;
            let zone = json!({"time_zone": zone.name()});
            let changed = person.send(Method::PATCH, "/auth/me", &zone).await;
            changed.expect(200);
        }
        let mut projects = Vec::new();
        for (key, team) in [("ENG", 0), ("BAK", 1), ("NIL", 0)] {
            projects.push(ada.project_in(&teams[team], key).await);
        }
        for (at, file) in exports().iter().enumerate() {
            let key = format!("REAL{at}");
            let project = ada.project_in(&teams[at % 2], &key).await;
            projects.push(project);
            let file = file.to_str().unwrap();
            let import = ["import", file, "--project", &key, "--null", "NULL"];
            installation.run(&import).await.expect(0);
        }
        Self {
            rng: ChaCha8Rng::seed_from_u64(5),
            ada,
            ids: people.into_iter().map(|(_, id, _)| id).collect(),
            teams,
            projects,
            tasks: Vec::new(),
        }
    }

    pub(super) async fn import(&mut self, installation: &Installation) {
        let file = installation.file("issues.csv", written());
        let done = installation.run(&args(&file, &["--null", "NULL"])).await;
        done.expect(0).says(&format!("{WRITTEN} tasks made in ENG"));
        let tasks = self.ada.all("/tasks?archived=any").await;
        self.tasks = tasks
            .iter()
            .map(|task| task["id"].as_str().unwrap().to_owned())
            .collect();
    }

    fn some_task(&mut self) -> String {
        self.tasks.choose(&mut self.rng).unwrap().clone()
    }

    fn some_status(&mut self) -> &'static str {
        let some = [
            "todo",
            "in_progress",
            "in_progress",
            "blocked",
            "done",
            "done",
        ];
        some.choose(&mut self.rng).unwrap()
    }

    /// Some of this is refused, such as changes of what is in the trash: then nothing happens, and nothing is said.
    pub(super) async fn batch(&mut self) {
        let count = self.rng.random_range(1..=BATCH);
        let operations: Vec<_> = (0..count).map(|_| self.operation()).collect();
        let batch = json!({"operations": operations});
        self.ada.post("/tasks/batch", &batch).await.expect(200);
    }

    fn operation(&mut self) -> Value {
        let id = self.some_task();
        let change = match self.rng.random_range(0..20) {
            0 => return json!({"op": "delete", "id": id}),
            1 | 2 => return json!({"op": "archive", "id": id}),
            3..=5 => {
                let count = self.rng.random_range(0..3);
                let some = self.ids.sample(&mut self.rng, count);
                let some: Vec<_> = some.map(|id| json!({"user_id": id})).collect();
                json!({"assignees": some})
            }
            6..=8 => json!({"due_at": self.some_time()}),
            9 => json!({"title": "Another name for it", "priority": "urgent"}),
            _ => json!({"status": self.some_status()}),
        };
        json!({"op": "patch", "id": id, "body": change})
    }

    /// Within the weeks or some days behind them, and never about now.
    fn some_time(&mut self) -> DateTime<Utc> {
        let hours = self.rng.random_range(-24 * 50..24 * 3);
        let hour = SystemClock.now() + TimeDelta::hours(hours) + TimeDelta::minutes(30);
        hour.duration_trunc(TimeDelta::minutes(1)).unwrap()
    }

    pub(super) async fn single(&mut self) {
        let (task, status) = (self.some_task(), self.some_status());
        let project = self.projects.choose(&mut self.rng).unwrap().clone();
        let (path, body) = match self.rng.random_range(0..8) {
            0..=2 => (format!("/tasks/{task}/restore"), json!({})),
            3 | 4 => (
                format!("/tasks/{task}/move"),
                json!({"project_id": project}),
            ),
            5 => {
                let body = json!({"project_id": project, "title": "Once more", "status": status});
                ("/tasks".to_owned(), body)
            }
            6 => (format!("/tasks/{task}/move"), json!({"status": status})),
            _ => {
                let path = format!("/tasks/{task}?permanent=true");
                self.ada.send(Method::DELETE, &path, &json!({})).await;
                return;
            }
        };
        let done = self.ada.post(&path, &body).await;
        if path == "/tasks" {
            self.tasks.push(done.expect(201).id());
        }
    }
}

/// The exports that `TEST_ISSUES` tells of.
fn exports() -> Vec<PathBuf> {
    let Some(folder) = std::env::var_os(ISSUES).filter(|path| !path.is_empty()) else {
        eprintln!("left out: {ISSUES} names no folder with exports of other trackers");
        return Vec::new();
    };
    let files = std::fs::read_dir(Path::new(&folder)).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files
        .filter(|file| file.extension() == Some("csv".as_ref()))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no exports in {}", folder.display());
    files
}

/// An export of another tracker.
fn written() -> String {
    let mut text = "issuekey,title,description,storypoint,status,priority,due_at\n".to_owned();
    for n in 0..WRITTEN {
        let points = ["NULL", "1", "2.5", "8"][n % 4];
        let status = ["", "todo", "in_progress", "done", "blocked"][n % 5];
        let priority = ["low", "medium", "high"][n % 3];
        let due = if n % 7 == 0 { "2026-02-01" } else { "" };
        let line = format!(
            "OLD-{n},\"Grind \"\"wheat\"\", load {n}\",\"It squeaks,\nsince {n}\",{points},{status},{priority},{due}\n"
        );
        text.write_str(&line).unwrap();
    }
    text
}
