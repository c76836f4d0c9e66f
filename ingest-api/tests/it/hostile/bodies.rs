//! Bodies that want to be misread, or to take more than they bring.

use crate::app::{Answer, TestApp, User};
use axum::body::Body;
use axum::http::Method;
use bytes::Bytes;
use futures::stream;
use serde_json::json;
use std::convert::Infallible;

const JSON: &str = "application/json";
const MIB: usize = 1024 * 1024;

struct Mill {
    app: TestApp,
    ada: User,
    project: String,
}

async fn mill() -> Mill {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    Mill { app, ada, project }
}

impl Mill {
    async fn send(&self, body: impl Into<Body>) -> Answer {
        let request = self
            .app
            .request(Method::POST, "/api/v1/tasks")
            .by(&self.ada);
        request.body(JSON, body).send().await
    }

    /// A task with one more member.
    async fn send_with(&self, member: &str) -> Answer {
        let project = &self.project;
        self.send(format!(
            "{{\"project_id\": \"{project}\", \"title\": \"x\", {member}}}"
        ))
        .await
    }
}

#[tokio::test]
async fn what_is_no_text_is_a_bad_request() {
    let mill = mill().await;
    for bad in [
        r#""description": "\ud800""#,
        r#""description": "\udfff\ud800""#,
        r#""description": "\ud800A""#,
        r#""metadata": {"\udc00": 1}"#,
        r#""description": "\x""#,
        "\"description\": \"a\u{1}b\"",
        "\"description\": \"a\nb\"",
    ] {
        let answer = mill.send_with(bad).await;
        answer.expect_error(400, "bad_request");
    }
    // Not UTF-8; overlong; a surrogate, encoded; cut off; with a mark of its byte order; UTF-16.
    let bad: [&[u8]; 6] = [
        b"{\"title\": \"\xff\"}",
        b"{\"title\": \"\xc0\xaf\"}",
        b"{\"title\": \"\xed\xa0\x80\"}",
        b"{\"title\": \"\xe2\x82",
        b"\xef\xbb\xbf{}",
        b"{\0\"\0t\0\"\0:\0\x31\0}\0",
    ];
    for bytes in bad {
        let answer = mill.send(bytes.to_vec()).await;
        answer.expect_error(400, "bad_request");
    }
}

#[tokio::test]
async fn a_nul_character_is_wrong_in_every_text_and_named_by_its_field() {
    let mill = mill().await;
    for (field, value) in [
        ("title", json!("a\0b")),
        ("description", json!("a\0b")),
        ("tags", json!(["a\0b"])),
        ("metadata", json!({"a": "\0"})),
        ("metadata", json!({"\0": 1})),
        ("metadata", json!({"a": [{"b": "\0"}]})),
    ] {
        let body = json!({"project_id": mill.project, "title": "x", field: value});
        let answer = mill.app.post("/tasks", body).by(&mill.ada).send().await;
        let answer = answer.expect_error(422, "validation_failed");
        let named = answer.fields();
        assert!(
            named.iter().all(|(name, _)| name.starts_with(field)),
            "{named:?}"
        );
    }
}

#[tokio::test]
async fn numbers_are_numbers_or_refused() {
    let mill = mill().await;
    let digits = "9".repeat(100_000);
    for odd in [
        "1e400",
        "-1e400",
        "1e999999999999",
        &digits,
        "NaN",
        "Infinity",
        "0x1",
        "01",
        "+1",
        "1.",
        ".5",
    ] {
        let answer = mill.send_with(&format!("\"estimated_hours\": {odd}")).await;
        answer.expect_error(400, "bad_request");
    }
    let tiny = format!("\"estimated_hours\": 0.{}1", "0".repeat(100_000));
    mill.send_with(&tiny).await.expect(201);
    let zero = mill
        .send_with("\"estimated_hours\": -0.0")
        .await
        .expect(201);
    assert_eq!(zero.data()["estimated_hours"].to_string(), "0.0");
}

