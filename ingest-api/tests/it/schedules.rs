//! Schedules over REST and on their pages, and the choice of mails.

use crate::app::{TestApp, User};
use crate::pages::between;
use serde_json::{Value, json};

async fn made(app: &TestApp, by: &User, body: Value) -> String {
    app.post("/schedules", body)
        .by(by)
        .send()
        .await
        .expect(201)
        .id()
}

fn nightly() -> Value {
    json!({"name": "Nightly", "kind": "empty_trash", "cron": "30 2 * * *", "time_zone": "Europe/Vienna"})
}

#[tokio::test]
async fn a_schedule_has_the_shape_of_the_contract_and_an_entity_tag() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let id = made(&app, &ada, nightly()).await;
    let path = format!("/schedules/{id}");
    let read = app.get(&path).by(&ada).send().await.expect(200);
    let expected = json!({
        "id": id, "name": "Nightly", "cron": "30 2 * * *", "every_s": null, "time_zone": "Europe/Vienna",
        "kind": "empty_trash", "args": {}, "queue": "default", "enabled": true, "missed": "once", "missed_max": 1,
        "missed_count": 0, "next_run_at": "2026-01-01T01:30:00Z", "last_run_at": null, "last_job_id": null,
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "version": 1,
    });
    assert_eq!(read.data(), expected);
    let etag = read.header("etag").unwrap().to_owned();
    let same = app.get(&path).by(&ada).header("if-none-match", &etag);
    same.send().await.expect(304);
    let patch = |body| app.patch(&path, body).by(&ada).header("if-match", &etag);
    let off = patch(json!({"enabled": false, "every_s": 90}))
        .send()
        .await
        .expect(200);
    assert_eq!(off.data()["next_run_at"], Value::Null);
    assert_eq!(
        (&off.data()["cron"], &off.data()["every_s"]),
        (&Value::Null, &json!(90))
    );
    patch(json!({"enabled": true})).send().await.expect(412);
    let listed = app.get("/schedules").by(&ada).send().await.expect(200);
    assert_eq!(listed.each("id"), [id.as_str()]);
    app.delete(&path).by(&ada).send().await.expect(204);
    app.get(&path).by(&ada).send().await.expect(404);
}

#[tokio::test]
async fn the_next_ten_times_are_shown_with_the_night_when_clocks_are_set() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let body = json!({
        "name": "At night", "kind": "empty_trash", "cron": "30 2 27-31 3 *", "time_zone": "Europe/Vienna", "enabled": false,
    });
    let id = made(&app, &ada, body).await;
    let preview = app
        .get(&format!("/schedules/{id}/preview"))
        .by(&ada)
        .send()
        .await;
    let times = preview.expect(200).data()["times"].clone();
    assert_eq!(times.as_array().unwrap().len(), 10);
    let first = [
        "2026-03-27T01:30:00Z",
        "2026-03-28T01:30:00Z",
        "2026-03-29T01:00:00Z",
        "2026-03-30T00:30:00Z",
    ];
    assert_eq!(
        times.as_array().unwrap()[..4],
        first.map(|time| json!(time))
    );
}

#[tokio::test]
async fn one_that_is_run_by_hand_answers_its_job_once_per_key() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let id = made(&app, &ada, nightly()).await;
    let run = async || {
        let run = app
            .post(&format!("/schedules/{id}/run"), json!({}))
            .by(&ada);
        run.header("idempotency-key", "once")
            .send()
            .await
            .expect(202)
    };
    let first = run().await;
    let job = first.data();
    assert_eq!(
        (&job["kind"], &job["state"]),
        (&json!("empty_trash"), &json!("waiting"))
    );
    let location = format!("/api/v1/jobs/{}", first.id());
    assert_eq!(first.header("location"), Some(&*location));
    assert_eq!(run().await.id(), first.id());
    let jobs = app.get("/jobs").by(&ada).send().await.expect(200);
    assert_eq!(jobs.each("id").len(), 1);
    let schedule = app
        .get(&format!("/schedules/{id}"))
        .by(&ada)
        .send()
        .await
        .expect(200);
    assert_eq!(schedule.data()["last_job_id"], job["id"]);
}

#[tokio::test]
async fn all_that_is_wrong_with_a_schedule_is_told_at_once() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let wrong = json!({
        "name": "", "kind": 3, "cron": "0 0 31 2 *", "every_s": 5, "time_zone": "Mars/Olympus", "args": [], "queue": "fast",
        "enabled": "yes", "missed": "never", "missed_max": 0, "colour": "red",
    });
    let refused = app
        .post("/schedules", wrong)
        .by(&ada)
        .send()
        .await
        .expect(422);
    let fields = refused.json()["error"]["fields"].clone();
    let mut names: Vec<_> = fields
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["field"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    let all = [
        "args",
        "colour",
        "cron",
        "enabled",
        "every_s",
        "kind",
        "missed",
        "missed_max",
        "name",
        "queue",
        "time_zone",
    ];
    assert_eq!(names, all);
    let message = fields
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["field"] == "cron")
        .unwrap()["message"]
        .to_string();
    assert!(message.contains("that date never comes"), "{message}");
}

