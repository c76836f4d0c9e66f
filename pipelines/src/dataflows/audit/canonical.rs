//! Canonical JSON: one text for one value, whoever wrote it. No white space; members sorted by the UTF-16 units of their
//! names and strings escaped only where they must be, as in RFC 8785; numbers in the shortest form that reads back the
//! same, whole ones digit by digit, where the RFC would squeeze them into a double.
//!
//! The text is made once, stored as text and hashed as stored: nobody has to make it again to verify it.

use serde::Serialize;
use serde_json::Value;

/// The canonical text of a value.
#[must_use]
pub fn to_text(value: &Value) -> String {
    let mut text = Vec::new();
    write(value, &mut text);
    String::from_utf8(text).expect("JSON is UTF-8")
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Array(items) => list(out, *b"[]", items, write),
        Value::Object(members) => {
            // Sorted here, because the order of a JSON object in memory depends on a feature that any crate can turn on.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            list(out, *b"{}", members, |(name, value), out| {
                scalar(name, out);
                out.push(b':');
                write(value, out);
            });
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => scalar(value, out),
    }
}

fn list<T>(
    out: &mut Vec<u8>,
    [open, close]: [u8; 2],
    items: impl IntoIterator<Item = T>,
    mut each: impl FnMut(T, &mut Vec<u8>),
) {
    out.push(open);
    for (place, item) in items.into_iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        each(item, out);
    }
    out.push(close);
}

fn scalar(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("memory takes it, and a scalar has a JSON form");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: &str) {
        let value = serde_json::from_str(input).unwrap();
        assert_eq!(to_text(&value), expected);
        let again = serde_json::from_str(expected).unwrap();
        assert_eq!(to_text(&again), expected, "stable");
    }

    #[test]
    fn the_order_of_members_and_white_space_do_not_matter() {
        check(
            r#"{ "b" : [1, 2.50, {"y":null,"x":true}], "a":"" }"#,
            r#"{"a":"","b":[1,2.5,{"x":true,"y":null}]}"#,
        );
        check("[]", "[]");
        check("{}", "{}");
    }

    #[test]
    fn names_sort_by_utf_16_units_as_in_rfc_8785() {
        // U+1F600 is written with surrogates (D83D), which sort before U+FB33 although its number is larger.
        check(
            r#"{"\ufb33":5,"\ud83d\ude00":4,"\u20ac":3,"\u00f6":2,"\r":0,"1":1}"#,
            "{\"\\r\":0,\"1\":1,\"\u{f6}\":2,\"\u{20ac}\":3,\"\u{1f600}\":4,\"\u{fb33}\":5}",
        );
    }

    #[test]
    fn strings_are_escaped_only_where_they_must_be() {
        check(
            r#""\u0041\/\u00e4\u0000\u001f\"\\\n""#,
            "\"A/\u{e4}\\u0000\\u001f\\\"\\\\\\n\"",
        );
    }

    #[test]
    fn whole_numbers_keep_every_digit() {
        check(
            "[18446744073709551615,-9223372036854775808,1.0]",
            "[18446744073709551615,-9223372036854775808,1.0]",
        );
    }
}
