//! `millstream audit verify`: silent where nothing was changed, and naming what was.

use crate::installation::Installation;
use crate::server::Server;
use millstream_store::testing::TestDatabase;
use sqlx::AssertSqlSafe;

const VERIFY: [&str; 2] = ["audit", "verify"];

/// People at work, until the audit has seen it all. Entries 0 and 1 are the registration and the log-in of Ada.
async fn work(server: &Server) {
    let ada = server.found().await;
    let project = ada.project("ENG").await;
    ada.task(&project, "Fix the mill wheel").await;
    let last = ada.task(&project, "Grind the wheat").await.position();
    ada.get_after("/audit", &last).await.expect(200);
}

/// An installation on a server, with work in it and a checkpoint signed over all of it; stopped.
async fn worked_on(database: &TestDatabase) -> Installation {
    let installation = Installation::on(database);
    let server = installation.start().await;
    work(&server).await;
    assert_eq!(server.stop().await.code(), Some(0));
    installation
}

/// What somebody does who owns the database, and so can switch off what refuses it.
async fn tamper(database: &TestDatabase, sql: &str) {
    for sql in [
        "alter table app.audit disable trigger audit_is_append_only",
        sql,
        "alter table app.audit enable always trigger audit_is_append_only",
    ] {
        sqlx::query(AssertSqlSafe(sql))
            .execute(database.pool())
            .await
            .unwrap();
    }
}

/// How many entries there are.
async fn entries(database: &TestDatabase) -> i64 {
    let count = sqlx::query_scalar("select count(*) from app.audit");
    count.fetch_one(database.pool()).await.unwrap()
}

#[tokio::test]
async fn a_healthy_audit_is_found_healthy_while_the_server_runs_and_after_it() {
    let installation = Installation::embedded();
    let server = installation.start().await;
    work(&server).await;
    let running = installation.run(&VERIFY).await.expect(0);
    running
        .says("Nothing was changed.")
        .says("compared with the event log");
    assert_eq!(server.stop().await.code(), Some(0));

    let stopped = installation.run(&VERIFY).await.expect(0);
    stopped
        .says("1 of 1 checkpoint hold")
        .says("Nothing was changed.");
}

#[tokio::test]
async fn an_audit_in_which_nobody_has_acted_is_healthy() {
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let nowhere = installation.run(&VERIFY).await;
    nowhere.expect(2).complains("there is no data folder");
    installation.start().await.stop().await;
    let ended = installation.run(&VERIFY).await.expect(0);
    ended.says("Nothing was changed.");
}

#[tokio::test]
async fn an_edited_entry_is_named_while_the_server_runs_and_after_it() {
    let database = TestDatabase::new().await;
    let installation = worked_on(&database).await;
    let edit = "update app.audit set entity_name = 'ENG-9' where index = 4";
    let refused = sqlx::query(edit)
        .execute(database.pool())
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("append only"), "{refused}");
    tamper(&database, edit).await;

    let stopped = installation.run(&VERIFY).await.expect(1);
    stopped
        .says("Entry 4 (record ")
        .says("The event log differs in entity_name.")
        .says("NOT AS IT WAS WRITTEN: the first bad entry is 4.");
    let server = installation.start().await;
    let running = installation.run(&VERIFY).await.expect(1);
    running.says("the first bad entry is 4.");
    // It tells, and goes on working.
    let ada = server.api().log_in("ada").await;
    ada.get("/tasks/ENG-1").await.expect(200);
}

#[tokio::test]
async fn a_removed_entry_is_named() {
    let database = TestDatabase::new().await;
    let installation = worked_on(&database).await;
    tamper(&database, "delete from app.audit where index = 3").await;
    let ended = installation.run(&VERIFY).await.expect(1);
    ended
        .says("Entry 3 is missing.")
        .says("the first bad entry is 3.");
}

#[tokio::test]
async fn a_checkpoint_kept_elsewhere_finds_what_the_owner_of_everything_has_cut_off() {
    let database = TestDatabase::new().await;
    let installation = worked_on(&database).await;
    let server = installation.start().await;
    let ada = server.api().log_in("ada").await;
    let checkpoint = ada.get("/audit/checkpoint").await.expect(200);
    let kept = installation.file("checkpoint", checkpoint.text());
    assert_eq!(server.stop().await.code(), Some(0));
    let with_kept = ["audit", "verify", "--checkpoint", &kept];
    installation
        .run(&with_kept)
        .await
        .expect(0)
        .says("Nothing was changed.");

    // The last entries and their records go, and with them every checkpoint that is not kept elsewhere.
    let from = entries(&database).await - 3;
    for sql in [
        format!(
            "delete from stream.log where seq >= (select seq from app.audit where index = {from})"
        ),
        format!("delete from app.audit where index >= {from}"),
    ] {
        tamper(&database, &sql).await;
    }
    std::fs::remove_dir_all(installation.data().join("objects/audit")).unwrap();
    installation.run(&VERIFY).await.expect(0);
    let found = installation.run(&with_kept).await.expect(1);
    found
        .says("no longer holds: there are only")
        .says("NOT AS IT WAS WRITTEN");
}

#[tokio::test]
async fn a_checkpoint_that_is_none_is_told() {
    let database = TestDatabase::new().await;
    let installation = worked_on(&database).await;
    let file = installation.file("checkpoint", "millstream/audit/other\n1\nAAAA\n");
    let ended = installation
        .run(&["audit", "verify", "--checkpoint", &file])
        .await;
    ended.expect(1).says("does not count");
    let missing = installation.folder().join("missing");
    let missing = missing.to_str().unwrap();
    let ended = installation
        .run(&["audit", "verify", "--checkpoint", missing])
        .await;
    ended
        .expect(2)
        .complains("the checkpoint")
        .complains("missing");
}
