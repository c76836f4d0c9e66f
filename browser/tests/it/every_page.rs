//! What must hold on every page there is, found by its links: nobody is kept out, and it fits a phone.

use anyhow::{Result, ensure};
use millstream_browser::accessibility::{Axe, Rules};
use millstream_browser::pages::{self, Page};
use millstream_browser::walk::{Walk, open_demo};
use millstream_browser::{Chromium, Look, Product, walk};
use std::sync::Arc;

/// The least that this must find, lest a crawl that goes nowhere passes.
const PAGES_MIN: usize = 20;
/// What the console says of the error pages among them.
const ERRORS: &str = "the server responded with a status of 404";

/// The pages of strangers, and those of an admin in a demo.
async fn everybodys(
    walk: &Walk,
    product: &Arc<Product>,
) -> Result<Vec<(Arc<Chromium>, Vec<Page>)>> {
    let stranger = walk.open(product, Look::DESKTOP).await?;
    let ada = open_demo(walk, product, "ada").await?;
    let mut all = Vec::new();
    for (browser, starts) in [(stranger, &["/", "/login", "/register"][..]), (ada, &["/"])] {
        browser.expect_trouble(ERRORS);
        let pages = pages::every(&browser, starts).await?;
        all.push((browser, pages));
    }
    let found = all.iter().map(|(_, pages)| pages.len()).sum::<usize>();
    ensure!(found >= PAGES_MIN, "only {found} pages were found: {all:?}");
    Ok(all)
}

fn none(wrong: &[String]) -> Result<()> {
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn nothing_serious_keeps_anybody_out_of_any_page_in_light_or_dark() -> Result<()> {
    let axe = Axe::read()?;
    walk(async |walk| {
        let product = walk.demo().await?;
        let mut wrong = Vec::new();
        for (browser, pages) in everybodys(walk, &product).await? {
            for (look, rules) in [
                (Look::DESKTOP, Rules::All),
                (Look::DESKTOP.dark(), Rules::Colours),
            ] {
                browser.see_as(look).await?;
                for page in &pages {
                    browser.visit(&page.path).await?;
                    let found = axe.look(&browser, rules).await?;
                    let serious = found.iter().filter(|finding| finding.is_serious());
                    wrong.extend(
                        serious.map(|finding| format!("{} {}: {finding}", page.path, look.name())),
                    );
                }
            }
        }
        none(&wrong)
    })
    .await
}

#[tokio::test]
async fn every_page_fits_a_phone_and_a_finger_hits_what_it_aims_at() -> Result<()> {
    let axe = Axe::read()?;
    walk(async |walk| {
        let product = walk.demo().await?;
        let mut wrong = Vec::new();
        for (browser, pages) in everybodys(walk, &product).await? {
            browser.see_as(Look::PHONE).await?;
            for page in &pages {
                browser.visit(&page.path).await?;
                let wide = browser.ask(WIDER).await?;
                if wide != serde_json::Value::Null {
                    wrong.push(format!("{} scrolls sideways: {wide}", page.path));
                }
                let found = axe.look(&browser, Rules::Targets).await?;
                wrong.extend(
                    found
                        .iter()
                        .map(|finding| format!("{}: {finding}", page.path)),
                );
            }
        }
        none(&wrong)
    })
    .await
}

/// What sticks out of the window on the right, if the page can be scrolled to it.
const WIDER: &str = "
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return null;
    const out = [...document.querySelectorAll('body *')]
        .filter((part) => part.getBoundingClientRect().right > width + 1)
        .map((part) => part.tagName.toLowerCase() + (part.className ? '.' + part.className : ''));
    return document.documentElement.scrollWidth + ' instead of ' + width + ': ' + out.slice(0, 8).join(', ');";
