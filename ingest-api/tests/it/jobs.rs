//! `GET /jobs`, `GET /jobs/{id}`, `POST /jobs/{id}/retry`, `POST /jobs/{id}/cancel`

use crate::app::{TestApp, User};
use millstream_domain::ids::UserId;
use millstream_domain::job::Queue;
use millstream_store::job::enqueue::enqueue;
use millstream_store::job::run::{Ending, Taking};
use millstream_store::job::{JobArgs, NewJob};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Serialize, Deserialize)]
struct Report;

impl JobArgs for Report {
    const KIND: &'static str = "report";
    const QUEUE: Queue = Queue::Heavy;
}

/// A job of somebody's; its id.
async fn job(app: &TestApp, owner: Option<&User>) -> String {
    let owner: Option<UserId> = owner.map(|user| user.id.parse().unwrap());
    let (id, now) = (app.store.ids().next().into(), app.store.clock().now());
    let job = NewJob::of(id, &Report, now).unwrap().owned_by(owner);
    let mut db = app.store.pool().acquire().await.unwrap();
    enqueue(&mut db, &job)
        .await
        .unwrap()
        .into_job()
        .id
        .to_string()
}

/// Ends the job that waits so.
async fn end(app: &TestApp, ending: Ending) {
    let taking = Taking {
        owner: "test",
        queue: Queue::Heavy,
        kinds: &["report".to_owned()],
        limit: 1,
        lease: chrono::TimeDelta::seconds(30),
    };
    let taken = app.store.take_jobs(&taking).await.unwrap().remove(0);
    assert!(app.store.end_job(&taken, &ending).await.unwrap());
}

#[tokio::test]
async fn a_job_has_the_shape_of_the_contract() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let id = job(&app, Some(&ada)).await;
    let answer = app.get(&format!("/jobs/{id}")).by(&ada).send().await;
    let expected = json!({
        "id": id, "kind": "report", "queue": "heavy", "state": "waiting", "attempts": 0, "max_attempts": 5,
        "progress": null, "error": null, "result": null, "run_at": "2026-01-01T00:00:00Z", "started_at": null,
        "finished_at": null, "created_by": ada.id, "created_at": "2026-01-01T00:00:00Z",
    });
    assert_eq!(answer.expect(200).data(), expected);
    let result = serde_json::value::to_raw_value(&json!({"rows": 3})).unwrap();
    end(&app, Ending::Done(Some(result))).await;
    let done = app.get(&format!("/jobs/{id}")).by(&ada).send().await;
    let done = done.expect(200).data();
    assert_eq!(
        (&done["state"], &done["progress"]),
        (&json!("done"), &json!(1.0))
    );
    assert_eq!(done["result"], json!({"rows": 3}));
}

#[tokio::test]
async fn a_job_is_its_owners_and_the_admins() {
    let app = TestApp::new().await;
    let root = app.user("root").await;
    let (ada, eve) = (app.user("ada").await, app.user("eve").await);
    let id = job(&app, Some(&ada)).await;
    let nobodys = job(&app, None).await;
    let status = async |user: &User, path: &str| app.get(path).by(user).send().await.status;
    let hers = format!("/jobs/{id}");
    assert_eq!(status(&root, &hers).await, 200);
    assert_eq!(status(&ada, &hers).await, 200);
    assert_eq!(status(&eve, &hers).await, 404);
    assert_eq!(status(&ada, &format!("/jobs/{nobodys}")).await, 404);
    assert_eq!(status(&root, "/jobs/no-uuid").await, 404);
    assert_eq!(status(&root, &format!("/jobs/{}", root.id)).await, 404);
    assert_eq!(status(&root, "/jobs").await, 200);
    assert_eq!(status(&ada, "/jobs").await, 403);
    for act in ["retry", "cancel"] {
        let path = format!("/jobs/{id}/{act}");
        for (user, expected) in [(&ada, 403), (&eve, 404)] {
            app.post(&path, json!({}))
                .by(user)
                .send()
                .await
                .expect(expected);
        }
    }
}

