//! Tags: the colour that one is shown in. Their names are in [`crate::task::TagName`].

use crate::field::{FieldCode, Invalid};
use crate::text::{Limit, checked_text, line};

/// The colours that have a name. Pages know how each looks on a light and on a dark ground.
pub const NAMED: [&str; 10] = [
    "gray", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown",
];

/// The colour of a tag that nobody gave one.
pub const DEFAULT: &str = NAMED[0];

checked_text! {
    /// A colour: one of the names in [`NAMED`], or red, green and blue as in `#1e90ff`; in lower case.
    TagColor, |text| {
        let text = line(text, Limit::Chars(20))?.to_ascii_lowercase();
        let digits = text.strip_prefix('#').unwrap_or_default();
        let mixed = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        if mixed || NAMED.contains(&text.as_str()) {
            return Ok(text);
        }
        let names = NAMED.join(", ");
        Err(Invalid::new(
            FieldCode::NotOneOf,
            format!("must be one of {names}, or a colour such as #1e90ff"),
        ))
    }
}

impl Default for TagColor {
    fn default() -> Self {
        Self::new(DEFAULT).expect("the default is one of the names")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_has_a_name_or_is_mixed_from_three() {
        let read = |text| TagColor::new(text).map(TagColor::into_string);
        assert_eq!(read(" Teal ").as_deref(), Ok("teal"));
        assert_eq!(read("#1E90FF").as_deref(), Ok("#1e90ff"));
        for bad in [
            "", "mauve", "#123", "#12345g", "1e90ff", "#1e90ff;", "url(x)",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert_eq!(TagColor::default().as_str(), "gray");
    }
}
