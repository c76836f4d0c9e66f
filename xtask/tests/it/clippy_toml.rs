//! A crate's own clippy.toml replaces the root's, so it has to repeat it; this keeps the two from
//! drifting apart.

use crate::repo::{demand, files, text};

#[test]
fn every_clippy_toml_repeats_the_one_of_the_root() {
    let root = text("clippy.toml").unwrap();
    let mut broken = Vec::new();
    for file in files()
        .into_iter()
        .filter(|file| file.ends_with("/clippy.toml"))
    {
        let own = text(&file).unwrap();
        let rules = root
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let missing = rules.filter(|rule| !own.lines().any(|line| line == *rule));
        broken.extend(missing.map(|rule| format!("{file}: {rule}")));
    }
    demand(&broken, "Copy these lines from the root's clippy.toml:");
}
