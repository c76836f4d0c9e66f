//! From the 201 to the first answer that contains the task, through the API of a real process on a real Postgres: what a
//! person waits for. Tasks are written at a steady rate, whatever the answers take; some are followed, by a read that sends the
//! write's position as `Millstream-Wait-For`.

use crate::numbers::percentile;
use crate::server::{SETUP_SECRET, Server, client};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Longest wait for a task to appear: the API's own limit.
const PATIENCE_MS: &str = "10000";

/// How soon tasks were seen in a view.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// The view.
    pub view: &'static str,
    /// Milliseconds until half of them were there.
    pub p50_ms: f64,
    /// Milliseconds until 99 of a hundred were.
    pub p99_ms: f64,
    /// How many there were.
    pub tasks: usize,
    /// Those that were not there in time.
    pub late: usize,
}

/// How tasks are written, and what of it is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Tasks a second.
    pub rate: u64,
    /// How long they are written before the first one counts.
    pub warm_up_s: u64,
    /// How long those are written that count.
    pub seconds: u64,
    /// One in so many is followed; the others are load.
    pub followed: u64,
}

/// Writes tasks to a fresh server and follows some of them, each in one of the views.
pub async fn measure(server: &Server, views: &[&'static str], load: Load) -> Vec<Seen> {
    let Load { rate, followed, .. } = load;
    let first = rate * load.warm_up_s;
    let people = People::new(server).await;
    let mut following = JoinSet::new();
    let started = Instant::now();
    for n in 0..first + rate * load.seconds {
        let due = started + Duration::from_secs_f64(seconds_of(n, rate));
        tokio::time::sleep_until(due.into()).await;
        let people = people.clone();
        let view = views[usize::try_from(n / followed).unwrap() % views.len()];
        following.spawn(async move {
            if n.is_multiple_of(followed) {
                let task = people.create(n, &people.told_id).await;
                let seen = (view, people.appears(view, &task).await);
                (n >= first).then_some(seen)
            } else {
                // Somebody else's: the one who is told would not find the followed ones among them.
                people.create(n, &people.writer_id).await;
                None
            }
        });
    }
    let mut waits: Vec<(&str, Option<f64>)> = Vec::new();
    while let Some(done) = following.join_next().await {
        waits.extend(done.unwrap());
    }
    views.iter().map(|view| Seen::of(view, &waits)).collect()
}

impl Seen {
    fn of(view: &'static str, waits: &[(&str, Option<f64>)]) -> Self {
        let of_view = || waits.iter().filter(|(v, _)| *v == view);
        let ms: Vec<_> = of_view().filter_map(|(_, ms)| *ms).collect();
        Self {
            view,
            tasks: ms.len(),
            late: of_view().count() - ms.len(),
            p50_ms: percentile(ms.clone(), 0.5),
            p99_ms: percentile(ms, 0.99),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "small whole numbers")]
fn seconds_of(n: u64, rate: u64) -> f64 {
    n as f64 / rate as f64
}

/// Who writes, and who is told.
#[derive(Clone)]
struct People {
    client: reqwest::Client,
    api: String,
    writer: String,
    told: String,
    told_id: String,
    writer_id: String,
    project: String,
}

/// A task that was just made.
struct Made {
    id: String,
    word: String,
    position: String,
}

impl People {
    async fn new(server: &Server) -> Self {
        let mut people = Self {
            client: client(),
            api: format!("{}/api/v1", server.url),
            writer: String::new(),
            told: String::new(),
            told_id: String::new(),
            writer_id: String::new(),
            project: String::new(),
        };
        people.writer_id = people.register("ada").await;
        people.told_id = people.register("grace").await;
        people.writer = people.log_in("ada").await;
        people.told = people.log_in("grace").await;
        let team = people.post("teams", &json!({"name": "Millers"})).await["data"]["id"].clone();
        let member = format!(
            "{}/teams/{}/members/{}",
            people.api,
            team.as_str().unwrap(),
            people.told_id
        );
        let put = people
            .client
            .put(member)
            .bearer_auth(&people.writer)
            .json(&json!({"role": "member"}));
        assert!(put.send().await.unwrap().status().is_success());
        let project = people
            .post(
                "projects",
                &json!({"team_id": team, "key": "ENG", "name": "Engine"}),
            )
            .await;
        project["data"]["id"]
            .as_str()
            .unwrap()
            .clone_into(&mut people.project);
        people
    }

    async fn register(&self, name: &str) -> String {
        let person = json!({"username": name, "email": format!("{name}@example.org"),
            "password": "a long enough password", "setup_secret": SETUP_SECRET});
        let answer: Value = self
            .send(
                self.client
                    .post(format!("{}/auth/register", self.api))
                    .json(&person),
            )
            .await;
        answer["data"]["id"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer}"))
            .to_owned()
    }

    async fn log_in(&self, name: &str) -> String {
        let who = json!({"login": name, "password": "a long enough password"});
        let answer = self
            .send(
                self.client
                    .post(format!("{}/auth/login", self.api))
                    .json(&who),
            )
            .await;
        answer["data"]["access_token"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer}"))
            .to_owned()
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Value {
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        self.send(
            self.client
                .post(format!("{}/{path}", self.api))
                .bearer_auth(&self.writer)
                .json(body),
        )
        .await
    }

    /// Makes a task, assigned to somebody.
    async fn create(&self, n: u64, assignee: &str) -> Made {
        let word = format!("sprocket{n}");
        let body = json!({"project_id": self.project, "title": format!("Turn the {word}"),
            "assignees": [{"user_id": assignee, "role": "owner"}]});
        let request = self.client.post(format!("{}/tasks", self.api));
        let answer = request.bearer_auth(&self.writer).json(&body).send();
        let answer = answer.await.unwrap();
        let status = answer.status();
        let position = answer.headers().get("millstream-position").cloned();
        let body: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{status}: {body}");
        let position = position.expect("a write has a place in the log");
        let position = position.to_str().unwrap().to_owned();
        Made {
            id: body["data"]["id"].as_str().unwrap().to_owned(),
            word,
            position,
        }
    }

    /// Milliseconds until the view contains the task; `None` if it did not in time.
    async fn appears(&self, view: &str, task: &Made) -> Option<f64> {
        let (token, query) = match view {
            "search" => (&self.writer, format!("search?q={}&limit=1", task.word)),
            "activity" => (&self.writer, format!("activity?task={}&limit=1", task.id)),
            _ => (&self.told, "notifications?limit=100".to_owned()),
        };
        let started = Instant::now();
        let request = self
            .client
            .get(format!("{}/{query}", self.api))
            .bearer_auth(token)
            .header("Millstream-Wait-For", &task.position)
            .header("Millstream-Wait-Ms", PATIENCE_MS);
        let answer = self.send(request).await;
        let waited = started.elapsed().as_secs_f64() * 1e3;
        let items = answer["data"].as_array()?;
        let is_there = items.iter().any(|item| item["task"]["id"] == *task.id);
        assert!(is_there, "{view} said that it had seen the task: {answer}");
        Some(waited)
    }
}
