//! How a file is made when processes die, and when somebody calls it off.

use super::{ended, file, ordered, report, tasks};
use crate::app::TestApp;
use chrono::TimeDelta;
use millstream_domain::ids::ReportId;
use millstream_domain::job::Queue;
use millstream_store::job::run::{Taken, Taking};
use millstream_store::report::FileMade;
use serde_json::Value;

/// Takes the report's job, as a process does that then says nothing any more.
async fn taken(app: &TestApp) -> Taken {
    let taking = Taking {
        owner: "lost",
        queue: Queue::Heavy,
        kinds: &["report".to_owned()],
        limit: 1,
        lease: TimeDelta::seconds(30),
    };
    app.store.take_jobs(&taking).await.unwrap().remove(0)
}

/// The fences under which there are pieces.
async fn fences(app: &TestApp) -> Vec<i64> {
    sqlx::query_scalar("select distinct fence from jobs.report_piece order by 1")
        .fetch_all(app.store.pool())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_process_died_in_the_middle_the_file_is_there_once() {
    let app = TestApp::with_lake().await;
    let (ada, _, project) = app.with_project().await;
    app.task(&ada, &project, "Mend the sails").await;
    let id = ordered(&app, &ada, tasks("csv")).await;
    let report_id: ReportId = id.parse().unwrap();
    let lost = taken(&app).await;
    assert_eq!(report(&app, &ada, &id).await["state"], "running");
    let put = |fence, number, bytes: &'static [u8]| {
        app.store.put_report_piece(report_id, fence, number, bytes)
    };
    assert!(put(lost.fence, 0, b"half a fi").await.unwrap());
    assert!(!put(lost.fence + 1, 0, b"not yet").await.unwrap());
    let early = app.get(&format!("/reports/{id}/download")).by(&ada);
    early.send().await.expect(409);

    app.clock.advance(TimeDelta::seconds(31));
    let app = app.making_reports();
    let told = file(&app, &ada, &id).await.text();
    assert!(told.starts_with("id,name,") && told.contains("Mend the sails"));
    assert_eq!(told.lines().count(), 2);
    let kept = fences(&app).await;
    assert!(kept.len() == 1 && kept[0] > lost.fence, "{kept:?}");
    // Who comes back from the dead writes in vain.
    let put = app.store.put_report_piece(report_id, lost.fence, 1, b"le");
    assert!(!put.await.unwrap());
    let late = FileMade {
        as_of: app.store.clock().now(),
        size_bytes: 11,
    };
    let finished = app.store.finish_report(report_id, lost.fence, late);
    assert!(!finished.await.unwrap());
    assert_eq!(file(&app, &ada, &id).await.text(), told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_done_again_leaves_the_file_as_it_is() {
    let app = TestApp::with_lake().await;
    let ada = app.user("ada").await;
    let id = ordered(&app, &ada, tasks("json")).await;
    let first = taken(&app).await;
    let report_id: ReportId = id.parse().unwrap();
    let put = app.store.put_report_piece(report_id, first.fence, 0, b"{}");
    assert!(put.await.unwrap());
    let made = FileMade {
        as_of: app.store.clock().now(),
        size_bytes: 2,
    };
    let finished = app.store.finish_report(report_id, first.fence, made);
    assert!(finished.await.unwrap());
    // It died before it could say that the job was done; the report does not wait for that.
    assert_eq!(file(&app, &ada, &id).await.text(), "{}");
    app.clock.advance(TimeDelta::seconds(31));
    let app = app.making_reports();
    let job = format!("/jobs/{id}");
    let result = loop {
        let job: Value = app.get(&job).by(&ada).send().await.expect(200).data();
        if job["state"] == "done" {
            break job["result"].clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    assert_eq!(result["size_bytes"], 2);
    assert_eq!(fences(&app).await, [first.fence]);
    assert_eq!(file(&app, &ada, &id).await.text(), "{}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_deleted_while_it_is_made_leaves_nothing() {
    let app = TestApp::with_lake().await;
    let ada = app.user("ada").await;
    let id = ordered(&app, &ada, tasks("csv")).await;
    let running = taken(&app).await;
    let report_id: ReportId = id.parse().unwrap();
    let put = |number| {
        app.store
            .put_report_piece(report_id, running.fence, number, b"x")
    };
    assert!(put(0).await.unwrap());
    let path = format!("/reports/{id}");
    app.delete(&path).by(&ada).send().await.expect(204);
    assert!(!put(1).await.unwrap());
    assert!(fences(&app).await.is_empty());
    app.clock.advance(TimeDelta::seconds(31));
    app.store.take_back_jobs().await.unwrap();
    let job = app.get(&format!("/jobs/{id}")).by(&ada).send().await;
    assert_eq!(job.expect(200).data()["state"], "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_is_a_cancelled_report_that_can_be_retried() {
    let app = TestApp::with_lake().await;
    let ada = app.user("ada").await;
    let id = ordered(&app, &ada, tasks("csv")).await;
    let act = async |act: &str| {
        let path = format!("/jobs/{id}/{act}");
        let done = app.post(&path, serde_json::json!({})).by(&ada).send().await;
        done.expect(200)
    };
    act("cancel").await;
    assert_eq!(ended(&app, &ada, &id).await["state"], "cancelled");
    act("retry").await;
    let app = app.making_reports();
    file(&app, &ada, &id).await;
}
