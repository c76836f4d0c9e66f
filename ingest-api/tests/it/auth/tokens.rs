//! API tokens: what they may do, and what they never may.

use crate::app::{Answer, TestApp, User};
use axum::http::Method;
use chrono::TimeDelta;
use millstream_domain::clock::Clock;
use serde_json::{Value, json};

/// Somebody's token with these scopes.
async fn token(app: &TestApp, of: &User, scopes: &[&str]) -> Answer {
    let body = json!({"name": "nightly", "scopes": scopes});
    let made = app.post("/auth/tokens", body).by(of).send().await;
    made.expect(201)
}

fn secret(made: &Answer) -> String {
    made.data()["token"].as_str().unwrap().to_owned()
}

async fn secret_of(app: &TestApp, of: &User, scopes: &[&str]) -> String {
    secret(&token(app, of, scopes).await)
}

#[tokio::test]
async fn a_token_is_shown_once_and_listed_without_its_secret() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let made = token(&app, &ada, &["write", "read"]).await;
    let (id, secret) = (made.id(), secret(&made));
    assert!(secret.starts_with("mst_"), "{secret}");
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let location = format!("/api/v1/auth/tokens/{id}");
    assert_eq!(made.header("location"), Some(&*location));
    assert_eq!(made.data()["scopes"], json!(["read", "write"]));
    app.get("/auth/me").token(&secret).send().await.expect(200);
    let list = app.get("/auth/tokens").by(&ada).send().await.expect(200);
    let one = app.request(Method::GET, &location).by(&ada).send().await;
    let one = one.expect(200);
    assert_eq!(list.data(), json!([one.data()]));
    for shown in [&list, &one] {
        assert!(!shown.text().contains("mst_"), "{}", shown.text());
    }
    assert_eq!(one.data()["last_used_at"], json!(app.clock.now()));
    assert!(one.header("etag").unwrap().starts_with("\"1-"));
    assert_eq!(one.data()["expires_at"], Value::Null);
    let rows: Vec<(String,)> = sqlx::query_as("select t::text from app.api_token t")
        .fetch_all(app.store.pool())
        .await
        .unwrap();
    assert!(!rows[0].0.contains(&secret[4..20]), "{rows:?}");
}

#[tokio::test]
async fn the_tag_of_a_new_token_is_that_of_what_stands_there() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let made = token(&app, &ada, &["read"]).await;
    let tag = made.header("etag").unwrap().to_owned();
    let path = format!("/auth/tokens/{}", made.id());
    let known = app.get(&path).by(&ada).header("if-none-match", &tag);
    known.send().await.expect(304);
    let stale = app.delete(&path).by(&ada).header("if-match", "\"2-a\"");
    stale.send().await.expect_error(412, "precondition_failed");
    let revoke = app.delete(&path).by(&ada).header("if-match", &tag);
    revoke.send().await.expect(204);
}

#[tokio::test]
async fn a_token_reads_and_writes_within_its_scopes() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let task = json!({"project_id": project, "title": "Grease"});
    let team = format!("/teams/{team}");
    for (scopes, writes) in [
        (&["read"][..], 403),
        (&["read", "admin"], 403),
        (&["write"], 201),
        (&["read", "write"], 201),
        (&["admin"], 201),
    ] {
        let token = secret_of(&app, &ada, scopes).await;
        let read = app.get(&team).token(&token).send().await;
        read.expect(200);
        let write = app.post("/tasks", task.clone()).token(&token).send().await;
        assert_eq!(write.status, writes, "{scopes:?}: {}", write.text());
    }
}

#[tokio::test]
async fn the_role_of_an_admin_needs_its_scope_and_nobody_gets_it_by_a_token() {
    let app = TestApp::new().await;
    let (ada, grace) = (app.user("ada").await, app.user("grace").await);
    let team = app.team(&grace, "Millers").await;
    for (user, scopes, audit, sees) in [
        (&ada, &["read", "admin"][..], 200, 200),
        (&ada, &["read", "write"], 403, 200),
        (&grace, &["read", "write", "admin"], 403, 200),
    ] {
        let token = secret_of(&app, user, scopes).await;
        let read = app.get("/audit").token(&token).send().await;
        assert_eq!(read.status, audit, "{scopes:?}");
        let path = format!("/teams/{team}");
        let read = app.get(&path).token(&token).send().await;
        assert_eq!(read.status, sees, "{scopes:?}");
    }
    let token = secret_of(&app, &ada, &["write"]).await;
    let path = format!("/teams/{team}");
    let rename = app.patch(&path, json!({"name": "Bakers"})).token(&token);
    rename.send().await.expect_error(403, "forbidden");
    let promote = json!({"role": "admin"});
    let promote = app.patch(&format!("/users/{}", grace.id), promote);
    promote
        .token(&token)
        .send()
        .await
        .expect_error(403, "forbidden");
}

#[tokio::test]
async fn no_token_touches_the_account_itself() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let made = token(&app, &ada, &["read", "write", "admin"]).await;
    let token = secret(&made);
    let id = made.id();
    let password = json!({"current_password": "x", "new_password": "better battery"});
    for request in [
        app.post("/auth/tokens", json!({"name": "more", "scopes": ["read"]})),
        app.get("/auth/tokens"),
        app.delete(&format!("/auth/tokens/{id}")),
        app.post("/auth/password", password),
        app.patch("/auth/me", json!({"email": "eve@example.org"})),
        app.get("/auth/sessions"),
        app.delete("/auth/sessions"),
        app.delete(&format!("/auth/sessions/{id}")),
        app.post("/auth/logout", json!({})),
    ] {
        let refused = request.token(&token).send().await;
        refused.expect_error(403, "forbidden");
    }
    let own = app.patch(
        &format!("/users/{}", ada.id),
        json!({"email": "eve@example.org"}),
    );
    own.token(&token)
        .send()
        .await
        .expect_error(403, "forbidden");
    app.get("/auth/me").by(&ada).send().await.expect(200);
    app.get("/auth/me").token(&token).send().await.expect(200);
}

