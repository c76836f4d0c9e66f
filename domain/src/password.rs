//! Passwords, after NIST SP 800-63B: 8 to 128 characters, any that there are, no rules about which kinds must be among them,
//! nothing cut off; but none that everybody tries first.
//!
//! A password has one spelling, whatever keyboard and system it was typed on: that of the profile `OpaqueString` of RFC 8265
//! (every space is a plain one, and Unicode's form NFC). Passwords are hashed and compared in it.

use crate::field::{FieldCode, Invalid};
use passwords::analyzer::is_common_password;
use std::fmt;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Fewest characters of a password (NIST SP 800-63B).
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Most characters of a password: bounds the hashing work, far above any passphrase.
pub const PASSWORD_CHARS_MAX: usize = 128;
/// The product's name: the first thing to try here.
const PRODUCT: &str = "millstream";
/// Fewest characters of a name that is looked for in a password: shorter ones are part of many words.
const NAME_CHARS_MIN: usize = 2;

/// A password that somebody chose, in its one spelling.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPassword(String);

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

impl NewPassword {
    /// Checks what somebody chose. `names` are theirs (username, e-mail address): they are no passwords, nor is what is made
    /// of them.
    pub fn new(text: &str, names: &[&str]) -> Result<Self, Invalid> {
        if let Some(bad) = text.chars().find(|c| !is_allowed(*c)) {
            let code = u32::from(bad);
            return Err(Invalid::new(
                FieldCode::Invalid,
                format!(
                    "must not contain the character U+{code:04X}, which not every keyboard and system knows"
                ),
            ));
        }
        let spelled = spelled(text);
        check_length(&spelled)?;
        if is_made_of(&spelled, names) {
            return Err(Invalid::new(
                FieldCode::Invalid,
                "must not be made of your name, your e-mail address or the name of this product",
            ));
        }
        if is_guessed_early(&spelled) {
            return Err(Invalid::new(
                FieldCode::Invalid,
                "must not be one of those that are tried first: it is common, or a repetition. A few words in a row are \
                 good",
            ));
        }
        Ok(Self(spelled))
    }

