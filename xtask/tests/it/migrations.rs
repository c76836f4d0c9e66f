//! Every migration says at its head what it is for: it is read by whoever has to decide at night
//! whether it can wait.

use crate::repo::{demand, files_with, text};

/// sqlx's own first line; the head comes after it.
const NO_TRANSACTION: &str = "-- no-transaction";
/// Shorter than this it says nothing.
const HEAD_CHARS_MIN: usize = 15;

#[test]
fn every_migration_has_a_head_comment() {
    let headless = files_with("sql").into_iter().filter(|file| {
        let text = text(file).unwrap();
        let head = text
            .lines()
            .find(|line| *line != NO_TRANSACTION)
            .unwrap_or_default();
        let comment = head.strip_prefix("-- ").unwrap_or_default();
        // What `cargo xtask migration` writes is there to be replaced.
        let told = comment.len() >= HEAD_CHARS_MIN && !comment.starts_with("(what this is for");
        file.starts_with("migrations/") && !told
    });
    demand(
        &headless.collect::<Vec<_>>(),
        "Open the migration with a comment, `-- …`: what it is for, and why, in a sentence.",
    );
}