#[tokio::test]
async fn depth_and_number_of_values_are_bounded() {
    let mill = mill().await;
    let nested = |levels: usize| {
        format!(
            "\"metadata\": {}1{}",
            "{\"a\":".repeat(levels),
            "}".repeat(levels)
        )
    };
    mill.send_with(&nested(60)).await.expect(201);
    for levels in [64, 10_000, 100_000] {
        let answer = mill.send_with(&nested(levels)).await;
        assert!(
            answer
                .expect_error(400, "bad_request")
                .text()
                .contains("64 levels")
        );
        let lists = "[".repeat(levels);
        mill.send(lists).await.expect_error(400, "bad_request");
    }
    let many = format!("\"metadata\": {{\"a\": [{}0]}}", "0,".repeat(500_000));
    let answer = mill.send_with(&many).await;
    assert!(
        answer
            .expect_error(400, "bad_request")
            .text()
            .contains("values")
    );
    let people = format!("\"assignees\": [{}]", vec!["{}"; 1_000].join(","));
    let answer = mill
        .send_with(&people)
        .await
        .expect_error(422, "validation_failed");
    answer.expect_fields(&[("assignees", "too_long")]);
}

#[tokio::test]
async fn a_member_that_stands_twice_is_refused_at_every_depth() {
    let mill = mill().await;
    for twice in [
        r#""title": "y""#,
        r#""t\u0069tle": "y""#,
        r#""metadata": {"a": {"b": 1, "b": 1}}"#,
        r#""assignees": [{"user_id": "x", "user_id": "y"}]"#,
    ] {
        let answer = mill.send_with(twice).await;
        assert!(
            answer
                .expect_error(400, "bad_request")
                .text()
                .contains("stands twice")
        );
    }
}

#[tokio::test]
async fn a_body_beyond_a_mebibyte_is_refused_however_it_comes() {
    let mill = mill().await;
    let fits = format!("{{\"odd\": \"{}\"}}", "x".repeat(MIB - 11));
    assert_eq!(fits.len(), MIB);
    mill.send(fits.clone()).await.expect(422);
    mill.send(format!("{fits} "))
        .await
        .expect_error(413, "payload_too_large");
    // In pieces, without saying how much will come.
    let piece = Bytes::from(vec![b' '; 1024]);
    let endless = stream::repeat_with(move || Ok::<_, Infallible>(piece.clone()));
    let answer = mill.send(Body::from_stream(endless)).await;
    answer.expect_error(413, "payload_too_large");
}

#[tokio::test]
async fn a_compressed_body_is_refused_before_it_grows() {
    let mill = mill().await;
    // 20 bytes of gzip's beginning: nothing that follows would be looked at.
    let bomb = [&b"\x1f\x8b\x08\0\0\0\0\0\0\x03"[..], &[0; 10]].concat();
    for encoding in [
        "gzip",
        "x-gzip",
        "deflate",
        "br",
        "zstd",
        "compress",
        "gzip, gzip",
        "identity, gzip",
        "GZIP",
        "odd",
    ] {
        let request = mill
            .app
            .request(Method::POST, "/api/v1/tasks")
            .by(&mill.ada);
        let request = request
            .body(JSON, bomb.clone())
            .header("content-encoding", encoding);
        let answer = request.send().await;
        answer.expect_error(415, "unsupported_media_type");
    }
    let request = mill
        .app
        .post("/tasks", json!({"project_id": mill.project, "title": "x"}));
    let request = request.by(&mill.ada).header("content-encoding", "Identity");
    request.send().await.expect(201);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_bad_request() {
    let mill = mill().await;
    let pieces = [Ok("{\"title\":"), Err(std::io::Error::other("hung up"))];
    let answer = mill.send(Body::from_stream(stream::iter(pieces))).await;
    answer.expect_error(400, "bad_request");
}
