//! Several servers on one database: those that do not share their keys are told so, those that do believe each other.

use crate::installation::{Installation, ended};
use crate::server::Server;
use millstream_store::testing::TestDatabase;

/// A server of an installation that has its keys in a folder of others, and people reach it where they reach the others.
async fn sharing(installation: &Installation, keys: &str) -> Server {
    let mut command = installation.command::<&str>(&[]);
    command
        .env("MILLSTREAM_KEYS_DIR", keys)
        .env("MILLSTREAM_PUBLIC_URL", "https://tasks.example.org");
    Server::start(command).await
}

#[tokio::test]
async fn a_second_node_with_other_keys_is_told_so_at_its_start() {
    let database = TestDatabase::new().await;
    let (first, second) = (Installation::on(&database), Installation::on(&database));
    let one = first.start().await;
    assert!(!one.log().contains("Warning"), "{}", one.log());
    let two = second.start().await;
    let log = two.log();
    for part in [
        "signs access tokens with other keys",
        "signs the audit with another key",
        "MILLSTREAM_KEYS_DIR",
    ] {
        assert!(log.contains(part), "not \"{part}\": {log}");
    }
    assert_eq!(one.stop().await.code(), Some(0));
    assert_eq!(two.stop().await.code(), Some(0));
    // One whose data folder is lost, and who starts with nothing but the database.
    let third = Installation::on(&database).start().await;
    let log = third.log();
    assert!(!log.contains("access tokens"), "{log}");
    assert!(log.contains("was signed with another key"), "{log}");
    assert_eq!(third.stop().await.code(), Some(0));
}

#[tokio::test]
async fn nodes_that_share_their_keys_believe_each_other_and_sign_one_audit() {
    let database = TestDatabase::new().await;
    let (first, second) = (Installation::on(&database), Installation::on(&database));
    // The first has run alone before, and brings the audit's key along.
    let alone = first.start().await;
    alone.found().await;
    assert_eq!(alone.stop().await.code(), Some(0));
    let keys = first.folder().join("shared");
    let keys = keys.to_str().unwrap();
    let (one, two) = (sharing(&first, keys).await, sharing(&second, keys).await);
    assert!(!one.log().contains("MILLSTREAM_KEYS_DIR"), "{}", one.log());
    assert!(!two.log().contains("MILLSTREAM_KEYS_DIR"), "{}", two.log());
    let ada = one.api().log_in("ada").await;
    two.api()
        .with_token(ada.token())
        .get("/auth/me")
        .await
        .expect(200);
    assert_eq!(one.stop().await.code(), Some(0));
    assert_eq!(two.stop().await.code(), Some(0));
    for installation in [&first, &second] {
        let mut verify = installation.command(&["audit", "verify"]);
        verify.env("MILLSTREAM_KEYS_DIR", keys);
        ended(verify).await.expect(0);
    }
}
