//! The audit, kept by its pipeline.

use crate::app::TestApp;
use serde_json::json;

#[tokio::test]
async fn the_audit_tells_who_did_what_and_who_was_refused() {
    let app = TestApp::with_views().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "viewer").await;
    app.task(&ada, &project, "Grease the wheel").await;
    let refused = app
        .patch("/tasks/ENG-1", json!({"title": "Mine"}))
        .by(&grace);
    let refused = refused.header("x-request-id", "attempt 1").send().await;
    refused.expect_error(403, "forbidden");
    let last = app.patch("/tasks/ENG-1", json!({"title": "Ours"})).by(&ada);
    let last = last
        .header("user-agent", "mill/1")
        .header("x-request-id", "change 1");
    let last = last.send().await.expect(200);
    let list = app.get("/audit?limit=3").by(&ada).after(&last).send().await;
    let entries = list.expect(200).data();
    let changed = &entries[0];
    assert_eq!(changed["action"], "task.updated");
    assert_eq!(changed["outcome"], "accepted");
    assert_eq!(changed["actor"]["username"], "ada");
    assert_eq!(changed["entity_name"], "ENG-1");
    assert_eq!(changed["before"]["title"], "Grease the wheel");
    assert_eq!(changed["after"]["title"], "Ours");
    assert_eq!(changed["user_agent"], "mill/1");
    assert_eq!(changed["request_id"], "change 1");
    let attempt = &entries[1];
    assert_eq!(attempt["outcome"], "refused");
    assert_eq!(attempt["actor"]["username"], "grace");
    assert_eq!(attempt["request_id"], "attempt 1");
    assert_eq!(attempt["entity"], "task");
    assert_eq!(attempt["entity_id"], changed["entity_id"]);
    assert_eq!(attempt["reason"], "PATCH /api/v1/tasks/{id}");
    let text = app
        .get("/audit?limit=100")
        .by(&ada)
        .send()
        .await
        .expect(200)
        .text();
    assert!(
        !text.contains("password") && !text.contains("example.org"),
        "{text}"
    );
}

#[tokio::test]
async fn a_refusal_names_the_thing_that_it_was_about() {
    let app = TestApp::with_views().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "viewer").await;
    let rename = json!({"name": "Mine"});
    for path in [format!("/projects/{project}"), format!("/teams/{team}")] {
        let tried = app.patch(&path, rename.clone()).by(&grace).send().await;
        tried.expect_error(403, "forbidden");
    }
    app.get("/jobs")
        .by(&grace)
        .send()
        .await
        .expect_error(403, "forbidden");
    let last = app.patch(&format!("/teams/{team}"), rename).by(&ada);
    let last = last.send().await.expect(200);
    let list = app.get("/audit?limit=4").by(&ada).after(&last).send().await;
    let entries = list.expect(200).data();
    let about: Vec<_> = entries.as_array().unwrap()[1..]
        .iter()
        .map(|entry| (entry["entity"].clone(), entry["entity_id"].clone()))
        .collect();
    let expected = [
        (json!("access"), json!(null)),
        (json!("team"), json!(team)),
        (json!("project"), json!(project)),
    ];
    assert_eq!(about, expected);
}

#[tokio::test]
async fn the_audit_is_narrowed_by_what_it_holds() {
    let app = TestApp::with_views().await;
    let (ada, _, project) = app.with_project().await;
    let body = json!({"project_id": project, "title": "Grease the wheel"});
    let made = app.post("/tasks", body).by(&ada).send().await.expect(201);
    let wrong = json!({"login": "ada", "password": "wrong horse"});
    app.post("/auth/login", wrong).send().await.expect(401);
    app.get("/audit")
        .by(&ada)
        .after(&made)
        .send()
        .await
        .expect(200);
    for (query, expected) in [
        ("action=task.created".to_owned(), vec!["task.created"]),
        (
            format!("entity=task&entity_id={}", made.id()),
            vec!["task.created"],
        ),
        ("q=eng-1".to_owned(), vec!["task.created"]),
        ("to=2025-12-31T00:00:00Z".to_owned(), vec![]),
        (
            format!("actor=me&entity=project&entity_id={project}"),
            vec!["project.created"],
        ),
    ] {
        let list = app.get(&format!("/audit?{query}")).by(&ada).send().await;
        assert_eq!(list.expect(200).each("action"), expected, "{query}");
    }
}

