//! From an empty installation to the first task.

use anyhow::Result;
use millstream_browser::product::PASSWORD;
use millstream_browser::{Look, walk};

#[tokio::test]
async fn the_first_person_sets_up_logs_in_founds_a_team_and_a_project_and_writes_a_task_by_key()
-> Result<()> {
    walk(async |walk| {
        let product = walk.empty().await?;
        let ada = walk.open(&product, Look::DESKTOP).await?;
        ada.set_up("ada").await?;
        ada.sees("ada").await?;
        ada.log_out("ada").await?;
        ada.log_in("ada", PASSWORD).await?;

        ada.visit("/teams").await?;
        ada.click("New team").await?;
        ada.fill("Name", "The mill").await?;
        ada.click("Create team").await?;
        ada.sees("The mill").await?;

        ada.visit("/projects").await?;
        ada.click("New project").await?;
        ada.fill("Name", "Water wheel").await?;
        ada.fill("Key", "WHEEL").await?;
        ada.click("Create project").await?;
        ada.arrives_at("/projects/WHEEL").await?;

        ada.press("c").await?;
        ada.fill("Title", "Oil the axle").await?;
        ada.choose("Project", "Water wheel").await?;
        ada.click("Create task").await?;
        ada.sees("Oil the axle").await?;
        ada.visit("/tasks/WHEEL-1").await?;
        ada.sees("Oil the axle").await
    })
    .await
}
