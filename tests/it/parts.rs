//! The parts of Millstream in processes of their own: together they are what one process is.

use crate::api::{Answer, Session};
use crate::installation::{Installation, PATIENCE, until};
use crate::postgres::finds;
use crate::server::Server;
use crate::several::{OF_ALL, OF_ANALYTICS, Several};
use millstream_store::testing::TestDatabase;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test]
async fn a_part_alone_is_refused_without_a_database_that_can_be_shared() {
    for role in ["web", "pipelines", "search", "analytics"] {
        let installation = Installation::embedded();
        let ended = installation
            .run(&[role, "--public-url", "https://tasks.example.org"])
            .await;
        ended.expect(2).complains("set DATABASE_URL");
        assert!(!installation.data().exists(), "{role}");
    }
}

#[tokio::test]
async fn parts_that_nobody_talks_to_have_to_know_where_people_come_in() {
    let database = TestDatabase::new().await;
    for role in ["pipelines", "search", "analytics"] {
        let ended = Installation::on(&database).run(&[role]).await;
        ended.expect(2).complains("set MILLSTREAM_PUBLIC_URL");
    }
}

#[tokio::test]
async fn settings_of_a_part_stand_behind_it() {
    let installation = Installation::embedded();
    for (args, told) in [
        (["--listen", "127.0.0.1:0", "web"], "--listen"),
        (["--registration", "closed", "search"], "set DATABASE_URL"),
    ] {
        installation.run(&args).await.expect(2).complains(told);
    }
    let help = installation.run(&["search", "--help"]).await.expect(0);
    help.says("--listen").says("--jwks-url").says("--data-dir");
}

/// Two of `web`, two of `pipelines`, one `search`, one `analytics`; what is written at one is seen at the other.
#[tokio::test]
async fn what_is_written_at_one_web_is_found_heard_and_audited_at_the_other() {
    let several = Several::new().await;
    let one = several.first_web().await;
    let (_first, _second) = (several.pipelines().await, several.pipelines().await);
    let (search, analytics) = (several.search().await, several.analytics().await);
    let other = several.web_with_services(&search, &analytics).await;
    let ada = one.server.found().await;
    let grace = one.server.api().register("grace", None).await.expect(201);
    let team = ada.team("Millers").await;
    let grace_id = ada.join(&team, &grace).await;
    let project = ada.project_in(&team, "ENG").await;
    let grace = other.server.api().log_in("grace").await;

    let assigned = json!({
        "project_id": project, "title": "Fix the mill wheel",
        "assignees": [{"user_id": grace_id}],
    });
    let listening = grace.hear("/notifications/stream", "Fix the mill wheel");
    let listening = tokio::time::timeout(PATIENCE, listening);
    let writing = async { ada.post("/tasks", &assigned).await.expect(201) };
    let (heard, task) = tokio::join!(listening, writing);
    assert!(heard.unwrap().contains("event: notification"));
    let position = task.position();

    // By way of the service, for a token that it knows; the same by its own address.
    finds(&ada.at(other.server.api()), "ENG-1", &position).await;
    let at_search = grace.at(search.server.api());
    let found = at_search.get_after("/search?q=wheel", &position).await;
    assert_eq!(found.expect(200).data()[0]["task"]["name"], "ENG-1");
    let behind = at_search.get_without_patience("/search?q=wheel", "s999999");
    assert_eq!(behind.await.status(), 504);
    // Nothing but searches is answered there.
    at_search.get("/tasks").await.expect(404);
    reports_count_it(&ada.at(other.server.api()), &analytics.server, &position).await;
    statements_are_counted_and_recorded_at_web(&grace, &ada.at(other.server.api())).await;
    a_report_is_made_by_analytics(&ada, &ada.at(other.server.api())).await;
    let sql = ("sql", "select name from tasks");
    let page = other.server.api().send_form("ada", "/analytics/sql", sql);
    let page = page.await.expect(200);
    assert!(page.text().contains("<td>ENG-1</td>"), "{page:?}");
    api_tokens_find_what_their_people_see(&ada, &grace, &other.server).await;
    an_ended_session_is_refused(&grace, &other.server, &search.server).await;

    search.server.kill();
    let away = ada.at(other.server.api()).get("/search?q=wheel").await;
    let away = away.expect(503);
    assert_eq!(away.json()["error"]["code"], "unavailable");
    assert!(
        away.text().contains("the service search does not answer"),
        "{away:?}"
    );
    assert_eq!(other.server.stop().await.code(), Some(0));
    assert_eq!(one.server.stop().await.code(), Some(0));
}

