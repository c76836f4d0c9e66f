//! What was typed and not sent yet: it outlives a session that ends elsewhere, a page that is loaded again, a lost network.

use anyhow::Result;
use millstream_browser::walk;
use millstream_browser::walk::open_demo;

const EDIT: &str = "/tasks/ENG-4/edit";

#[tokio::test]
async fn a_text_under_edit_stays_when_the_session_ends_elsewhere_and_is_saved_after_the_log_in()
-> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        let elsewhere = open_demo(walk, &product, "ada").await?;
        ada.visit(EDIT).await?;
        ada.is_live().await?;
        ada.fill("Description", "Half a thought").await?;
        // The live connection is refused until she is back.
        ada.expect_trouble("401");
        ada.expect_trouble("/api/v1/live");
        elsewhere.visit("/settings").await?;
        elsewhere.click("End all others").await?;
        elsewhere.sees("Saved.").await?;
        ada.sees("You are logged out.").await?;
        ada.field_says("Description", "Half a thought").await?;

        let page = ada.driver().window().await?;
        let other = ada.driver().new_tab().await?;
        ada.driver().switch_to_window(other).await?;
        ada.log_in_to_demo(&product, "ada").await?;
        ada.driver().close_window().await?;
        ada.driver().switch_to_window(page).await?;
        ada.no_longer_sees("You are logged out.").await?;
        ada.field_says("Description", "Half a thought").await?;
        ada.leave_by("Save").await?;
        ada.sees("Half a thought").await
    })
    .await
}

#[tokio::test]
async fn a_draft_of_an_edit_comes_back_until_it_is_thrown_away_or_saved() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        let grace = open_demo(walk, &product, "grace").await?;
        ada.visit(EDIT).await?;
        let before = ada.content_of("Description").await?;
        ada.fill("Description", "A first thought").await?;
        ada.visit("/").await?;
        ada.visit(EDIT).await?;
        ada.sees("Your draft, kept in this browser.").await?;
        ada.field_says("Description", "A first thought").await?;
        ada.click("Throw it away").await?;
        ada.no_longer_sees("Your draft").await?;
        ada.field_says("Description", &before).await?;
        ada.reload().await?;
        ada.field_says("Description", &before).await?;

        // It goes on from the version that it was begun on: what others changed meanwhile is told.
        ada.fill("Description", "A second thought").await?;
        ada.visit("/").await?;
        grace.visit(EDIT).await?;
        grace.fill("Title", "Another title").await?;
        grace.leave_by("Save").await?;
        ada.visit(EDIT).await?;
        ada.sees("changed this").await?;
        ada.field_says("Description", "A second thought").await?;
        ada.field_says("Title", "Another title").await?;

        ada.set_offline(true).await?;
        ada.click("Save").await?;
        ada.sees("The server cannot be reached. Nothing was changed.")
            .await?;
        ada.field_says("Description", "A second thought").await?;
        ada.set_offline(false).await?;
        ada.leave_by("Save").await?;
        ada.sees("A second thought").await?;
        ada.visit(EDIT).await?;
        ada.field_says("Description", "A second thought").await?;
        ada.no_longer_sees("Your draft").await
    })
    .await
}

#[tokio::test]
async fn the_draft_of_a_project_comes_back_and_ends_when_it_is_saved() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        ada.visit("/projects/ENG/edit").await?;
        ada.fill("Description", "What we are here for").await?;
        ada.reload().await?;
        ada.sees("Your draft, kept in this browser.").await?;
        ada.field_says("Description", "What we are here for")
            .await?;
        ada.leave_by("Save").await?;
        ada.visit("/projects/ENG/edit").await?;
        ada.field_says("Description", "What we are here for")
            .await?;
        ada.no_longer_sees("Your draft").await
    })
    .await
}
