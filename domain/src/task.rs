//! Tasks: the fields that people set, checked.

use crate::field::{FieldCode, Invalid};
use crate::project::ProjectKey;
use crate::text::{Limit, block, checked_text, line, words};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use std::fmt;
use std::str::FromStr;

/// Most characters of a title: a line that can be read at a glance.
pub const TITLE_CHARS_MAX: usize = 200;
/// Most assignees of a task.
pub const ASSIGNEES_MAX: usize = 20;
/// Most tags of a task.
pub const TAGS_MAX: usize = 20;
/// Most people who watch one task: what happens to it is told to each of them.
pub const WATCHERS_MAX: usize = 500;
/// Most bytes of a task's metadata, as JSON text.
pub const METADATA_BYTES_MAX: usize = 16 * 1024;
/// Most characters of a number in metadata, written out without an exponent, as the database keeps it: `1e308` comes as five
/// and would go as 309. Every whole number of 64 bits has room, and every fraction with six zeros before its digits.
pub const NUMBER_CHARS_MAX: usize = 32;
/// Most hours that a task may be estimated at or take: over a hundred years of working days.
pub const HOURS_MAX: f64 = 99_999.99;

/// Most characters of a tag's name: it stands in a line with others.
pub const TAG_CHARS_MAX: usize = 40;

checked_text! {
    /// A title: one line, 1 to 200 characters.
    Title, |text| line(text, Limit::Chars(TITLE_CHARS_MAX))
}

checked_text! {
    /// A description: markdown, up to 64 KiB.
    Description, |text| block(text, Limit::Bytes(64 * 1024))
}

checked_text! {
    /// A tag's name: 1 to 40 characters without commas (lists of tags are written with commas); kept as written,
    /// compared without regard to case.
    TagName, |text| {
        let text = line(text, Limit::Chars(TAG_CHARS_MAX))?;
        if text.contains(',') {
            return Err(Invalid::new(FieldCode::Invalid, "must not contain a comma"));
        }
        Ok(text)
    }
}

words! {
    /// How far a task is.
    Status {
        /// Not begun.
        Todo = "todo",
        /// Someone works on it.
        InProgress = "in_progress",
        /// It waits for something else.
        Blocked = "blocked",
        /// Finished.
        Done = "done",
    }
}

words! {
    /// How much a task matters. The order is the order of urgency.
    Priority {
        /// When there is time.
        Low = "low",
        /// The usual.
        Medium = "medium",
        /// Before the usual.
        High = "high",
        /// Now.
        Urgent = "urgent",
    }
}

words! {
    /// What an assignee is for a task.
    AssigneeRole {
        /// Answers for it.
        Owner = "owner",
        /// Helps.
        Collaborator = "collaborator",
    }
}

/// Hours of work, 0 to 99,999.99, in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Hours(f64);

/// How far from a hundredth a number may be, in hundredths: what sums and products of binary fractions are off by.
const HOURS_NOISE_MAX: f64 = 1e-6;

impl Hours {
    /// Checks; a number with more than two decimals is refused, not changed in silence.
    pub fn new(hours: f64) -> Result<Self, Invalid> {
        let rounded = Self::rounded(hours)?;
        if ((hours - rounded.0) * 100.0).abs() > HOURS_NOISE_MAX {
            return Err(Invalid::new(
                FieldCode::Invalid,
                "must have at most two decimals",
            ));
        }
        Ok(rounded)
    }

    /// The same for a number that was not written for us: rounded to hundredths.
    pub fn rounded(hours: f64) -> Result<Self, Invalid> {
        if !(0.0..=HOURS_MAX).contains(&hours) {
            return Err(Invalid::new(
                FieldCode::OutOfRange,
                format!("must be between 0 and {HOURS_MAX}"),
            ));
        }
        Ok(Self((hours * 100.0).round() / 100.0))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

/// What a team keeps with a task beyond our fields: a JSON object of at most 16 KiB.
///
/// Reading one back from where it is kept does not check it again: a limit that is lowered one day must not make what was
/// kept before unreadable.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    /// Checks the size and that no text in it holds U+0000, which Postgres cannot keep.
    pub fn new(object: Map<String, Value>) -> Result<Self, Invalid> {
        let text = serde_json::to_string(&object)
            .map_err(|e| Invalid::new(FieldCode::Invalid, format!("cannot be kept: {e}")))?;
        if text.len() > METADATA_BYTES_MAX {
            return Err(Invalid::new(
                FieldCode::TooLong,
                format!(
                    "must have at most {METADATA_BYTES_MAX} bytes as JSON, has {}",
                    text.len()
                ),
            ));
        }
        if let Some(number) = object.values().find_map(long_number) {
            return Err(Invalid::new(
                FieldCode::OutOfRange,
                format!(
                    "must have no number of more than {NUMBER_CHARS_MAX} characters when written out, has {number}"
                ),
            ));
        }
        if has_nul(&Value::Object(object.clone())) {
            return Err(Invalid::new(
                FieldCode::Invalid,
                "must not contain the character U+0000",
            ));
        }
        Ok(Self(object))
    }

    /// The same after a merge patch (RFC 7396): null removes a member, an object is merged, anything else replaces. What
    /// comes of it is checked like any other.
    pub fn merged(&self, patch: &Map<String, Value>) -> Result<Self, Invalid> {
        let mut object = self.0.clone();
        merge(&mut object, patch);
        Self::new(object)
    }

    /// The object.
    #[must_use]
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }
}

fn merge(object: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                object.remove(name);
            }
            Value::Object(patch) => {
                let mut inner = match object.remove(name) {
                    Some(Value::Object(inner)) => inner,
                    Some(_) | None => Map::new(),
                };
                merge(&mut inner, patch);
                object.insert(name.clone(), Value::Object(inner));
            }
            other => {
                object.insert(name.clone(), other.clone());
            }
        }
    }
}

