//! Projects: tasks under one key.

use crate::field::{FieldCode, Invalid};
use crate::text::{Limit, checked_text, line};

/// Most characters of a key: it stands before every task.
pub const KEY_CHARS_MAX: usize = 10;
/// Most characters of a name: what a line of a list has room for.
pub const NAME_CHARS_MAX: usize = 80;

checked_text! {
    /// The first half of every task name: 2 to 10 capitals and digits, starting with a capital (`ENG`).
    ProjectKey, |text| {
        let text = line(text, Limit::Chars(KEY_CHARS_MAX))?;
        let bytes = text.as_bytes();
        if bytes.len() < 2 {
            return Err(Invalid::new(FieldCode::TooShort, "must have at least 2 characters"));
        }
        let plain = bytes.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if !plain || !bytes[0].is_ascii_uppercase() {
            return Err(Invalid::new(
                FieldCode::Invalid,
                "must consist of capitals A-Z and digits, and start with a capital",
            ));
        }
        Ok(text)
    }
}

checked_text! {
    /// A project's name: one line, 1 to 80 characters.
    ProjectName, |text| line(text, Limit::Chars(NAME_CHARS_MAX))
}

#[cfg(test)]
mod tests {
    use super::ProjectKey;

    #[test]
    fn keys_are_capitals_and_digits() {
        assert!(ProjectKey::new("ENG2").is_ok());
        for bad in ["E", "eng", "2ENG", "ENG-1", "ABCDEFGHIJK", ""] {
            assert!(ProjectKey::new(bad).is_err(), "{bad}");
        }
    }
}
