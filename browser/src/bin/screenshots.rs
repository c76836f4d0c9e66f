//! Takes a picture of every page: desktop and phone, light and dark, in a demo and in an installation where nothing is
//! yet. Then it measures what every page of the demo costs on a slow network.
//!
//! `cargo xtask screenshots` runs it, with all that it needs. The argument is the folder to write to; its `index.html` shows
//! all of them.
#![expect(
    clippy::print_stdout,
    reason = "a command line tool: the table is its result"
)]

#[path = "screenshots/gallery.rs"]
mod gallery;

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use gallery::Gallery;
use millstream_browser::measure::{self, Cost};
use millstream_browser::pages::{self, Page};
use millstream_browser::{Chromium, Look, Product};
use serde_json::json;
use std::path::{Path, PathBuf};

const LOOKS: [Look; 4] = [
    Look::DESKTOP,
    Look::DESKTOP.dark(),
    Look::PHONE,
    Look::PHONE.dark(),
];

/// Who looks at pages: somebody who is logged in, or not.
struct Visitor {
    name: &'static str,
    browser: Chromium,
    pages: Vec<Page>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.context("name the folder to write to")?;
    // Pages that are gone have no picture.
    std::fs::remove_dir_all(&folder).ok();
    let mut gallery = Gallery::default();

    let empty = Product::empty().await?;
    let visitors = visitors(&empty, async |ada| ada.set_up("ada").await).await?;
    take_all(&folder, "empty", &visitors, &mut gallery).await?;
    close(visitors).await?;

    let demo = Product::with_demo().await?;
    let visitors =
        self::visitors(&demo, async |ada| ada.log_in_to_demo(&demo, "ada").await).await?;
    take_all(&folder, "demo", &visitors, &mut gallery).await?;
    gallery.write(&folder)?;
    let costs = measure(&visitors).await?;
    close(visitors).await?;
    print(&costs);
    println!("\npictures: {}", folder.join("index.html").display());
    Ok(())
}

/// Somebody who is not logged in, and an admin who is.
async fn visitors(
    product: &Product,
    enter: impl AsyncFnOnce(&Chromium) -> Result<()>,
) -> Result<Vec<Visitor>> {
    let stranger = Chromium::open(product.url(), Look::DESKTOP).await?;
    let mut visitors = Vec::new();
    let pages = pages::every(&stranger, &["/", "/login", "/register"]).await?;
    visitors.push(Visitor {
        name: "stranger",
        browser: stranger,
        pages,
    });
    let admin = Chromium::open(product.url(), Look::DESKTOP).await?;
    enter(&admin).await?;
    let pages = pages::every(&admin, &["/"]).await?;
    visitors.push(Visitor {
        name: "admin",
        browser: admin,
        pages,
    });
    Ok(visitors)
}

async fn take_all(
    folder: &Path,
    installation: &str,
    visitors: &[Visitor],
    gallery: &mut Gallery,
) -> Result<()> {
    for visitor in visitors {
        for look in LOOKS {
            visitor.browser.see_as(look).await?;
            for page in &visitor.pages {
                let set = format!("{installation}-{}", look.name());
                let file = format!("{set}/{}-{}.png", visitor.name, page.name);
                take(&visitor.browser, page, &folder.join(&file)).await?;
                gallery.add(format!("{} {}", visitor.name, page.name), set, file);
            }
        }
        visitor.browser.see_as(Look::DESKTOP).await?;
    }
    Ok(())
}

/// A picture of the whole page, also of what has to be scrolled to.
async fn take(browser: &Chromium, page: &Page, file: &Path) -> Result<()> {
    browser.visit(&page.path).await?;
    let whole = json!({"format": "png", "captureBeyondViewport": true});
    let picture = browser.devtools("Page.captureScreenshot", whole).await?;
    let data = picture["data"].as_str().context("a picture without data")?;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(file, BASE64_STANDARD.decode(data)?)?;
    Ok(())
}

async fn measure(visitors: &[Visitor]) -> Result<Vec<(String, Cost)>> {
    let mut costs = Vec::new();
    for visitor in visitors {
        for page in &visitor.pages {
            let cost = measure::cost(&visitor.browser, page).await?;
            costs.push((format!("{} {}", visitor.name, page.path), cost));
        }
    }
    Ok(costs)
}

fn print(costs: &[(String, Cost)]) {
    println!("    KiB   first paint    shift   page (150 ms and 200 KB/s, nothing cached)");
    for (page, cost) in costs {
        let mark = if cost.is_fine() { "" } else { "   too much " };
        println!(
            "{:>7.1} {:>10.0} ms {:>8.4}   {page}{mark}{}",
            cost.bytes / 1024.0,
            cost.first_paint_ms,
            cost.layout_shift,
            cost.moved.join(", ")
        );
    }
    let most = |of: fn(&Cost) -> f64| costs.iter().map(|(_, cost)| of(cost)).fold(0.0, f64::max);
    println!(
        "{:>7.1} {:>10.0} ms {:>8.4}   the most of each",
        most(|cost| cost.bytes) / 1024.0,
        most(|cost| cost.first_paint_ms),
        most(|cost| cost.layout_shift)
    );
}

async fn close(visitors: Vec<Visitor>) -> Result<()> {
    for visitor in visitors {
        visitor.browser.close().await?;
    }
    Ok(())
}
