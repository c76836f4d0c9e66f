//! `Forwarded` (RFC 7239): `for=192.0.2.60;proto=http, for="[2001:db8::17]:4711"`.

use super::{Hop, address};

/// The hops of one line, the last first. It is taken apart from the right, so that nothing that stands in it before a
/// trusted proxy's own element, such as a quote that is never closed, changes how that one is read.
pub(super) fn hops(line: &str) -> Vec<Hop> {
    split_from_right(line, ',').into_iter().map(hop).collect()
}

/// The `for` of an element.
fn hop(element: &str) -> Hop {
    let mut named = split_from_right(element, ';')
        .into_iter()
        .filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("for")
                .then(|| value.trim())
        });
    match (named.next(), named.next()) {
        (Some(value), None) => address(&unquoted(value)),
        _ => None,
    }
}

/// The parts between separators that stand in no quotes, the last first.
fn split_from_right(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut end, mut quoted) = (text.len(), false);
    for (at, c) in text.char_indices().rev() {
        if c == '"' && !is_escaped(&text[..at]) {
            quoted = !quoted;
        } else if c == separator && !quoted {
            parts.push(&text[at + 1..end]);
            end = at;
        }
    }
    parts.push(&text[..end]);
    parts
}

/// Whether what follows is escaped: an odd number of backslashes stands before it.
fn is_escaped(before: &str) -> bool {
    before.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
}

/// What a quoted string says; anything else says itself.
fn unquoted(value: &str) -> String {
    let inner = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let Some(inner) = inner else {
        return value.to_owned();
    };
    let mut said = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        said.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    said
}
