//! Comments: what people say about a task, and whom they mention.

use crate::field::{FieldCode, Invalid};
use crate::text::{Limit, block, checked_text};
use crate::user::Username;
use std::collections::BTreeSet;

/// Most people that one text notifies by mention: a limit against using a comment to page a whole company.
pub const MENTIONS_MAX: usize = 50;

/// Most bytes of a comment: a long report fits.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

checked_text! {
    /// A comment: markdown, not blank, up to 64 KiB.
    CommentBody, |text| {
        if text.trim().is_empty() {
            return Err(Invalid::new(FieldCode::Required, "must not be empty"));
        }
        block(text, Limit::Bytes(BODY_BYTES_MAX))
    }
}

/// The usernames mentioned in a text as `@name`, each once, in order of their names. A name counts when it does not
/// continue a word or an address (`ada@example.org` mentions nobody); trailing dots and hyphens belong to the sentence.
#[must_use]
pub fn mentions(text: &str) -> Vec<Username> {
    let mut found = BTreeSet::new();
    let mut before = None;
    for (at, c) in text.char_indices() {
        let starts = before.is_none_or(|b: char| {
            !b.is_alphanumeric() && !matches!(b, '@' | '/' | '.' | '_' | '-')
        });
        if c == '@' && starts && found.len() < MENTIONS_MAX {
            let rest = &text[at + 1..];
            let end = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_' | '-'))
                .unwrap_or(rest.len());
            let name = rest[..end].trim_end_matches(['.', '-', '_']);
            found.extend(Username::new(name));
        }
        before = Some(c);
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let names = mentions(text);
        let names: Vec<_> = names.iter().map(Username::as_str).collect();
        assert_eq!(names, expected, "{text}");
    }

    #[test]
    fn names_after_an_at_sign_are_mentions() {
        check("@ada and @Bob, see @ada.", &["ada", "bob"]);
        check("(@ada) **@bob** @ada-l-", &["ada", "ada-l", "bob"]);
    }

    #[test]
    fn addresses_and_lone_signs_are_not() {
        check("ada@example.org @ @@ada mail@@x", &[]);
    }

    #[test]
    fn a_blank_comment_is_refused() {
        assert!(CommentBody::new(" \n").is_err());
    }
}
