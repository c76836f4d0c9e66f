//! `Idempotency-Key`: an act that is asked for twice is done once and answered twice the same.

use crate::app::{Answer, TestApp, User};
use serde_json::{Value, json};

async fn create(app: &TestApp, by: &User, key: &str, body: Value) -> Answer {
    let request = app.post("/tasks", body).by(by);
    request.header("idempotency-key", key).send().await
}

#[tokio::test]
async fn an_act_that_is_repeated_is_done_once_and_answered_alike() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let body = json!({"project_id": project, "title": "Grease the wheel"});
    let first = create(&app, &ada, "k 1", body.clone()).await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), None);
    let again = create(&app, &ada, "k 1", body.clone()).await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.body, first.body);
    for name in [
        "location",
        "etag",
        "millstream-position",
        "content-type",
        "cache-control",
    ] {
        assert!(first.header(name).is_some(), "{name}");
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    create(&app, &ada, "k 2", body).await.expect(201);
    let tasks = app.get("/tasks").by(&ada).send().await.expect(200);
    assert_eq!(tasks.each("name"), ["ENG-2", "ENG-1"]);
}

#[tokio::test]
async fn a_key_stands_for_one_body() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let body = |title: &str| json!({"project_id": project, "title": title});
    create(&app, &ada, "k", body("one")).await.expect(201);
    let other = create(&app, &ada, "k", body("two")).await;
    other.expect_error(422, "idempotency_key_reused");
    let tasks = app.get("/tasks").by(&ada).send().await.expect(200);
    assert_eq!(tasks.each("title"), ["one"]);
}

#[tokio::test]
async fn a_key_stands_for_one_version_that_must_match() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let task = app.task(&ada, &project, "one").await;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    let change = |tag: &'static str| {
        let request = app.patch(&path, json!({"title": "two"})).by(&ada);
        request
            .header("idempotency-key", "k")
            .header("if-match", tag)
    };
    let stale = change("\"99\"").send().await;
    stale.expect_error(412, "precondition_failed");
    let again = change("\"99\"").send().await.expect(412);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    // Not the answer to another question.
    let other = change("\"1\"").send().await;
    other.expect_error(422, "idempotency_key_reused");
}

#[tokio::test]
async fn keys_of_others_and_of_other_addresses_are_other_keys() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "member").await;
    let body = json!({"project_id": project, "title": "one"});
    let hers = create(&app, &grace, "k", body.clone()).await.expect(201);
    let mine = create(&app, &ada, "k", body).await.expect(201);
    assert_eq!(mine.header("idempotency-replayed"), None);
    assert_ne!(mine.id(), hers.id());
    for task in [mine.id(), hers.id()] {
        let path = format!("/tasks/{task}");
        let patch = app.patch(&path, json!({"priority": "high"})).by(&ada);
        let patched = patch
            .header("idempotency-key", "k")
            .send()
            .await
            .expect(200);
        assert_eq!(patched.header("idempotency-replayed"), None);
        assert_eq!(patched.id(), task);
    }
}

#[tokio::test]
async fn whoever_has_left_the_team_does_not_get_the_answer_again() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.team(&grace, "Bakers").await;
    app.member(&ada, &team, &grace, "member").await;
    let body = json!({"project_id": project, "title": "Grease the wheel"});
    create(&app, &grace, "k", body.clone()).await.expect(201);
    // Somebody who sees more by now gets it as before.
    app.team(&grace, "Smiths").await;
    let again = create(&app, &grace, "k", body.clone()).await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let membership = format!("/teams/{team}/members/{}", grace.id);
    app.delete(&membership).by(&ada).send().await.expect(204);
    let refused = create(&app, &grace, "k", body.clone()).await;
    let refused = refused.expect_error(403, "forbidden");
    let text = refused.json().to_string();
    assert!(!text.contains("Grease"), "{text}");
    // Back in the team, they see it again.
    app.member(&ada, &team, &grace, "viewer").await;
    create(&app, &grace, "k", body).await.expect(201);
}

#[tokio::test]
async fn a_refusal_is_kept_but_a_conflict_may_pass() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let wrong = json!({"project_id": project});
    let first = create(&app, &ada, "wrong", wrong.clone()).await;
    first.expect_error(422, "validation_failed");
    let again = create(&app, &ada, "wrong", wrong).await;
    let again = again.expect_error(422, "validation_failed");
    assert_eq!(again.header("idempotency-replayed"), Some("true"));

    let body = json!({"team_id": team, "key": "ENG", "name": "Again"});
    let taken = app
        .post("/projects", body.clone())
        .by(&ada)
        .header("idempotency-key", "p");
    taken.send().await.expect_error(409, "conflict");
    app.delete(&format!("/projects/{project}"))
        .by(&ada)
        .send()
        .await
        .expect(204);
    let free = app
        .post("/projects", body)
        .by(&ada)
        .header("idempotency-key", "p");
    free.send().await.expect(201);
}

#[tokio::test]
async fn two_at_once_do_the_act_once() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let body = json!({"project_id": project, "title": "Grease the wheel"});
    let ask = || create(&app, &ada, "k", body.clone());
    let answers: [Answer; 4] = tokio::join!(ask(), ask(), ask(), ask()).into();
    let done = answers.iter().filter(|answer| answer.status == 201);
    assert!(done.count() >= 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.expect_error(409, "conflict");
    }
    let tasks = app.get("/tasks").by(&ada).send().await.expect(200);
    assert_eq!(tasks.each("name"), ["ENG-1"]);
    let later = create(&app, &ada, "k", body).await.expect(201);
    assert_eq!(later.header("idempotency-replayed"), Some("true"));
}

#[tokio::test]
async fn any_text_is_a_key_and_methods_that_take_none_do_not_look_at_it() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let body = json!({"project_id": project, "title": "one"});
    let first = create(&app, &ada, "", body.clone()).await.expect(201);
    let again = create(&app, &ada, "", body).await.expect(201);
    assert_eq!(again.id(), first.id());
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let long = "k".repeat(256);
    let grace = app.user("grace").await;
    let member = format!("/teams/{team}/members/{}", grace.id);
    for (request, status) in [
        (app.get("/tasks"), 200),
        (app.put(&member, json!({"role": "viewer"})), 201),
        (app.delete(&member), 204),
    ] {
        let twice = request
            .by(&ada)
            .header("idempotency-key", &long)
            .header("idempotency-key", &long);
        twice.send().await.expect(status);
    }
}

#[tokio::test]
async fn keys_are_bounded_and_do_not_count_for_log_ins() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let body = json!({"project_id": project, "title": "one"});
    let long = create(&app, &ada, &"k".repeat(256), body.clone()).await;
    long.expect_error(400, "bad_request");
    create(&app, &ada, &"k".repeat(255), body).await.expect(201);
    let account = json!({"username": "grace", "email": "grace@example.org", "password": "correct horse battery"});
    let register = || {
        app.post("/auth/register", account.clone())
            .header("idempotency-key", "k")
    };
    register().send().await.expect(201);
    let again = register().send().await.expect_error(409, "conflict");
    assert_eq!(again.header("idempotency-replayed"), None);
}

#[tokio::test]
async fn a_refusal_that_is_repeated_may_be_kept_no_more_than_the_first() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let body = json!({"project_id": project, "title": ""});
    for replayed in [None, Some("true")] {
        let refused = create(&app, &ada, "k", body.clone()).await;
        let refused = refused.expect_error(422, "validation_failed");
        assert_eq!(refused.header("idempotency-replayed"), replayed);
        assert_eq!(refused.header("cache-control"), Some("no-store"));
    }
}
