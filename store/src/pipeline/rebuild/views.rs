//! Which views are made anew, and why the others are not: a line for each pipeline.

use crate::pipeline::view;

/// What is behind the name of a pipeline that makes a view anew: `shadow!("activity")`. In SQL, it is bound.
#[macro_export]
macro_rules! shadow {
    ($pipeline:literal) => {
        concat!($pipeline, "~next")
    };
}

/// What is behind the name of the pipeline that makes a view anew.
pub const SHADOW: &str = shadow!("");

/// Whether a pipeline makes a view anew. People do not see it, and do nothing to it.
pub(crate) fn is_shadow(pipeline: &str) -> bool {
    pipeline.ends_with(SHADOW)
}

const MIRROR: &str =
    "a mirror is filled by its own pipeline, which repairs a mirror that was lost by itself";
const SAID: &str = "what it says is events of the log, which are not said twice: it goes on from what it remembers";

/// Every pipeline, and why its view is not made anew; nothing, where it is. To add one: a line.
pub const VIEWS: [(&str, Option<&str>); 10] = [
    ("activity", None),
    (
        "audit",
        Some(
            "the audit is never made anew: it proves what happened because nobody can write it again; \"millstream audit verify\" \
             compares it with the log",
        ),
    ),
    ("kafka", Some(MIRROR)),
    (
        "lake",
        Some(
            "the lake is made anew from the log by the process that keeps it: stop it, delete the folder, and start it",
        ),
    ),
    (
        "mails",
        Some("what was sent cannot be taken back, and a rebuild would send it once more"),
    ),
    ("notifications", None),
    ("redis", Some(MIRROR)),
    ("schedules", Some(SAID)),
    ("search", None),
    ("timers", Some(SAID)),
];

/// Why the view of a pipeline is not made anew; `None` when it is.
#[must_use]
pub fn refusal(pipeline: &str) -> Option<String> {
    let known = VIEWS.iter().find(|(name, _)| *name == view(pipeline));
    match known {
        Some((_, why)) => why.map(str::to_owned),
        None => Some(format!("only {} are made anew", rebuilt().join(", "))),
    }
}

/// The views that can be made anew.
fn rebuilt() -> Vec<&'static str> {
    let rebuilt = VIEWS.iter().filter(|(_, why)| why.is_none());
    rebuilt.map(|(name, _)| *name).collect()
}
