//! Logs: one line for each thing, and nothing in them that is somebody's secret or somebody's name.

use crate::api::{Api, PASSWORD, Session};
use crate::installation::Installation;
use crate::server::Server;
use millstream_store::testing::TestDatabase;
use serde_json::{Value, json};

/// What people typed, and what no line may hold.
const TYPED: [&str; 7] = [
    PASSWORD,
    "hunter2hunter2",
    "ada@example.org",
    "mill wheel",
    "squeaks",
    "wheat",
    "no password of mine",
];

/// Ada does what leaves traces: acts, searches, mistypes her password, and sends what is refused.
async fn work(server: &Server) -> Session {
    let api = server.api();
    api.register("ada", Some("hunter2hunter2"))
        .await
        .expect(201);
    api.refused_log_in("ada@example.org", "no password of mine")
        .await;
    let ada = api.log_in("ada").await;
    let project = ada.project("ENG").await;
    let task =
        json!({"project_id": project, "title": "Fix the mill wheel", "description": "It squeaks"});
    let task = ada.post("/tasks", &task).await.expect(201);
    let comments = format!("/tasks/{}/comments", task.id());
    ada.post(&comments, &json!({"body": "After the wheat"}))
        .await
        .expect(201);
    ada.post(
        "/tasks",
        &json!({"project_id": "mill wheel", "title": ["squeaks"]}),
    )
    .await
    .expect(422);
    ada.get_after("/search?q=%22mill+wheel%22+wheat", &task.position())
        .await
        .expect(200);
    ada.get("/search?q=%22mill+wheel").await.expect(400);
    // A position that nobody reached yet: the client waits in vain, which is not our fault.
    ada.get_without_patience("/activity", "s999999999")
        .await
        .expect(504);
    ada
}

#[tokio::test]
async fn a_log_that_is_very_detailed_still_holds_no_secret_and_nothing_that_people_wrote() {
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let file = installation.folder().join("log.jsonl");
    let mut command = installation.command(&["--log-format", "json"]);
    command
        .env("LOG_FILE", &file)
        .env("RUST_LOG", "trace")
        .env("MILLSTREAM_SETUP_SECRET", "hunter2hunter2");
    let server = Server::start(command).await;
    let ada = work(&server).await;
    assert_eq!(server.stop().await.code(), Some(0));

    let log = std::fs::read_to_string(&file).unwrap();
    for secret in TYPED.into_iter().chain([ada.token()]) {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let made = lines.iter().filter(|line| {
        line["message"] == "request" && line["path"] == "/api/v1/tasks" && line["status"] == 201
    });
    assert_eq!(made.count(), 1, "{log}");
    assert!(lines.iter().all(|line| line["level"] != "ERROR"), "{log}");
}

#[tokio::test]
async fn metrics_and_health_are_served_for_operators_and_metrics_for_nobody_else() {
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    // Free until now, and nobody else's in the next second.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let server = installation
        .start_with(&["--admin-listen", &free.to_string()])
        .await;
    server.found().await;
    assert_eq!(server.api().status("/metrics").await, 404);
    let operators = Api::new(&format!("http://{free}"));
    let metrics = operators.get("/metrics").await.expect(200);
    for name in [
        "millstream_pipeline_lag_records{pipeline=\"audit\"}",
        "http_",
    ] {
        assert!(metrics.text().contains(name), "{}", metrics.text());
    }
    operators.get("/health/ready").await.expect(200);
    assert_eq!(operators.status("/api/v1/tasks").await, 404);
}
