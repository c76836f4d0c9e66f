//! The whole way for somebody whose browser runs no scripts.

use anyhow::Result;
use millstream_browser::product::PASSWORD;
use millstream_browser::{Key, Look, walk};

#[tokio::test]
async fn everything_can_be_done_without_scripts() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let blind = Look::DESKTOP.without_scripts();
        let nora = walk.open(&product, blind).await?;
        nora.visit("/register").await?;
        nora.register("nora").await?;
        nora.log_out("nora").await?;
        nora.log_in("nora", PASSWORD).await?;
        let ada = walk.open(&product, blind).await?;
        ada.log_in_to_demo(&product, "ada").await?;

        ada.click("New task").await?;
        ada.fill("Title", "Paint the lighthouse").await?;
        ada.choose("Project", "Operations").await?;
        ada.fill("Due", "tomorrow").await?;
        ada.click("Create task").await?;
        ada.sees("Paint the lighthouse").await?;
        let task = ada.path().await?;

        ada.click("Edit").await?;
        ada.fill("Title", "Paint the old lighthouse").await?;
        ada.click("Save").await?;
        ada.sees("Paint the old lighthouse").await?;
        ada.visit(&task).await?;
        ada.choose("Status", "In progress").await?;
        ada.leave_by("Save").await?;
        ada.field_says("Status", "in_progress").await?;
        ada.fill("Write a comment", "Which *red*, @grace?").await?;
        ada.click("Comment").await?;
        ada.sees("Which red, @grace?").await?;

        ada.visit("/").await?;
        ada.fill("Search", "lighthouse").await?;
        ada.press_key(Key::Enter).await?;
        ada.arrives_at("/search").await?;
        ada.sees("Paint the old lighthouse").await?;

        let grace = walk.open(&product, blind).await?;
        grace.log_in_to_demo(&product, "grace").await?;
        grace.visit("/inbox").await?;
        grace.sees("Paint the old lighthouse").await?;
        grace.click("Mark all as read").await?;
        grace.sees("All read.").await?;
        grace.log_out("grace").await?;
        grace.visit("/inbox").await?;
        grace.arrives_at("/login").await.map(drop)
    })
    .await
}
