//! `millstream import`: through the running server, and without one.

use crate::installation::Installation;
use crate::server::Server;
use millstream_store::testing::TestDatabase;
use serde_json::Value;

/// An export as other trackers write it: a name of its own for the title, NULL, a line break in a cell.
const EXPORT: &str = "\
issuekey,summary,description,storypoint,labels,created
OLD-1,Fix the mill wheel,\"It squeaks,\nsince Tuesday\",3,mill,yesterday
OLD-2,Grind the wheat,NULL,NULL,NULL,NULL
OLD-3,Sell the flour,,1.5,\"shop; flour\",yesterday
";
const MAPS: [&str; 6] = [
    "--map",
    "summary=title",
    "--map",
    "labels=tags",
    "--null",
    "NULL",
];

/// Four rows, of which two are bad.
const MIXED: &str = "\
title,priority,estimated_hours
Fix the mill wheel,high,2
,low,1
Grind the wheat,soon,many
Sell the flour,,
";

/// The arguments of an import into ENG.
pub(crate) fn args<'a>(file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["import", file, "--project", "ENG"];
    args.extend(more);
    args
}

/// How many tasks there are that can be seen, and how many the search finds.
pub(crate) async fn counts(server: &Server) -> (usize, Value) {
    let ada = server.api().log_in("ada").await;
    let tasks = ada.all("/tasks?archived=any").await.len();
    let found = ada
        .get("/search?q=project:ENG&limit=1")
        .await
        .expect(200)
        .json();
    (tasks, found["meta"]["total"].clone())
}

#[tokio::test]
async fn a_file_comes_in_through_the_running_server_and_is_found_at_once() {
    let installation = Installation::embedded();
    let server = installation.start().await;
    let ada = server.found().await;
    ada.project("ENG").await;
    let file = installation.file("issues.csv", EXPORT);
    let done = installation.run(&args(&file, &MAPS)).await.expect(0);
    done.says("columns that are left out (--map takes them in): created")
        .says("3 tasks made in ENG");
    // The command has waited for the views: nobody else has to.
    let found = ada.get("/search?q=squeaks").await.expect(200).data();
    assert_eq!(found[0]["task"]["name"], "ENG-1", "{found}");
    let first = ada.get("/tasks/ENG-1").await.expect(200).data();
    assert_eq!(first["description"], "It squeaks,\nsince Tuesday");
    assert_eq!(first["estimated_hours"], 3.0);
    assert_eq!(first["metadata"]["imported_from"], "OLD-1");
    let second = ada.get("/tasks/ENG-2").await.expect(200).data();
    assert_eq!(second["estimated_hours"], Value::Null);
    assert_eq!(second["tags"].as_array().unwrap().len(), 0, "{second}");
    let third = ada.get("/tasks/ENG-3").await.expect(200).data();
    assert_eq!(third["tags"], serde_json::json!(["flour", "shop"]));
    let audit = ada
        .get("/audit?action=task.created")
        .await
        .expect(200)
        .data();
    assert_eq!(
        (&audit[0]["via"], &audit[0]["actor"]["username"]),
        (&"import".into(), &"ada".into())
    );

    let again = installation.run(&args(&file, &MAPS)).await.expect(0);
    again.says("0 tasks made in ENG, 3 there already");
    assert_eq!(counts(&server).await, (3, 3.into()));
}

