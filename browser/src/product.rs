//! The product under test: the built program, started as people start it first, with an embedded database in a data folder
//! of its own; killed at the latest when it is dropped.

use crate::told;
use crate::wait::until;
use anyhow::{Context, Result, ensure};
use std::fs::OpenOptions;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// What the first person registers with.
pub const SETUP_SECRET: &str = "first come, first served";
/// Everybody's password, but for the people of the demo.
pub const PASSWORD: &str = "correct horse battery";
/// Where the user's cache is.
const CACHES: [&str; 2] = ["HOME", "XDG_CACHE_HOME"];
/// What it says once it answers.
const READY: &str = "Millstream runs at";

/// A running product.
#[derive(Debug)]
pub struct Product {
    child: Child,
    url: String,
    folder: TempDir,
}

impl Product {
    /// An installation in which nobody has registered.
    pub async fn empty() -> Result<Self> {
        Self::start(&[]).await
    }

    /// One with a team at work in it.
    pub async fn with_demo() -> Result<Self> {
        Self::start(&["--demo"]).await
    }

    async fn start(args: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let child = launch(&folder, args)?;
        let mut product = Self {
            child,
            url: String::new(),
            folder,
        };
        product.url = product.answers().await?;
        Ok(product)
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// All that it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The password of the people of the demo.
    pub fn demo_password(&self) -> Result<String> {
        let file = self.folder.path().join("data/demo-password");
        let text = std::fs::read_to_string(file).context("there is no demo in it")?;
        Ok(text.trim().to_owned())
    }

    /// Waits until it says that it is ready, and where.
    async fn answers(&mut self) -> Result<String> {
        let greeted = until("the product to start", async || {
            let log = self.log();
            if let Some(url) = address(&log) {
                return Ok(Some(Ok(url)));
            }
            Ok(self.child.try_wait()?.map(|status| Err((status, log))))
        })
        .await
        .with_context(|| self.log())?;
        ensure!(greeted.is_ok(), "it ended: {greeted:?}");
        Ok(greeted.unwrap_or_default())
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(folder: &TempDir, args: &[&str]) -> Result<Child> {
    let program = told::millstream()?;
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.path().join("log"))?;
    let mut command = Command::new(&program);
    // Only what is set here: the developer's own settings are for another Millstream.
    command.env_clear();
    command
        // The embedded database is unpacked into the user's cache once.
        .envs(
            CACHES
                .iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        )
        .current_dir(folder.path())
        .args(args)
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .arg("--data-dir")
        .arg(folder.path().join("data"))
        .env("MILLSTREAM_SETUP_SECRET", SETUP_SECRET)
        // Somebody who does a whole day's work in seconds is no attack here.
        .env("RATE_LIMIT", "off")
        .env("LOG_FORMAT", "text")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    let child = command.spawn();
    child.with_context(|| format!("cannot run \"{}\"", program.display()))
}

/// The address in its greeting, which is printed once everything runs.
fn address(log: &str) -> Option<String> {
    let (_, rest) = log.rsplit_once(READY)?;
    rest.contains("Ctrl-C").then_some(())?;
    rest.split_whitespace().next().map(str::to_owned)
}
