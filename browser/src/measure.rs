//! What a page costs whoever opens it for the first time: bytes, and the time until something is to be seen.

use crate::chromium::Chromium;
use crate::pages::Page;
use crate::wait::until;
use anyhow::Result;
use serde::Deserialize;
use serde_json::json;

/// A network as people have it on a train.
const LATENCY_MS: u32 = 150;
const BYTES_PER_SECOND: i64 = 200_000;
/// No limit, as the protocol writes it.
const FULL: i64 = -1;

/// What opening a page took.
#[derive(Debug, Clone, Deserialize)]
pub struct Cost {
    /// All bytes that were transferred, with what the page needs besides itself.
    pub bytes: f64,
    /// When the first text or picture was painted, after the start of the navigation.
    pub first_paint_ms: f64,
    /// The layout shift score: 0 when nothing moved once it was there.
    pub layout_shift: f64,
    /// What moved.
    pub moved: Vec<String>,
}

impl Cost {
    /// The most that a page may cost.
    pub const MAX: Self = Self {
        bytes: 100.0 * 1024.0,
        first_paint_ms: 1000.0,
        layout_shift: 0.0,
        moved: Vec::new(),
    };

    /// Whether it is within that.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.bytes < Self::MAX.bytes
            && self.first_paint_ms < Self::MAX.first_paint_ms
            && self.layout_shift <= Self::MAX.layout_shift
    }
}

/// Opens a page on a slow network with an empty cache.
pub async fn cost(browser: &Chromium, page: &Page) -> Result<Cost> {
    browser
        .devtools("Network.clearBrowserCache", json!({}))
        .await?;
    browser.slow_down(LATENCY_MS, BYTES_PER_SECOND).await?;
    let cost = opened(browser, page).await;
    browser.slow_down(0, FULL).await?;
    cost
}

async fn opened(browser: &Chromium, page: &Page) -> Result<Cost> {
    browser.visit(&page.path).await?;
    let cost = until("the first paint", async || {
        let cost = browser.driver().execute_async(SCRIPT, Vec::new()).await?;
        Ok(Some(cost.json().clone()).filter(|cost| !cost.is_null()))
    })
    .await?;
    Ok(serde_json::from_value(cost)?)
}

/// Answers null as long as nothing was painted. What was observed before the script came is told at once (`buffered`),
/// and two frames later everything is.
const SCRIPT: &str = "
    const done = arguments[arguments.length - 1];
    let shift = 0;
    const moved = new Set();
    const name = (part) => part && [part.nodeName.toLowerCase(), part.id && '#' + part.id, part.className && '.' + part.className].join('');
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
        shift += entry.value;
        entry.sources.forEach(({node}) => moved.add(name(node) ?? 'what is gone'));
    })).observe({type: 'layout-shift', buffered: true});
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => {
        const paint = performance.getEntriesByName('first-contentful-paint')[0];
        if (!paint) return done(null);
        const loads = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
        done({
            bytes: loads.reduce((sum, load) => sum + load.transferSize, 0),
            first_paint_ms: paint.startTime,
            layout_shift: shift,
            moved: [...moved],
        });
    })));";
