//! Documents name files; this finds the names that no longer lead anywhere.

use crate::repo::{demand, files, files_with, text};

/// Names that stand for any file, in rules about names.
const EXAMPLES: [&str; 2] = ["foo.rs", "mod.rs"];
/// The endings of files that documents point to.
const ENDINGS: [&str; 3] = [".rs", ".sql", ".md"];

#[test]
fn every_file_that_a_document_names_is_there() {
    let known = files();
    let mut gone = Vec::new();
    for document in files_with("md") {
        let text = text(&document).unwrap();
        // Every second piece stands between backticks.
        let named = text.split('`').skip(1).step_by(2).filter(|it| is_file(it));
        let missing = named.filter(|name| !leads_somewhere(name, &known));
        gone.extend(missing.map(|name| format!("{document}: {name}")));
    }
    demand(
        &gone,
        "Name the file as it is called now, from the root or by the end of its path:",
    );
}

/// Not `<name>.rs`, which says how files are to be called, and not a word with blanks in it.
fn is_file(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    ENDINGS
        .iter()
        .any(|end| name.len() > end.len() && name.ends_with(end))
        && name.chars().all(plain)
        && !EXAMPLES.contains(&name)
        // `NNNN-title.md`: a form, too.
        && !name.contains("NNNN")
}

/// Whether a file is called so, or its path ends so.
fn leads_somewhere(name: &str, known: &[String]) -> bool {
    known.iter().any(|file| {
        file.strip_suffix(name)
            .is_some_and(|before| before.is_empty() || before.ends_with('/'))
    })
}

#[test]
fn a_name_is_found_by_the_end_of_its_path() {
    let known = ["src/roles/views.rs".to_owned()];
    assert!(leads_somewhere("src/roles/views.rs", &known));
    assert!(leads_somewhere("views.rs", &known));
    assert!(!leads_somewhere("iews.rs", &known));
    assert!(!leads_somewhere("src/views.rs", &known));
    assert!(is_file("roles/views.rs") && !is_file("<name>.rs") && !is_file("cargo run"));
}
