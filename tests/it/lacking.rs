//! Several processes, one of which lacks something: it is told what, and harms nobody meanwhile.

use crate::api::Api;
use crate::installation::{Installation, until};
use crate::several::{OF_ALL, Several, free_address};
use millstream_store::testing::TestDatabase;
use serde_json::json;

#[tokio::test]
async fn mails_wait_for_the_process_with_a_mail_server_while_another_has_none() {
    let several = Several::new().await;
    let web = several.first_web().await;
    web.server.found().await;
    // Nobody listens there, so that a try shows in the database.
    let smtp = format!("smtp://{}?tls=none", free_address());
    let with = several.pipelines_with_server(&smtp).await;
    let without = several.pipelines().await;
    let log = without.server.log();
    assert!(
        log.contains("has a mail server, this one has none"),
        "{log}"
    );
    with.server.kill();
    let reset = json!({"email": "ada@example.org"});
    let asked = web.server.api();
    let asked = asked.attempt("/auth/reset", None, Some(&reset)).await;
    assert_eq!(asked.unwrap().status(), 200);
    // The one without is alone, and looks for mails every two seconds; this one comes back.
    let with = several.pipelines_with_server(&smtp).await;
    let pool = several.database.pool();
    until("the mail is tried by who has a server", async || {
        let tried = "select coalesce(error, state) from app.mail where attempts > 0";
        let tried: Option<String> = sqlx::query_scalar(tried)
            .fetch_optional(pool)
            .await
            .unwrap();
        assert_ne!(tried.as_deref(), Some("delivered"));
        tried.is_some_and(|error| error != "sending")
    })
    .await;
    let log = without.server.log();
    assert!(!log.contains("msp_"), "{log}");
    assert_eq!(with.server.stop().await.code(), Some(0));
}

#[tokio::test]
async fn a_service_says_at_once_which_rights_its_role_lacks_and_begins_when_it_has_them() {
    let several = Several::new().await;
    let _web = several.first_web().await;
    let url = several.role_with(1).await;
    let address = free_address();
    let search = several.launched("search", &url, &address);
    until("it is told what is missing", async || {
        let log = search.server.log();
        [
            "select on _sqlx_migrations",
            "usage on schema stream",
            "select, insert on stream.outbox",
        ]
        .iter()
        .all(|part| log.contains(part))
    })
    .await;
    let api = Api::new(&format!("http://{address}"));
    assert_eq!(api.status("/health/ready").await, 503);
    assert_eq!(api.status("/health/live").await, 200);
    several.grant(1, OF_ALL).await;
    until("it is ready", async || {
        api.status("/health/ready").await == 200
    })
    .await;
    assert_eq!(search.server.stop().await.code(), Some(0));
    several.drop_role().await;
}

#[tokio::test]
async fn a_service_that_takes_tokens_from_another_address_says_so_at_its_start() {
    let several = Several::new().await;
    let _web = several.first_web().await;
    let right = several.search().await;
    assert!(!right.server.log().contains("gives out tokens from"));
    let wrong = several.search_elsewhere("https://other.example.org").await;
    let log = wrong.server.log();
    for part in [
        "Warning: `web` gives out tokens from",
        "MILLSTREAM_PUBLIC_URL",
    ] {
        assert!(log.contains(part), "not \"{part}\": {log}");
    }
}

#[tokio::test]
async fn migrating_a_server_takes_no_data_folder_and_leaves_no_node() {
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    installation
        .run(&["migrate"])
        .await
        .expect(0)
        .says("is up to date");
    assert!(!installation.data().exists());
    let nodes: i64 = sqlx::query_scalar("select count(*) from app.node")
        .fetch_one(database.pool())
        .await
        .unwrap();
    assert_eq!(nodes, 0);
}
