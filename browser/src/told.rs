//! What the environment says: where the program, the browser's driver and axe-core are.
//!
//! `cargo xtask test` sets all of it. Without it a test fails and says what to do; it is never left out in silence.

use anyhow::{Context, Result};
use std::path::PathBuf;

/// The url of a chromedriver.
pub const CHROMEDRIVER: &str = "TEST_CHROMEDRIVER_URL";
/// The built program `millstream`.
pub const MILLSTREAM: &str = "TEST_MILLSTREAM";
/// axe-core, in one file.
pub const AXE_SCRIPT: &str = "TEST_AXE_SCRIPT";

/// Where the driver is.
pub fn chromedriver() -> Result<String> {
    text(
        CHROMEDRIVER,
        "Chromium",
        "the url of a chromedriver that runs, such as http://127.0.0.1:9515",
    )
}

/// Where the program is.
pub fn millstream() -> Result<PathBuf> {
    let path = text(
        MILLSTREAM,
        "the program `millstream`",
        "its path, such as target/debug/millstream",
    )?;
    Ok(path.into())
}

/// Where axe-core is.
pub fn axe_script() -> Result<PathBuf> {
    let path = text(AXE_SCRIPT, "axe-core", "the path of an axe.min.js")?;
    Ok(path.into())
}

fn text(variable: &str, needed: &str, what: &str) -> Result<String> {
    let value = std::env::var(variable)
        .ok()
        .filter(|value| !value.is_empty());
    value.with_context(|| {
        format!(
            "this needs {needed}: run it through `cargo xtask test -p millstream-browser`, or set {variable} to {what}"
        )
    })
}
