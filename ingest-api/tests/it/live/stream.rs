//! The inbox as server-sent events.

use super::Mill;
use crate::app::{Server, User};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_mins(1);

/// A stream of events, as a client has it.
struct Events {
    response: reqwest::Response,
    text: String,
    ready: VecDeque<Event>,
}

/// Name, id and data of an event.
#[derive(Debug, PartialEq)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

impl Events {
    async fn open(server: &Server, by: &User, last: Option<&str>) -> Self {
        let url = format!("http://{}/api/v1/notifications/stream", server.address);
        let client = reqwest::Client::builder().build().unwrap();
        let mut request = client.get(url).bearer_auth(&by.access_token);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            response,
            text: String::new(),
            ready: VecDeque::new(),
        }
    }

    /// The next event; `None` when the server ends the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk());
            let chunk = chunk.await.expect("nothing comes").unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
            while let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let field = |name: &str| {
                    let mut lines = event.lines();
                    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    value.map(str::to_owned)
                };
                if let Some(name) = field("event") {
                    self.ready.push_back(Event {
                        name,
                        id: field("id").unwrap(),
                        data: serde_json::from_str(&field("data").unwrap()).unwrap(),
                    });
                }
            }
        }
    }

    /// The next notifications until a count, which is the last.
    async fn batch(&mut self) -> (Vec<Event>, Event) {
        let mut notifications = Vec::new();
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.name == "count" {
                return (notifications, event);
            }
            notifications.push(event);
        }
    }

    /// The next batch with anything new in it.
    async fn news(&mut self) -> (Vec<Event>, Event) {
        loop {
            let (notifications, count) = self.batch().await;
            if !notifications.is_empty() {
                return (notifications, count);
            }
        }
    }
}

/// ada mentions grace in so many comments; waits until her inbox shows them.
async fn mention(mill: &Mill, times: usize) {
    let mut last = None;
    for _ in 0..times {
        let request = mill
            .app
            .post("/tasks/ENG-1/comments", json!({"body": "Look, @grace"}));
        last = Some(request.by(&mill.ada).send().await.expect(201));
    }
    let count = mill.app.get("/notifications/count").by(&mill.grace);
    let last = last.expect("at least one");
    count.after(&last).send().await.expect(200);
}

/// The ids of grace's notifications, oldest first.
async fn inbox(mill: &Mill) -> Vec<Value> {
    let mut ids = Vec::new();
    let mut path = "/notifications?limit=100".to_owned();
    loop {
        let page = mill.app.get(&path).by(&mill.grace).send().await.expect(200);
        ids.extend(
            page.data()
                .as_array()
                .unwrap()
                .iter()
                .map(|n| n["id"].clone()),
        );
        match page.json()["meta"]["next_cursor"].as_str() {
            Some(cursor) => path = format!("/notifications?limit=100&cursor={cursor}"),
            None => break,
        }
    }
    ids.reverse();
    ids
}

#[tokio::test]
async fn new_notifications_come_with_the_count() {
    let mill = Mill::with_views().await;
    let mut events = Events::open(&mill.server, &mill.grace, None).await;
    let (none, count) = events.batch().await;
    assert_eq!((none.len(), count.data), (0, json!({"unread": 0})));
    mention(&mill, 1).await;
    let (notifications, count) = events.news().await;
    assert_eq!(notifications[0].data["reason"], "mentioned");
    assert_eq!(count.data, json!({"unread": 1}));
    // Whoever connects without having been there hears of what is new only.
    let mut later = Events::open(&mill.server, &mill.grace, None).await;
    let (none, count) = later.batch().await;
    assert_eq!((none.len(), count.data), (0, json!({"unread": 1})));
}

#[tokio::test]
async fn all_that_was_missed_comes_however_much_it_is_and_wherever_it_breaks() {
    let mill = Mill::with_views().await;
    let mut events = Events::open(&mill.server, &mill.grace, None).await;
    let (_, count) = events.batch().await;
    let mut last = count.id;
    drop(events);
    mention(&mill, 230).await;
    let mut got = Vec::new();
    for take in [1, 98, 1, 1, 50] {
        let mut events = Events::open(&mill.server, &mill.grace, Some(&last)).await;
        for _ in 0..take {
            let event = events.next().await.unwrap();
            assert_eq!(event.name, "notification");
            last = event.id;
            got.push(event.data["id"].clone());
        }
    }
    let mut events = Events::open(&mill.server, &mill.grace, Some(&last)).await;
    let (rest, count) = events.batch().await;
    got.extend(rest.iter().map(|event| event.data["id"].clone()));
    assert_eq!(got.len(), 230);
    assert_eq!(got, inbox(&mill).await);
    assert_eq!(count.data, json!({"unread": 230}));
    // And then nothing more.
    let mut events = Events::open(&mill.server, &mill.grace, Some(&count.id)).await;
    assert!(events.batch().await.0.is_empty());
}

#[tokio::test]
async fn what_the_view_shows_later_is_not_jumped_over() {
    // While it listens, notifications come one by one, and the view is behind each of them.
    let mill = Mill::with_views().await;
    let mut events = Events::open(&mill.server, &mill.grace, None).await;
    let mut got = Vec::new();
    for _ in 0..30 {
        mill.comment("Look, @grace").await;
        mill.rename(&format!("Renamed {}", got.len())).await;
        let (notifications, _) = events.news().await;
        got.extend(
            notifications
                .into_iter()
                .map(|event| event.data["id"].clone()),
        );
    }
    while got.len() < 30 {
        let (notifications, _) = events.news().await;
        got.extend(
            notifications
                .into_iter()
                .map(|event| event.data["id"].clone()),
        );
    }
    assert_eq!(got, inbox(&mill).await);
}

#[tokio::test]
async fn a_place_that_nobody_gave_out_is_refused() {
    let mill = Mill::with_views().await;
    for last in ["x", "", "s", "w999999", "s1.2"] {
        let request = mill.app.get("/notifications/stream").by(&mill.grace);
        let answer = request.header("last-event-id", last).send().await;
        answer.expect_error(400, "bad_request");
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let mill = Mill::with_views().await;
    let mut events = Events::open(&mill.server, &mill.grace, None).await;
    events.batch().await;
    let log_out = mill.app.post("/auth/logout", json!({})).by(&mill.grace);
    log_out.send().await.expect(204);
    while events.next().await.is_some() {}
}

#[tokio::test]
async fn what_was_read_elsewhere_is_counted() {
    let mill = Mill::with_views().await;
    mention(&mill, 2).await;
    let mut events = Events::open(&mill.server, &mill.grace, None).await;
    assert_eq!(events.batch().await.1.data, json!({"unread": 2}));
    let read = mill.app.post("/notifications/read", json!({"all": true}));
    read.by(&mill.grace).send().await.expect(200);
    while events.batch().await.1.data != json!({"unread": 0}) {}
}
