//! Statements in SQL as acts of people: how often they may ask, that the audit knows, and what a key makes of a repeat.

use super::{Ground, ask, rows};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_more_than_one_statement_under_way_and_others_have_theirs() {
    let ground = Ground::with(&[]).await;
    let endless =
        "select count(*) from range(0, 1000000) a, range(0, 1000000) b where a.value + b.value < 0";
    let meanwhile = async {
        ground.confined().await;
        let second = ground.ask("select 1").await.expect(429);
        assert_eq!(second.json()["error"]["code"], "rate_limited");
        assert_eq!(second.header("retry-after"), Some("1"));
        assert!(
            second.text().contains("another statement of yours"),
            "{second:?}"
        );
        let others = ask(&ground.ada, "select 1").await.expect(200);
        assert_eq!(others.header("ratelimit-limit"), Some("30"));
        assert_eq!(others.header("ratelimit-remaining"), Some("29"));
    };
    let (ended, ()) = tokio::join!(ground.ask(endless), meanwhile);
    ended.expect(422);
    ground.ask("select 1").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_only_reads_may_ask_and_the_audit_knows_who_asked_what() {
    let ground = Ground::new().await;
    let token = json!({"name": "a script", "scopes": ["read"]});
    let token = ground.grace.post("/auth/tokens", &token).await.expect(201);
    let token = token.data()["token"].as_str().unwrap().to_owned();
    let script = ground.server.api().with_token(&token);
    let (found, broken) = ("select name from tasks", "select names from tasks");
    assert_eq!(rows(&script, found).await, json!([["ENG-1"]]));
    ask(&script, broken).await.expect(422);
    script
        .post("/teams", &json!({"name": "A"}))
        .await
        .expect(403);
    let last = ground.ada.team("Last").await;
    let (path, renamed) = (format!("/teams/{last}"), json!({"name": "L"}));
    let last = ground.ada.send(Method::PATCH, &path, &renamed).await;
    let last = last.expect(200).position();
    let audit = "/audit?entity=statement";
    let audit = ground.ada.get_after(audit, &last).await.expect(200).data();
    let [refused, answered] = audit.as_array().unwrap().as_slice() else {
        panic!("{audit}");
    };
    assert_eq!(
        (&answered["action"], &answered["outcome"], &answered["via"]),
        (
            &json!("statement.answered"),
            &json!("accepted"),
            &json!("api_token")
        )
    );
    assert_eq!(answered["actor"]["username"], "grace");
    let told = &answered["after"];
    assert_eq!((&told["sql"], &told["rows"]), (&json!(found), &json!(1)));
    assert!(
        told["took_ms"].is_u64() && told["truncated"] == false,
        "{told}"
    );
    assert_eq!(
        (&refused["action"], &refused["outcome"], &refused["reason"]),
        (
            &json!("statement.refused"),
            &json!("refused"),
            &json!("sql_refused")
        )
    );
    assert_eq!(refused["after"]["sql"], broken);
    assert!(
        !audit.to_string().contains("ENG-1"),
        "what was found is in no record"
    );
    // Nor does it stand in the rows of anybody's teams.
    let asked = "select count(*) from events where kind like 'statement%'";
    assert_eq!(ground.rows(asked).await, json!([[0]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_is_sent_twice_under_one_key_is_answered_once() {
    let ground = Ground::new().await;
    let body = json!({"sql": "select count(*) from tasks"});
    let ask = async |body: &Value, key| {
        ground
            .grace
            .post_once("/analytics/sql", body, key)
            .await
            .unwrap()
    };
    let first = ask(&body, "a").await.expect(200);
    assert_eq!(first.data()["rows"], json!([[1]]));
    let project = ground.grace.project("NEW").await;
    let last = ground.grace.task(&project, "One more").await.position();
    ground
        .grace
        .get_after("/analytics/dashboard", &last)
        .await
        .expect(200);
    let again = ask(&body, "a").await.expect(200);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(
        (again.text(), again.position()),
        (first.text(), first.position())
    );
    assert_eq!(
        ask(&body, "b").await.expect(200).data()["rows"],
        json!([[2]])
    );
    let other = ask(&json!({"sql": "select 1"}), "a").await.expect(422);
    assert_eq!(other.json()["error"]["code"], "idempotency_key_reused");
    let wrong = json!({"sql": "drop table tasks"});
    let refused = ask(&wrong, "c").await.expect(422);
    let again = ask(&wrong, "c").await.expect(422);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.text(), refused.text());
}