/// By way of the service, and by its own address.
async fn reports_count_it(ada: &Session, analytics: &Server, position: &str) {
    for session in [ada, &ada.at(analytics.api())] {
        let report = session.get_after("/analytics/dashboard", position).await;
        let report = report.expect(200).data();
        assert_eq!(report["now"]["open"], 1, "{report}");
        let counting = json!({"sql": "select count(*) from tasks"});
        let counted = session.post("/analytics/sql", &counting).await;
        let counted = counted.expect(200);
        assert_eq!(counted.data()["rows"], json!([[1]]));
        assert!(!counted.position().is_empty());
        session.get("/analytics/nothing").await.expect(404);
    }
}

/// Whoever answers them: a key holds for a member, and the audit knows.
async fn statements_are_counted_and_recorded_at_web(grace: &Session, ada: &Session) {
    let body = json!({"sql": "select title from tasks"});
    let ask = async || {
        grace
            .post_once("/analytics/sql", &body, "once")
            .await
            .unwrap()
    };
    let first = ask().await.expect(200);
    assert_eq!(first.header("ratelimit-limit"), Some("30"));
    let again = ask().await.expect(200);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(
        (again.text(), again.position()),
        (first.text(), first.position())
    );
    // What an admin saw is not kept for whoever they are later.
    for _ in 0..2 {
        let answer = ada.post_once("/analytics/sql", &body, "admin").await;
        let answer = answer.unwrap().expect(200);
        assert_eq!(answer.header("idempotency-replayed"), None);
    }
    let wrong = json!({"sql": "drop table tasks"});
    let refused = async || {
        grace
            .post_once("/analytics/sql", &wrong, "wrong")
            .await
            .unwrap()
    };
    refused().await.expect(422);
    let again = refused().await.expect(422);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.json()["error"]["code"], "sql_refused");
    until("the audit knows of the statements", async || {
        let audit = ada.get("/audit?entity=statement").await.expect(200).data();
        let told = audit.as_array().unwrap().iter();
        let told: Vec<_> = told.map(|entry| entry["after"]["sql"].clone()).collect();
        told.starts_with(&[json!("drop table tasks"), json!("select title from tasks")])
    })
    .await;
}

/// Ordered at one `web`, made where the lake is, downloaded at the other.
async fn a_report_is_made_by_analytics(here: &Session, there: &Session) {
    let order = json!({"kind": "tasks", "format": "csv"});
    let id = here.post("/reports", &order).await.expect(202).id();
    let path = format!("/reports/{id}");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let report = there.get(&path).await.expect(200).data();
        match report["state"].as_str() {
            Some("waiting" | "running") => {
                assert!(Instant::now() < deadline, "{report}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            state => break assert_eq!(state, Some("done"), "{report}"),
        }
    }
    let file = there.get(&format!("{path}/download")).await.expect(200);
    assert_eq!(
        file.header("content-type"),
        Some("text/csv; charset=utf-8; header=present")
    );
    let rows: Vec<_> = file.text().lines().collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows[1].contains(",ENG-1,Fix the mill wheel,"), "{rows:?}");
    here.delete(&path).await.expect(204);
    there.get(&path).await.expect(404);
}

