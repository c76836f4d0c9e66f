//! What bytes on a connection can say: requests that one server reads one way and another another way, heads without end,
//! other protocols.

use crate::app::{Server, TestApp};
use std::fmt::Write;

/// What somebody would like to be taken for a request of its own.
const SMUGGLED: &str = "GET /problems/smuggled HTTP/1.1\r\nHost: mill\r\n\r\n";

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[tokio::test]
async fn a_request_whose_length_can_be_read_two_ways_is_refused_or_the_last_of_its_connection() {
    let app = TestApp::new().await;
    let server = Server::start(&app).await;
    for (headers, body) in [
        (
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "0\r\n\r\n",
        ),
        (
            "Transfer-Encoding: chunked\r\nContent-Length: 5",
            "0\r\n\r\n",
        ),
        ("Transfer-Encoding: xchunked", "0\r\n\r\n"),
        ("Transfer-Encoding: foo, chunked", "0\r\n\r\n"),
        ("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked, chunked", "0\r\n\r\n"),
        (
            "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
            "0\r\n\r\n",
        ),
        ("Transfer-Encoding: chunked, identity", "0\r\n\r\n"),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            "0\r\n\r\n",
        ),
        ("Transfer-Encoding : chunked", "0\r\n\r\n"),
        ("Transfer-Encoding:\x0bchunked", "0\r\n\r\n"),
        (
            "X-Folded: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 0x5",
            "0\r\n\r\n",
        ),
        ("Content-Length: 5\r\nContent-Length: 0", "0\r\n\r\n"),
        ("Content-Length: 5, 0", "0\r\n\r\n"),
        ("Content-Length: +5", "0\r\n\r\n"),
        ("Content-Length: -5", "0\r\n\r\n"),
        ("Content-Length: 5 5", "0\r\n\r\n"),
        ("Content-Length: 99999999999999999999", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "ffffffffffffffffff\r\n"),
        ("Transfer-Encoding: chunked", "-1\r\n"),
        ("Transfer-Encoding: chunked", "0x5\r\n"),
        ("Transfer-Encoding: chunked", "5\r\nab\r\n"),
    ] {
        let head = format!("POST /api/v1/auth/refresh HTTP/1.1\r\nHost: mill\r\n{headers}\r\n\r\n");
        let answers = server
            .all_answers_to(format!("{head}{body}{SMUGGLED}"))
            .await;
        assert_eq!(
            answers.matches("HTTP/1.1 ").count(),
            1,
            "{headers:?} {body:?}: {answers}"
        );
        assert!(status(&answers).starts_with('4'), "{headers:?}: {answers}");
    }
    let old = "POST /api/v1/auth/refresh HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let answers = server.all_answers_to(format!("{old}{SMUGGLED}")).await;
    assert_eq!(status(&answers), "400", "{answers}");
    assert_eq!(answers.matches("HTTP/1.").count(), 1, "{answers}");
    server.still_serves().await;
}

