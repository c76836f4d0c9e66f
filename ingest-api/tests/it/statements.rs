//! What reading costs: as many statements for a hundred things as for two.

use crate::app::{TestApp, User};
use serde_json::json;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use tracing::instrument::WithSubscriber;
use tracing::{Event, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Statements that any read may take: who asks, whether they may, the thing, and the names in it.
const STATEMENTS_MAX: usize = 7;

struct Counter(Arc<AtomicUsize>);

impl<S: Subscriber> Layer<S> for Counter {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Lets a statement be told whichever test sends the first one: what a thread without a subscriber meets first is
/// otherwise switched off for all.
static LISTENING: Once = Once::new();

/// What the future gives, and how many statements it took.
async fn counted<F: Future>(future: F) -> (F::Output, usize) {
    LISTENING.call_once(|| {
        // Another test may have set one; what counts is that there is one.
        let _ = tracing::subscriber::set_global_default(Registry::default());
    });
    let count = Arc::new(AtomicUsize::new(0));
    let subscriber = Registry::default().with(Counter(Arc::clone(&count)));
    let output = future.with_subscriber(subscriber).await;
    (output, count.load(Ordering::Relaxed))
}

struct Shop {
    app: TestApp,
    ada: User,
    team: String,
    project: String,
    whole: String,
    made: usize,
}

impl Shop {
    async fn new() -> Self {
        let app = TestApp::with_views().await;
        let (ada, team, project) = app.with_project().await;
        let whole = app.task(&ada, &project, "Mill").await["id"].clone();
        Self {
            app,
            ada,
            team,
            project,
            whole: whole.as_str().unwrap().to_owned(),
            made: 0,
        }
    }

    /// More of everything, by and for somebody new each time.
    async fn more(&mut self, times: usize) {
        for _ in 0..times {
            let (app, ada, n) = (&self.app, &self.ada, self.made);
            let user = app.user(&format!("user{n}")).await;
            app.member(ada, &self.team, &user, "maintainer").await;
            app.team(&user, &format!("Team {n}")).await;
            let key = format!("P{n}X");
            app.project(&user, &self.team, &key).await;
            let body = json!({
                "project_id": self.project, "title": "Wheel", "parent_id": self.whole,
                "tags": [format!("tag {n}"), "oil"],
                "assignees": [{"user_id": user.id}, {"user_id": ada.id}],
            });
            let task = app
                .post("/tasks", body)
                .by(&user)
                .send()
                .await
                .expect(201)
                .id();
            for path in [format!("/tasks/{task}"), format!("/tasks/{}", self.whole)] {
                let watch = app.post(&format!("{path}/watch"), json!({})).by(&user);
                watch.send().await.expect(200);
                let comment = app.post(&format!("{path}/comments"), json!({"body": "Hm, @ada."}));
                comment.by(&user).send().await.expect(201);
            }
            let patch = app.patch(
                &format!("/tasks/{}", self.whole),
                json!({"title": format!("Mill {n}")}),
            );
            let last = patch.by(&user).send().await.expect(200);
            for view in ["/activity", "/audit", "/notifications", "/search"] {
                app.get(view).by(ada).after(&last).send().await.expect(200);
            }
            self.made += 1;
        }
    }

    /// Every list and every single thing, with what reading it takes.
    async fn costs(&self) -> Vec<(String, usize, usize)> {
        let mut costs = Vec::new();
        for path in [
            "/users".to_owned(),
            "/teams".to_owned(),
            format!("/teams/{}", self.team),
            format!("/teams/{}/members", self.team),
            format!("/teams/{}/members/{}", self.team, self.ada.id),
            "/projects".to_owned(),
            format!("/projects/{}", self.project),
            format!("/projects/{}/tasks?sort=rank", self.project),
            "/tags".to_owned(),
            "/tasks".to_owned(),
            "/tasks?assignee=me&tag=oil&sort=-due_at".to_owned(),
            "/tasks/ENG-1".to_owned(),
            format!("/tasks/{}", self.whole),
            "/tasks/ENG-1/subtasks".to_owned(),
            "/tasks/ENG-1/comments".to_owned(),
            "/tasks/ENG-1/history".to_owned(),
            "/activity".to_owned(),
            "/notifications".to_owned(),
            "/audit".to_owned(),
            "/search?q=wheel".to_owned(),
        ] {
            let request = self.app.get(&path).by(&self.ada).send();
            let (answer, statements) = counted(request).await;
            let length = answer.expect(200).data().as_array().map_or(1, Vec::len);
            costs.push((path, length, statements));
        }
        costs
    }
}

#[tokio::test]
async fn no_read_asks_once_for_each_thing_that_it_shows() {
    let mut shop = Shop::new().await;
    shop.more(2).await;
    let few = shop.costs().await;
    shop.more(6).await;
    let many = shop.costs().await;
    for ((path, before, least), (_, after, most)) in few.into_iter().zip(many) {
        let is_list = before > 1;
        assert!(
            !is_list || after > before,
            "{path}: {before} and then {after} items"
        );
        assert!(
            (1..=STATEMENTS_MAX).contains(&least),
            "{path}: {least} statements"
        );
        assert_eq!(least, most, "{path}: {before} items and then {after}");
    }
}