#[tokio::test]
async fn what_is_wrong_with_a_schedule_is_told_at_its_field() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for (body, field) in [
        (json!({"name": "a", "kind": "empty_trash"}), "cron"),
        (
            json!({"name": "a", "kind": "make_coffee", "every_s": 60}),
            "kind",
        ),
        (
            json!({"name": "a", "kind": "daily_summary", "every_s": 60, "args": {"hour": 24}}),
            "args",
        ),
    ] {
        let refused = app
            .post("/schedules", body)
            .by(&ada)
            .send()
            .await
            .expect(422);
        assert_eq!(refused.json()["error"]["fields"][0]["field"], field);
    }
    let id = made(&app, &ada, nightly()).await;
    app.post("/schedules", nightly())
        .by(&ada)
        .send()
        .await
        .expect(409);
    let patch = app.patch(
        &format!("/schedules/{id}"),
        json!({"next_run_at": null, "cron": null}),
    );
    let refused = patch.by(&ada).send().await.expect(422);
    assert_eq!(refused.json()["error"]["fields"][0]["code"], "read_only");
}

#[tokio::test]
async fn schedules_are_for_admins() {
    let app = TestApp::new().await;
    let (ada, grace) = (app.user("ada").await, app.user("grace").await);
    let id = made(&app, &ada, nightly()).await;
    for path in [
        "/schedules".to_owned(),
        format!("/schedules/{id}"),
        format!("/schedules/{id}/preview"),
    ] {
        app.get(&path).by(&grace).send().await.expect(403);
    }
    app.post("/schedules", nightly())
        .by(&grace)
        .send()
        .await
        .expect(403);
    app.post(&format!("/schedules/{id}/run"), json!({}))
        .by(&grace)
        .send()
        .await
        .expect(403);
    app.delete(&format!("/schedules/{id}"))
        .by(&grace)
        .send()
        .await
        .expect(403);
}

#[tokio::test]
async fn people_choose_which_mails_they_want() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let path = "/notifications/preferences";
    let all = app.get(path).by(&ada).send().await.expect(200).data()["mail"].clone();
    assert!(
        all.as_object()
            .unwrap()
            .values()
            .all(|wanted| *wanted == json!(true))
    );
    assert_eq!(all.as_object().unwrap().len(), 6);
    let choose = |body| app.put(path, body).by(&ada);
    let chosen = choose(json!({"mail": {"status_changed": false}}))
        .send()
        .await
        .expect(200);
    assert_eq!(chosen.data()["mail"]["status_changed"], false);
    assert_eq!(chosen.data()["mail"]["assigned"], true);
    for body in [
        json!({}),
        json!({"mail": {"weather": true}}),
        json!({"mail": {"assigned": null}}),
        json!({"mail": 1}),
    ] {
        choose(body).send().await.expect(422);
    }
    let browser = app.browser("ada").await;
    let page = browser.page(&app, "/settings/mails").await;
    assert!(
        page.contains("name=\"assigned\" checked")
            && !page.contains("name=\"status_changed\" checked")
    );
    browser
        .post(&app, "/settings/mails", &[("status_changed", "on")])
        .await
        .expect(303);
    let now = app.get(path).by(&ada).send().await.expect(200).data()["mail"].clone();
    assert_eq!(
        (&now["status_changed"], &now["assigned"]),
        (&json!(true), &json!(false))
    );
}

#[tokio::test]
async fn a_schedule_is_made_changed_run_and_deleted_on_its_pages() {
    let app = TestApp::new().await;
    app.user("ada").await;
    app.user("grace").await;
    let browser = app.browser("ada").await;
    assert!(
        browser
            .page(&app, "/admin/schedules/new")
            .await
            .contains("empty_trash")
    );
    let form = [
        ("name", "Nightly"),
        ("kind", "empty_trash"),
        ("cron", "30 2 * * *"),
        ("every_s", ""),
        ("time_zone", "Europe/Vienna"),
        ("args", "{\"days\": 3}"),
        ("queue", ""),
        ("enabled", "true"),
        ("missed", "all"),
        ("missed_max", "5"),
    ];
    let made = browser
        .post(&app, "/admin/schedules", &form)
        .await
        .expect(303);
    let path = made.header("location").unwrap().to_owned();
    let page = browser.page(&app, &path).await;
    assert!(page.contains("30 2 * * *") && page.contains("Europe/Vienna"));
    assert_eq!(page.matches("<li><time").count(), 10);
    let list = browser.page(&app, "/admin/schedules").await;
    assert!(list.contains(&path) && list.contains("Nightly"));
    // What is wrong is said at its field, and what was typed stands there still.
    let version = between(&page, "name=\"version\" value=\"", "\"");
    let mut wrong = form.to_vec();
    wrong[2] = ("cron", "61 * * * *");
    wrong[5] = ("args", "{}");
    wrong.push(("version", &version));
    let refused = browser.post(&app, &path, &wrong).await.expect(422).text();
    assert!(refused.contains("61 * * * *") && refused.contains("must be a cron expression"));
    wrong[2] = ("cron", "");
    wrong[3] = ("every_s", "7200");
    browser.post(&app, &path, &wrong).await.expect(303);
    assert!(browser.page(&app, &path).await.contains("every 2 h"));
    browser.post(&app, &path, &wrong).await.expect(412);
    let no_json = browser
        .post(&app, &path, &[("args", "days")])
        .await
        .expect(422)
        .text();
    assert!(no_json.contains("must be a JSON object"));
    let run = browser
        .post(&app, &format!("{path}/run"), &[])
        .await
        .expect(303);
    assert!(run.header("location").unwrap().starts_with("/admin/jobs/"));
    let grace = app.browser("grace").await;
    grace.get(&app, &path).await.expect(403);
    grace.get(&app, "/admin/schedules/new").await.expect(403);
    browser
        .post(&app, &format!("{path}/delete"), &[])
        .await
        .expect(303);
    browser.get(&app, &path).await.expect(404);
}
