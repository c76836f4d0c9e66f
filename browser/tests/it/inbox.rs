//! What waits for somebody.

use anyhow::Result;
use millstream_browser::walk;
use millstream_browser::walk::open_demo;

#[tokio::test]
async fn a_mention_comes_into_the_inbox_and_is_gone_once_read() -> Result<()> {
    walk(async |walk| {
        let product = walk.demo().await?;
        let ada = open_demo(walk, &product, "ada").await?;
        let grace = open_demo(walk, &product, "grace").await?;
        ada.visit("/inbox").await?;
        if ada.shown(&read_all()).await?.is_some() {
            ada.click("Mark all as read").await?;
        }
        ada.sees("All read.").await?;
        ada.is_live().await?;

        grace.visit("/tasks/ENG-4").await?;
        grace
            .fill("Write a comment", "What do you think, @ada?")
            .await?;
        grace.click("Comment").await?;
        grace.sees("What do you think, @ada?").await?;

        // Without asking.
        ada.sees("mentioned you").await?;
        ada.no_longer_sees("All read.").await?;
        ada.click("Mark as read").await?;
        ada.sees("All read.").await?;
        ada.visit("/inbox?show=all").await?;
        ada.sees("mentioned you").await
    })
    .await
}

fn read_all() -> String {
    millstream_browser::find::clickable("Mark all as read")
}
