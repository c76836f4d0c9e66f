//! Clients that take their time, and other people's places. The server's limits are short here, and nothing is measured: what
//! is waited for either happens or the test hangs.

use crate::app::{Server, TestApp};
use axum::body::Body;
use axum::http::Method;
use futures::stream;
use millstream_ingest_api::ConnectionLimits;
use std::convert::Infallible;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(50);
const LIVE: &str = "GET /health/live HTTP/1.1\r\nHost: mill\r\n\r\n";
const ALIVE: &str = "{\"status\":\"live\"}";

#[tokio::test]
async fn a_head_that_never_ends_ends_the_connection() {
    let app = TestApp::new().await;
    let limits = ConnectionLimits {
        head_time: SHORT,
        ..ConnectionLimits::default()
    };
    let server = Server::within(limits, &app).await;
    for begun in ["", "G", "GET /health/live HTTP/1.1\r\nHost: mill\r\nX-Slow"] {
        let answer = server.all_answers_to(begun).await;
        assert!(!answer.contains("200"), "{answer}");
    }
    server.still_serves().await;
}

#[tokio::test]
async fn a_connection_that_is_kept_and_not_used_is_closed() {
    let app = TestApp::new().await;
    let limits = ConnectionLimits {
        head_time: SHORT,
        ..ConnectionLimits::default()
    };
    let server = Server::within(limits, &app).await;
    let mut wire = server.connect().await;
    wire.send(LIVE).await;
    wire.until(ALIVE).await;
    assert_eq!(wire.rest().await, "");
}

#[tokio::test]
async fn those_beyond_the_places_wait_and_are_served_when_one_is_free() {
    let app = TestApp::new().await;
    let limits = ConnectionLimits {
        connections: 1,
        ..ConnectionLimits::default()
    };
    let server = Server::within(limits, &app).await;
    let mut first = server.connect().await;
    first.send(LIVE).await;
    first.until(ALIVE).await;
    let mut second = server.connect().await;
    second.send(LIVE).await;
    for _ in 0..10 {
        first.send(LIVE).await;
        first.until(ALIVE).await;
    }
    assert!(!second.has_more());
    drop(first);
    second.until(ALIVE).await;
}

#[tokio::test]
async fn an_answer_that_nobody_takes_gives_its_place_back() {
    let app = TestApp::new().await;
    let limits = ConnectionLimits {
        connections: 1,
        take_time: SHORT,
        ..ConnectionLimits::default()
    };
    let server = Server::within(limits, &app).await;
    // More than all buffers on the way hold.
    let many = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: mill\r\n\r\n".repeat(500);
    let mut deaf = server.connect().await;
    deaf.send(many).await;
    server.still_serves().await;
    let taken = deaf.rest().await;
    assert!(taken.matches("HTTP/1.1 200").count() < 500);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_a_timeout() {
    let app = TestApp::new().await;
    let begun = stream::iter([Ok::<_, Infallible>("{\"login\":")]);
    let silent = Body::from_stream(futures::StreamExt::chain(begun, stream::pending()));
    let request = app.request(Method::POST, "/api/v1/auth/login");
    let request = request.body("application/json", silent);
    // From here on time goes as fast as nothing else happens.
    tokio::time::pause();
    request.send().await.expect_error(408, "timeout");
}

#[tokio::test]
async fn connections_that_come_and_go_leave_nothing_behind() {
    let app = TestApp::new().await;
    let limits = ConnectionLimits {
        connections: 4,
        ..ConnectionLimits::default()
    };
    let server = Server::within(limits, &app).await;
    for _ in 0..200 {
        let mut wire = server.connect().await;
        wire.send("GET /health/live HTTP/1.1\r\nHost: mill\r\n\r\n")
            .await;
        drop(wire);
    }
    server.still_serves().await;
}
