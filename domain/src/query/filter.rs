//! Fields: `name:value`.
//!
//! To add one: a line in [`FIELDS`], an arm in [`read`], a variant of [`Filter`].

use super::scan::values;
use super::tree::{Feature, Filter, Flag, Parent, Place, Who};
use super::{QueryError, time};
use crate::task::{Priority, Status};
use std::ops::Range;

/// What a run of characters turned out to be.
pub(super) enum Field {
    /// Text.
    None,
    /// A condition, and of how many values.
    Filter(Filter, usize),
    /// At least one of several conditions.
    Any(Vec<Filter>),
    /// Where texts are looked for.
    In(Vec<Place>),
}

const FIELDS: &[&str] = &[
    "status",
    "priority",
    "assignee",
    "created_by",
    "project",
    "team",
    "tag",
    "parent",
    "due",
    "updated",
    "created",
    "is",
    "has",
    "in",
];

/// A value and its place.
type Value = (String, Range<usize>);

/// Reads a run as a field, if it is one.
pub(super) fn field(text: &str, run: &str, at: &Range<usize>) -> Result<Field, QueryError> {
    let Some((name, rest)) = run.split_once(':') else {
        return Ok(Field::None);
    };
    let looks = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    let known = FIELDS.iter().find(|known| known.eq_ignore_ascii_case(name));
    match known {
        // `std::string`, `https://…`, "Error: …", `12:30`.
        None if !looks || rest.is_empty() || rest.starts_with([':', '/']) => Ok(Field::None),
        None => Err(QueryError::new(
            text,
            at.start..at.start + name.len(),
            format!(
                "there is no field \"{name}\"; the fields are {}; to look for the text, put it into quotes",
                FIELDS.join(", ")
            ),
        )),
        Some(_) if rest.starts_with(':') => Ok(Field::None),
        Some(name) => read(text, name, &values(rest, at.start + name.len() + 1)),
    }
}

fn read(text: &str, name: &str, values: &[Value]) -> Result<Field, QueryError> {
    if let Some((_, at)) = values.iter().find(|(value, _)| value.trim().is_empty()) {
        return Err(QueryError::new(
            text,
            at.clone(),
            format!("{name}: needs a value"),
        ));
    }
    let named = || {
        values
            .iter()
            .map(|(value, _)| value.trim().to_owned())
            .collect::<Vec<_>>()
    };
    let filter = match name {
        "status" => {
            let all: Vec<_> = Status::ALL.iter().map(|s| (s.as_str(), *s)).collect();
            Filter::Status(words(text, name, values, &all)?)
        }
        "priority" => Filter::Priority(priorities(text, values)?),
        "assignee" => Filter::Assignee(values.iter().map(who).collect()),
        "created_by" => Filter::CreatedBy(values.iter().map(who).collect()),
        "project" => Filter::Project(named()),
        "team" => Filter::Team(named()),
        "tag" => Filter::Tag(named()),
        "parent" => Filter::Parent(values.iter().map(parent).collect()),
        "due" => return times(text, name, values, Filter::Due),
        "updated" => return times(text, name, values, Filter::Updated),
        "created" => return times(text, name, values, Filter::Created),
        "is" => {
            let flags = words(text, name, values, Flag::WORDS)?;
            return Ok(Field::Any(flags.into_iter().map(Filter::Is).collect()));
        }
        "has" => {
            let features = words(text, name, values, Feature::WORDS)?;
            return Ok(Field::Any(features.into_iter().map(Filter::Has).collect()));
        }
        _ => return Ok(Field::In(words(text, name, values, Place::WORDS)?)),
    };
    Ok(Field::Filter(filter, values.len()))
}

/// Values that are each one of a few words.
fn words<T: Copy>(
    text: &str,
    name: &str,
    values: &[Value],
    allowed: &[(&str, T)],
) -> Result<Vec<T>, QueryError> {
    let one = |(value, at): &Value| {
        let found = allowed
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(value.trim()));
        found.map(|(_, meant)| *meant).ok_or_else(|| {
            let all: Vec<_> = allowed.iter().map(|(word, _)| *word).collect();
            let message = format!("{name}: must be one of {}", all.join(", "));
            QueryError::new(text, at.clone(), message)
        })
    };
    values.iter().map(one).collect()
}

/// Priorities, alone or from or up to one.
fn priorities(text: &str, values: &[Value]) -> Result<Vec<Priority>, QueryError> {
    let mut all = Vec::new();
    for (value, at) in values {
        let value = value.trim();
        let comparison = value.len() - value.trim_start_matches(['<', '>', '=']).len();
        let (comparison, word) = value.split_at(comparison);
        let bound = Priority::ALL
            .iter()
            .copied()
            .find(|priority| priority.as_str().eq_ignore_ascii_case(word));
        let holds: Option<fn(Priority, Priority) -> bool> = match comparison {
            "" | "=" => Some(|a, b| a == b),
            "<" => Some(|a, b| a < b),
            "<=" => Some(|a, b| a <= b),
            ">" => Some(|a, b| a > b),
            ">=" => Some(|a, b| a >= b),
            _ => None,
        };
        let (Some(bound), Some(holds)) = (bound, holds) else {
            let words: Vec<_> = Priority::ALL
                .iter()
                .map(|priority| priority.as_str())
                .collect();
            let message = format!(
                "priority: must be one of {}, after <, <=, > or >= if you like",
                words.join(", ")
            );
            return Err(QueryError::new(text, at.clone(), message));
        };
        all.extend(
            Priority::ALL
                .iter()
                .copied()
                .filter(|priority| holds(*priority, bound)),
        );
    }
    Ok(all)
}

fn who((value, _): &Value) -> Who {
    match value.trim().trim_start_matches('@') {
        me if me.eq_ignore_ascii_case("me") => Who::Me,
        none if none.eq_ignore_ascii_case("none") => Who::Nobody,
        name => Who::Named(name.to_owned()),
    }
}

fn parent((value, _): &Value) -> Parent {
    match value.trim() {
        none if none.eq_ignore_ascii_case("none") => Parent::Nothing,
        name => Parent::Task(name.to_owned()),
    }
}

fn times(
    text: &str,
    name: &str,
    values: &[Value],
    filter: impl Fn(time::TimeFilter) -> Filter,
) -> Result<Field, QueryError> {
    let one = |(value, at): &Value| {
        time::filter(&value.trim().to_ascii_lowercase())
            .map(&filter)
            .map_err(|message| QueryError::new(text, at.clone(), format!("{name}: {message}")))
    };
    values
        .iter()
        .map(one)
        .collect::<Result<_, _>>()
        .map(Field::Any)
}
