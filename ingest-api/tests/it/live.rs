//! Live connections, over real ones: web sockets and server-sent events.

mod comments;
mod hostile;
mod inbox;
mod limits;
mod resume;
mod rights;
mod signals;
mod stream;

use crate::app::{Live, Server, TestApp, User};
use millstream_event_log::Position;
use millstream_event_log::backends::postgres::PostgresLog;
use serde_json::{Value, json};
use std::time::Duration;

/// A team of two with a task, and a server.
struct Mill {
    app: TestApp,
    server: Server,
    ada: User,
    grace: User,
    team: String,
    project: String,
    /// The id of ENG-1.
    task: String,
}

impl Mill {
    async fn new() -> Self {
        Self::of(TestApp::new().await).await
    }

    async fn with_views() -> Self {
        Self::of(TestApp::with_views().await).await
    }

    async fn of(app: TestApp) -> Self {
        let app = app.live().await;
        let server = Server::start(&app).await;
        let (ada, team, project) = app.with_project().await;
        let grace = app.user("grace").await;
        app.member(&ada, &team, &grace, "member").await;
        let task = app.task(&ada, &project, "Grease the wheel").await;
        let mill = Self {
            server,
            ada,
            grace,
            team,
            project,
            task: task["id"].as_str().unwrap().to_owned(),
            app,
        };
        mill.settle().await;
        mill
    }

    /// Waits until everything that was done has been told: who listens from then on hears of what comes after.
    async fn settle(&self) {
        let log = PostgresLog::new(self.app.store.pool().clone(), None);
        let last = self.app.patch("/auth/me", json!({"display_name": "Ada"}));
        let last = last.by(&self.ada).send().await.expect(200);
        let other = self
            .app
            .patch("/auth/me", json!({"display_name": "Countess"}));
        let other = other.by(&self.ada).send().await.expect(200);
        let position = [last, other].into_iter().find_map(|answer| {
            let position = answer.header("millstream-position")?;
            position.parse().ok()
        });
        let Some(Position::Write(id)) = position else {
            panic!("one of two names is a change")
        };
        let seq = loop {
            match log.seq_of(id).await.unwrap() {
                Some(seq) => break seq,
                None => tokio::task::yield_now().await,
            }
        };
        let mut live = Live::open(&self.server, &self.ada).await;
        let is_told = |position: &str| position[1..].parse::<u64>().unwrap() >= seq;
        live.subscribe(&[]).await;
        while !is_told(&live.position) {
            // Each question counts against the quota.
            tokio::time::sleep(Duration::from_millis(10)).await;
            live.subscribe(&[]).await;
        }
    }

    fn task_topic(&self) -> String {
        format!("task:{}", self.task)
    }

    fn project_topic(&self) -> String {
        format!("project:{}", self.project)
    }

    /// ada comments on ENG-1; the answer's position.
    async fn comment(&self, body: &str) -> String {
        let request = self
            .app
            .post("/tasks/ENG-1/comments", json!({"body": body}));
        let answer = request.by(&self.ada).send().await.expect(201);
        answer.header("millstream-position").unwrap().to_owned()
    }

    /// ada renames ENG-1.
    async fn rename(&self, title: &str) {
        let request = self.app.patch("/tasks/ENG-1", json!({"title": title}));
        request.by(&self.ada).send().await.expect(200);
    }

    /// An API token of grace's with these scopes.
    async fn token(&self, scopes: Value) -> Value {
        let body = json!({"name": "robot", "scopes": scopes});
        let request = self.app.post("/auth/tokens", body).by(&self.grace);
        request.send().await.expect(201).data()
    }
}

/// Type and topic of messages.
fn what(messages: &[Value]) -> Vec<(&str, &str)> {
    messages
        .iter()
        .map(|message| {
            (
                message["type"].as_str().unwrap_or_default(),
                message["topic"].as_str().unwrap_or_default(),
            )
        })
        .collect()
}
