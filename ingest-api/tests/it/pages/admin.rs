//! What admins see and do: jobs, keys, the audit, pipelines.

use super::between;
use crate::app::{TestApp, User};
use millstream_store::job::enqueue::enqueue;
use millstream_store::job::{JobArgs, NewJob};
use serde::{Deserialize, Serialize};

/// Something long that somebody wanted done.
#[derive(Serialize, Deserialize)]
struct Errand;

impl JobArgs for Errand {
    const KIND: &'static str = "errand";
}

async fn job(app: &TestApp, owner: &User) -> String {
    let (id, now) = (app.store.ids().next().into(), app.store.clock().now());
    let job = NewJob::of(id, &Errand, now).unwrap();
    let job = job.owned_by(Some(owner.id.parse().unwrap()));
    let mut db = app.store.pool().acquire().await.unwrap();
    let job = enqueue(&mut db, &job).await.unwrap().into_job();
    job.id.to_string()
}

#[tokio::test]
async fn a_job_is_found_called_off_and_tried_again() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let id = job(&app, &ada).await;
    let browser = app.browser("ada").await;
    let path = format!("/admin/jobs/{id}");
    let open = browser.page(&app, "/admin/jobs").await;
    assert!(open.contains(&path) && open.contains("Waiting") && open.contains("data-refresh"));
    assert!(
        !browser
            .page(&app, "/admin/jobs?show=failed")
            .await
            .contains(&path)
    );
    assert!(
        !browser
            .page(&app, "/admin/jobs?kind=report")
            .await
            .contains(&path)
    );
    browser
        .post(&app, &format!("{path}/cancel"), &[])
        .await
        .expect(303);
    assert!(browser.page(&app, &path).await.contains("Cancelled"));
    assert!(
        browser
            .page(&app, "/admin/jobs")
            .await
            .contains("No jobs here")
    );
    browser
        .post(&app, &format!("{path}/retry"), &[])
        .await
        .expect(303);
    assert!(browser.page(&app, &path).await.contains("Waiting"));
}

#[tokio::test]
async fn keys_are_listed_with_what_they_do_and_without_their_secrets() {
    let app = TestApp::new().await;
    app.user("ada").await;
    app.user("grace").await;
    let browser = app.browser("ada").await;
    let page = browser.page(&app, "/admin/keys").await;
    assert!(page.contains(&app.keys.ids()[0]) && page.contains("Signs"));
    assert!(page.contains("millstream keys rotate") && page.contains("/.well-known/jwks.json"));
    assert!(!page.contains("PRIVATE"));
    let grace = app.browser("grace").await;
    grace.get(&app, "/admin/keys").await.expect(403);
}

#[tokio::test]
async fn the_audit_is_filtered_by_person_thing_and_day_and_exported_alike() {
    let app = TestApp::with_views().await;
    let (ada, team, _) = app.with_project().await;
    let grace = app.user("grace").await;
    app.member(&ada, &team, &grace, "member").await;
    let path = format!("/teams/{team}");
    let rename = app.patch(&path, serde_json::json!({"name": "Wheelwrights"}));
    let last = rename.by(&ada).send().await.expect(200);
    app.get("/audit")
        .by(&ada)
        .after(&last)
        .send()
        .await
        .expect(200);
    let browser = app.browser("ada").await;
    let all = browser.page(&app, "/admin/audit").await;
    assert!(all.contains("team.updated") && all.contains("user.registered"));
    let narrow = browser
        .page(&app, "/admin/audit?entity=team&actor=ada&from=2020-01-01")
        .await;
    assert!(narrow.contains("team.updated") && !narrow.contains("user.registered"));
    for none in ["actor=grace&entity=team", "actor=nobody", "to=2020-01-01"] {
        let page = browser.page(&app, &format!("/admin/audit?{none}")).await;
        assert!(
            !page.contains("team.updated") && page.contains("Nothing fits"),
            "{none}"
        );
    }
    let file = browser
        .get(&app, "/admin/audit/export?entity=team&actor=ada")
        .await
        .expect(200);
    assert_eq!(file.header("content-type"), Some("application/x-ndjson"));
    let lines = file.text();
    assert!(
        lines
            .lines()
            .all(|line| line.contains("\"entity\":\"team\"")),
        "{lines}"
    );
    assert!(lines.contains("team.updated") && lines.ends_with('\n'));
    browser
        .get(&app, "/admin/audit/export?actor=nobody")
        .await
        .expect(400);
}

#[tokio::test]
async fn an_entry_is_shown_with_its_proof() {
    let app = TestApp::with_views().await;
    let (ada, team, _) = app.with_project().await;
    let path = format!("/teams/{team}");
    let last = app.patch(&path, serde_json::json!({"name": "Wheelwrights"}));
    let last = last.by(&ada).send().await.expect(200);
    app.get("/audit")
        .by(&ada)
        .after(&last)
        .send()
        .await
        .expect(200);
    let browser = app.browser("ada").await;
    let list = browser.page(&app, "/admin/audit").await;
    let newest = between(&list, "href=\"/admin/audit/", "\"");
    let newest = if newest.starts_with("export") {
        "1".to_owned()
    } else {
        newest
    };
    let page = browser.page(&app, &format!("/admin/audit/{newest}")).await;
    // The checkpoint of this test was signed by nobody, and its root is none.
    assert!(page.contains("Hash of the entry") && page.contains("The checkpoint cannot be read"));
    browser.get(&app, "/admin/audit/99999").await.expect(404);
    browser.get(&app, "/admin/audit/first").await.expect(404);
}

#[tokio::test]
async fn pipelines_tell_their_rate() {
    let app = TestApp::with_views().await;
    let (ada, ..) = app.with_project().await;
    let last = app.get("/auth/me").by(&ada).send().await;
    last.expect(200);
    let browser = app.browser("ada").await;
    let page = browser.page(&app, "/admin").await;
    assert!(page.contains("Per second") && page.contains("data-refresh"));
}
