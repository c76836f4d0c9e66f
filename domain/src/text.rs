//! The rules that all texts share: trimmed, measured, free of characters that nothing downstream can keep.

use crate::field::{FieldCode, Invalid};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// A limit on a text and the unit it is counted in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    /// Unicode scalar values.
    Chars(usize),
    /// UTF-8 bytes.
    Bytes(usize),
}

/// Whether a character turns the direction of what stands behind it, also of what is not its own: a name with it makes a
/// sentence read as another one. The marks that only say which way a letter goes (U+200E, U+200F, U+061C) do not.
#[must_use]
pub fn is_bidi_control(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether people see something where the character stands, be it by itself or in what it is joined to.
fn is_visible(letter: char) -> bool {
    let seen = !matches!(
        letter.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::Surrogate
            | GeneralCategory::Unassigned
            | GeneralCategory::SpaceSeparator
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    );
    // Letters, marks and a symbol by their category, and nothing to the eye: fillers, selectors, the empty Braille cell.
    seen && !matches!(
        letter,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}'
    )
}

/// Whether a character ends a line, or does something else than to be read.
fn breaks_line(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// Whether a character only changes how others are shown, and is not seen itself: spaces without width, joiners, marks of
/// direction. Two addresses that differ in one look the same.
pub(crate) fn is_format(letter: char) -> bool {
    letter.general_category() == GeneralCategory::Format
}

/// One line: trimmed, something to be seen in it, no control characters, within `limit`.
pub(crate) fn line(text: &str, limit: Limit) -> Result<String, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Invalid::new(FieldCode::Required, "must not be empty"));
    }
    if text.chars().any(is_bidi_control) {
        return Err(Invalid::new(
            FieldCode::Invalid,
            "must not contain characters that turn the direction of text (U+202A to U+202E, U+2066 to U+2069)",
        ));
    }
    if text.chars().any(breaks_line) {
        return Err(Invalid::new(
            FieldCode::Invalid,
            "must not contain control characters, nor the line separators U+2028 and U+2029",
        ));
    }
    if !text.chars().any(is_visible) {
        return Err(Invalid::new(
            FieldCode::Required,
            "must have a character that can be seen",
        ));
    }
    within(text, limit)?;
    Ok(text.to_owned())
}

/// Many lines, may be empty: kept as they are, without NUL (Postgres cannot keep it), within `limit`.
pub(crate) fn block(text: &str, limit: Limit) -> Result<String, Invalid> {
    if text.contains('\0') {
        return Err(Invalid::new(
            FieldCode::Invalid,
            "must not contain the character U+0000",
        ));
    }
    within(text, limit)?;
    Ok(text.to_owned())
}

fn within(text: &str, limit: Limit) -> Result<(), Invalid> {
    let (is, max, unit) = match limit {
        Limit::Chars(max) => (text.chars().count(), max, "characters"),
        Limit::Bytes(max) => (text.len(), max, "bytes"),
    };
    if is > max {
        return Err(Invalid::new(
            FieldCode::TooLong,
            format!("must have at most {max} {unit}, has {is}"),
        ));
    }
    Ok(())
}

/// A type that is a text checked by a function, with the ways in and out that all of them share.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Checks `text`.
            pub fn new(text: &str) -> Result<Self, $crate::field::Invalid> {
                let check: fn(&str) -> Result<String, $crate::field::Invalid> = $check;
                check(text).map(Self)
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text itself, owned.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::field::Invalid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

/// An enum that is one of a few words on the wire, with the ways in and out that all of them share.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// All of them, in their own order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word on the wire and in the database.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::field::Invalid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)*
                    _ => Err($crate::field::Invalid::new(
                        $crate::field::FieldCode::NotOneOf,
                        concat!("must be one of", $(" `", $word, "`",)*),
                    )),
                }
            }
        }
    };
}

pub(crate) use {checked_text, words};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_before_it_is_measured() {
        assert_eq!(line("  ab  ", Limit::Chars(2)).as_deref(), Ok("ab"));
    }

    #[test]
    fn a_line_has_something_to_be_seen() {
        for nothing in [
            "\u{200b}",
            "\u{2060}\u{feff}",
            "\u{ad}",
            "\u{200e}",
            "\u{3164}",
            "\u{2800}",
            "\u{fe0f}",
            "\u{e0041}",
        ] {
            let refused = line(nothing, Limit::Chars(20)).map_err(|error| error.code);
            assert_eq!(
                refused,
                Err(FieldCode::Required),
                "{}",
                nothing.escape_unicode()
            );
        }
        for something in [
            "a\u{200b}",
            "👩\u{200d}🚀",
            "می\u{200c}خواهم",
            "❤\u{fe0f}",
            "שלום\u{200f}!",
            ".",
        ] {
            assert_eq!(line(something, Limit::Chars(20)).as_deref(), Ok(something));
        }
    }

    #[test]
    fn a_line_does_not_turn_what_stands_behind_it() {
        for turn in ["\u{202a}", "\u{202e}", "\u{2066}", "\u{2069}"] {
            let refused = line(&format!("invoice{turn}fdp.exe"), Limit::Chars(80));
            assert!(refused.is_err_and(|error| error.code == FieldCode::Invalid));
        }
        assert!(block("\u{202e}quoted as it came", Limit::Bytes(80)).is_ok());
    }

    #[test]
    fn a_line_is_one_line() {
        for two in ["a\nb", "a\u{85}b", "a\u{2028}b", "a\u{2029}b"] {
            let refused = line(two, Limit::Chars(80));
            assert!(
                refused.is_err_and(|error| error.code == FieldCode::Invalid),
                "{two:?}"
            );
            assert!(block(two, Limit::Bytes(80)).is_ok());
        }
    }

    #[test]
    fn the_unit_of_the_limit_counts() {
        assert!(line("äö", Limit::Chars(2)).is_ok());
        assert!(block("äö", Limit::Bytes(3)).is_err());
    }

    #[test]
    fn a_nul_is_refused_and_other_odd_characters_are_kept_in_blocks() {
        assert!(block("a\0b", Limit::Bytes(9)).is_err());
        assert_eq!(
            block("a\u{7}\r\n\tb", Limit::Bytes(9)).as_deref(),
            Ok("a\u{7}\r\n\tb")
        );
    }
}
