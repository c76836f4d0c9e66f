//! From the 201 to the first answer that contains the task, through the API of a real process on a real Postgres: what a
//! person waits for. Tasks are written at a steady rate, whatever the answers take; every tenth is followed, by a read that
//! sends the write's position as `Millstream-Wait-For`.

use crate::{percentile, world};
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// One task in so many is followed; the rest is load.
const FOLLOWED: u64 = 10;
/// Longest wait for a task to appear: the API's own limit.
const PATIENCE_MS: &str = "10000";

/// The views that are asked.
const VIEWS: [&str; 3] = ["search", "activity", "notifications"];

/// Measures and prints.
pub(crate) async fn run(rate: u64, seconds: u64) {
    let database = world::database().await;
    let server = Server::start(&database.url()).await;
    let people = People::new(&server).await;
    let mut following = JoinSet::new();
    let started = Instant::now();
    for n in 0..rate * seconds {
        let due = started + Duration::from_secs_f64(seconds_of(n, rate));
        tokio::time::sleep_until(due.into()).await;
        let people = people.clone();
        let view = VIEWS[usize::try_from(n / FOLLOWED).unwrap() % VIEWS.len()];
        following.spawn(async move {
            if n.is_multiple_of(FOLLOWED) {
                let task = people.create(n, &people.told_id).await;
                Some((view, people.appears(view, &task).await))
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
    for view in VIEWS {
        let of_view = || waits.iter().filter(|(v, _)| *v == view);
        let mut ms: Vec<_> = of_view().filter_map(|(_, ms)| *ms).collect();
        let late = of_view().count() - ms.len();
        let (p50, p99) = (percentile(&mut ms, 0.5), percentile(&mut ms, 0.99));
        println!(
            "201 to {view:<14} at {rate:>3} writes/s  p50={p50:.1} ms  p99={p99:.1} ms  tasks={}  late={late}",
            ms.len()
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "small whole numbers")]
fn seconds_of(n: u64, rate: u64) -> f64 {
    n as f64 / rate as f64
}

/// The product, running.
struct Server {
    child: Child,
    url: String,
    _data: tempfile::TempDir,
}

impl Server {
    async fn start(database_url: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let (port, admin) = (free_port(), free_port());
        let binary = std::env::current_exe()
            .unwrap()
            .parent()
            .unwrap()
            .parent()
            .unwrap()
            .join("millstream");
        let child = Command::new(&binary)
            .env("DATABASE_URL", database_url)
            .args(["--log", "warn", "--setup-secret", "bench", "--data-dir"])
            .arg(data.path())
            .args([
                "--listen",
                &format!("127.0.0.1:{port}"),
                "--admin-listen",
                &format!("127.0.0.1:{admin}"),
            ])
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| {
                panic!(
                    "{}: {e}; build it with `cargo build --release`",
                    binary.display()
                )
            });
        let server = Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
            _data: data,
        };
        let ready = format!("{}/health/ready", server.url);
        while !client()
            .get(&ready)
            .send()
            .await
            .is_ok_and(|answer| answer.status().is_success())
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client that gives up, rather than measure for ever.
fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
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
            "password": "a long enough password", "setup_secret": "bench"});
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
        let position = answer.headers()["millstream-position"].to_str().unwrap();
        let position = position.to_owned();
        let body: Value = answer.json().await.unwrap();
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
