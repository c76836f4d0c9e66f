//! The page: what people do without a script.

use super::ended;
use crate::app::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_ordered_downloaded_and_deleted_on_its_page() {
    let app = TestApp::with_lake().await;
    let (ada, _, project) = app.with_project().await;
    app.task(&ada, &project, "Mend the sails").await;
    let browser = app.browser("ada").await;
    let empty = browser.page(&app, "/reports").await;
    assert!(empty.contains("No files yet") && !empty.contains("data-refresh"));
    // The way there from a report.
    let flow = browser.page(&app, "/analytics/projects/ENG?days=7").await;
    let link = format!("/reports?kind=flow&amp;project={project}&amp;days=7");
    let link = link.replace("&amp;", "&#38;");
    assert!(flow.contains(&link), "{flow}");
    let form = format!("/reports?kind=flow&project={project}&days=7");
    let form = browser.page(&app, &form).await;
    assert!(form.contains("<option value=\"flow\" selected>"));
    assert!(form.contains(&format!("<option value=\"{project}\" selected>")));

    let wrong = [("kind", "flow"), ("format", "csv"), ("days", "400")];
    let refused = browser.post(&app, "/reports", &wrong).await.expect(422);
    assert!(refused.text().contains("must be given"));
    assert!(refused.text().contains("1 to 366"));
    let fields = [
        ("kind", "flow"),
        ("format", "csv"),
        ("project", &project),
        ("team", ""),
        ("user", ""),
        ("by", "status"),
        ("days", "7"),
    ];
    let there = browser.post(&app, "/reports", &fields).await.expect(303);
    assert_eq!(there.header("location"), Some("/reports"));
    let waiting = browser.page(&app, "/reports").await;
    assert!(waiting.contains("How a project flows") && waiting.contains("ENG · 7 days"));
    assert!(waiting.contains("Waiting") && waiting.contains("data-refresh=\"3\""));

    let app = app.making_reports();
    let id = app
        .get("/reports")
        .by(&ada)
        .send()
        .await
        .each("id")
        .remove(0);
    ended(&app, &ada, &id).await;
    let ready = browser.page(&app, "/reports").await;
    assert!(ready.contains("Ready") && !ready.contains("data-refresh"));
    let download = format!("/reports/{id}/download");
    assert!(ready.contains(&format!("href=\"{download}\" download")));
    let file = browser.get(&app, &download).await.expect(200);
    assert!(
        file.text()
            .starts_with("part,key,label,measure,value\nproject,")
    );
    assert!(
        file.header("content-disposition")
            .unwrap()
            .starts_with("attachment")
    );

    app.user("eve").await;
    let eve = app.browser("eve").await;
    eve.get(&app, &download).await.expect(404);
    let delete = format!("/reports/{id}/delete");
    eve.post(&app, &delete, &[]).await.expect(404);
    browser.post(&app, &delete, &[]).await.expect(303);
    let empty = browser.page(&app, "/reports").await;
    assert!(empty.contains("No files yet"));
}
