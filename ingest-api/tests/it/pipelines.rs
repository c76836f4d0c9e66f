//! `/pipelines/{name}`, what it refused, and what admins do about both.

use crate::app::{Answer, TestApp, User};
use serde_json::{Value, json};

/// A record that the activity refused.
async fn refused(app: &TestApp) -> i64 {
    sqlx::query_scalar(
        "insert into stream.dead_letter (pipeline, seq, key, error, at)
         select 'activity', seq, key::text, 'it cannot be read', at from stream.log where kind = 'project.created'
         returning seq",
    )
    .fetch_one(app.store.pool())
    .await
    .unwrap()
}

async fn get(app: &TestApp, user: &User, path: &str) -> Answer {
    app.get(path).by(user).send().await
}

async fn post(app: &TestApp, user: &User, path: &str, body: Value) -> Answer {
    app.post(path, body).by(user).send().await
}

/// An app whose views are kept and stand still, with an admin.
async fn quiet() -> (TestApp, User) {
    let mut app = TestApp::with_views().await;
    let (ada, ..) = app.with_project().await;
    let last = post(&app, &ada, "/teams", json!({"name": "Others"})).await;
    for view in ["/activity", "/audit", "/notifications", "/search"] {
        let read = app.get(view).by(&ada).after(&last);
        read.send().await.expect(200);
    }
    app.halt().await;
    (app, ada)
}

#[tokio::test]
async fn a_refused_record_has_the_shape_of_the_contract_and_is_tried_again_once() {
    let (app, ada) = quiet().await;
    let seq = refused(&app).await;
    let list = "/pipelines/activity/dead-letters";
    let letter = get(&app, &ada, list).await.expect(200).data()[0].clone();
    assert_eq!(
        (&letter["seq"], &letter["state"], &letter["tries"]),
        (&json!(seq), &json!("waiting"), &json!(1))
    );
    assert_eq!(letter["error"], "it cannot be read");
    assert_eq!(letter["record"]["type"], "project.created");
    assert_eq!(letter["record"]["data"]["project"]["key"], "ENG");
    let retry = format!("{list}/{seq}/retry");
    let first = post(&app, &ada, &retry, json!({})).await.expect(200);
    assert_eq!(first.data()["state"], "retrying");
    assert_eq!(first.data()["acted_by"], ada.id);
    let second = post(&app, &ada, &retry, json!({})).await.expect(200);
    app.expect_no_event(&second).await;
    let discard = format!("{list}/{seq}/discard");
    post(&app, &ada, &discard, json!({"reason": "no"}))
        .await
        .expect(409);
    let none = get(&app, &ada, &format!("{list}?state=waiting,discarded")).await;
    assert_eq!(none.expect(200).data(), json!([]));
    get(&app, &ada, &format!("{list}?state=asleep"))
        .await
        .expect(400);
}

