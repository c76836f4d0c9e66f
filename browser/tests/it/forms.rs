//! Pages that hear of changes while somebody fills in a form, or reads the answer to one.

use anyhow::{Result, ensure};
use millstream_browser::walk::open_demo;
use millstream_browser::{Chromium, Key, find, walk};

/// Somebody writes to ada, and her page hears of it: the number on her inbox is another.
async fn ada_hears(ada: &Chromium, grace: &Chromium) -> Result<()> {
    let before = unread(ada).await?;
    grace.visit("/tasks/ENG-4").await?;
    grace.fill("Write a comment", "Look at this, @ada").await?;
    grace.click("Comment").await?;
    grace.sees("Look at this, @ada").await?;
    millstream_browser::wait::until("another number on the inbox", async || {
        Ok((unread(ada).await? != before).then_some(()))
    })
    .await
}

async fn unread(browser: &Chromium) -> Result<String> {
    let text = browser
        .ask("return document.querySelector('#unread').textContent")
        .await?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_token_that_is_shown_once_stays_while_the_number_on_the_inbox_changes() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        let grace = open_demo(walk, &product, "grace").await?;
        ada.visit("/settings/tokens").await?;
        ada.fill("Name", "Mill wheel").await?;
        ada.click("Create token").await?;
        let token = ada.content_of("API token").await?;
        ensure!(token.starts_with("mst_"), "{token:?}");
        ada.is_live().await?;
        ada_hears(&ada, &grace).await?;
        ensure!(ada.content_of("API token").await? == token);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_text_that_is_being_typed_keeps_the_version_it_was_begun_on() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        let grace = open_demo(walk, &product, "grace").await?;
        for browser in [&ada, &grace] {
            browser.visit("/projects/ENG/edit").await?;
            browser.is_live().await?;
        }
        ada.fill("Description", "Half a thought").await?;
        grace.fill("Name", "The other mill").await?;
        grace.click("Save").await?;
        // Her page has heard of it once the navigation says so.
        let named = "//nav[@id='side']//a[normalize-space()='The other mill']";
        ada.element(named, "the new name in the navigation").await?;
        ada.expect_trouble("412");
        ada.click("Save").await?;
        ada.sees("Somebody changed this while you were editing")
            .await?;
        ada.field_says("Description", "Half a thought").await
    })
    .await
}

#[tokio::test]
async fn enter_gives_the_tag_that_was_typed_and_not_one_that_only_looks_like_it() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        ada.visit("/tasks/ENG-4").await?;
        ada.is_live().await?;
        for tag in ["watermill", "mill"] {
            ada.press("l").await?;
            let dialog = "//dialog//input[@name='tags'][@data-filter]";
            ada.focus(dialog).await?;
            ada.press(tag).await?;
            ada.press_key(Key::Enter).await?;
            ada.is_gone("//dialog", "the picker").await?;
            let worn = format!("//main//*[contains(@class, 'tag')][normalize-space()='{tag}']");
            ada.element(&worn, "the tag").await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_lifted_card_is_put_down_when_somebody_goes_elsewhere() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        ada.visit("/projects/ENG?view=board").await?;
        ada.is_live().await?;
        let lane = |name: &str| format!("//section[.//h2[normalize-space()='{name}']]");
        let first = format!("{}//*[@data-task]", lane("To do"));
        let first = ada.element(&first, "a card").await?;
        let task = first.attr("data-task").await?.unwrap_or_default();
        let card = |name: &str| format!("{}{}", lane(name), find::task(&task));
        ada.focus(&format!("{}//a", card("To do"))).await?;
        ada.press(" ").await?;
        ada.press_key(Key::Right).await?;
        let there = card("In progress");
        ada.element(&there, "the card, carried").await?;
        ada.focus("//input[@id='find']").await?;
        ada.is_gone("//*[contains(@class, 'lifted')]", "the lifted card")
            .await?;
        let said = "return document.querySelector('#said').textContent";
        let said = ada.ask(said).await?;
        let is_said = said.as_str().is_some_and(|said| said.contains("put down"));
        ensure!(is_said, "{said}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn drafts_are_nobody_elses_and_end_with_the_log_out() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        ada.visit("/tasks/ENG-4").await?;
        ada.fill("Write a comment", "Between us").await?;
        ada.reload().await?;
        ada.field_says("Write a comment", "Between us").await?;
        ada.log_out("ada").await?;
        let kept = ada.ask("return Object.keys(localStorage).length").await?;
        ensure!(kept == 0, "{kept}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn keys_of_one_letter_do_nothing_once_they_are_turned_off() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        ada.visit("/tasks/ENG-4").await?;
        ada.is_live().await?;
        ada.press("s").await?;
        ada.element("//dialog//form", "the picker").await?;
        ada.visit("/settings").await?;
        ada.click("Off").await?;
        ada.element("//button[@value='off'][@aria-pressed='true']", "the choice")
            .await?;
        ada.visit("/tasks/ENG-4").await?;
        ada.is_live().await?;
        ada.press("s?").await?;
        let dialogs = "return document.querySelectorAll('dialog').length";
        ensure!(ada.ask(dialogs).await? == 0);
        Ok(())
    })
    .await
}