/// A service does not know API tokens: `web` vouches for whose it is.
async fn api_tokens_find_what_their_people_see(ada: &Session, grace: &Session, other: &Server) {
    let team = ada.team("Smiths").await;
    let project = ada.project_in(&team, "SMI").await;
    let last = ada.task(&project, "Oil the wheel of the forge").await;
    let last = last.position();
    for (whose, names) in [(grace, vec!["ENG-1"]), (ada, vec!["ENG-1", "SMI-1"])] {
        let body = json!({"name": "a script", "scopes": ["read"]});
        let made = whose.post("/auth/tokens", &body).await.expect(201).data();
        let bearer = other.api().with_token(made["token"].as_str().unwrap());
        let found = bearer.get_after("/search?q=wheel", &last).await.expect(200);
        assert_eq!(names_in(&found), names);
        bearer
            .get_after("/analytics/dashboard", &last)
            .await
            .expect(200);
        let counting = json!({"sql": "select count(*) from tasks"});
        let counted = bearer.post("/analytics/sql", &counting).await;
        assert_eq!(counted.expect(200).data()["rows"], json!([[names.len()]]));
        let unreadable = bearer.get("/search?q=status:").await.expect(400);
        assert_eq!(unreadable.json()["error"]["code"], "bad_request");
    }
}

fn names_in(found: &Answer) -> Vec<String> {
    let hits = found.data();
    let hits = hits.as_array().unwrap().iter();
    let mut names: Vec<_> = hits
        .map(|hit| hit["task"]["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// At once where the database is asked; soon where the log is.
async fn an_ended_session_is_refused(grace: &Session, other: &Server, search: &Server) {
    let at_search = grace.at(search.api());
    at_search.get("/search?q=wheel").await.expect(200);
    grace.post("/auth/logout", &json!({})).await.expect(204);
    grace.at(other.api()).get("/auth/me").await.expect(401);
    let is_refused = async || at_search.get("/search?q=wheel").await.status() == 401;
    until("an ended session is refused", is_refused).await;
}

#[tokio::test]
async fn a_fresh_installation_is_seeded_once_and_its_processes_tell_how_they_are() {
    let several = Several::new().await;
    let seeded = several.run(&["seed"], &[]).await.expect(0);
    seeded.says("Demo: log in as ada, password ");
    let again = several.run(&["seed"], &[]).await.expect(1);
    again.says("somebody works here already");
    let pipelines = several.pipelines().await.server;
    let address = pipelines.told_address("Health and metrics");
    let address = address.trim_start_matches("http://");
    let asked = [("MILLSTREAM_ADMIN_LISTEN", address)];
    several.run(&["health"], &asked).await.expect(0);
    pipelines.kill();
    let away = several.run(&["health"], &asked).await.expect(1);
    away.complains(address);
}

#[tokio::test]
async fn a_search_works_as_a_role_that_may_not_read_what_people_wrote() {
    let several = Several::new().await;
    let web = several.first_web().await;
    let ada = web.server.found().await;
    let project = ada.project("ENG").await;
    let url = several.role_with(OF_ALL).await;
    let search = several.service_as("search", &url).await;
    let position = ada.task(&project, "Fix the mill wheel").await.position();
    let found = ada.at(search.server.api());
    let found = found.get_after("/search?q=wheel", &position).await;
    assert_eq!(names_in(&found.expect(200)), ["ENG-1"]);
    let log = search.server.log();
    assert!(!log.contains("permission denied"), "{log}");
    assert_eq!(search.server.stop().await.code(), Some(0));
    several.drop_role().await;
}

#[tokio::test]
async fn a_report_is_made_as_a_role_that_may_not_read_what_people_wrote() {
    let several = Several::new().await;
    let web = several.first_web().await;
    let ada = web.server.found().await;
    let team = ada.team("Millers").await;
    let project = ada.project_in(&team, "ENG").await;
    ada.task(&project, "Fix the mill wheel").await;
    let url = several.role_with(OF_ANALYTICS).await;
    let analytics = several.service_as("analytics", &url).await;
    a_report_is_made_by_analytics(&ada, &ada).await;
    let log = analytics.server.log();
    assert!(!log.contains("permission denied"), "{log}");
    assert_eq!(analytics.server.stop().await.code(), Some(0));
    several.drop_role().await;
}
