//! JSON as it is read here: bounded in depth and number of values, and without members that hide each other.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::Cell;
use std::fmt;

/// How deep a body may be nested. Nothing we read is deeper than four; metadata are free up to this.
pub(crate) const DEPTH_MAX: usize = 64;
/// Most values in a body, whether in lists or objects: a batch of five hundred tasks with a dozen fields each has a sixth of
/// them. Half a million, which a megabyte can hold, would take fifty times its room in memory.
pub(crate) const VALUES_MAX: usize = 50_000;

/// Reads a JSON text. The error says what is wrong, and where.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let left = Cell::new(VALUES_MAX);
    let level = Level {
        depth: 0,
        left: &left,
    };
    let value = level.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// A value at this depth.
#[derive(Clone, Copy)]
struct Level<'a> {
    depth: usize,
    /// How many values may still come.
    left: &'a Cell<usize>,
}

impl Level<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom(format_args!(
                "nested deeper than {DEPTH_MAX} levels"
            )));
        }
        let depth = self.depth + 1;
        Ok(Self { depth, ..self })
    }

    fn count<E: Error>(self) -> Result<(), E> {
        let left = self.left.get().checked_sub(1);
        let left = left.ok_or_else(|| E::custom(format_args!("more than {VALUES_MAX} values")))?;
        self.left.set(left);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        self.count()?;
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(deeper)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(deeper)?;
            if object.contains_key(&name) {
                return Err(A::Error::custom(format_args!(
                    "member {name:?} stands twice"
                )));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_well_formed_is_read_as_it_stands() {
        let text = br#"{"a": [1, -2, 1.5, true, null, "\u00e4\ud83d\ude00"], "b": {}}"#;
        let expected = json!({"a": [1, -2, 1.5, true, null, "ä😀"], "b": {}});
        assert_eq!(parse(text).ok(), Some(expected));
    }

    #[test]
    fn depth_is_bounded_long_before_the_stack_is() {
        let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert!(parse(&nested(DEPTH_MAX)).is_ok());
        assert!(parse(&nested(DEPTH_MAX + 1)).is_err_and(|e| e.to_string().contains("64 levels")));
        assert!(parse(&nested(10_000)).is_err());
    }

    #[test]
    fn the_number_of_values_is_bounded_wherever_they_stand() {
        let list = |values: usize| format!("[{}0]", "0,".repeat(values - 1)).into_bytes();
        assert!(parse(&list(VALUES_MAX - 1)).is_ok());
        let members: Vec<_> = (0..VALUES_MAX).map(|at| format!("\"{at}\":0")).collect();
        let object = format!("{{{}}}", members.join(",")).into_bytes();
        for many in [list(VALUES_MAX), object, list(500_000)] {
            assert!(parse(&many).is_err_and(|e| e.to_string().contains("50000 values")));
        }
    }

    #[test]
    fn a_member_that_would_hide_another_is_refused() {
        assert!(
            parse(br#"{"a": 1, "a": 2}"#).is_err_and(|e| e.to_string().contains("stands twice"))
        );
    }

    #[test]
    fn odd_numbers_and_characters_are_refused() {
        for text in [
            "1e400",
            "-1e400",
            r#""\ud800""#,
            r#""\udc00x""#,
            "01",
            "NaN",
            "{} x",
            "",
            "\"\u{1}\"",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse(b"\"\xff\"").is_err());
    }
}
