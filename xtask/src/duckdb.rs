//! `DuckDB`, which reads the lake in a test as somebody else would, and `deltalake`, which tells it which files are in it: `DuckDB`'s
//! own extension for that is downloaded at its first use, from a place that no test goes to.

use crate::python::{Python, Tool};
use std::ffi::OsString;

/// The Python that has both.
const TEST_DUCKDB_PYTHON: &str = "TEST_DUCKDB_PYTHON";

const DUCKDB: Tool = Tool {
    name: "duckdb",
    requirements: include_str!("duckdb/requirements.txt"),
    options: &["--no-deps", "--only-binary", ":all:"],
};

/// Where it is. Without Python there is none; this says so, and the test that needs it says that it was left out.
pub(crate) fn python() -> Option<(&'static str, OsString)> {
    let given = std::env::var_os(TEST_DUCKDB_PYTHON).filter(|path| !path.is_empty());
    if let Some(path) = given {
        return Some((TEST_DUCKDB_PYTHON, path));
    }
    match Python::find_or_install(&DUCKDB) {
        Ok(python) => Some((TEST_DUCKDB_PYTHON, python.program("python").into())),
        Err(error) => {
            eprintln!("DuckDB cannot be had: {error:#}");
            None
        }
    }
}
