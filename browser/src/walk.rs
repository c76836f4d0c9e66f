//! A walk: a test in which people use the product. It closes their browsers whatever happens, and when it fails it leaves
//! behind what each of them saw.

use crate::chromium::Chromium;
use crate::look::Look;
use crate::product::Product;
use anyhow::{Context, Error, Result, anyhow};
use futures::FutureExt;
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

/// Whoever takes part.
#[derive(Debug, Default)]
pub struct Walk {
    browsers: Mutex<Vec<Arc<Chromium>>>,
    /// Run until the browsers are closed: a page that loses its server complains.
    products: Mutex<Vec<Arc<Product>>>,
}

impl Walk {
    /// Somebody opens a browser.
    pub async fn open(&self, product: &Product, look: Look) -> Result<Arc<Chromium>> {
        let browser = Arc::new(Chromium::open(product.url(), look).await?);
        self.opened().push(Arc::clone(&browser));
        Ok(browser)
    }

    /// An installation in which nobody has registered.
    pub async fn empty(&self) -> Result<Arc<Product>> {
        Ok(self.keep(Product::empty().await?))
    }

    /// One with a team at work in it.
    pub async fn demo(&self) -> Result<Arc<Product>> {
        Ok(self.keep(Product::with_demo().await?))
    }

    fn keep(&self, product: Product) -> Arc<Product> {
        let product = Arc::new(product);
        let mut products = self.products.lock().expect("nobody panics with the lock");
        products.push(Arc::clone(&product));
        product
    }

    fn opened(&self) -> MutexGuard<'_, Vec<Arc<Chromium>>> {
        self.browsers.lock().expect("nobody panics with the lock")
    }
}

/// Runs a walk. It fails, too, when a console has complained.
pub async fn walk(body: impl AsyncFnOnce(&Walk) -> Result<()>) -> Result<()> {
    let walk = Walk::default();
    let done = AssertUnwindSafe(body(&walk)).catch_unwind().await;
    let done = done.unwrap_or_else(|panic| Err(told(panic.as_ref())));
    let browsers: Vec<_> = walk.opened().drain(..).collect();
    let quiet = complaints(&browsers).await;
    let result = done.and(quiet);
    if let Err(error) = &result {
        leave_evidence(&browsers, error).await;
    }
    for browser in browsers.into_iter().filter_map(Arc::into_inner) {
        browser.close().await?;
    }
    result
}

async fn complaints(browsers: &[Arc<Chromium>]) -> Result<()> {
    let mut all = Vec::new();
    for browser in browsers {
        all.extend(browser.complaints().await?);
    }
    if all.is_empty() {
        return Ok(());
    }
    Err(anyhow!(
        "the browser's console complains:\n{}",
        all.join("\n")
    ))
}

async fn leave_evidence(browsers: &[Arc<Chromium>], error: &Error) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("walk").replace("::", "-");
    let folder = evidence();
    eprintln!("{error:?}");
    for (index, browser) in browsers.iter().enumerate() {
        let name = format!("{test}-{}", index + 1);
        match browser.save_evidence(&folder, &name).await {
            Ok(()) => eprintln!(
                "what browser {} saw: {}/{name}.png, .html",
                index + 1,
                folder.display()
            ),
            Err(error) => eprintln!("what browser {} saw is lost: {error:#}", index + 1),
        }
        for complaint in browser.complaints().await.unwrap_or_default() {
            eprintln!("its console: {complaint}");
        }
    }
}

/// `target/browser`, wherever the target folder is: the test program lies in its `debug/deps`.
fn evidence() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let target = program.ancestors().nth(3).map(PathBuf::from);
    target.unwrap_or_else(std::env::temp_dir).join("browser")
}

fn told(panic: &(dyn Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    anyhow!("{}", text.unwrap_or("it panicked"))
}

/// Opens a browser in which somebody of the demo is logged in.
pub async fn open_demo(walk: &Walk, product: &Product, name: &str) -> Result<Arc<Chromium>> {
    let browser = walk.open(product, Look::DESKTOP).await?;
    browser
        .log_in_to_demo(product, name)
        .await
        .context("the demo")?;
    Ok(browser)
}
