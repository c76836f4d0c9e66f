//! Reading one JSON value as what a field wants: the wrong type and the wrong value are told in one way.

use chrono::{DateTime, Datelike, SubsecRound, Timelike, Utc};
use millstream_domain::field::{FieldCode, Invalid};
use serde_json::{Map, Value};
use std::fmt::Display;
use std::str::FromStr;

/// A text that is checked by its type: `text(Title::new)`, `text(str::parse::<Status>)`.
pub(crate) fn text<T>(
    parse: impl FnOnce(&str) -> Result<T, Invalid>,
) -> impl FnOnce(Value) -> Result<T, Invalid> {
    move |value| match value {
        Value::String(text) => parse(&text),
        other => Err(wrong_type("a text", &other)),
    }
}

/// One word of a few.
pub(crate) fn word<T: FromStr<Err = Invalid>>(value: Value) -> Result<T, Invalid> {
    text(str::parse)(value)
}

/// An id.
pub(crate) fn id<T: FromStr>(value: Value) -> Result<T, Invalid> {
    text(|text| parse_id(text))(value)
}

/// An id in a text.
pub(crate) fn parse_id<T: FromStr>(text: &str) -> Result<T, Invalid> {
    text.parse()
        .map_err(|_| Invalid::new(FieldCode::Invalid, "must be a UUID"))
}

/// A time.
pub(crate) fn time(value: Value) -> Result<DateTime<Utc>, Invalid> {
    text(parse_time)(value)
}

/// A time in a text: RFC 3339 with a `T`, kept in UTC and whole microseconds. Years beyond four digits have no RFC 3339 form.
/// A sixty-first second is one only where leap seconds are put: the last one of a month in UTC.
pub(crate) fn parse_time(text: &str) -> Result<DateTime<Utc>, Invalid> {
    let wrong = || {
        Invalid::new(
            FieldCode::Invalid,
            "must be a time such as 2026-11-21T09:30:00Z",
        )
    };
    if !matches!(text.as_bytes().get(10), Some(b'T' | b't')) {
        return Err(wrong());
    }
    let time = DateTime::parse_from_rfc3339(text)
        .map_err(|_| wrong())?
        .to_utc()
        .trunc_subsecs(6);
    if time.nanosecond() >= LEAP && !ends_month(time) {
        return Err(wrong());
    }
    if !(1..=9999).contains(&time.year()) {
        return Err(Invalid::new(
            FieldCode::OutOfRange,
            "must be in the years 1 to 9999",
        ));
    }
    Ok(time)
}

/// From where on nanoseconds are those of a leap second.
const LEAP: u32 = 1_000_000_000;

/// Whether the next second is in another month.
fn ends_month(time: DateTime<Utc>) -> bool {
    let next = time.date_naive().succ_opt();
    (time.hour(), time.minute()) == (23, 59) && next.is_none_or(|day| day.day() == 1)
}

/// A number.
pub(crate) fn number<T>(
    check: impl FnOnce(f64) -> Result<T, Invalid>,
) -> impl FnOnce(Value) -> Result<T, Invalid> {
    move |value| match value.as_f64() {
        // -0 is 0, and is kept and shown as that.
        Some(number) => check(number + 0.0),
        None => Err(wrong_type("a number", &value)),
    }
}

/// A whole number, also one that is written as `68.0`: to JSON Schema that is one, too.
pub(crate) fn whole(value: &Value) -> Result<i64, Invalid> {
    let rounded = || value.as_f64().filter(|number| number.fract() == 0.0);
    let rounded = || rounded().and_then(|number| format!("{number:.0}").parse().ok());
    value
        .as_i64()
        .or_else(rounded)
        .ok_or_else(|| wrong_type("a whole number", value))
}

/// `true` or `false`.
#[expect(clippy::needless_pass_by_value, reason = "all readers have one form")]
pub(crate) fn boolean(value: Value) -> Result<bool, Invalid> {
    value
        .as_bool()
        .ok_or_else(|| wrong_type("true or false", &value))
}

/// An object, not looked into.
pub(crate) fn object(value: Value) -> Result<Map<String, Value>, Invalid> {
    match value {
        Value::Object(members) => Ok(members),
        other => Err(wrong_type("an object", &other)),
    }
}

/// Nothing of the wrong type is repeated to the client: only what it was.
pub(crate) fn wrong_type(wanted: &str, found: &Value) -> Invalid {
    Invalid::new(
        FieldCode::Invalid,
        format!("must be {wanted}, is {}", type_name(found)),
    )
}

fn type_name(value: &Value) -> impl Display {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_are_kept_in_utc_and_whole_microseconds() {
        let read = time(json!("2026-11-21T10:30:00.1234567+01:00")).map(|t| t.to_rfc3339());
        assert_eq!(read.as_deref(), Ok("2026-11-21T09:30:00.123456+00:00"));
        for bad in [
            json!("2026-11-21"),
            json!("now"),
            json!("2026-11-21 09:30:00Z"),
            json!("2026-11-21_09:30:00Z"),
            json!("2026-11-21T12:00:60Z"),
            json!("2026-11-21T23:59:60Z"),
            json!("2026-12-31T23:59:60+01:00"),
            json!(1),
            json!("9999-12-31T23:59:59-01:00"),
        ] {
            assert!(time(bad.clone()).is_err(), "{bad}");
        }
        for good in [
            "2016-12-31T23:59:60Z",
            "2017-01-01T00:59:60+01:00",
            "2026-11-21t09:30:00z",
        ] {
            assert!(time(json!(good)).is_ok(), "{good}");
        }
    }
}
