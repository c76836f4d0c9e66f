//! Log in, renew, look where one is logged in, log out.

use crate::app::{Answer, PASSWORD, TestApp, User};
use chrono::TimeDelta;
use millstream_store::attempt::login::LoginTry;
use serde_json::{Value, json};

async fn refresh(app: &TestApp, token: &str) -> Answer {
    let body = json!({"refresh_token": token});
    app.post("/auth/refresh", body).send().await
}

fn text(answer: &Answer, field: &str) -> String {
    answer.data()[field].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_person_logs_in_by_name_or_address() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for login in ["ada", " ADA ", "Ada@Example.org"] {
        let body = json!({"login": login, "password": PASSWORD});
        let answer = app.post("/auth/login", body).send().await.expect(200);
        let data = answer.data();
        assert_eq!(data["token_type"], "Bearer");
        assert_eq!(data["expires_in"], 900);
        assert_eq!(data["user"]["id"], ada.id);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let me = app.get("/auth/me").token(&text(&answer, "access_token"));
        assert_eq!(me.send().await.expect(200).data()["username"], "ada");
    }
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_answer_alike() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let mut details = Vec::new();
    for (login, password) in [
        ("ada", "wrong horse"),
        ("nobody", PASSWORD),
        ("a\0", PASSWORD),
    ] {
        let body = json!({"login": login, "password": password});
        let answer = app.post("/auth/login", body).send().await;
        if login.contains('\0') {
            answer.expect_error(422, "validation_failed");
            continue;
        }
        let answer = answer.expect_error(401, "unauthenticated");
        details.push(answer.json()["detail"].clone());
    }
    assert_eq!(details[0], details[1]);
}

#[tokio::test]
async fn an_access_token_expires_and_is_renewed() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    app.clock.advance(TimeDelta::minutes(14));
    app.get("/auth/me").by(&ada).send().await.expect(200);
    app.clock.advance(TimeDelta::minutes(2));
    let late = app.get("/auth/me").by(&ada).send().await;
    late.expect_error(401, "unauthenticated");
    let renewed = refresh(&app, &ada.refresh_token).await.expect(200);
    assert_ne!(text(&renewed, "refresh_token"), ada.refresh_token);
    let me = app.get("/auth/me").token(&text(&renewed, "access_token"));
    me.send().await.expect(200);
}

#[tokio::test]
async fn a_refresh_token_that_comes_twice_ends_the_session() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let first = refresh(&app, &ada.refresh_token).await.expect(200);
    app.clock.advance(TimeDelta::seconds(11));
    let reused = refresh(&app, &ada.refresh_token).await;
    reused.expect_error(401, "unauthenticated");
    let heir = refresh(&app, &text(&first, "refresh_token")).await;
    heir.expect_error(401, "unauthenticated");
    let access = app.get("/auth/me").token(&text(&first, "access_token"));
    access.send().await.expect_error(401, "unauthenticated");
    app.log_in("ada").await;
}

#[tokio::test]
async fn a_repeat_because_the_answer_was_lost_is_forgiven() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    refresh(&app, &ada.refresh_token).await.expect(200);
    app.clock.advance(TimeDelta::seconds(5));
    let again = refresh(&app, &ada.refresh_token).await.expect(200);
    refresh(&app, &text(&again, "refresh_token"))
        .await
        .expect(200);
}