#[tokio::test]
async fn a_token_ends_with_its_time_its_revocation_and_its_person() {
    let app = TestApp::new().await;
    let (ada, grace) = (app.user("ada").await, app.user("grace").await);
    let soon = app.clock.now() + TimeDelta::minutes(5);
    let body = json!({"name": "short", "scopes": ["read"], "expires_at": soon});
    let short = app.post("/auth/tokens", body).by(&grace).send().await;
    let short = secret(&short.expect(201));
    let revoked = token(&app, &grace, &["read"]).await;
    let kept = secret_of(&app, &grace, &["read"]).await;
    let path = format!("/auth/tokens/{}", revoked.id());
    let foreign = app.delete(&path).by(&ada).send().await;
    foreign.expect_error(404, "not_found");
    let foreign = app.get(&path).by(&ada).send().await;
    foreign.expect_error(404, "not_found");
    app.delete(&path).by(&grace).send().await.expect(204);
    let me = |token: &str| app.get("/auth/me").token(token).send();
    me(&secret(&revoked))
        .await
        .expect_error(401, "unauthenticated");
    me(&short).await.expect(200);
    app.clock.advance(TimeDelta::minutes(5));
    me(&short).await.expect_error(401, "unauthenticated");
    me(&kept).await.expect(200);
    let path = format!("/users/{}", grace.id);
    app.delete(&path).by(&ada).send().await.expect(204);
    me(&kept).await.expect_error(401, "unauthenticated");
}

#[tokio::test]
async fn a_token_that_is_none_of_ours_gets_one_answer() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let good = secret_of(&app, &ada, &["read"]).await;
    let mut answers = Vec::new();
    for bad in [
        "mst_".to_owned(),
        format!("{good}x"),
        good[..good.len() - 1].to_owned(),
        format!("mst_{}2iqSRb", "0".repeat(44)),
    ] {
        let answer = app.get("/auth/me").token(&bad).send().await;
        let answer = answer.expect_error(401, "unauthenticated");
        assert!(answer.header("www-authenticate").is_some());
        answers.push(answer.json()["detail"].clone());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn everything_wrong_with_a_token_is_told_at_once() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let past = app.clock.now();
    for (body, expected) in [
        (
            json!({"name": "", "scopes": [], "expires_at": past, "token": "mst_mine"}),
            &[
                ("name", "required"),
                ("scopes", "required"),
                ("expires_at", "out_of_range"),
                ("token", "unknown"),
            ][..],
        ),
        (
            json!({"scopes": ["read", "sing"]}),
            &[("name", "required"), ("scopes[1]", "not_one_of")],
        ),
        (json!({"name": "x"}), &[("scopes", "required")]),
        (
            json!({"name": "x", "scopes": "read"}),
            &[("scopes", "invalid")],
        ),
    ] {
        let answer = app.post("/auth/tokens", body).by(&ada).send().await;
        answer
            .expect_error(422, "validation_failed")
            .expect_fields(expected);
    }
}

#[tokio::test]
async fn nobody_has_more_than_fifty() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for _ in 0..50 {
        token(&app, &ada, &["read"]).await;
    }
    let body = json!({"name": "one more", "scopes": ["read"]});
    let more = app.post("/auth/tokens", body).by(&ada).send().await;
    more.expect_error(409, "conflict");
}

#[tokio::test]
async fn the_audit_knows_what_a_token_did_and_what_it_was_refused() {
    let app = TestApp::with_views().await;
    let ada = app.user("ada").await;
    let token_id = token(&app, &ada, &["write"]).await.id();
    let writes = secret_of(&app, &ada, &["write"]).await;
    let reads = secret_of(&app, &ada, &["read"]).await;
    let team = json!({"name": "Millers"});
    let refused = app.post("/teams", team.clone()).token(&reads).send().await;
    refused.expect_error(403, "forbidden");
    let refused = app.get("/auth/tokens").token(&writes).send().await;
    refused.expect_error(403, "forbidden");
    let last = app.post("/teams", team).token(&writes).send().await;
    let last = last.expect(201);
    let audit = app
        .get("/audit?limit=100")
        .by(&ada)
        .after(&last)
        .send()
        .await;
    let entries = audit.expect(200).data();
    let find = |action: &str, via: &str| {
        let all = entries.as_array().unwrap().iter();
        let found = all.filter(|e| e["action"] == action && e["via"] == via);
        found.cloned().collect::<Vec<_>>()
    };
    assert_eq!(find("team.created", "api_token").len(), 1);
    let refused = find("access.refused", "api_token");
    let reasons: Vec<_> = refused
        .iter()
        .map(|e| e["reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons, ["GET /api/v1/auth/tokens", "POST /api/v1/teams"]);
    let made = find("api_token.created", "token");
    assert!(made.iter().any(|e| e["entity_id"] == *token_id), "{made:?}");
    assert!(!audit_text(&entries).contains("mst_"));
}

fn audit_text(entries: &Value) -> String {
    entries.to_string()
}
