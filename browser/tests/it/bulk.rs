//! Several tasks at once.

use anyhow::Result;
use millstream_browser::walk::open_demo;
use millstream_browser::{Chromium, find, walk};

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
