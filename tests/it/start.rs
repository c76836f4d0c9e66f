//! Start and stop with the embedded database, which is what `millstream` does with no settings at all.

use crate::installation::{Installation, ended};
use crate::server::Server;
use std::fs::Permissions;
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
    // The issuer is the address, which is another one.
    assert_eq!(jwks_now.json()["keys"], jwks.json()["keys"]);
    let ada = server.api().log_in("ada").await;
    let task = ada.get("/tasks/ENG-1").await.expect(200).data();
    assert_eq!(task["title"], "Fix the mill wheel");
    let found = ada.get("/search?q=wheel").await.expect(200).data();
    assert_eq!(found[0]["task"]["name"], "ENG-1", "{found}");
}

#[tokio::test]
async fn what_is_secret_can_be_read_by_its_owner_alone() {
    let installation = Installation::embedded();
    // Somebody has made the folder before, and others can enter it.
    let data = installation.data();
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
    let _server = installation.start_with(&["--demo"]).await;
    for name in ["setup-secret", "demo-password", "node", "admin.sock"] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
    for name in ["postgres", "search", "keys", "objects"] {
        assert_eq!(mode(&data.join(name)), 0o700, "{name}");
    }
    let keys = keys(&installation);
    assert!(keys.len() >= 2, "{keys:?}");
    for (name, _) in keys {
        assert_eq!(mode(&data.join("keys").join(&name)), 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_data_folder_that_is_made_is_for_its_owner_alone() {
    let installation = Installation::embedded();
    let _server = installation.start().await;
    assert_eq!(mode(&installation.data()), 0o700);
}

#[tokio::test]
async fn a_data_folder_that_is_none_is_told() {
    let installation = Installation::embedded();
    installation.file("data", "a file");
    let ended = installation.run(&[]).await.expect(1);
    ended
        .complains("the data folder")
        .complains(installation.data().to_str().unwrap());
}

#[tokio::test]
async fn a_data_folder_whose_path_is_too_long_for_sockets_works_like_any_other() {
    let installation = Installation::embedded();
    let long = installation.folder().join("d".repeat(120));
    let on_it = |args: &[&str]| {
        let mut command = installation.command(args);
        // Where the sockets then go.
        command
            .env("MILLSTREAM_DATA_DIR", &long)
            .env("TMPDIR", installation.folder());
        command
    };
    let server = Server::start(on_it(&[])).await;
    server.found().await;
    ended(on_it(&["audit", "verify"]))
        .await
        .expect(0)
        .says("Nothing was changed.");
    assert_eq!(server.stop().await.code(), Some(0));
}

#[tokio::test]
async fn ctrl_c_stops_it_cleanly() {
    let installation = Installation::embedded();
    let server = installation.start().await;
    let status = server.stop_by("INT").await;
    assert_eq!(status.code(), Some(0));
    // A clean stop takes its socket along.
    assert!(!installation.data().join("admin.sock").exists());
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
