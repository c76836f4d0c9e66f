//! Several tasks at once.

use anyhow::Result;
use millstream_browser::walk::open_demo;
use millstream_browser::{Chromium, Key, find, walk};

/// The tasks of a list that are not done, from the top.
async fn open_tasks(browser: &Chromium) -> Result<Vec<String>> {
    let names = browser
        .ask("return [...document.querySelectorAll('.task[data-task]')].map(row => row.dataset.task)")
        .await?;
    Ok(serde_json::from_value(names)?)
}

/// Whether a list shows a task under a status.
fn under(task: &str, status: &str) -> String {
    format!(
        "//section[.//h2[normalize-space()='{status}']]{}",
        find::task(task)
    )
}

#[tokio::test]
async fn several_tasks_are_selected_by_hand_and_by_key_and_changed_at_once() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        ada.visit("/projects/WEB").await?;
        ada.is_live().await?;
        let tasks = open_tasks(&ada).await?;
        let [first, second, third, ..] = &tasks[..] else {
            anyhow::bail!("the demo has too few tasks: {tasks:?}");
        };
        ada.tick(first).await?;
        ada.press("jjx").await?;
        ada.choose_in("With the selected tasks", "Status", "Blocked")
            .await?;
        ada.click("Apply").await?;
        ada.element(&under(first, "Blocked"), "the first, changed")
            .await?;
        ada.element(&under(second, "Blocked"), "the second, changed")
            .await?;

        ada.reload().await?;
        ada.element(&under(second, "Blocked"), "the second, later")
            .await?;

        ada.tick(third).await?;
        ada.click("Archive").await?;
        ada.is_gone(&find::task(third), "the third").await?;
        ada.reload().await?;
        ada.element(&find::task(first), "the list, later").await?;
        ada.is_gone(&find::task(third), "the third, later").await
    })
    .await
}

#[tokio::test]
async fn an_act_on_several_that_is_wholly_refused_says_why_and_changes_nothing() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        ada.visit("/projects/WEB").await?;
        ada.is_live().await?;
        let tasks = open_tasks(&ada).await?;
        let [first, second, ..] = &tasks[..] else {
            anyhow::bail!("the demo has too few tasks: {tasks:?}");
        };
        // Nobody of this name is in the team.
        ada.tick(first).await?;
        ada.tick(second).await?;
        ada.fill("Username, or me", "nobody-at-all").await?;
        ada.expect_trouble("422");
        ada.click("Apply").await?;
        ada.sees("Not everything was done").await?;
        ada.sees("0 done, 2 left as they are").await?;
        ada.sees("not an active member of its team").await?;
        ada.click("Back").await?;
        ada.arrives_at("/projects/WEB").await?;

        // A due time that nobody understands comes back as it was typed.
        ada.tick(first).await?;
        ada.fill("Due", "when it suits").await?;
        ada.click("Apply").await?;
        ada.sees("is not a time that is understood").await?;
        ada.field_says("Due", "when it suits").await?;
        ada.fill("Due", "in 2 weeks").await?;
        ada.click("Apply").await?;
        ada.arrives_at("/projects/WEB").await?;

        // By key, over the list: the picker stays, and says it where it was typed.
        ada.is_live().await?;
        ada.tick(second).await?;
        ada.press_key(Key::Escape).await?;
        ada.press("d").await?;
        ada.focus("//dialog//input[@name='due_at']").await?;
        ada.press("someday").await?;
        ada.press_key(Key::Enter).await?;
        let wrong = "//dialog//*[contains(@class, 'wrong')][contains(., 'not a time')]";
        ada.element(wrong, "what is wrong").await.map(drop)
    })
    .await
}
