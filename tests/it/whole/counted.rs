//! Things and how often each is there, compared so that a failure names what is missing and what is there too often.

use std::collections::BTreeMap;
use std::fmt::Write;

/// How many things a failure names of each sort. Whoever reads it looks at the first ones.
const NAMED_MAX: usize = 20;

/// How often each thing is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counted(BTreeMap<String, usize>);

impl Counted {
    /// Once more.
    pub(super) fn add(&mut self, thing: impl Into<String>) {
        *self.0.entry(thing.into()).or_default() += 1;
    }

    /// As often as there and here together.
    pub(super) fn add_all(&mut self, others: Self) {
        for (thing, count) in others.0 {
            *self.0.entry(thing).or_default() += count;
        }
    }

    /// How many there are of those that begin so.
    pub(super) fn beginning(&self, with: &str) -> usize {
        let such = self.0.iter().filter(|(thing, _)| thing.starts_with(with));
        such.map(|(_, count)| count).sum()
    }

    /// The same under other names.
    pub(super) fn named(&self, name: impl Fn(&str) -> Option<String>) -> Self {
        let mut renamed = Self::default();
        for (thing, count) in &self.0 {
            if let Some(thing) = name(thing) {
                *renamed.0.entry(thing).or_default() += count;
            }
        }
        renamed
    }

    fn of(&self, thing: &str) -> usize {
        self.0.get(thing).copied().unwrap_or(0)
    }
}

impl<T: Into<String>> FromIterator<T> for Counted {
    fn from_iter<I: IntoIterator<Item = T>>(things: I) -> Self {
        let mut counted = Self::default();
        things.into_iter().for_each(|thing| counted.add(thing));
        counted
    }
}

/// Sees to it that a view has what it should have, each as often as it should.
#[track_caller]
pub(super) fn same(view: &str, expected: &Counted, found: &Counted) {
    among(view, expected, &Counted::default(), found);
}

/// The same where some more things may be there or not, no more often than `perhaps` says.
#[track_caller]
pub(super) fn among(view: &str, expected: &Counted, perhaps: &Counted, found: &Counted) {
    let mut missing = Vec::new();
    let mut too_often = Vec::new();
    for (thing, count) in &expected.0 {
        if found.of(thing) < *count {
            missing.push(told(thing, found.of(thing), *count));
        }
    }
    for (thing, count) in &found.0 {
        if *count > expected.of(thing) + perhaps.of(thing) {
            too_often.push(told(thing, *count, expected.of(thing)));
        }
    }
    let mut wrong = String::new();
    for (what, things) in [("missing", missing), ("too often", too_often)] {
        if !things.is_empty() {
            let named = things.iter().take(NAMED_MAX);
            let named: Vec<_> = named.map(String::as_str).collect();
            let all = things.len();
            let _ = write!(wrong, "\n  {all} {what}:\n    {}", named.join("\n    "));
        }
    }
    assert!(wrong.is_empty(), "{view}:{wrong}");
}

fn told(thing: &str, found: usize, expected: usize) -> String {
    format!("{thing} ({found} times, not {expected})")
}

#[test]
fn what_is_missing_and_what_is_there_too_often_is_named() {
    let (expected, found) = (["a", "b", "b"], ["b", "c", "b", "b"]);
    let compared = std::panic::catch_unwind(|| {
        same(
            "a view",
            &expected.into_iter().collect(),
            &found.into_iter().collect(),
        );
    });
    let told = compared.expect_err("they differ");
    let told = told.downcast_ref::<String>().unwrap();
    for part in [
        "a view:",
        "1 missing:\n    a (0 times, not 1)",
        "2 too often:\n    b (3 times, not 2)\n    c (1 times, not 0)",
    ] {
        assert!(told.contains(part), "not \"{part}\": {told}");
    }
}
