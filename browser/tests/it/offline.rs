//! Without a network, and back.

use anyhow::Result;
use millstream_browser::walk;
use millstream_browser::walk::open_demo;

#[tokio::test]
async fn what_was_typed_outlives_a_lost_network_and_a_closed_page() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        let grace = open_demo(walk, &product, "grace").await?;
        ada.visit("/tasks/ENG-4").await?;
        ada.is_live().await?;
        grace.visit("/tasks/ENG-4").await?;
        ada.fill("Write a comment", "Sent from the ferry").await?;

        ada.set_offline(true).await?;
        ada.click("Comment").await?;
        ada.sees("The server cannot be reached").await?;
        ada.field_says("Write a comment", "Sent from the ferry")
            .await?;
        grace.fill("Write a comment", "Where are you?").await?;
        grace.click("Comment").await?;
        grace.sees("Where are you?").await?;

        ada.set_offline(false).await?;
        ada.is_live().await?;
        // What happened meanwhile, without loading the page again.
        ada.sees("Where are you?").await?;
        ada.field_says("Write a comment", "Sent from the ferry")
            .await?;
        ada.click("Comment").await?;
        ada.field_says("Write a comment", "").await?;
        grace.sees("Sent from the ferry").await?;

        ada.fill("Write a comment", "A second thought").await?;
        ada.visit("/").await?;
        ada.visit("/tasks/ENG-4").await?;
        ada.field_says("Write a comment", "A second thought").await
    })
    .await
}
