//! Clients that do not keep to the rules of web sockets, or to ours. Each is told why, and nobody else notices.

use super::Mill;
use crate::app::{Live, TestApp, Wire};
use millstream_ingest_api::settings::LiveLimits;
use serde_json::json;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

const PATHS: [&str; 2] = ["/live", "/ws/tasks/ENG-1/comments"];

impl Mill {
    /// A connection below web sockets: its client may send any bytes.
    async fn raw(&self, path: &str) -> Wire {
        let mut wire = self.server.connect().await;
        wire.send(format!(
            "GET /api/v1{path} HTTP/1.1\r\nHost: mill\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Authorization: Bearer {}\r\n\r\n",
            self.grace.access_token
        ))
        .await;
        let answer = wire.until("\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
        wire
    }

    /// The code with which a connection is closed on which this was sent.
    async fn code_for(&self, path: &str, message: Message) -> u16 {
        let mut live = Live::with_token(&self.server, path, &self.grace.access_token).await;
        live.send(message).await;
        live.code().await
    }

    /// Whoever is well-behaved is served.
    async fn still_serves(&self) {
        let mut live = Live::open(&self.server, &self.ada).await;
        live.subscribe(&[&self.task_topic()]).await;
        self.rename(&format!("Still {}", live.position)).await;
        assert_eq!(live.next_of().await.0, "changed");
    }
}

/// A frame as a client must send it: masked, here with zeros.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    assert!(length < 126);
    let mut frame = vec![first, 0x80 | length, 0, 0, 0, 0];
    frame.extend(payload);
    frame
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused() {
    let mill = Mill::new().await;
    for path in PATHS {
        let large = Message::text("x".repeat(128 * 1024 + 1));
        assert_eq!(mill.code_for(path, large).await, 1009);
    }
    mill.still_serves().await;
}

#[tokio::test]
async fn ten_thousand_topics_are_too_many() {
    let mill = Mill::new().await;
    let mut live = Live::open(&mill.server, &mill.grace).await;
    let topics: Vec<String> = (0..10_000).map(|n| format!("t:{n}")).collect();
    live.say(json!({ "subscribe": topics })).await;
    assert_eq!(live.next_of().await.0, "error");
    // Written out, they are more than a message may hold.
    let topics: Vec<String> = (0..10_000).map(|_| mill.task_topic()).collect();
    live.say(json!({ "subscribe": topics })).await;
    assert_eq!(live.code().await, 1009);
    mill.still_serves().await;
}

#[tokio::test]
async fn messages_are_text() {
    let mill = Mill::new().await;
    for path in PATHS {
        let binary = Message::binary(vec![0, 1, 2]);
        assert_eq!(mill.code_for(path, binary).await, 1003);
    }
    mill.still_serves().await;
}

#[tokio::test]
async fn text_is_utf_8() {
    let mill = Mill::new().await;
    for path in PATHS {
        let data = OpCode::Data(Data::Text);
        let invalid = Frame::message(vec![b'"', 0xFF, b'"'], data, true);
        assert_eq!(mill.code_for(path, Message::Frame(invalid)).await, 1007);
    }
    mill.still_serves().await;
}

#[tokio::test]
async fn what_is_no_json_of_ours_is_told_and_the_connection_goes_on() {
    let mill = Mill::new().await;
    let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let nested = format!("{{\"subscribe\":{deep}}}");
    for text in [
        "",
        "x",
        "null",
        "1",
        "[]",
        "{\"subscribe\": 1}",
        "{\"subscribe\": [1]}",
        "{\"unsubscribe\": []}",
        "{\"resume\": 1}",
        &deep,
        &nested,
    ] {
        for path in PATHS {
            let mut live = Live::with_token(&mill.server, path, &mill.grace.access_token).await;
            live.send(Message::text(text)).await;
            let shown: String = text.chars().take(30).collect();
            assert_eq!(live.next_of().await.0, "error", "{shown}");
            if path == "/live" {
                live.subscribe(&["notifications"]).await;
            }
        }
    }
    mill.still_serves().await;
}

#[tokio::test]
async fn whoever_sends_without_end_is_stopped() {
    let mill = Mill::new().await;
    for path in PATHS {
        for flood in [Message::Ping(vec![1].into()), Message::Pong(vec![1].into())] {
            let mut live = Live::with_token(&mill.server, path, &mill.grace.access_token).await;
            for _ in 0..1_001 {
                live.send(flood.clone()).await;
            }
            assert_eq!(live.code().await, 1008);
        }
    }
    mill.still_serves().await;
}

#[tokio::test]
async fn a_message_in_pieces_is_a_message_and_its_pieces_have_the_limit_of_the_whole() {
    let mill = Mill::new().await;
    let mut wire = mill.raw("/live").await;
    wire.send(masked(0x01, b"{\"subscribe\":")).await;
    // A ping between the pieces is allowed.
    wire.send(masked(0x89, b"")).await;
    wire.send(masked(0x80, b"[]}")).await;
    wire.until("\"ready\"").await;
    wire.send(masked(0x01, b"[")).await;
    let mut sent = wire.try_send(masked(0x00, &[b' '; 125])).await;
    for _ in 0..1_100 {
        sent = sent.and(wire.try_send(masked(0x00, &[b' '; 125])).await);
    }
    let rest = wire.rest().await;
    assert!(rest.contains("a message has at most 128 KiB"), "{rest}");
    mill.still_serves().await;
}

#[tokio::test]
async fn frames_that_no_client_may_send_end_the_connection() {
    let mill = Mill::new().await;
    for bytes in [
        // Not masked.
        &[0x81, 0x02, b'{', b'}'][..],
        // Of a reserved kind.
        &masked(0x83, b"{}"),
        // With reserved bits.
        &masked(0xF1, b"{}"),
        // A piece of nothing.
        &masked(0x80, b"{}"),
        // A control frame in pieces.
        &masked(0x09, b""),
    ] {
        for path in PATHS {
            let mut wire = mill.raw(path).await;
            wire.send(bytes).await;
            let rest = wire.rest().await;
            assert!(rest.contains("that is no frame of a client"), "{rest}");
        }
    }
    mill.still_serves().await;
}

#[tokio::test]
async fn whoever_goes_without_a_word_leaves_nothing_behind() {
    let mill = Mill::new().await;
    for _ in 0..50 {
        let mut wire = mill.raw("/live").await;
        // The half of a frame.
        wire.send([0x81, 0xFE, 0x10]).await;
        drop(wire);
    }
    for path in PATHS {
        let live = Live::with_token(&mill.server, path, &mill.grace.access_token).await;
        assert_eq!(live.left().await, 1000);
    }
    mill.still_serves().await;
}

#[tokio::test]
async fn whoever_is_silent_is_taken_for_gone() {
    let app = TestApp::with_settings(|settings| {
        settings.live = LiveLimits {
            ping_every: Duration::from_millis(50),
            ..LiveLimits::default()
        }
    })
    .await;
    let mill = Mill::of(app).await;
    for path in PATHS {
        // It answers no ping; the half of a frame is no sign of life either.
        let mut silent = mill.raw(path).await;
        let mut half = mill.raw(path).await;
        half.send([0x81, 0xFE, 0x10]).await;
        for wire in [&mut silent, &mut half] {
            let rest = wire.rest().await;
            assert!(rest.contains("nothing was heard of you"), "{rest}");
        }
    }
    // Who answers stays.
    let mut live = Live::open(&mill.server, &mill.grace).await;
    live.subscribe(&[&mill.task_topic()]).await;
    for _ in 0..10 {
        live.pinged().await;
    }
    mill.rename("Still there").await;
    assert_eq!(live.next_of().await.0, "changed");
}
