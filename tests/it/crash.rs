//! `kill -9` while people write: what was acknowledged is there, what was cut off can be sent again, and every view
//! shows everything exactly once.

use crate::api::Session;
use crate::installation::{Installation, PATIENCE};
use crate::server::Server;
use futures::future::join_all;
use millstream_store::testing::TestDatabase;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How often the server is killed.
const ROUNDS: usize = 3;
/// How many people write at once.
const WRITERS: usize = 4;
/// How many writes are acknowledged before it is killed.
const ACKNOWLEDGED: usize = 20;

/// What one writer has sent.
struct Sent {
    acknowledged: Vec<Value>,
    /// The last one, which was not answered.
    cut_off: Value,
}

#[tokio::test]
async fn kill_9_loses_and_doubles_nothing_on_the_embedded_database() {
    check(&Installation::embedded()).await;
}

#[tokio::test]
async fn kill_9_loses_and_doubles_nothing_on_a_server() {
    let database = TestDatabase::new().await;
    check(&Installation::on(&database)).await;
}

async fn check(installation: &Installation) {
    let mut server = installation.start().await;
    let ada = server.found().await;
    let team = ada.team("Millers").await;
    let grace = server.api().register("grace", None).await.expect(201);
    let grace = ada.join(&team, &grace).await;
    let project = ada.project_in(&team, "ENG").await;
    let mut titles = Vec::new();
    for round in 0..ROUNDS {
        let ada = server.api().log_in("ada").await;
        let task = |title: String| json!({"project_id": project, "title": title, "assignees": [{"user_id": grace}]});
        let sent = write_until_killed(server, &ada, round, &task).await;
        server = installation.start().await;
        let ada = server.api().log_in("ada").await;
        let there = titles_of(&ada.all("/tasks?archived=any").await);
        for sent in sent {
            for task in sent.acknowledged {
                let title = text(&task["title"]);
                assert_eq!(there.get(&title), Some(&1), "acknowledged, and then lost");
                titles.push(title);
            }
            // As a client does that got no answer.
            let title = text(&sent.cut_off["title"]);
            let again = ada
                .post_once("/tasks", &sent.cut_off, &title)
                .await
                .unwrap();
            again.expect(201);
            titles.push(title);
        }
    }
    assert!(titles.len() >= ROUNDS * (ACKNOWLEDGED + WRITERS));
    every_view_shows_each_once(&server, &titles).await;
    let audit = installation.run(&["audit", "verify"]).await.expect(0);
    audit.says("Nothing was changed.");
}

/// Several people write until the server is killed, which happens once enough was acknowledged.
async fn write_until_killed(
    server: Server,
    ada: &Session,
    round: usize,
    task: &impl Fn(String) -> Value,
) -> Vec<Sent> {
    let acknowledged = AtomicUsize::new(0);
    let writing = (0..WRITERS).map(async |writer| {
        let mut sent = Vec::new();
        loop {
            let n = sent.len();
            let title = format!("Task {n} of writer {writer} in round {round}");
            let task = task(title.clone());
            match ada.post_once("/tasks", &task, &title).await {
                Some(answer) => answer.expect(201),
                None => {
                    return Sent {
                        acknowledged: sent,
                        cut_off: task,
                    };
                }
            };
            sent.push(task);
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    });
    let killing = async {
        while acknowledged.load(Ordering::Relaxed) < ACKNOWLEDGED {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        server.kill();
    };
    let killing = tokio::time::timeout(PATIENCE, killing);
    let (sent, killed) = tokio::join!(join_all(writing), killing);
    killed.expect("enough writes are acknowledged");
    sent
}

/// Whether state and views have the same tasks, each once.
async fn every_view_shows_each_once(server: &Server, titles: &[String]) {
    let ada = server.api().log_in("ada").await;
    let grace = server.api().log_in("grace").await;
    let expected: BTreeMap<String, usize> = titles.iter().map(|t| (t.clone(), 1)).collect();
    let last = ada.post("/teams", &json!({"name": "The last write"})).await;
    let position = last.expect(201).position();
    for view in ["activity", "audit", "search", "notifications"] {
        ada.get_after(&format!("/{view}"), &position)
            .await
            .expect(200);
    }
    let tasks = ada.all("/tasks?archived=any").await;
    assert_eq!(titles_of(&tasks), expected, "tasks");
    let activity = ada.all("/activity?user=me").await;
    let made = activity
        .iter()
        .filter(|line| line["type"] == "task.created");
    assert_eq!(
        counted(made.map(|line| &line["task"]["title"])),
        expected,
        "activity"
    );
    let audit = ada.all("/audit?action=task.created").await;
    let audit = counted(audit.iter().map(|entry| &entry["after"]["title"]));
    assert_eq!(audit, expected, "audit");
    let found = ada.all("/search?q=project:ENG").await;
    let found = counted(found.iter().map(|hit| &hit["task"]["title"]));
    assert_eq!(found, expected, "search");
    let told = grace.all("/notifications?unread=true").await;
    let told = counted(told.iter().map(|line| &line["task"]["title"]));
    assert_eq!(told, expected, "notifications");
}

fn titles_of(tasks: &[Value]) -> BTreeMap<String, usize> {
    counted(tasks.iter().map(|task| &task["title"]))
}

/// How often each text is there.
fn counted<'a>(texts: impl Iterator<Item = &'a Value>) -> BTreeMap<String, usize> {
    texts.fold(BTreeMap::new(), |mut counts, value| {
        *counts.entry(text(value)).or_default() += 1;
        counts
    })
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}