/// The first number in a value that is too long when it is written out.
fn long_number(value: &Value) -> Option<&Number> {
    match value {
        Value::Number(number) => (written_out(number) > NUMBER_CHARS_MAX).then_some(number),
        Value::Array(items) => items.iter().find_map(long_number),
        Value::Object(map) => map.values().find_map(long_number),
        Value::Null | Value::Bool(_) | Value::String(_) => None,
    }
}

/// How long a number is without an exponent.
fn written_out(number: &Number) -> usize {
    let whole = number.is_i64() || number.is_u64();
    match number.as_f64().filter(|_| !whole) {
        Some(fraction) => fraction.to_string().len(),
        None => number.to_string().len(),
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(s) => s.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(map) => map.iter().any(|(k, v)| k.contains('\0') || has_nul(v)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A task's name for people: project key and number, `ENG-42`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TaskName {
    /// The project's key.
    pub key: ProjectKey,
    /// The number in the project, from 1.
    pub number: i64,
}

impl fmt::Display for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.key, self.number)
    }
}

impl FromStr for TaskName {
    type Err = Invalid;

    /// Reads `ENG-42`, in any case.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::new(FieldCode::Invalid, "must be a task name such as ENG-42");
        let (key, number) = text.split_once('-').ok_or_else(wrong)?;
        if number.is_empty()
            || number.starts_with('0')
            || !number.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(wrong());
        }
        let key = ProjectKey::new(&key.to_ascii_uppercase()).map_err(|_| wrong())?;
        Ok(Self {
            key,
            number: number.parse().map_err(|_| wrong())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn titles_are_trimmed_lines_of_at_most_200_characters() {
        assert!(Title::new(&"ß".repeat(TITLE_CHARS_MAX)).is_ok());
        assert!(
            Title::new(&"x".repeat(TITLE_CHARS_MAX + 1))
                .is_err_and(|e| e.code == FieldCode::TooLong)
        );
        assert!(Title::new("  ").is_err_and(|e| e.code == FieldCode::Required));
        assert!(Title::new("a\nb").is_err_and(|e| e.code == FieldCode::Invalid));
    }

    #[test]
    fn hours_have_two_decimals_and_are_bounded() {
        for good in [0.0, 0.13, 57.0 * 0.01, 0.1 + 0.2, 1.5, HOURS_MAX] {
            let kept = Hours::new(good).map(|hours| format!("{:.9}", hours.get()));
            assert_eq!(kept, Ok(format!("{good:.9}")));
        }
        for fine in [0.1256, 1.005, 0.001] {
            let refused = Hours::new(fine).map_err(|error| error.code);
            assert_eq!(refused, Err(FieldCode::Invalid), "{fine}");
        }
        assert_eq!(Hours::rounded(0.1256).map(Hours::get), Ok(0.13));
        for bad in [-1.0, f64::NAN, f64::INFINITY, 100_000.0] {
            assert!(Hours::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn metadata_are_merged_member_by_member() {
        let object = |value: Value| value.as_object().cloned().unwrap_or_default();
        let check = |before: Value, patch: Value, expected: Value| {
            let before = Metadata::new(object(before)).expect("small");
            let after = before.merged(&object(patch)).expect("small");
            assert_eq!(after.as_map(), &object(expected));
        };
        check(
            json!({"a": "b", "c": {"d": 1, "e": 2}}),
            json!({"a": null, "c": {"e": null, "f": [null]}}),
            json!({"c": {"d": 1, "f": [null]}}),
        );
        check(
            json!({"a": [1]}),
            json!({"a": {"b": null}}),
            json!({"a": {}}),
        );
        let full = Metadata::new(object(json!({"a": "x".repeat(10_000)}))).expect("fits");
        assert!(
            full.merged(&object(json!({"b": "x".repeat(10_000)})))
                .is_err()
        );
        assert!(
            full.merged(&object(json!({"a": "x".repeat(10_000)})))
                .is_ok()
        );
    }

    #[test]
    fn metadata_holds_no_number_that_grows_when_it_is_written_out() {
        let with = |number: &str| {
            let text = format!("{{\"a\": [{{\"b\": {number}}}]}}");
            Metadata::new(serde_json::from_str(&text).expect("an object")).map_err(|e| e.code)
        };
        for good in [
            "0",
            "-9223372036854775808",
            "18446744073709551615",
            "0.1",
            "-1.7976931348623157e-6",
            "1e31",
        ] {
            assert!(with(good).is_ok(), "{good}");
        }
        for bad in ["1e308", "-1e32", "5e-324", "1e-40"] {
            assert_eq!(with(bad), Err(FieldCode::OutOfRange), "{bad}");
        }
    }

    #[test]
    fn metadata_is_bounded_and_without_nul() {
        let object = |v: Value| v.as_object().cloned().unwrap_or_default();
        assert!(Metadata::new(object(json!({"a": [1, {"b": "\\u0000 spelled out"}]}))).is_ok());
        assert!(Metadata::new(object(json!({"a": ["x\0"]}))).is_err());
        assert!(Metadata::new(object(json!({"a": "x".repeat(METADATA_BYTES_MAX)}))).is_err());
    }

    #[test]
    fn task_names_are_read_back_from_what_they_print() {
        let name: TaskName = "eng-42".parse().expect("a good name");
        assert_eq!(name.to_string(), "ENG-42");
        for bad in [
            "ENG",
            "ENG-",
            "ENG-0",
            "ENG-007",
            "-1",
            "ENG-1-2",
            "ENG-99999999999999999999",
        ] {
            assert!(bad.parse::<TaskName>().is_err(), "{bad}");
        }
    }
}
