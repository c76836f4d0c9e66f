//! Without a network, and back; and with a server that does not answer, or says no.

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

#[tokio::test]
async fn a_page_that_could_not_be_brought_up_to_date_tries_until_it_is() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        let grace = open_demo(walk, &product, "grace").await?;
        for browser in [&ada, &grace] {
            browser.visit("/tasks/ENG-4").await?;
            browser.is_live().await?;
        }
        // Her connection still tells her that something changed; the page itself cannot be had.
        ada.block(Some("/tasks/ENG-4")).await?;
        grace.fill("Write a comment", "Can you hear me?").await?;
        grace.click("Comment").await?;
        grace.sees("Can you hear me?").await?;
        let waits = "//*[@id='live'][contains(., 'Reconnecting')]";
        ada.element(waits, "a page that says that it is late")
            .await?;
        ada.block(None).await?;
        ada.sees("Can you hear me?").await?;
        ada.is_live().await
    })
    .await
}

#[tokio::test]
async fn whoever_is_refused_when_the_network_comes_back_is_led_to_the_log_in() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        let elsewhere = open_demo(walk, &product, "ada").await?;
        ada.visit("/tasks/ENG-4").await?;
        ada.is_live().await?;
        ada.set_offline(true).await?;
        elsewhere.visit("/settings").await?;
        elsewhere.click("End all others").await?;
        elsewhere.sees("Saved.").await?;
        // The handshake is answered with 401.
        ada.expect_trouble("401");
        ada.expect_trouble("/api/v1/live");
        ada.set_offline(false).await?;
        let to = ada.arrives_at("/login").await;
        to.map(drop)
    })
    .await
}
