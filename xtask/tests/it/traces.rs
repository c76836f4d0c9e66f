//! No file tells where somebody works: it would not work anywhere else.

use crate::repo::{demand, files, text};

/// Folders below `/` that are somebody's own.
const HOMES: [&str; 5] = ["root", "work", "home", "Users", "workspace"];

/// Package registries and their mirrors: which one is used is the machine's matter. In two parts,
/// so that this file does not name them.
const REGISTRIES: [(&str, &str); 6] = [
    ("crates", ".io"),
    ("registry.npmjs", ".org"),
    ("pypi", ".org"),
    ("pythonhosted", ".org"),
    ("rsproxy", ".cn"),
    ("jfrog", ".io"),
];

/// The default registry as cargo itself writes it into Cargo.lock.
const DEFAULT_INDEX: &str = "github.com/rust-lang/crates.io-index";

#[test]
fn no_file_names_a_folder_of_somebody() {
    let homes = HOMES.map(|home| format!("/{home}/"));
    let broken = lines_with(|line| homes.iter().any(|home| names_path(line, home)));
    demand(
        &broken,
        "Use a path relative to the repository, or a variable such as HOME:",
    );
}

#[test]
fn no_file_names_a_package_registry() {
    let hosts = REGISTRIES.map(|(name, end)| format!("{name}{end}"));
    let broken = lines_with(|line| {
        let line = line.replace(DEFAULT_INDEX, "");
        hosts.iter().any(|host| line.contains(host.as_str()))
    });
    demand(
        &broken,
        "Leave the registry to the machine's own settings; link to documentation instead:",
    );
}

#[test]
fn every_dependency_comes_from_the_default_registry() {
    let lock = text("Cargo.lock").unwrap();
    let sources = lock
        .lines()
        .filter(|line| line.starts_with("source = "))
        .map(str::to_owned);
    let foreign: Vec<_> = sources
        .filter(|line| *line != format!("source = \"registry+https://{DEFAULT_INDEX}\""))
        .collect();
    demand(
        &foreign,
        "Cargo.lock names another source. Take the mirror out of cargo's settings and make the \
         lines again with `cargo update --workspace`:",
    );
}

/// Whether the line names a path that starts so: not one in the middle of an address, such as that of a resource called like
/// the folder, where something stands before it.
fn names_path(line: &str, start: &str) -> bool {
    line.match_indices(start).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !"._-}*$/>".contains(c))
    })
}

/// `file:line: text` of every line that fits.
fn lines_with(fits: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in files() {
        let Some(text) = text(&file) else { continue };
        let lines = text.lines().enumerate().filter(|(_, line)| fits(line));
        found.extend(lines.map(|(at, line)| format!("{file}:{}: {}", at + 1, shortened(line))));
    }
    found
}

fn shortened(line: &str) -> String {
    line.trim().chars().take(100).collect()
}

#[test]
fn a_path_is_told_from_a_part_of_another() {
    let start = ["/wo", "rk/"].concat();
    let check = |before: &str, expected| {
        assert_eq!(
            names_path(&format!("{before}{start}x"), &start),
            expected,
            "{before}"
        );
    };
    check("", true);
    check("see ", true);
    check("path = \"", true);
    check("DIR=", true);
    check("https://example.org", false);
    check("$HOME", false);
    check("../", false);
}
