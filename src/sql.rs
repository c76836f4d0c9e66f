//! This program as the process that answers one statement: started by the server, confined before anything else is done.

use millstream_analytics_engine::Engine;
use millstream_analytics_engine::sql::{COMMAND, child, is_fenced_by_kernel};
use std::path::Path;
use std::process::ExitCode;

/// The program that runs, even when the file that it was started from is another one by now.
const ITSELF: &str = "/proc/self/exe";

/// Answers a statement, if that is what this process was started for.
pub(crate) fn run_if_child() -> Option<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    let is_child = words.next().is_some_and(|word| word == COMMAND);
    let lake = words.next().filter(|_| is_child)?;
    Some(child::run(Path::new(&lake)))
}

/// The engine with SQL, answered by this program.
pub(crate) fn offered_by(engine: Engine) -> Engine {
    if !is_fenced_by_kernel() {
        tracing::warn!(
            "the kernel has no Landlock: SQL is held by the limits of its process and by what the engine refuses alone"
        );
    }
    engine.with_sql(ITSELF)
}
