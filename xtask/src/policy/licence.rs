//! Whether a licence expression (SPDX, and the older `MIT/Apache-2.0`) can be met with the licences
//! that are allowed.

use std::collections::BTreeSet;

/// `A OR B` needs one of them, `A AND B` both; `AND` binds more tightly. `X WITH Y` is a licence of
/// its own.
pub(crate) fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<_> = spaced.split_whitespace().collect();
    let mut parser = Parser {
        words: &words,
        allowed,
    };
    let met = parser.any_of();
    // What is left over could not be read: better refused than guessed.
    met && parser.words.is_empty()
}

struct Parser<'a> {
    words: &'a [&'a str],
    allowed: &'a BTreeSet<String>,
}

impl<'a> Parser<'a> {
    fn any_of(&mut self) -> bool {
        let mut met = self.all_of();
        while self.take("OR") {
            let next = self.all_of();
            met = met || next;
        }
        met
    }

    fn all_of(&mut self) -> bool {
        let mut met = self.one();
        while self.take("AND") {
            let next = self.one();
            met = met && next;
        }
        met
    }

    fn one(&mut self) -> bool {
        if self.take("(") {
            let met = self.any_of();
            return self.take(")") && met;
        }
        let Some(mut licence) = self.next().map(str::to_owned) else {
            return false;
        };
        if self.take("WITH") {
            licence = format!("{licence} WITH {}", self.next().unwrap_or_default());
        }
        self.allowed.contains(&licence)
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.next();
        }
        found
    }

    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn expressions_are_met_or_not() {
        let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"]
            .map(str::to_owned)
            .into();
        let check = |text, expected| assert_eq!(is_allowed(text, &allowed), expected, "{text}");
        check("MIT", true);
        check("GPL-3.0", false);
        check("MIT OR GPL-3.0", true);
        check("GPL-3.0 OR MIT", true);
        check("MIT AND GPL-3.0", false);
        check("GPL-3.0 OR MIT AND ISC", true);
        check("(GPL-3.0 OR MIT) AND ISC", true);
        check("(GPL-3.0 OR MIT) AND BSD-3-Clause", false);
        check("Apache-2.0 WITH LLVM-exception", true);
        check("Apache-2.0", false);
        check("MIT/Apache-2.0", true);
        check("", false);
        check("(MIT", false);
        check("MIT MIT", false);
    }
}