#[tokio::test]
async fn a_request_says_once_whom_it_is_for() {
    let app = TestApp::new().await;
    let server = Server::start(&app).await;
    for hosts in [
        "",
        "Host: mill\r\nHost: mill\r\n",
        "Host: \r\n",
        "Host: a b\r\n",
        "Host: ada@mill\r\n",
    ] {
        let request =
            format!("GET /api/v1/openapi.json HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        let answer = server.all_answers_to(request).await;
        assert_eq!(status(&answer), "400", "{hosts:?}: {answer}");
        assert!(
            answer.contains("\"code\":\"bad_request\""),
            "{hosts:?}: {answer}"
        );
    }
    let old = server
        .all_answers_to("GET /health/live HTTP/1.0\r\n\r\n")
        .await;
    assert_eq!(status(&old), "200", "{old}");
}

#[tokio::test]
async fn targets_in_other_forms_lead_to_the_same_or_nowhere() {
    let app = TestApp::new().await;
    let server = Server::start(&app).await;
    for (target, expected) in [
        ("GET http://mill/health/live", "200"),
        ("GET http://evil.example/health/live", "200"),
        ("GET http://evil.example/api/v1/tasks", "401"),
        ("GET ftp://evil.example/nowhere", "404"),
        ("GET evil.example/health/live", "400"),
        ("GET nowhere", "404"),
        ("OPTIONS *", "404"),
        ("GET *", "404"),
        ("CONNECT evil.example:443", "404"),
        ("CONNECT /health/live", "405"),
        ("TRACE /health/live", "405"),
        ("ODD /health/live", "405"),
        ("get /health/live", "405"),
    ] {
        let request = format!("{target} HTTP/1.1\r\nHost: mill\r\nConnection: close\r\n\r\n");
        let answer = server.all_answers_to(request).await;
        assert_eq!(status(&answer), expected, "{target}: {answer}");
    }
}

#[tokio::test]
async fn what_is_another_protocol_is_refused() {
    let app = TestApp::new().await;
    let server = Server::start(&app).await;
    let odd: [&[u8]; 6] = [
        // HTTP/2, a first message of TLS, HTTP/0.9, HTTP/3's number, noise, nothing but line ends and then noise.
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        b"GET /\r\n\r\n",
        b"GET / HTTP/3.0\r\nHost: mill\r\n\r\n",
        b"GRIND\0\r\n\r\n",
        b"\r\n\r\n\r\n\r\n\0\0\0\0\r\n\r\n",
    ];
    for bytes in odd {
        let answer = server.all_answers_to(bytes).await;
        assert!(answer.is_empty() || status(&answer) == "400", "{answer}");
    }
    for header in ["X: a\0b", "X: a\x7fb", "X\0: a", "X y: a", ": a", "X"] {
        let request = format!("GET /health/live HTTP/1.1\r\nHost: mill\r\n{header}\r\n\r\n");
        let answer = server.all_answers_to(request).await;
        assert_eq!(status(&answer), "400", "{header:?}: {answer}");
    }
    server.still_serves().await;
}

#[tokio::test]
async fn heads_and_addresses_are_bounded_before_they_are_read() {
    let app = TestApp::new().await;
    let server = Server::start(&app).await;
    let many = (0..101).fold(String::new(), |mut headers, at| {
        let _ = write!(headers, "X-{at}: 1\r\n");
        headers
    });
    for (path, headers, expected) in [
        (
            String::new(),
            format!("X: {}\r\n", "x".repeat(16 * 1024)),
            "431",
        ),
        (
            String::new(),
            format!("X: {}\r\n", "x".repeat(1024 * 1024)),
            "431",
        ),
        (String::new(), many, "431"),
        ("x".repeat(8 * 1024), String::new(), "414"),
        // So long that its end, and so what it is, is not looked for.
        ("x".repeat(1024 * 1024), String::new(), "431"),
    ] {
        let request = format!(
            "GET /api/v1/tasks?q={path} HTTP/1.1\r\nHost: mill\r\nConnection: close\r\n{headers}\r\n"
        );
        let mut wire = server.connect().await;
        // The other side may hang up before all of it is sent.
        let _ = wire.try_send(request).await;
        let answer = wire.rest().await;
        assert!(answer.is_empty() || status(&answer) == expected, "{answer}");
    }
    server.still_serves().await;
}

#[tokio::test]
async fn a_body_that_is_announced_too_large_is_refused_before_it_is_sent() {
    let app = TestApp::new().await;
    let server = Server::start(&app).await;
    let mut wire = server.connect().await;
    wire.send(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: mill\r\nContent-Type: application/json\r\n\
         Content-Length: 10000000000\r\nExpect: 100-continue\r\n\r\n",
    )
    .await;
    let answer = wire.until("payload_too_large").await;
    assert_eq!(status(&answer), "413", "{answer}");
}

#[tokio::test]
async fn requests_that_come_at_once_are_answered_in_their_order() {
    let app = TestApp::new().await;
    let server = Server::start(&app).await;
    let requests: String = (0..100)
        .map(|at| {
            format!(
                "GET /health/live HTTP/1.1\r\nHost: mill\r\nX-Request-ID: number {at:03}\r\n\r\n"
            )
        })
        .collect::<Vec<_>>()
        .concat();
    let last = "GET /health/live HTTP/1.1\r\nHost: mill\r\nConnection: close\r\n\r\n";
    let answers = server.all_answers_to(format!("{requests}{last}")).await;
    let order: Vec<_> = answers
        .lines()
        .filter_map(|line| line.strip_prefix("x-request-id: number "))
        .collect();
    let expected: Vec<_> = (0..100).map(|at| format!("{at:03}")).collect();
    assert_eq!(order, expected);
}