#[tokio::test]
async fn the_list_is_filtered_and_paged() {
    let app = TestApp::new().await;
    let root = app.user("root").await;
    for _ in 0..5 {
        job(&app, None).await;
    }
    end(&app, Ending::Failed("no".into())).await;
    end(&app, Ending::Done(None)).await;
    let count = async |query: &str| {
        let answer = app.get(&format!("/jobs?{query}")).by(&root).send().await;
        answer.expect(200).data().as_array().map(Vec::len)
    };
    assert_eq!(count("").await, Some(5));
    assert_eq!(count("state=failed").await, Some(1));
    assert_eq!(count("state=failed,done&state=waiting").await, Some(5));
    assert_eq!(
        count("queue=heavy&kind=report&state=waiting").await,
        Some(3)
    );
    assert_eq!(count("queue=default").await, Some(0));
    assert_eq!(count("kind=export").await, Some(0));
    let page = app
        .get("/jobs?limit=3")
        .by(&root)
        .send()
        .await
        .expect(200)
        .json();
    let cursor = page["meta"]["next_cursor"].as_str().unwrap();
    let rest = app.get(&format!("/jobs?limit=3&cursor={cursor}")).by(&root);
    let rest = rest.send().await.expect(200).json();
    let ids = |page: &Value| {
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|j| j["id"].to_string())
            .collect::<Vec<_>>()
    };
    let mut all = [ids(&page), ids(&rest)].concat();
    assert!(all.is_sorted_by(|a, b| a > b), "newest first");
    all.dedup();
    assert_eq!((all.len(), &rest["meta"]["next_cursor"]), (5, &Value::Null));
    for bad in [
        "state=asleep",
        "queue=long",
        "limit=0",
        "sort=id",
        "state=",
        "cursor=x",
    ] {
        app.get(&format!("/jobs?{bad}"))
            .by(&root)
            .send()
            .await
            .expect(400);
    }
}

#[tokio::test]
async fn retry_and_cancel_answer_the_job_and_may_be_repeated() {
    let app = TestApp::new().await;
    let root = app.user("root").await;
    let id = job(&app, None).await;
    let act = async |act: &str| {
        let path = format!("/jobs/{id}/{act}");
        app.post(&path, json!({})).by(&root).send().await
    };
    let state = |answer: crate::app::Answer| answer.expect(200).data()["state"].clone();
    for _ in 0..2 {
        assert_eq!(state(act("cancel").await), "cancelled");
    }
    for _ in 0..2 {
        assert_eq!(state(act("retry").await), "waiting");
    }
    end(&app, Ending::Done(None)).await;
    for what in ["retry", "cancel"] {
        act(what).await.expect(409);
    }
    let path = format!("/jobs/{id}/cancel");
    app.post(&path, json!({"why": 1}))
        .by(&root)
        .send()
        .await
        .expect(422);
}

#[tokio::test]
async fn what_is_done_to_jobs_is_audited() {
    let app = TestApp::with_views().await;
    let root = app.user("root").await;
    let id = job(&app, None).await;
    let path = format!("/jobs/{id}/cancel");
    let cancelled = app
        .post(&path, json!({}))
        .by(&root)
        .send()
        .await
        .expect(200);
    let path = format!("/audit?entity=job&entity_id={id}");
    let audit = app.get(&path).by(&root).after(&cancelled).send().await;
    let entries = audit.expect(200).data();
    assert_eq!(entries.as_array().map(Vec::len), Some(1), "{entries}");
    let entry = &entries[0];
    assert_eq!(entry["action"], "job.cancelled");
    assert_eq!(
        (&entry["entity_name"], &entry["actor"]["username"]),
        (&json!("report"), &json!("root"))
    );
    assert_eq!(entry["before"]["state"], "waiting");
    assert_eq!(entry["after"]["state"], "cancelled");
}
