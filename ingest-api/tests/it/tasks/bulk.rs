//! The bar below a selection: the same for many tasks, by a form.

use crate::app::TestApp;

#[tokio::test]
async fn a_selection_of_batch_size_is_changed_and_what_is_not_done_is_told() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "member").await;
    for title in ["one", "two"] {
        app.task(&ada, &project, title).await;
    }
    let browser = app.browser("grace").await;
    let both = [("task", "ENG-1"), ("task", "ENG-2")];
    let form = [
        &both[..],
        &[
            ("status", "blocked"),
            ("due_at", ""),
            ("people", "assign"),
            ("who", "me"),
            ("tagging", "tag"),
            ("tags", "mill, wheel"),
            ("back", "/projects/ENG"),
        ],
    ]
    .concat();
    let done = browser.post(&app, "/tasks/bulk", &form).await.expect(303);
    assert_eq!(done.header("location"), Some("/projects/ENG"));
    for name in ["ENG-1", "ENG-2"] {
        let task = app.get(&format!("/tasks/{name}")).by(&ada).send().await;
        let task = task.expect(200).data();
        assert_eq!(task["status"], "blocked");
        assert_eq!(task["tags"], serde_json::json!(["mill", "wheel"]));
        assert_eq!(task["assignees"][0]["username"], "grace");
    }
    // Some of it: a page that says what was left, and why.
    let some = [
        &both[..],
        &[
            ("task", "ENG-77"),
            ("people", "unassign"),
            ("who", "@grace"),
            ("tagging", "untag"),
            ("tags", "Mill"),
        ],
    ]
    .concat();
    let told = browser.post(&app, "/tasks/bulk", &some).await.expect(200);
    assert!(told.text().contains("ENG-77") && told.text().contains("It is not there any more."));
    let task = app.get("/tasks/ENG-1").by(&ada).send().await.expect(200);
    assert_eq!(task.data()["tags"], serde_json::json!(["wheel"]));
    assert_eq!(task.data()["assignees"], serde_json::json!([]));
    // Somebody who has no account is told like somebody who is not in the team.
    app.user("eve").await;
    for who in ["eve", "nobody-at-all"] {
        let form = [&both[..], &[("who", who)]].concat();
        let told = browser.post(&app, "/tasks/bulk", &form).await.expect(422);
        let text = told.text();
        assert!(text.contains("not an active member of its team"), "{text}");
    }
    let many: Vec<_> = vec![("task", "ENG-1"); 501];
    browser.post(&app, "/tasks/bulk", &many).await.expect(400);
    let most = [&many[..500], &[("priority", "high")]].concat();
    browser.post(&app, "/tasks/bulk", &most).await.expect(303);
}

#[tokio::test]
async fn a_viewer_who_selects_is_told_why_nothing_happened() {
    let app = TestApp::new().await;
    let (ada, team, project) = app.with_project().await;
    let vera = app.user("vera").await;
    app.member(&ada, &team, &vera, "viewer").await;
    let task = app.task(&ada, &project, "one").await;
    let browser = app.browser("vera").await;
    let form = [("task", "ENG-1"), ("act", "trash")];
    let told = browser.post(&app, "/tasks/bulk", &form).await.expect(403);
    assert!(
        told.text()
            .contains("Your role in its team does not allow this.")
    );
    let now = app.get("/tasks/ENG-1").by(&ada).send().await.expect(200);
    assert_eq!(now.data(), task);
}

#[tokio::test]
async fn what_cannot_be_read_comes_back_as_it_was_typed() {
    let app = TestApp::new().await;
    let (ada, _, project) = app.with_project().await;
    let task = app.task(&ada, &project, "one").await;
    let browser = app.browser("ada").await;
    let form = [
        ("task", "ENG-1"),
        ("status", "blocked"),
        ("due_at", "when <it> suits"),
        ("people", "unassign"),
        ("who", "grace"),
        ("tags", "mill, wheel"),
        ("back", "/projects/ENG"),
    ];
    let back = browser.post(&app, "/tasks/bulk", &form).await.expect(422);
    let page = back.text();
    for kept in [
        "name=\"task\" value=\"ENG-1\"",
        "name=\"back\" value=\"/projects/ENG\"",
        "<option value=\"blocked\" selected>",
        "<option value=\"unassign\" selected>",
        "value=\"when &#60;it&#62; suits\"",
        "value=\"grace\"",
        "value=\"mill, wheel\"",
        "id=\"due-wrong\" role=\"alert\">is not a time",
    ] {
        assert!(page.contains(kept), "{kept} in {page}");
    }
    let long = "x".repeat(200);
    let tags = [("task", "ENG-1"), ("tags", &*long)];
    let back = browser.post(&app, "/tasks/bulk", &tags).await.expect(422);
    assert!(back.text().contains("aria-invalid=\"true\" autofocus"));
    let now = app.get("/tasks/ENG-1").by(&ada).send().await.expect(200);
    assert_eq!(now.data(), task);
}
