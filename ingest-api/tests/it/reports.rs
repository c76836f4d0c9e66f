//! Reports as files: what is ordered is made by the job that the product runs, out of a real lake, and read back.

mod contents;
mod kept;
mod made;
mod pages;
mod rights;

use crate::app::{Answer, TestApp, User};
use millstream_domain::job::JobState;
use serde_json::{Value, json};
use std::time::Duration;

/// How long a report may take here: far longer than any does, for slow machines.
const PATIENCE: Duration = Duration::from_mins(1);

/// Somebody orders a report; its id, which is its job's, too.
async fn ordered(app: &TestApp, by: &User, body: Value) -> String {
    let answer = app.post("/reports", body).by(by).send().await.expect(202);
    let id = answer.id();
    let location = format!("/api/v1/jobs/{id}");
    assert_eq!(answer.header("location"), Some(&*location));
    id
}

async fn report(app: &TestApp, by: &User, id: &str) -> Value {
    let answer = app.get(&format!("/reports/{id}")).by(by).send().await;
    answer.expect(200).data()
}

/// The report once nothing happens to it any more.
async fn ended(app: &TestApp, by: &User, id: &str) -> Value {
    let waiting = async {
        loop {
            let report = report(app, by, id).await;
            if !["waiting", "running"].contains(&report["state"].as_str().unwrap()) {
                return report;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap()
}

/// The file of a report that was made.
async fn file(app: &TestApp, by: &User, id: &str) -> Answer {
    let report = ended(app, by, id).await;
    assert_eq!(report["state"], "done", "{report}");
    let url = report["download_url"].as_str().unwrap();
    let url = url.strip_prefix("/api/v1").unwrap();
    // As every browser asks: a file is not compressed on its way, and so keeps its length.
    let file = app.get(url).by(by).header("accept-encoding", "gzip");
    file.send().await.expect(200)
}

/// A report, ordered and made; its file.
async fn made(app: &TestApp, by: &User, body: Value) -> Answer {
    let id = ordered(app, by, body).await;
    file(app, by, &id).await
}

fn tasks(format: &str) -> Value {
    json!({"kind": "tasks", "format": format})
}

#[tokio::test]
async fn all_that_is_wrong_with_an_order_is_told_at_once() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let unknown = "01890000-0000-7000-8000-000000000000";
    for (body, fields) in [
        (
            json!({"params": {"days": 0, "by": "mood", "team": 7, "odd": 1}, "more": 1}),
            &[
                ("kind", "required"),
                ("format", "required"),
                ("params.days", "out_of_range"),
                ("params.by", "not_one_of"),
                ("params.team", "invalid"),
                ("params.odd", "unknown"),
                ("more", "unknown"),
            ][..],
        ),
        (
            json!({"kind": "flow", "format": "xls", "params": {"days": 367, "team": unknown}}),
            &[
                ("format", "not_one_of"),
                ("params.project", "required"),
                ("params.days", "out_of_range"),
                ("params.team", "unknown"),
            ],
        ),
        (
            json!({"kind": "performance", "format": "csv"}),
            &[("params.team", "required")],
        ),
        (
            json!({"kind": "stats", "format": "csv", "params": "ada"}),
            &[("params", "invalid")],
        ),
        (
            json!({"kind": "tasks", "format": "csv", "params": {
                "team": unknown, "project": unknown, "assignee": unknown,
            }}),
            &[
                ("params.team", "not_found"),
                ("params.project", "not_found"),
                ("params.assignee", "not_found"),
            ],
        ),
    ] {
        let refused = app.post("/reports", body).by(&ada).send().await;
        let refused = refused.expect_error(422, "validation_failed");
        let mut expected: Vec<_> = fields
            .iter()
            .map(|(field, code)| ((*field).to_owned(), (*code).to_owned()))
            .collect();
        let mut told = refused.fields();
        expected.sort();
        told.sort();
        assert_eq!(told, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_has_the_shape_of_the_contract() {
    let app = TestApp::with_lake().await;
    let (ada, _, project) = app.with_project().await;
    let body = json!({"kind": "flow", "format": "csv", "params": {"project": project}});
    let answer = app.post("/reports", body).by(&ada).send().await.expect(202);
    let job = answer.data();
    let id = answer.id();
    assert_eq!(
        (&job["kind"], &job["queue"]),
        (&json!("report"), &json!("heavy"))
    );
    let mut expected = json!({
        "id": id, "kind": "flow", "params": {"project": project, "days": 30}, "format": "csv", "as_of": null,
        "state": "waiting", "progress": null, "error": null, "expires_at": "2026-01-08T00:00:00Z",
        "size_bytes": null, "download_url": null, "created_at": "2026-01-01T00:00:00Z",
    });
    assert_eq!(report(&app, &ada, &id).await, expected);
    let early = app.get(&format!("/reports/{id}/download")).by(&ada);
    early.send().await.expect_error(409, "conflict");

    let app = app.making_reports();
    let made = ended(&app, &ada, &id).await;
    let size = made["size_bytes"].as_i64().unwrap();
    let url = format!("/api/v1/reports/{id}/download");
    expected["as_of"] = json!("2026-01-01T00:00:00Z");
    expected["state"] = json!("done");
    expected["progress"] = json!(1.0);
    expected["size_bytes"] = json!(size);
    expected["download_url"] = json!(url);
    assert_eq!(made, expected);
    let list = app.get("/reports").by(&ada).send().await.expect(200);
    assert_eq!(list.data(), json!([expected]));

    let file = file(&app, &ada, &id).await;
    assert_eq!(i64::try_from(file.body.len()), Ok(size));
    for (name, value) in [
        ("content-length", &*size.to_string()),
        ("content-type", "text/csv; charset=utf-8; header=present"),
        (
            "content-disposition",
            "attachment; filename=\"millstream-flow-2026-01-01-000000.csv\"",
        ),
        ("cache-control", "private, no-cache"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(file.header(name), Some(value), "{name}");
    }
    let job = app.store.job(
        &millstream_domain::policy::Actor::System,
        id.parse().unwrap(),
    );
    let job = job.await.unwrap();
    if job.state == JobState::Done {
        let result: Value = serde_json::from_str(job.result.unwrap().get()).unwrap();
        let told = json!({"report_id": id, "size_bytes": size, "download_url": url});
        assert_eq!(result, told);
    }
}
