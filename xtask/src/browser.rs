//! What tests with a browser are told: where the program is, and where axe-core is, which looks for what keeps people out.
//!
//! axe-core is a script for the page under test. It comes out of a package on `PyPI`, pinned by its hash, of which nothing
//! else is used; so what that package itself needs is not installed.

use crate::process;
use crate::python::{Python, Tool};
use crate::repo::Repo;
use anyhow::Result;
use std::ffi::OsString;
use std::path::Path;

/// The package that walks the product in a browser.
pub(crate) const PACKAGE: &str = "millstream-browser";
/// The built program.
const TEST_MILLSTREAM: &str = "TEST_MILLSTREAM";
/// axe-core in one file.
const TEST_AXE_SCRIPT: &str = "TEST_AXE_SCRIPT";

const AXE: Tool = Tool {
    name: "axe-core",
    requirements: include_str!("browser/requirements.txt"),
    options: &["--require-hashes", "--no-deps"],
};
const AXE_FILE: &str = "axe_playwright_python/axe.min.js";

/// Builds the program, as far as it is not built, and says where it is.
pub(crate) fn program(repo: &Repo) -> Result<(&'static str, OsString)> {
    process::run(&mut repo.cargo(["build", "--package", "millstream"]))?;
    built(repo)
}

/// Where cargo puts the program when it builds everything.
pub(crate) fn built(repo: &Repo) -> Result<(&'static str, OsString)> {
    let program = repo.target()?.join("debug").join("millstream");
    Ok((TEST_MILLSTREAM, program.into()))
}

/// Where axe-core is. Without Python there is none; this says so, and the tests that need it fail.
pub(crate) fn axe() -> Option<(&'static str, OsString)> {
    let given = std::env::var_os(TEST_AXE_SCRIPT).filter(|path| !path.is_empty());
    if let Some(path) = given {
        return Some((TEST_AXE_SCRIPT, path));
    }
    let file = Python::find_or_install(&AXE).and_then(|python| python.file(Path::new(AXE_FILE)));
    match file {
        Ok(file) => Some((TEST_AXE_SCRIPT, file.into())),
        Err(error) => {
            eprintln!("axe-core cannot be had: {error:#}");
            None
        }
    }
}