#[tokio::test]
async fn members_read_the_audit_of_a_task_that_they_see_without_addresses() {
    let app = TestApp::with_views().await;
    let (ada, team, project) = app.with_project().await;
    let (grace, stranger) = (app.user("grace").await, app.user("edsger").await);
    app.member(&ada, &team, &grace, "viewer").await;
    let body = json!({"project_id": project, "title": "Grease the wheel"});
    let made = app
        .post("/tasks", body)
        .by(&ada)
        .header("user-agent", "mill/1");
    let made = made.send().await.expect(201);
    let path = format!("/audit?entity=task&entity_id={}", made.id());
    let list = app
        .get(&path)
        .by(&grace)
        .after(&made)
        .send()
        .await
        .expect(200);
    assert_eq!(list.each("action"), ["task.created"]);
    assert!(!list.text().contains("mill/1"));
    app.get(&path)
        .by(&stranger)
        .send()
        .await
        .expect_error(403, "forbidden");
    app.get("/audit")
        .by(&grace)
        .send()
        .await
        .expect_error(403, "forbidden");
}

#[tokio::test]
async fn a_checkpoint_is_plain_text_and_a_proof_a_list_of_hashes() {
    let app = TestApp::with_views().await;
    let (ada, team, _) = app.with_project().await;
    let note = app
        .get("/audit/checkpoint")
        .by(&ada)
        .header("accept", "text/plain");
    let note = note.send().await.expect(200);
    assert_eq!(
        note.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    let rename = app
        .patch(&format!("/teams/{team}"), json!({"name": "X"}))
        .by(&ada);
    let last = rename.send().await.expect(200);
    let list = app.get("/audit?limit=1").by(&ada).after(&last).send().await;
    let size = list.expect(200).data()[0]["index"].as_u64().unwrap() + 1;
    let proof = app
        .get(&format!("/audit/proof?index=0&size={size}"))
        .by(&ada);
    let proof = proof.send().await.expect(200);
    for read in [&note, &proof] {
        assert!(read.position().starts_with('s'), "{}", read.what);
        assert!(read.header("millstream-lag-ms").is_some(), "{}", read.what);
    }
    let proof = proof.data();
    assert_eq!(proof["size"], size);
    let hashes = u32::try_from(proof["hashes"].as_array().unwrap().len());
    assert_eq!(hashes, Ok(size.next_power_of_two().trailing_zeros()));
    let beyond = app
        .get(&format!("/audit/proof?index=0&size={}", size + 1_000))
        .by(&ada);
    let beyond = beyond.send().await.expect_error(400, "bad_request");
    assert!(
        beyond
            .fields()
            .contains(&("size".to_owned(), "out_of_range".to_owned()))
    );
    let none = app.get("/audit/proof").by(&ada).send().await;
    none.expect_error(400, "bad_request")
        .expect_fields(&[("index", "required"), ("size", "required")]);
}

#[tokio::test]
async fn an_export_is_a_line_of_json_for_each_entry_for_whoever_may_list_them() {
    let app = TestApp::with_views().await;
    let (ada, team, project) = app.with_project().await;
    let (grace, stranger) = (app.user("grace").await, app.user("edsger").await);
    app.member(&ada, &team, &grace, "viewer").await;
    let body = json!({"project_id": project, "title": "Grease the wheel"});
    let made = app
        .post("/tasks", body)
        .by(&ada)
        .header("user-agent", "mill/1");
    let made = made.send().await.expect(201);
    let listed = app
        .get("/audit?limit=100")
        .by(&ada)
        .after(&made)
        .send()
        .await;
    let listed = listed.expect(200).data();
    let export = |query: &str, user| {
        let request = app.get(&format!("/audit/export{query}")).by(user);
        request.header("accept", "application/x-ndjson").send()
    };
    let file = export("", &ada).await.expect(200);
    assert_eq!(file.header("content-type"), Some("application/x-ndjson"));
    let named = file.header("content-disposition").unwrap();
    assert!(named.starts_with("attachment"), "{named}");
    let lines = file.text();
    let lines: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(json!(lines), listed);
    assert_eq!(lines.last().unwrap()["index"], 0);
    let of_task = format!("?entity=task&entity_id={}", made.id());
    let seen = export(&of_task, &grace).await.expect(200).text();
    assert_eq!(seen.lines().count(), 1);
    assert!(seen.contains("task.created") && !seen.contains("mill/1"));
    for (query, user) in [("", &grace), (&*of_task, &stranger)] {
        export(query, user).await.expect_error(403, "forbidden");
    }
    export("?limit=3", &ada)
        .await
        .expect_error(400, "bad_request");
}
