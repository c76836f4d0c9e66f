//! A browser: Chromium without a window, with a profile of its own, closed at the latest when it is dropped.

use crate::look::Look;
use crate::{told, trouble};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Mutex;
use thirtyfour::{
    ChromeCapabilities, ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel,
    WebDriver,
};

/// What a profile's setting says for "nobody may".
const NOBODY: u8 = 2;

/// A browser in which somebody looks at one product.
#[derive(Debug)]
pub struct Chromium {
    driver: WebDriver,
    home: String,
    expected: Mutex<Vec<String>>,
}

impl Chromium {
    /// Opens one.
    pub async fn open(home: &str, look: Look) -> Result<Self> {
        let driver = WebDriver::new(told::chromedriver()?, capabilities(look)?)
            .await
            .context("chromedriver starts no Chromium")?;
        let chromium = Self {
            driver,
            home: home.to_owned(),
            expected: Mutex::default(),
        };
        chromium.see_as(look).await?;
        Ok(chromium)
    }

    /// The window, and what the system prefers, from now on.
    pub async fn see_as(&self, look: Look) -> Result<()> {
        let Look {
            width,
            height,
            phone,
            ..
        } = look;
        let window =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone});
        self.devtools("Emulation.setDeviceMetricsOverride", window)
            .await?;
        self.devtools(
            "Emulation.setTouchEmulationEnabled",
            json!({"enabled": phone}),
        )
        .await?;
        let scheme = if look.dark { "dark" } else { "light" };
        let features = json!({"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            // Nothing has to be waited for.
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        self.devtools("Emulation.setEmulatedMedia", features)
            .await?;
        Ok(())
    }

    /// The session with the driver.
    #[must_use]
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// The address of a page of the product.
    #[must_use]
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.home)
    }

    /// A command of the `DevTools` protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        let answer = self.driver.cdp().send_raw(command, parameters).await;
        answer.with_context(|| format!("{command} failed"))
    }

    /// What a script of ours, run in the page, answers. Works where pages may run none, too.
    pub async fn ask(&self, script: &str) -> Result<Value> {
        Ok(self
            .driver
            .execute(script, Vec::new())
            .await?
            .json()
            .clone())
    }

    /// Complaints of the console that name this are brought about by the test itself.
    pub fn expect_trouble(&self, part: &str) {
        let mut expected = self.expected.lock().expect("nobody panics with the lock");
        expected.push(part.to_owned());
    }

    /// What the console has complained of since it was asked last.
    pub async fn complaints(&self) -> Result<Vec<String>> {
        let log = self.driver.browser_log().await?;
        let expected = self.expected.lock().expect("nobody panics with the lock");
        Ok(trouble::complaints(&log, &expected))
    }

    /// Saves what can be seen, and the page's HTML as it is now.
    pub async fn save_evidence(&self, folder: &Path, name: &str) -> Result<()> {
        std::fs::create_dir_all(folder)?;
        let picture = self.driver.screenshot_as_png().await?;
        std::fs::write(folder.join(format!("{name}.png")), picture)?;
        let page = format!(
            "<!-- {} -->\n{}",
            self.driver.current_url().await?,
            self.driver.source().await?
        );
        std::fs::write(folder.join(format!("{name}.html")), page)?;
        Ok(())
    }

    /// Closes it.
    pub async fn close(self) -> Result<()> {
        Ok(self.driver.quit().await?)
    }
}

fn capabilities(look: Look) -> Result<ChromeCapabilities> {
    let mut capabilities = DesiredCapabilities::chrome();
    for argument in [
        "--headless=new",
        // The browser ends when the driver does, whatever ended that.
        "--remote-debugging-pipe",
        "--disable-breakpad",
        // Memory for pages is not always to be had in /dev/shm, in containers least.
        "--disable-dev-shm-usage",
        "--force-device-scale-factor=1",
        "--lang=en-US",
    ] {
        capabilities.add_arg(argument)?;
    }
    if is_root() {
        // Chromium refuses to run as root otherwise, because its sandbox could not hold a page there. Nothing but pages
        // of our own product, on this machine, is ever opened in it.
        capabilities.add_arg("--no-sandbox")?;
    }
    if !look.scripts {
        let rule = json!({"profile.default_content_setting_values.javascript": NOBODY});
        capabilities.add_experimental_option("prefs", rule)?;
    }
    capabilities.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    Ok(capabilities)
}

/// Whether we are root, on Linux; elsewhere nobody runs tests as root.
fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}