    /// The text to be hashed.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// The one spelling of a password that was typed: what is hashed. Says nothing about whether it may be chosen.
#[must_use]
pub fn spelled(text: &str) -> String {
    let spaced = text.chars().map(|c| match c.general_category() {
        GeneralCategory::SpaceSeparator => ' ',
        _ => c,
    });
    spaced.nfc().collect()
}

/// Control characters are not the same on all systems, and what Unicode has not assigned yet may be spelled otherwise once it
/// is.
fn is_allowed(c: char) -> bool {
    !matches!(
        c.general_category(),
        GeneralCategory::Control | GeneralCategory::Unassigned | GeneralCategory::PrivateUse
    )
}

fn check_length(password: &str) -> Result<(), Invalid> {
    let chars = password.chars().count();
    if chars < PASSWORD_CHARS_MIN {
        return Err(Invalid::new(
            FieldCode::TooShort,
            format!("must have at least {PASSWORD_CHARS_MIN} characters"),
        ));
    }
    if chars > PASSWORD_CHARS_MAX {
        return Err(Invalid::new(
            FieldCode::TooLong,
            format!("must have at most {PASSWORD_CHARS_MAX} characters"),
        ));
    }
    Ok(())
}

/// Whether nothing is left of the password once the names, and whatever is no letter, are taken out of it.
fn is_made_of(password: &str, names: &[&str]) -> bool {
    let mut words: Vec<String> = vec![PRODUCT.to_owned()];
    for name in names {
        words.push(folded(name));
        // Of an address also its parts: `ada`, `example`.
        words.extend(name.split(['@', '.', '-', '_', '+']).map(folded));
    }
    words.retain(|word| word.chars().count() >= NAME_CHARS_MIN);
    // The longest first, or what is left of it would no longer be found.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let mut rest = folded(password);
    let whole = rest.len();
    for word in &words {
        rest = rest.replace(word.as_str(), "");
    }
    rest.len() < whole && !rest.chars().any(char::is_alphabetic)
}

fn folded(text: &str) -> String {
    let plain = text.nfkc().filter(|c| c.is_alphanumeric());
    plain.flat_map(char::to_lowercase).collect()
}

/// Whether it stands in the list that those who guess begin with: as it is, in lower case, or without the signs at its ends.
/// What is repeated counts once, for them too.
fn is_guessed_early(password: &str) -> bool {
    let unit = unit(password);
    let lower = unit.to_lowercase();
    let bare = lower.trim_matches(|c: char| c.is_ascii_punctuation());
    unit.chars().count() < PASSWORD_CHARS_MIN
        || [unit, &lower, bare].into_iter().any(is_common_password)
}

/// The shortest text of which the whole is a repetition; mostly the whole itself.
fn unit(text: &str) -> &str {
    let ends = text.char_indices().map(|(at, _)| at).skip(1);
    let mut units = ends
        .filter(|end| text.len().is_multiple_of(*end))
        .map(|end| &text[..end]);
    units
        .find(|unit| unit.repeat(text.len() / unit.len()) == text)
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(password: &str) -> Option<FieldCode> {
        let names = ["ada.l", "ada@engine.example"];
        NewPassword::new(password, &names).err().map(|e| e.code)
    }

    #[test]
    fn characters_are_counted_not_bytes_and_only_once_they_are_composed() {
        for good in [
            "pässwörd schön",
            "žluťoučký kůň",
            "🦀🌊🧀🥰🎡🪿🏔️🌲",
            "a b c d e f",
        ] {
            assert_eq!(refused(good), None, "{good}");
        }
        assert_eq!(
            refused("e\u{301}e\u{302}x\u{308}o"),
            Some(FieldCode::TooShort)
        );
        let longest = format!("{}{}", "ab \u{1f980}".repeat(16), "cd \u{1f30a}".repeat(16));
        assert_eq!(refused(&longest), None);
        assert_eq!(refused(&format!("{longest}!")), Some(FieldCode::TooLong));
    }

    #[test]
    fn a_password_has_one_spelling() {
        assert_eq!(spelled("cafe\u{301}\u{a0}au\u{2003}lait"), "café au lait");
        // Not more than that: neither case nor width nor blanks at the ends are touched.
        assert_eq!(spelled(" Ａb "), " Ａb ");
    }

    #[test]
    fn characters_that_are_not_the_same_everywhere_are_refused() {
        for bad in [
            "tab\there and there",
            "nul\0 in the middle",
            "\u{e000} is private",
            "\u{50000} is nothing",
        ] {
            assert_eq!(refused(bad), Some(FieldCode::Invalid), "{bad:?}");
        }
    }

    #[test]
    fn what_everybody_tries_first_is_refused() {
        for bad in [
            "password",
            "PASSWORD",
            "Password1",
            "p@ssw0rd",
            "Password123!",
            "12345678",
            "qwertyuiop",
            "drowssap",
            "elephant",
            "christopher",
            "iloveyou",
            "trustno1",
            "abcdefghij",
            "!!password!!",
            "password.password.",
            "aaaaaaaaaaaaaaaaaaaaa",
            "abcabcabcabc",
            "\u{1f980}\u{1f30a}\u{1f980}\u{1f30a}\u{1f980}\u{1f30a}\u{1f980}\u{1f30a}",
        ] {
            assert_eq!(refused(bad), Some(FieldCode::Invalid), "{bad}");
        }
    }

    #[test]
    fn names_are_no_passwords_nor_is_what_is_made_of_them() {
        for bad in [
            "millstream",
            "Millstream2026",
            "ada.l-ada.l",
            "Ada@Engine.example",
            "ada-1815-12-10",
            "millstream-ada!",
            "ＭＩＬＬＳＴＲＥＡＭ",
        ] {
            assert_eq!(refused(bad), Some(FieldCode::Invalid), "{bad}");
        }
    }

    #[test]
    fn others_are_left_to_people() {
        for good in [
            "correct horse battery",
            "better battery",
            "long enough",
            "adalovescogs",
            "the millstream turns",
            "83749261",
            "Tr0ub4dor&3",
            "x7Kq9zQp",
            "ﾊﾟｽﾜｰﾄﾞです",
            "        x",
        ] {
            assert_eq!(refused(good), None, "{good}");
        }
    }
}