#[tokio::test]
async fn a_refused_record_is_discarded_with_a_reason() {
    let (app, ada) = quiet().await;
    let seq = refused(&app).await;
    let discard = format!("/pipelines/activity/dead-letters/{seq}/discard");
    for bad in [json!({}), json!({"reason": " "}), json!({"reason": 7})] {
        post(&app, &ada, &discard, bad).await.expect(422);
    }
    let long = json!({"reason": "x".repeat(501)});
    post(&app, &ada, &discard, long).await.expect(422);
    let done = post(&app, &ada, &discard, json!({"reason": "a test"})).await;
    let done = done.expect(200).data();
    assert_eq!(
        (&done["state"], &done["reason"]),
        (&json!("discarded"), &json!("a test"))
    );
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_only_admins_may() {
    let (app, ada) = quiet().await;
    let seq = refused(&app).await;
    let eve = app.user("eve").await;
    for path in [
        "/pipelines/none",
        "/pipelines/none/dead-letters",
        "/pipelines/activity~next",
    ] {
        get(&app, &ada, path).await.expect(404);
    }
    for path in [
        "/pipelines/none/rebuild",
        "/pipelines/none/resume",
        "/pipelines/activity/dead-letters/999999/retry",
        "/pipelines/activity/dead-letters/first/retry",
    ] {
        post(&app, &ada, path, json!({})).await.expect(404);
    }
    for path in ["/pipelines/activity", "/pipelines/activity/dead-letters"] {
        get(&app, &eve, path).await.expect(403);
    }
    for path in [
        "/pipelines/activity/rebuild".to_owned(),
        "/pipelines/activity/resume".to_owned(),
        format!("/pipelines/activity/dead-letters/{seq}/retry"),
    ] {
        post(&app, &eve, &path, json!({})).await.expect(403);
    }
}

#[tokio::test]
async fn a_rebuild_is_asked_for_once_and_refused_with_the_reason_where_there_is_none() {
    let (app, ada) = quiet().await;
    let path = "/pipelines/activity/rebuild";
    let asked = post(&app, &ada, path, json!({"compare_only": true})).await;
    let asked = asked.expect(202);
    assert_eq!(asked.header("location"), Some("/api/v1/pipelines/activity"));
    assert_eq!(asked.data()["name"], "activity");
    assert_eq!(asked.data()["rebuild"]["state"], "asked");
    assert_eq!(asked.data()["rebuild"]["compare_only"], true);
    let again = post(&app, &ada, path, json!({})).await.expect(202);
    app.expect_no_event(&again).await;
    let shown = get(&app, &ada, "/pipelines/activity").await.expect(200);
    assert_eq!(shown.data()["state"], "rebuilding");
    let audit = post(&app, &ada, "/pipelines/audit/rebuild", json!({})).await;
    let why = audit.expect(409).json()["detail"].to_string();
    assert!(why.contains("millstream audit verify"), "{why}");
    post(&app, &ada, path, json!({"all": true}))
        .await
        .expect(422);
}

#[tokio::test]
async fn only_a_pipeline_that_has_halted_is_resumed() {
    let (app, ada) = quiet().await;
    let path = "/pipelines/audit/resume";
    post(&app, &ada, path, json!({})).await.expect(409);
    sqlx::query("update stream.pipeline set state = 'halted' where name = 'audit'")
        .execute(app.store.pool())
        .await
        .unwrap();
    let resumed = post(&app, &ada, path, json!({})).await.expect(200);
    assert_eq!(resumed.data()["name"], "audit");
    let again = post(&app, &ada, path, json!({})).await.expect(200);
    app.expect_no_event(&again).await;
}

#[tokio::test]
async fn the_pages_lead_from_a_pipeline_to_what_it_refused() {
    let (app, ada) = quiet().await;
    let seq = refused(&app).await;
    let browser = app.browser("ada").await;
    let page = browser.page(&app, "/admin").await;
    assert!(page.contains("/admin/pipelines/activity") && page.contains("Make anew"));
    assert!(!page.contains("/admin/pipelines/audit/rebuild"));
    let list = "/admin/pipelines/activity";
    let page = browser.page(&app, list).await;
    assert!(page.contains("it cannot be read") && page.contains("project.created"));
    let discard = format!("{list}/letters/{seq}/discard");
    let wrong = browser.post(&app, &discard, &[("reason", " ")]).await;
    assert!(wrong.expect(422).text().contains("must not be empty"));
    browser
        .post(&app, &discard, &[("reason", "a test")])
        .await
        .expect(303);
    assert!(
        browser
            .page(&app, list)
            .await
            .contains("Every record was taken")
    );
    let page = browser.page(&app, &format!("{list}?show=discarded")).await;
    assert!(page.contains("a test"));
    let retry = format!("{list}/letters/{seq}/retry");
    browser.post(&app, &retry, &[]).await.expect(303);
    assert!(
        browser
            .page(&app, list)
            .await
            .contains("On its way once more")
    );
    let rebuild = "/admin/pipelines/notifications/rebuild";
    browser.post(&app, rebuild, &[]).await.expect(303);
    let page = browser.page(&app, "/admin").await;
    assert!(page.contains("Being made anew: asked"));
    drop(ada);
}
