//! Start and stop with the embedded database, which is what `millstream` does with no settings at all.

use crate::installation::{Installation, ended};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The permissions of a file.
fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Every file in a folder of the data folder, with what it says.
fn keys(installation: &Installation) -> Vec<(String, String)> {
    let folder = std::fs::read_dir(installation.data().join("keys")).unwrap();
    let mut keys: Vec<_> = folder
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .map(|name| {
            let text = installation.kept(&format!("keys/{name}"));
            (name, text)
        })
        .collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn a_fresh_installation_says_where_it_runs_and_how_to_register() {
    let installation = Installation::embedded();
    let server = installation.start().await;
    let (log, api) = (server.log(), server.api());
    assert!(log.contains("embedded Postgres"), "{log}");
    assert!(log.contains(installation.data().to_str().unwrap()), "{log}");
    assert!(
        log.contains(installation.kept("setup-secret").trim()),
        "{log}"
    );
    assert_eq!(api.status("/api/docs").await, 200);
    let ready = api.get("/health/ready").await.json();
    assert_eq!(ready["status"], "ready", "{ready}");
    assert_eq!(ready["pipelines"].as_array().unwrap().len(), 4, "{ready}");

    api.register("ada", Some("not the secret"))
        .await
        .expect(403);
    let me = server.found().await.get("/auth/me").await.data();
    assert_eq!(
        (&me["username"], &me["role"]),
        (&"ada".into(), &"admin".into())
    );
    assert_eq!(server.stop().await.code(), Some(0));
}

#[tokio::test]
async fn a_restart_keeps_people_work_keys_secret_and_node() {
    let installation = Installation::embedded();
    let server = installation.start().await;
    let ada = server.found().await;
    let project = ada.project("ENG").await;
    ada.task(&project, "Fix the mill wheel").await;
    let jwks = server.api().get("/.well-known/jwks.json").await;
    let kept = |name: &str| installation.kept(name);
    let before = (kept("node"), kept("setup-secret"), keys(&installation));
    assert_eq!(server.stop().await.code(), Some(0));

    let server = installation.start().await;
    let log = server.log();
    assert!(!log.contains("Nobody has registered yet"), "{log}");
    assert!(
        !log.contains(before.1.trim()),
        "a secret that is used up: {log}"
    );
    assert_eq!(
        (kept("node"), kept("setup-secret"), keys(&installation)),
        before
    );
    let jwks_now = server.api().get("/.well-known/jwks.json").await;
    assert_eq!(jwks_now.text(), jwks.text());
    let ada = server.api().log_in("ada").await;
    let task = ada.get("/tasks/ENG-1").await.expect(200).data();
    assert_eq!(task["title"], "Fix the mill wheel");
    let found = ada.get("/search?q=wheel").await.expect(200).data();
    assert_eq!(found[0]["task"]["name"], "ENG-1", "{found}");
}

#[tokio::test]
async fn what_is_secret_can_be_read_by_its_owner_alone() {
    let installation = Installation::embedded();
    let _server = installation.start_with(&["--demo"]).await;
    let data = installation.data();
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("postgres")), 0o700);
    for name in ["setup-secret", "demo-password", "node", "admin.sock"] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
    let keys = keys(&installation);
    assert!(keys.len() >= 2, "{keys:?}");
    for (name, _) in keys {
        assert_eq!(mode(&data.join("keys").join(&name)), 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_second_server_on_the_folder_is_told_that_there_is_one() {
    let installation = Installation::embedded();
    let server = installation.start().await;
    let second = installation.run(&[]).await;
    second
        .expect(1)
        .complains("another Millstream is running on the data folder")
        .complains("--data-dir");
    assert_eq!(server.api().status("/health/ready").await, 200);
}

#[tokio::test]
async fn an_address_in_use_is_told_before_anything_is_made() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for setting in ["MILLSTREAM_LISTEN", "MILLSTREAM_ADMIN_LISTEN"] {
        let installation = Installation::embedded();
        let mut command = installation.command::<&str>(&[]);
        command.env(setting, &address);
        let ended = ended(command).await;
        ended
            .expect(1)
            .complains(&address)
            .complains("--admin-listen");
        assert!(!installation.data().exists());
    }
}

#[tokio::test]
async fn the_demo_is_a_team_at_work_and_is_told_once() {
    let installation = Installation::embedded();
    let server = installation.start_with(&["--demo"]).await;
    let password = installation.kept("demo-password").trim().to_owned();
    let greeting = format!("log in as ada, password {password}");
    assert!(server.log().contains(&greeting), "{}", server.log());
    let ada = server.api().log_in_with("ada", &password).await;
    let tasks = ada.all("/tasks?archived=any").await;
    assert!(tasks.len() > 10, "{tasks:?}");
    // Written before the server began to listen, so the views may still be on their way.
    let last = ada
        .post("/teams", &serde_json::json!({"name": "Later"}))
        .await;
    let position = last.expect(201).position();
    let word = tasks[0]["title"]
        .as_str()
        .unwrap()
        .split(' ')
        .max_by_key(|word| word.len());
    let query = format!("/search?q={}", word.unwrap());
    let found = ada.get_after(&query, &position).await.expect(200).data();
    let names: Vec<_> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| &hit["task"]["name"])
        .collect();
    assert!(names.contains(&&tasks[0]["name"]), "{query}: {names:?}");
    assert_eq!(server.stop().await.code(), Some(0));

    let server = installation.start_with(&["--demo"]).await;
    assert!(server.log().contains(&greeting), "{}", server.log());
    let ada = server.api().log_in_with("ada", &password).await;
    assert_eq!(ada.all("/tasks?archived=any").await, tasks);
}

#[tokio::test]
async fn where_somebody_works_already_no_demo_is_told() {
    let installation = Installation::embedded();
    let server = installation.start().await;
    server.found().await;
    assert_eq!(server.stop().await.code(), Some(0));

    let server = installation.start_with(&["--demo"]).await;
    assert!(
        server
            .log()
            .contains("not told: somebody works here already"),
        "{}",
        server.log()
    );
    let ada = server.api().log_in("ada").await;
    assert!(ada.all("/tasks?archived=any").await.is_empty());
}
