//! Finding things by what people call them: `XPath`s for labels and names.

use std::fmt::Write;

/// Something that can be clicked, by what stands on it or by its `aria-label`.
#[must_use]
pub fn clickable(name: &str) -> String {
    let name = literal(name);
    format!(
        "//*[self::button or self::a or self::summary or @role='button' or @role='option']\
         [normalize-space()={name} or @aria-label={name}]"
    )
}

/// A heading.
#[must_use]
pub fn heading(text: &str) -> String {
    let text = literal(text);
    format!("//*[self::h1 or self::h2 or self::h3][normalize-space()={text}]")
}

/// A field, by its label: beside it, around it, or said to those who cannot see it.
#[must_use]
pub fn field(label: &str) -> String {
    let label = literal(label);
    let fields = "self::input or self::textarea or self::select";
    let is_label =
        format!("self::label[normalize-space()={label} or normalize-space(text())={label}]");
    format!(
        "//*[{fields}][@id=//*[{is_label}]/@for or ancestor::*[{is_label}] or @aria-label={label}]"
    )
}

/// What an `XPath` finds, but only inside a group of this name.
#[must_use]
pub fn inside(group: &str, xpath: &str) -> String {
    let group = literal(group);
    format!(
        "//*[@role='group' or self::fieldset or self::section or self::form]\
         [@aria-label={group} or legend[normalize-space()={group}]]{xpath}"
    )
}

/// An option of a field that offers some.
#[must_use]
pub fn option(text: &str) -> String {
    format!(".//option[normalize-space()={}]", literal(text))
}

/// Whatever belongs to a task on a page that shows several.
#[must_use]
pub fn task(name: &str) -> String {
    format!("//*[@data-task={}]", literal(name))
}

/// A string as `XPath` writes it, which knows no way to write a quote inside its own kind.
fn literal(text: &str) -> String {
    if !text.contains('\'') {
        return format!("'{text}'");
    }
    let mut parts = String::new();
    for (index, part) in text.split('\'').enumerate() {
        let quote = if index == 0 { "" } else { ", \"'\", " };
        // Writing to a string cannot fail.
        let _ = write!(parts, "{quote}'{part}'");
    }
    format!("concat({parts})")
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn a_text_with_quotes_is_one_text() {
        assert_eq!(literal("New task"), "'New task'");
        assert_eq!(literal("Ada's"), "concat('Ada', \"'\", 's')");
    }
}
