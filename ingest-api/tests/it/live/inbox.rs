//! One's inbox among the topics: told once the view shows it, however late that is.

use super::{Mill, what};
use crate::app::{Live, Server};
use serde_json::json;

#[tokio::test]
async fn somebody_who_is_mentioned_is_told_when_their_inbox_shows_it() {
    let mill = Mill::with_views().await;
    let mut live = Live::open(&mill.server, &mill.grace).await;
    live.subscribe(&["notifications"]).await;
    let mut of_another = Live::open(&mill.server, &mill.ada).await;
    of_another
        .subscribe(&["notifications", &mill.project_topic()])
        .await;
    mill.comment("Look, @grace").await;
    let told = live.next().await;
    assert_eq!(what(&[told]), [("changed", "notifications")]);
    let list = mill.app.get("/notifications").by(&mill.grace);
    assert_eq!(list.send().await.expect(200).each("reason"), ["mentioned"]);
    // Nobody else is.
    assert_eq!(of_another.next_of().await.1, mill.project_topic());
    mill.rename("Marker").await;
    assert_eq!(of_another.next_of().await.1, mill.project_topic());
}

#[tokio::test]
async fn somebody_who_reads_their_inbox_is_told_in_their_other_windows() {
    let mill = Mill::with_views().await;
    let mut live = Live::open(&mill.server, &mill.grace).await;
    live.subscribe(&["notifications"]).await;
    mill.comment("Look, @grace").await;
    live.next().await;
    let read = mill.app.post("/notifications/read", json!({"all": true}));
    read.by(&mill.grace).send().await.expect(200);
    assert_eq!(live.next_of().await.1, "notifications");
    let count = mill.app.get("/notifications/count").by(&mill.grace);
    assert_eq!(count.send().await.expect(200).data()["unread"], 0);
}

#[tokio::test]
async fn what_the_inbox_showed_during_a_break_is_told_once() {
    let mill = Mill::with_views().await;
    let topics = ["notifications", &mill.task_topic()];
    let mut live = Live::open(&mill.server, &mill.grace).await;
    live.subscribe(&topics).await;
    let topic = mill.task_topic();
    let mentioned = [
        ("changed", &*topic),
        ("comment", &*topic),
        ("changed", "notifications"),
    ];
    for round in 0..6 {
        let position = live.position.clone();
        drop(live);
        let expected = if round % 2 == 0 {
            mill.comment("Look, @grace").await;
            &mentioned[..]
        } else {
            let read = mill.app.post("/notifications/read", json!({"all": true}));
            read.by(&mill.grace).send().await.expect(200);
            &mentioned[2..]
        };
        live = Live::open(&mill.server, &mill.grace).await;
        let mut told = live.resume(&topics, &position).await;
        // What the inbox did not show yet is told as soon as it does.
        while told.len() < expected.len() {
            told.push(live.next().await);
        }
        assert_eq!(what(&told), expected, "{round}");
        let mut again = Live::open(&mill.server, &mill.grace).await;
        let nothing = again.resume(&topics, &live.position).await;
        assert!(nothing.is_empty(), "{round}: {nothing:?}");
    }
}

#[tokio::test]
async fn what_was_told_before_the_inbox_showed_it_is_not_forgotten() {
    let mill = Mill::with_views().await;
    let topics = ["notifications", &mill.task_topic()];
    let mut live = Live::open(&mill.server, &mill.grace).await;
    live.subscribe(&topics).await;
    mill.comment("Look, @grace").await;
    // The task's signal and the comment come first; then the connection breaks.
    let mut got = vec![live.next().await, live.next().await];
    let mut again = Live::open(&mill.server, &mill.grace).await;
    got.extend(again.resume(&topics, &live.position).await);
    while got.len() < 3 {
        got.push(again.next().await);
    }
    let mut found = what(&got);
    found.sort_unstable();
    let topic = mill.task_topic();
    let expected = [
        ("changed", "notifications"),
        ("changed", &*topic),
        ("comment", &*topic),
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_node_whose_inboxes_another_keeps_tells_of_them_too() {
    let mill = Mill::with_views().await;
    let other = mill.app.another_node().live().await;
    let server = Server::start(&other).await;
    let mut live = Live::open(&server, &mill.grace).await;
    live.subscribe(&["notifications"]).await;
    for _ in 0..3 {
        mill.comment("Look, @grace").await;
        assert_eq!(
            live.next_of().await,
            ("changed".into(), "notifications".into())
        );
    }
}

#[tokio::test]
async fn an_inbox_that_shows_nothing_holds_nobody_up() {
    // Nobody keeps the views here.
    let mill = Mill::new().await;
    let topics = ["notifications", &mill.task_topic()];
    let mut live = Live::open(&mill.server, &mill.grace).await;
    live.subscribe(&topics).await;
    for _ in 0..20 {
        mill.comment("Look, @grace").await;
        assert_eq!(live.next_of().await.0, "changed");
        assert_eq!(live.next_of().await.0, "comment");
    }
}
