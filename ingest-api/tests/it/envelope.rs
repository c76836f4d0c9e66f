//! What every answer and every error looks like.

use crate::app::TestApp;

#[tokio::test]
async fn whoever_is_not_logged_in_is_told_how_to() {
    let app = TestApp::new().await;
    let answer = app.get("/tasks").send().await;
    let answer = answer.expect_error(401, "unauthenticated");
    assert!(
        answer
            .header("www-authenticate")
            .unwrap()
            .starts_with("Bearer")
    );
}
