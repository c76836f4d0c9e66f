//! Two texts side by side, line by line: what is in one and not in the other, with a little of what is around it.

use similar::{Algorithm, ChangeTag, TextDiff};

/// Lines that stay the same and are shown around those that do not.
const AROUND: usize = 2;
/// Most lines of both texts together that are compared: the time grows with their square when nothing is the same.
const LINES_MAX: usize = 2_000;

/// A line of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) kind: Kind,
    pub(super) text: String,
}

/// Which of the two texts a line is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of the first alone.
    Removed,
    /// Of the second alone.
    Added,
    /// Of both.
    Same,
    /// Lines of both that are not shown.
    Gap,
}

impl Kind {
    /// Its class and its mark.
    pub(super) fn mark(self) -> (&'static str, &'static str) {
        match self {
            Self::Removed => ("removed", "−"),
            Self::Added => ("added", "+"),
            Self::Same => ("same", " "),
            Self::Gap => ("gap", "⋯"),
        }
    }
}

/// How the second text differs from the first. Texts that are too long to be compared are none of the two.
pub(super) fn difference(before: &str, after: &str) -> Vec<Line> {
    if before.lines().count() + after.lines().count() > LINES_MAX {
        return Vec::new();
    }
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Myers)
        .diff_lines(before, after);
    let mut lines = Vec::new();
    for group in diff.grouped_ops(AROUND) {
        if !lines.is_empty() {
            lines.push(Line {
                kind: Kind::Gap,
                text: String::new(),
            });
        }
        let changes = group.iter().flat_map(|op| diff.iter_changes(op));
        lines.extend(changes.map(|change| Line {
            kind: match change.tag() {
                ChangeTag::Delete => Kind::Removed,
                ChangeTag::Insert => Kind::Added,
                ChangeTag::Equal => Kind::Same,
            },
            text: change.value().trim_end_matches(['\r', '\n']).to_owned(),
        }));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::difference;

    fn check(before: &str, after: &str, expected: &[&str]) {
        let lines = difference(before, after);
        let shown = lines.iter().map(|line| {
            let (_, mark) = line.kind.mark();
            format!("{mark}{}", line.text)
        });
        assert_eq!(shown.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn lines_that_differ_are_shown_with_a_little_around_them() {
        check("a\nb\nc", "a\nB\nc", &[" a", "−b", "+B", " c"]);
        check("", "new", &["+new"]);
        check("same", "same", &[]);
    }

    #[test]
    fn what_is_far_from_a_difference_is_left_out() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let after = "one\n2\n3\n4\n5\n6\n7\n8\nnine\n";
        check(
            before,
            after,
            &["−1", "+one", " 2", " 3", "⋯", " 7", " 8", "−9", "+nine"],
        );
    }

    #[test]
    fn texts_without_end_are_not_compared() {
        assert!(difference(&"a\n".repeat(1_500), &"b\n".repeat(1_500)).is_empty());
    }
}
