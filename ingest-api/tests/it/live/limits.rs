//! What live connections may take: how many, and how much of those who do not read.

use super::Mill;
use crate::app::{Live, Server, TestApp};
use millstream_ingest_api::Settings;
use millstream_ingest_api::settings::LiveLimits;
use std::num::NonZeroUsize;

/// More than all buffers on the way hold, and than words wait.
const COMMENTS: usize = 200;

async fn mill(change: impl FnOnce(&mut LiveLimits)) -> Mill {
    let change = |settings: &mut Settings| {
        settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        change(&mut settings.live);
    };
    Mill::of(TestApp::with_settings(change).await).await
}

async fn ask(mill: &Mill, token: &str, from: &str) -> Result<Live, crate::app::Unwelcome> {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", &*bearer), ("x-forwarded-for", from)];
    Live::ask(&mill.server, "/live", &headers).await
}

#[tokio::test]
async fn one_person_has_so_many_connections_and_others_have_theirs() {
    let mill = mill(|limits| limits.person = NonZeroUsize::new(2).unwrap()).await;
    let first = Live::open(&mill.server, &mill.grace).await;
    let _talk = Live::talk(&mill.server, &mill.grace, "ENG-1").await;
    let answer = ask(&mill, &mill.grace.access_token, "198.51.100.1").await;
    let answer = answer.unwrap_err().expect(429, "rate_limited");
    assert!(answer.header("retry-after").is_some());
    let stream = mill.app.get("/notifications/stream").by(&mill.grace);
    stream.send().await.expect_error(429, "rate_limited");
    let _ada = Live::open(&mill.server, &mill.ada).await;
    // Whoever closes one may open another.
    drop(first);
    let mut again = ask(&mill, &mill.grace.access_token, "198.51.100.1").await;
    while again.is_err() {
        again = ask(&mill, &mill.grace.access_token, "198.51.100.1").await;
    }
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_the_machine_itself_all() {
    let mill = mill(|limits| limits.address = NonZeroUsize::new(1).unwrap()).await;
    let (ada, grace) = (&mill.ada.access_token, &mill.grace.access_token);
    let _first = ask(&mill, ada, "2001:db8:1:2::1").await.unwrap();
    // Behind one address everybody shares.
    let answer = ask(&mill, grace, "2001:db8:1:2:ffff::9").await;
    answer.unwrap_err().expect(429, "rate_limited");
    let _other = ask(&mill, grace, "2001:db8:1:3::1").await.unwrap();
    let _local = ask(&mill, grace, "127.0.0.1").await.unwrap();
    let _too = ask(&mill, grace, "127.0.0.1").await.unwrap();
}

#[tokio::test]
async fn when_all_places_are_taken_the_next_are_told_to_come_later() {
    let mill = mill(|limits| limits.connections = 1).await;
    let _first = Live::open(&mill.server, &mill.grace).await;
    let answer = ask(&mill, &mill.ada.access_token, "127.0.0.1").await;
    let answer = answer.unwrap_err().expect(503, "unavailable");
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test]
async fn whoever_does_not_read_is_let_go_and_can_go_on_where_they_were() {
    let mill = Mill::new().await;
    let task = mill.task_topic();
    let mut slow = Live::open_slow(&mill.server, &mill.grace).await;
    slow.subscribe(&[&task]).await;
    let mut fast = Live::open(&mill.server, &mill.ada).await;
    fast.subscribe(&[&task]).await;
    let position = slow.position.clone();
    let long = "squeak ".repeat(8_000);
    for number in 0..COMMENTS {
        mill.comment(&format!("{number} {long}")).await;
        // Who reads is told at once.
        fast.next().await;
        let comment = fast.next().await;
        assert!(
            comment["comment"]["body"]
                .as_str()
                .unwrap()
                .starts_with(&format!("{number} ")),
            "{}",
            comment["type"]
        );
    }
    let (messages, last) = slow.read_out().await;
    assert!(messages.len() < 2 * COMMENTS, "{}", messages.len());
    let last = last.unwrap_or(position);
    let mut again = Live::open(&mill.server, &mill.grace).await;
    let missed = again.resume(&[&task], &last).await;
    assert_eq!(messages.len() + missed.len(), 2 * COMMENTS);
    let numbers = messages.iter().chain(&missed).filter_map(|message| {
        let body = message["comment"]["body"].as_str()?;
        body.split(' ').next()?.parse().ok()
    });
    assert_eq!(
        numbers.collect::<Vec<usize>>(),
        (0..COMMENTS).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn idle_connections_leave_places_for_requests() {
    let app = TestApp::new().await.live().await;
    let limits = millstream_ingest_api::ConnectionLimits {
        connections: 2,
        ..Default::default()
    };
    let server = Server::within(limits, &app).await;
    let ada = app.user("ada").await;
    let mut open = Vec::new();
    for _ in 0..5 {
        let mut live = Live::open(&server, &ada).await;
        live.subscribe(&["notifications"]).await;
        open.push(live);
    }
    server.still_serves().await;
}
