//! How long files are kept, how many, and what becomes of those that are deleted.

use super::{ended, file, ordered, tasks};
use crate::app::TestApp;
use chrono::TimeDelta;
use millstream_store::report::{EXPIRED_REMEMBERED, FILE_KEPT, REPORTS_MAX};

async fn pieces(app: &TestApp) -> i64 {
    sqlx::query_scalar("select count(*) from jobs.report_piece")
        .fetch_one(app.store.pool())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_gone_when_its_time_is_over_and_forgotten_later() {
    let app = TestApp::with_lake().await.making_reports();
    let ada = app.user("ada").await;
    let id = ordered(&app, &ada, tasks("csv")).await;
    file(&app, &ada, &id).await;
    app.clock.advance(FILE_KEPT - TimeDelta::seconds(1));
    assert_eq!(app.store.expire_files().await.unwrap(), 0);
    let ada = app.log_in("ada").await;
    file(&app, &ada, &id).await;

    app.clock.advance(TimeDelta::seconds(1));
    let download = format!("/reports/{id}/download");
    // At that very second, and not only when something has removed it.
    for removed in [1, 0] {
        let gone = app.get(&download).by(&ada).send().await;
        gone.expect_error(410, "gone");
        let report = ended(&app, &ada, &id).await;
        assert_eq!(report["state"], "expired");
        assert!(report["download_url"].is_null());
        assert_eq!(app.store.expire_files().await.unwrap(), removed);
        assert_eq!(pieces(&app).await, 0);
        assert_eq!(app.store.forget_expired_reports().await.unwrap(), 0);
    }
    app.clock.advance(EXPIRED_REMEMBERED);
    assert_eq!(app.store.forget_expired_reports().await.unwrap(), 1);
    let ada = app.log_in("ada").await;
    app.get(&download).by(&ada).send().await.expect(404);
}

#[tokio::test]
async fn nobody_has_more_than_so_many_and_a_deleted_one_makes_room() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let mut ids = Vec::new();
    for _ in 0..REPORTS_MAX {
        ids.push(ordered(&app, &ada, tasks("csv")).await);
    }
    let full = app.post("/reports", tasks("csv")).by(&ada).send().await;
    let full = full.expect_error(409, "conflict");
    assert!(full.text().contains("delete one"), "{}", full.text());
    let eve = app.user("eve").await;
    ordered(&app, &eve, tasks("csv")).await;

    let first = &ids[0];
    let path = format!("/reports/{first}");
    let deleted = app.delete(&path).by(&ada).send().await.expect(204);
    assert!(!deleted.position().is_empty());
    app.delete(&path).by(&ada).send().await.expect(404);
    let job = app.get(&format!("/jobs/{first}")).by(&ada).send().await;
    assert_eq!(job.expect(200).data()["state"], "cancelled");
    ordered(&app, &ada, tasks("csv")).await;

    let mut listed = Vec::new();
    let mut path = "/reports?limit=7".to_owned();
    loop {
        let page = app.get(&path).by(&ada).send().await.expect(200);
        listed.extend(page.each("id"));
        match page.next_cursor() {
            Some(cursor) => path = format!("/reports?limit=7&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(i64::try_from(listed.len()), Ok(REPORTS_MAX));
    assert!(listed.is_sorted_by(|newer, older| newer > older));
}

#[tokio::test]
async fn the_same_order_under_one_key_is_one_report() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let order = app.post("/reports", tasks("csv")).by(&ada);
        let order = order.header("idempotency-key", "once").send().await;
        ids.push(order.expect(202).id());
    }
    assert_eq!(ids[0], ids[1]);
    let list = app.get("/reports").by(&ada).send().await;
    assert_eq!(list.each("id"), ids[..1]);
}
