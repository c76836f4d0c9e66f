//! An import that is killed, stopped or given twice at once: repeated, it ends exact.

use crate::import::{args, counts};
use crate::installation::{Installation, PATIENCE};
use crate::server::Server;
use millstream_store::testing::TestDatabase;
use std::time::Duration;
use tokio::time::Instant;

/// Rows of a large file: each with an id of its own.
fn many(rows: usize) -> String {
    let rows = (0..rows).map(|n| format!("OLD-{n},Task {n},Text of task {n}\n"));
    "issuekey,title,description\n".to_owned() + &rows.collect::<String>()
}

/// How many tasks there are in the database.
async fn written(database: &TestDatabase) -> usize {
    let count = sqlx::query_scalar::<_, i64>("select count(*) from app.task");
    let count = count.fetch_one(database.pool()).await.unwrap();
    usize::try_from(count).unwrap()
}

/// Waits until there are more tasks than so many.
async fn until_more_than(count: usize, database: &TestDatabase) {
    let deadline = Instant::now() + PATIENCE;
    while written(database).await <= count {
        assert!(Instant::now() < deadline, "no more than {count} tasks");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Whether each row has become one task, and each view has it once.
async fn every_view_has_each_once(database: &TestDatabase, rows: usize) {
    for each in [
        "select count(*) from app.task",
        "select count(distinct metadata->>'imported_from') from app.task",
        "select count(distinct number) from app.task",
        "select count(*) from app.activity where kind = 'task.created'",
        "select count(*) from app.audit where action = 'task.created'",
        "select count(distinct entity_id) from app.audit where action = 'task.created'",
    ] {
        let count = sqlx::query_scalar::<_, i64>(each)
            .fetch_one(database.pool())
            .await;
        assert_eq!(usize::try_from(count.unwrap()).unwrap(), rows, "{each}");
    }
}

#[tokio::test]
async fn killed_in_the_middle_and_repeated_an_import_ends_exact() {
    const ROWS: usize = 3000;
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let server = installation.start().await;
    server.found().await.project("ENG").await;
    let file = installation.file("issues.csv", many(ROWS));

    // First the server that does it is killed; then, as none runs, the command that does it itself.
    let args = args(&file, &[]);
    let (done, ()) = tokio::join!(installation.run(&args), async {
        until_more_than(0, &database).await;
        server.kill();
    });
    done.expect(1).complains("the running Millstream broke off");
    let first = written(&database).await;
    let alone = Server::launch(installation.command(&args));
    until_more_than(first, &database).await;
    alone.kill();
    let second = written(&database).await;
    assert!(
        0 < first && first < second && second < ROWS,
        "{first}, {second}"
    );

    let done = installation.run(&args).await.expect(0);
    let fresh = ROWS - second;
    done.says(&format!(
        "{fresh} tasks made in ENG, {second} there already"
    ));
    let server = installation.start().await;
    assert_eq!(counts(&server).await, (ROWS, ROWS.into()));
    every_view_has_each_once(&database, ROWS).await;
}

#[tokio::test]
async fn a_server_that_is_stopped_during_an_import_tells_the_caller_and_a_repeat_ends_exact() {
    const ROWS: usize = 2000;
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let server = installation.start().await;
    server.found().await.project("ENG").await;
    let file = installation.file("issues.csv", many(ROWS));
    let args = args(&file, &[]);
    let (done, stopped) = tokio::join!(installation.run(&args), async {
        until_more_than(0, &database).await;
        server.stop().await
    });
    done.expect(1).complains("the running Millstream broke off");
    assert_eq!(stopped.code(), Some(0));
    let first = written(&database).await;
    assert!(first < ROWS, "{first}");

    let server = installation.start().await;
    let done = installation.run(&args).await.expect(0);
    done.says(&format!("{first} there already"));
    assert_eq!(counts(&server).await, (ROWS, ROWS.into()));
    every_view_has_each_once(&database, ROWS).await;
}

#[tokio::test]
async fn an_import_that_is_given_twice_at_once_adds_nothing_twice() {
    const ROWS: usize = 600;
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let server = installation.start().await;
    server.found().await.project("ENG").await;
    let file = installation.file("issues.csv", many(ROWS));
    let args = args(&file, &[]);
    let (one, other) = tokio::join!(installation.run(&args), installation.run(&args));
    one.expect(0);
    other.expect(0);
    assert_eq!(counts(&server).await, (ROWS, ROWS.into()));
    every_view_has_each_once(&database, ROWS).await;
}
