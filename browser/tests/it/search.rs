//! Finding a task again.

use anyhow::{Result, ensure};
use millstream_browser::walk::open_demo;
use millstream_browser::{Key, Look, walk};

#[tokio::test]
async fn a_task_is_found_by_key_by_words_and_by_what_it_is() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        ada.visit("/tasks/new?project=ENG").await?;
        ada.fill("Title", "Calibrate the barometer").await?;
        ada.choose("Priority", "Urgent").await?;
        ada.click("Create task").await?;
        ada.sees("Calibrate the barometer").await?;

        ada.visit("/").await?;
        ada.press("/").await?;
        ada.press("barometer").await?;
        ada.press_key(Key::Enter).await?;
        ada.arrives_at("/search").await?;
        ada.sees("1 task").await?;
        ada.click("Calibrate the barometer").await?;
        ada.arrives_at("/tasks/ENG-").await?;

        ada.visit("/search?q=barometer%20status:done").await?;
        ada.sees("Nothing fits.").await?;
        ada.visit("/search?q=barometer%20priority:urgent").await?;
        ada.sees("Calibrate the barometer").await?;
        ada.visit("/search?q=due:%3Csomeday").await?;
        ada.element("//*[@role='alert']", "what is wrong with the query")
            .await
            .map(drop)
    })
    .await
}

#[tokio::test]
async fn a_long_tag_ends_in_an_ellipsis_and_widens_no_page() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        let tag = "W".repeat(40);
        ada.visit("/tasks/ENG-4/edit").await?;
        ada.fill("Tags", &tag).await?;
        ada.leave_by("Save").await?;
        ada.see_as(Look {
            width: 320,
            ..Look::PHONE
        })
        .await?;
        let wider =
            "const wide = document.documentElement; return wide.scrollWidth - wide.clientWidth";
        for path in [
            "/search?q=",
            "/tasks/ENG-4",
            "/projects/ENG",
            "/projects/ENG?view=board",
        ] {
            ada.visit(path).await?;
            let wider = ada.ask(wider).await?;
            ensure!(wider == 0, "{path} is wider than the window by {wider}");
        }
        let title = format!("//*[@title='{tag}']");
        ada.visit("/tasks/ENG-4").await?;
        ada.element(&title, "the whole tag").await.map(drop)
    })
    .await
}
