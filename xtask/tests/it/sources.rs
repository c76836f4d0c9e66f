//! Rules for every Rust file: it says what it is, fits in a head, and has a name that says
//! something.

use crate::repo::{demand, files_with, text};

/// Aim at 80 to 150, explain yourself at 300.
const LINES_MAX: usize = 500;

/// Names that fit anything and so end up holding everything.
const EMPTY_NAMES: [&str; 8] = [
    "common", "helper", "helpers", "manager", "misc", "shared", "util", "utils",
];

#[test]
fn every_file_says_what_it_is() {
    let silent = files_with("rs").into_iter().filter(|file| {
        let text = text(file).unwrap();
        let head = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("//!"));
        head.is_none_or(|head| head.trim().len() < 3)
    });
    demand(
        &silent.collect::<Vec<_>>(),
        "Open the file with `//!` in its first line: what it is, its invariant, and in a list of \
         things how to add one more.",
    );
}

#[test]
fn no_file_is_too_long() {
    let long = files_with("rs").into_iter().filter_map(|file| {
        let lines = text(&file).unwrap().lines().count();
        (lines > LINES_MAX).then(|| format!("{file}: {lines} lines"))
    });
    demand(
        &long.collect::<Vec<_>>(),
        "More than 500 lines: split the file by what its parts are about; long inline tests go to \
         `foo/tests.rs`.",
    );
}

#[test]
fn modules_stand_in_files_of_their_name() {
    let old: Vec<_> = files_with("rs")
        .into_iter()
        .filter(|file| file.ends_with("/mod.rs"))
        .collect();
    demand(
        &old,
        "Use `foo.rs` beside the folder `foo/` instead of `foo/mod.rs`: an editor full of mod.rs \
         tells nothing.",
    );
}

#[test]
fn no_module_has_an_empty_name() {
    let mut broken = Vec::new();
    for file in files_with("rs") {
        let mut steps = file.trim_end_matches(".rs").split('/');
        if steps.any(|step| EMPTY_NAMES.contains(&step)) {
            broken.push(file.clone());
        }
        let text = text(&file).unwrap();
        let inline = text
            .lines()
            .filter_map(inline_module)
            .filter(|it| EMPTY_NAMES.contains(it));
        broken.extend(inline.map(|module| format!("{file}: mod {module}")));
    }
    demand(
        &broken,
        "Such a name says nothing about what is inside. Name the module after what it is about.",
    );
}

/// The name in `pub mod name {`; a module in a file of its own is found by the file.
fn inline_module(line: &str) -> Option<&str> {
    let (before, name) = line.strip_suffix(" {")?.split_once("mod ")?;
    let visible = before.trim();
    (visible.is_empty() || visible.starts_with("pub")).then_some(name)
}