#[tokio::test]
async fn a_file_comes_in_without_a_server_and_team_and_project_are_made() {
    let installation = Installation::embedded();
    let server = installation.start().await;
    server.found().await;
    assert_eq!(server.stop().await.code(), Some(0));

    let file = installation.file("issues.csv", EXPORT);
    let mut team = vec!["--team", "Millers"];
    team.extend(MAPS);
    let done = installation.run(&args(&file, &team)).await.expect(0);
    done.says("made the team \"Millers\" and the project ENG in it")
        .says("3 tasks made in ENG");
    let again = installation.run(&args(&file, &team)).await.expect(0);
    again.says("0 tasks made in ENG, 3 there already");

    let server = installation.start().await;
    assert_eq!(counts(&server).await, (3, 3.into()));
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_and_writes_nothing() {
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let server = installation.start().await;
    let ada = server.found().await;
    let file = installation.file("issues.csv", EXPORT);
    let mut dry = vec!["--team", "Millers", "--dry-run"];
    dry.extend(MAPS);
    let done = installation.run(&args(&file, &dry)).await.expect(0);
    done.says("3 tasks would be made in ENG");
    assert_eq!(counts(&server).await, (0, 0.into()));
    assert!(ada.all("/teams?").await.is_empty(), "a team was made");
    assert!(ada.all("/projects?").await.is_empty(), "a project was made");
}

#[tokio::test]
async fn bad_rows_are_told_by_line_and_reason_and_keep_all_from_being_written() {
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let server = installation.start().await;
    server.found().await.project("ENG").await;
    let file = installation.file("mixed.csv", MIXED);
    for more in [&[][..], &["--dry-run"]] {
        let done = installation.run(&args(&file, more)).await.expect(1);
        done.says("line 3: title: ")
            .says("line 4: priority: \"soon\" ")
            .says("estimated_hours: \"many\" is not a number")
            .says("nothing was imported: 2 of 4 rows are bad; --skip-bad imports the others");
        assert_eq!(counts(&server).await, (0, 0.into()));
    }
    let done = installation
        .run(&args(&file, &["--skip-bad"]))
        .await
        .expect(0);
    done.says("line 3: title: ")
        .says("2 tasks made in ENG, 2 bad and left out");
    assert_eq!(counts(&server).await, (2, 2.into()));
    let again = installation
        .run(&args(&file, &["--skip-bad"]))
        .await
        .expect(0);
    again.says("0 tasks made in ENG, 2 there already, 2 bad and left out");
    assert_eq!(counts(&server).await, (2, 2.into()));
}

#[tokio::test]
async fn what_cannot_be_understood_is_told_with_exit_code_2() {
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let file = installation.file("issues.csv", EXPORT);
    installation.start().await.stop().await;
    let nobody = installation.run(&args(&file, &MAPS)).await;
    nobody.expect(2).complains("nobody has registered yet");
    let server = installation.start().await;
    server.found().await;
    let empty = installation.file("empty.csv", "");
    let missing = installation.folder().join("missing.csv");
    for (file, more, told) in [
        (
            &*file,
            &MAPS[..],
            "there is no project ENG: name a team with --team",
        ),
        (
            &file,
            &["--null", "NULL"],
            "no column is the title: say which with --map column=title",
        ),
        (
            &file,
            &["--map", "summry=title"],
            "no such column (it has: issuekey, summary,",
        ),
        (
            &file,
            &["--map", "summary=name"],
            "there is no such field; there are title,",
        ),
        (
            &file,
            &["--map", "summary=title", "--as", "grace"],
            "no active user of that name",
        ),
        (&empty, &[], "the file is empty"),
        (missing.to_str().unwrap(), &[], "cannot be read"),
    ] {
        let done = installation.run(&args(file, more)).await;
        done.expect(2).complains(told);
    }
    assert_eq!(counts(&server).await, (0, 0.into()));
}

#[tokio::test]
async fn who_may_not_import_there_is_told_by_name_and_what_is_missing() {
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let server = installation.start().await;
    let ada = server.found().await;
    let team = ada.team("Millers").await;
    ada.project_in(&team, "ENG").await;
    let grace = server.api().register("grace", None).await.expect(201);
    let file = installation.file("issues.csv", EXPORT);
    let mut as_grace = vec!["--as", "grace"];
    as_grace.extend(MAPS);
    let stranger = installation.run(&args(&file, &as_grace)).await.expect(2);
    stranger.complains("grace does not see the project ENG");
    ada.join_as(&team, &grace, "viewer").await;
    let viewer = installation.run(&args(&file, &as_grace)).await.expect(2);
    viewer.complains("grace sees the project ENG, but may not write tasks in it");
    let mut elsewhere = vec!["--team", "Others"];
    elsewhere.extend(MAPS);
    let elsewhere = installation.run(&args(&file, &elsewhere)).await.expect(2);
    elsewhere.complains("--team Others: the project ENG is there already, in the team \"Millers\"");
    assert_eq!(counts(&server).await, (0, 0.into()));
}

#[tokio::test]
async fn of_imports_that_make_the_same_project_at_once_all_go_into_one() {
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let server = installation.start().await;
    let ada = server.found().await;
    let files = ["a", "b", "c"].map(|name| {
        let file = format!("title\n{name} 1\n{name} 2\n");
        installation.file(&format!("{name}.csv"), file)
    });
    let all = files
        .each_ref()
        .map(|file| args(file, &["--team", "Millers"]));
    let imports = all.iter().map(|args| installation.run(args));
    for done in futures::future::join_all(imports).await {
        done.expect(0).says("2 tasks made in ENG");
    }
    assert_eq!(counts(&server).await, (6, 6.into()));
    assert_eq!(ada.all("/teams?").await.len(), 1);
    assert_eq!(ada.all("/projects?").await.len(), 1);
}
