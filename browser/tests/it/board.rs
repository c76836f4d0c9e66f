//! Cards on a board: moved by mouse and by key, and seen to move by others.

use anyhow::Result;
use millstream_browser::walk::open_demo;
use millstream_browser::{Chromium, Key, find, walk};

const BOARD: &str = "/projects/ENG?view=board";

/// What a lane of this name contains.
fn lane(name: &str) -> String {
    format!("//section[.//h2[normalize-space()='{name}']]")
}

/// A task's card, in the lane where it is expected.
fn card(name: &str, in_lane: &str) -> String {
    format!("{}{}", lane(in_lane), find::task(name))
}

async fn open_board(browser: &Chromium) -> Result<()> {
    browser.visit(BOARD).await?;
    browser.is_live().await
}

/// The first card of a lane, by the task's name.
async fn first_of(browser: &Chromium, name: &str) -> Result<String> {
    let first = browser
        .element(&format!("{}//*[@data-task]", lane(name)), "a card")
        .await?;
    Ok(first.attr("data-task").await?.unwrap_or_default())
}

#[tokio::test]
async fn a_card_dragged_by_mouse_moves_for_everybody_and_stays() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        let grace = open_demo(walk, &product, "grace").await?;
        open_board(&ada).await?;
        open_board(&grace).await?;
        let task = first_of(&ada, "To do").await?;
        ada.drag(&card(&task, "To do"), &lane("Blocked")).await?;
        let there = card(&task, "Blocked");
        ada.element(&there, "the card in its new lane").await?;
        grace
            .element(&there, "the card in its new lane, for somebody else")
            .await?;
        ada.reload().await?;
        ada.element(&there, "the card in its new lane, later")
            .await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_card_is_carried_by_keys_and_falls_back_on_escape() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        let grace = open_demo(walk, &product, "grace").await?;
        open_board(&ada).await?;
        open_board(&grace).await?;
        let task = first_of(&ada, "To do").await?;
        let link = format!("{}//a", card(&task, "To do"));

        ada.focus(&link).await?;
        ada.press(" ").await?;
        ada.press_key(Key::Right).await?;
        ada.element(&card(&task, "In progress"), "the card, carried")
            .await?;
        ada.press_key(Key::Escape).await?;
        ada.element(&card(&task, "To do"), "the card, where it was")
            .await?;

        ada.focus(&link).await?;
        ada.press(" ").await?;
        ada.press_key(Key::Right).await?;
        ada.press(" ").await?;
        let there = card(&task, "In progress");
        grace
            .element(&there, "the card in its new lane, for somebody else")
            .await?;
        ada.reload().await?;
        ada.element(&there, "the card in its new lane, later")
            .await?;
        Ok(())
    })
    .await
}
