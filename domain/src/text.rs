//! The rules that all texts share: trimmed, measured, free of characters that nothing downstream can keep.

use crate::field::{FieldCode, Invalid};

/// A limit on a text and the unit it is counted in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    /// Unicode scalar values.
    Chars(usize),
    /// UTF-8 bytes.
    Bytes(usize),
}

/// One line: trimmed, not empty, no control characters, within `limit`.
pub(crate) fn line(text: &str, limit: Limit) -> Result<String, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Invalid::new(FieldCode::Required, "must not be empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(Invalid::new(
            FieldCode::Invalid,
            "must not contain control characters",
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
