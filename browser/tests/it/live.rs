//! What one does, the other sees without asking.

use anyhow::{Result, ensure};
use millstream_browser::walk;
use millstream_browser::walk::open_demo;

#[tokio::test]
async fn a_comment_is_seen_in_another_browser_that_keeps_what_is_typed_there() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        let grace = open_demo(walk, &product, "grace").await?;
        for browser in [&ada, &grace] {
            browser.visit("/tasks/ENG-4").await?;
            browser.is_live().await?;
        }
        ada.fill("Write a comment", "Half a thought").await?;

        grace
            .fill("Write a comment", "The **tide** has turned")
            .await?;
        grace.click("Comment").await?;
        grace.sees("The tide has turned").await?;
        grace.field_says("Write a comment", "").await?;

        ada.sees("The tide has turned").await?;
        let typed = ada.content_of("Write a comment").await?;
        ensure!(typed == "Half a thought", "{typed:?}");

        grace.choose("Status", "Blocked").await?;
        ada.field_says("Status", "blocked").await
    })
    .await
}