#[tokio::test]
async fn logging_out_ends_the_session_at_once() {
    let app = TestApp::new().await;
    let here = app.user("ada").await;
    let there = app.log_in("ada").await;
    let out = app.post("/auth/logout", json!({})).by(&here);
    assert!(out.send().await.expect(204).body.is_empty());
    let me = app.get("/auth/me").by(&here).send().await;
    me.expect_error(401, "unauthenticated");
    let renewed = refresh(&app, &here.refresh_token).await;
    renewed.expect_error(401, "unauthenticated");
    app.get("/auth/me").by(&there).send().await.expect(200);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one() {
    let app = TestApp::new().await;
    let here = app.user("ada").await;
    let there = app.log_in("ada").await;
    let grace = app.user("grace").await;
    let list = app.get("/auth/sessions").by(&here).send().await.expect(200);
    let sessions = list.data();
    let sessions = sessions.as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    let other = sessions.iter().find(|s| s["current"] == false).unwrap();
    let path = format!("/auth/sessions/{}", other["id"].as_str().unwrap());
    let foreign = app.delete(&path).by(&grace).send().await;
    foreign.expect_error(404, "not_found");
    app.delete(&path).by(&here).send().await.expect(204);
    let gone = app.get("/auth/me").by(&there).send().await;
    gone.expect_error(401, "unauthenticated");
    let list = app.get("/auth/sessions").by(&here).send().await.expect(200);
    assert_eq!(list.each("current"), ["true"]);
}

#[tokio::test]
async fn a_session_is_read_by_its_owner_and_ended_as_it_was_seen() {
    let app = TestApp::new().await;
    let (ada, grace) = (app.user("ada").await, app.user("grace").await);
    let list = app.get("/auth/sessions").by(&ada).send().await.expect(200);
    let path = format!("/auth/sessions/{}", list.each("id")[0]);
    let one = app.get(&path).by(&ada).send().await.expect(200);
    assert_eq!(one.data(), list.data()[0]);
    let tag = one.header("etag").unwrap().to_owned();
    let known = app.get(&path).by(&ada).header("if-none-match", &tag);
    known.send().await.expect(304);
    for path in [&*path, "/auth/sessions/x"] {
        let foreign = app.get(path).by(&grace).send().await;
        foreign.expect_error(404, "not_found");
    }
    let stale = app.delete(&path).by(&ada).header("if-match", "\"2-a\"");
    stale.send().await.expect_error(412, "precondition_failed");
    let end = app.delete(&path).by(&ada).header("if-match", &tag);
    end.send().await.expect(204);
    let gone = app.get(&path).by(&app.log_in("ada").await).send().await;
    gone.expect_error(404, "not_found");
}

#[tokio::test]
async fn all_other_sessions_are_ended_at_once() {
    let app = TestApp::new().await;
    let here = app.user("ada").await;
    let there = app.log_in("ada").await;
    let grace = app.user("grace").await;
    let end = app.delete("/auth/sessions").by(&here);
    assert!(end.send().await.expect(204).body.is_empty());
    let list = app.get("/auth/sessions").by(&here).send().await.expect(200);
    assert_eq!(list.each("current"), ["true"]);
    let gone = app.get("/auth/me").by(&there).send().await;
    gone.expect_error(401, "unauthenticated");
    let renewed = refresh(&app, &there.refresh_token).await;
    renewed.expect_error(401, "unauthenticated");
    app.get("/auth/me").by(&grace).send().await.expect(200);
    // Again, with nothing to end.
    let again = app.delete("/auth/sessions").by(&here).send().await;
    app.expect_no_event(&again.expect(204)).await;
}

#[tokio::test]
async fn sessions_come_in_pages_and_say_from_where_they_were_begun() {
    let app = TestApp::new().await;
    app.user("ada").await;
    for _ in 0..4 {
        app.clock.advance(TimeDelta::minutes(1));
        app.log_in("ada").await;
    }
    let ada = app.log_in("ada").await;
    let (mut path, mut ids) = ("/auth/sessions?limit=4".to_owned(), Vec::new());
    loop {
        let page = app.get(&path).by(&ada).send().await.expect(200);
        ids.extend(page.each("id"));
        for session in page.data().as_array().unwrap() {
            for field in ["ip", "user_agent", "last_used_at", "created_at"] {
                assert!(session.get(field).is_some(), "{session}");
            }
        }
        match page.next_cursor() {
            Some(cursor) => path = format!("/auth/sessions?limit=4&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(ids.len(), 6);
    assert!(ids.windows(2).all(|pair| pair[0] > pair[1]), "{ids:?}");
    let wrong = app.get("/auth/sessions?limit=0").by(&ada).send().await;
    wrong.expect_error(400, "bad_request");
}

#[tokio::test]
async fn of_twenty_refreshes_at_once_one_branch_lives() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let at_once = (0..20).map(|_| refresh(&app, &ada.refresh_token));
    let answers = futures::future::join_all(at_once).await;
    let tokens: Vec<_> = answers
        .into_iter()
        .map(|answer| text(&answer.expect(200), "refresh_token"))
        .collect();
    let each = tokens.iter().map(|token| refresh(&app, token));
    let answers = futures::future::join_all(each).await;
    let (live, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|a| a.status == 200);
    assert_eq!(live.len(), 1);
    for answer in lost {
        answer.expect_error(401, "unauthenticated");
    }
    let goes_on = refresh(&app, &text(&live[0], "refresh_token")).await;
    goes_on.expect(200);
}

#[tokio::test]
async fn what_is_revoked_is_revoked_on_every_node_with_the_next_request() {
    let app = TestApp::new().await;
    let other = app.another_node();
    let admin = app.user("ada").await;
    let grace = app.user("grace").await;
    let team = app.team(&grace, "Millers").await;
    let path = format!("/teams/{team}");
    let user = format!("/users/{}", grace.id);
    let reads = async |by, status| other.get(&path).by(by).send().await.expect(status);
    reads(&grace, 200).await;
    // A role in the system.
    let audit = async |status| other.get("/audit").by(&grace).send().await.expect(status);
    audit(403).await;
    let role = async |role| {
        let body = json!({"role": role});
        app.patch(&user, body).by(&admin).send().await.expect(200)
    };
    role("admin").await;
    audit(200).await;
    role("member").await;
    audit(403).await;
    // A role in a team.
    let member = app.user("linus").await;
    app.member(&grace, &team, &member, "viewer").await;
    reads(&member, 200).await;
    let out = app
        .delete(&format!("{path}/members/{}", member.id))
        .by(&grace);
    out.send().await.expect(204);
    reads(&member, 404).await;
    // A log-out, and an account.
    let there = app.log_in("grace").await;
    reads(&there, 200).await;
    let out = app.post("/auth/logout", json!({})).by(&there);
    out.send().await.expect(204);
    reads(&there, 401).await;
    let gone = app.delete(&format!("/users/{}", member.id)).by(&admin);
    gone.send().await.expect(204);
    reads(&member, 401).await;
}

#[tokio::test]
async fn a_profile_is_changed_by_its_owner_within_bounds() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let body = json!({"display_name": "Ada", "time_zone": "Europe/Vienna", "locale": "de"});
    let me = app
        .patch("/auth/me", body)
        .by(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(me.data()["display_name"], "Ada");
    assert_eq!(me.data()["time_zone"], "Europe/Vienna");
    let body = json!({"role": "member", "username": "eve", "time_zone": "Mars", "locale": "tlh"});
    let wrong = app.patch("/auth/me", body).by(&ada).send().await;
    wrong
        .expect_error(422, "validation_failed")
        .expect_fields(&[
            ("time_zone", "not_one_of"),
            ("locale", "not_one_of"),
            ("username", "read_only"),
            ("role", "read_only"),
        ]);
}

#[tokio::test]
async fn another_address_needs_the_password_and_the_old_one_is_told() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let send = |body: Value| app.patch("/auth/me", body).by(&ada).send();
    let address = "ada@new.example";
    for body in [
        json!({"email": address}),
        json!({"email": address, "current_password": ""}),
    ] {
        let missing = send(body).await.expect_error(422, "validation_failed");
        missing.expect_fields(&[("current_password", "required")]);
    }
    let wrong = json!({"email": address, "current_password": "wrong horse"});
    let wrong = send(wrong).await.expect_error(422, "validation_failed");
    wrong.expect_fields(&[("current_password", "invalid")]);
    // The one that it is already is none that changes, and nothing else needs the password.
    let same = json!({"email": "Ada@example.org", "display_name": "Ada"});
    let same = send(same).await.expect(200);
    assert_eq!(same.data()["email"], "ada@example.org");
    assert!(app.store.claim_mails("test", 10).await.unwrap().is_empty());

    let right = json!({"email": address, "current_password": PASSWORD});
    assert_eq!(send(right).await.expect(200).data()["email"], address);
    let mails = app.store.claim_mails("test", 10).await.unwrap();
    let [mail] = &mails[..] else {
        panic!("{mails:?}");
    };
    assert_eq!(
        (&*mail.to, &*mail.kind),
        ("ada@example.org", "email_changed")
    );
}

#[tokio::test]
async fn guesses_at_the_password_are_counted_where_the_address_is_changed_too() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let id = ada.id.parse().unwrap();
    let from = "203.0.113.9";
    // All that are free, without the work of a hash.
    while let LoginTry::Admitted(_) = app.store.try_password(id, from.parse().ok()).await.unwrap() {
    }
    let body = json!({"email": "ada@new.example", "current_password": "wrong horse"});
    let answer = app.patch("/auth/me", body).by(&ada).from(from).send().await;
    answer.expect_error(429, "rate_limited");
}

#[tokio::test]
async fn an_admin_changes_addresses_of_others_and_not_their_own_without_the_password() {
    let app = TestApp::new().await;
    let (ada, grace) = (app.user("ada").await, app.user("grace").await);
    let send = |of: &User, email: &str| {
        let path = format!("/users/{}", of.id);
        app.patch(&path, json!({"email": email})).by(&ada).send()
    };
    send(&grace, "grace@new.example").await.expect(200);
    send(&ada, "ada@example.org").await.expect(200);
    let own = send(&ada, "ada@new.example").await;
    let own = own.expect_error(422, "validation_failed");
    own.expect_fields(&[("email", "read_only")]);
}
