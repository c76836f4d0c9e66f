//! A row of a file as a task, or everything that is wrong with it.

use super::columns::{Columns, Field};
use super::table::RawRow;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, SubsecRound, Utc};
use millstream_domain::ids::ProjectId;
use millstream_domain::task::{
    Description, Hours, Metadata, Priority, Status, TAGS_MAX, TITLE_CHARS_MAX, TagName, Title,
};
use millstream_domain::text::is_bidi_control;
use millstream_store::task::{IMPORTED_FROM, NewTask};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Reads the rows of one pass over a file: remembers what it has seen.
#[derive(Debug)]
pub(crate) struct RowReader<'a> {
    columns: &'a Columns,
    null: Option<&'a str>,
    /// The line in which each id stood.
    ids: BTreeMap<String, u64>,
    /// How often each row without an id came.
    repeats: BTreeMap<String, u64>,
}

/// A good row.
#[derive(Debug)]
pub(crate) struct Row {
    /// The task, of no project yet.
    pub(crate) task: NewTask,
    /// What it is known by: its id where it came from, else a hash of it.
    pub(crate) source: String,
    /// Whether its title had to be cut.
    pub(crate) title_was_cut: bool,
}

impl<'a> RowReader<'a> {
    /// Reads rows of these columns; a cell whose text is `null` is empty.
    pub(crate) fn new(columns: &'a Columns, null: Option<&'a str>) -> Self {
        Self {
            columns,
            null,
            ids: BTreeMap::new(),
            repeats: BTreeMap::new(),
        }
    }

    /// The task of a row, or all that is wrong with it.
    pub(crate) fn read(&mut self, raw: &RawRow) -> Result<Row, Vec<String>> {
        if raw.len() != self.columns.count {
            let (has, head) = (raw.len(), self.columns.count);
            return Err(vec![format!(
                "has {has} columns, the first line has {head}: is a quote missing or too much?"
            )]);
        }
        let mut draft = Draft::default();
        for column in &self.columns.used {
            let taken = raw.text(column.place).and_then(|text| match text.trim() {
                "" => Ok(()),
                text if Some(text) == self.null => Ok(()),
                _ => draft.take(&column.field, &text),
            });
            if let Err(reason) = taken {
                draft.wrong.push(format!("{}: {reason}", column.name));
            }
        }
        let source = self.source(raw, &mut draft);
        draft.finish(source)
    }

    /// What the row is known by. Two that are the same in all their cells are two tasks, told apart by their order.
    fn source(&mut self, raw: &RawRow, draft: &mut Draft) -> String {
        if let Some(Value::String(id)) = draft.metadata.get(IMPORTED_FROM) {
            let id = id.clone();
            match self.ids.get(&id) {
                Some(line) => draft
                    .wrong
                    .push(format!("\"{id}\" stands in line {line} already")),
                None => drop(self.ids.insert(id.clone(), raw.line)),
            }
            return id;
        }
        let hash = hash(raw);
        let times = self.repeats.entry(hash.clone()).or_default();
        *times += 1;
        if *times == 1 {
            hash
        } else {
            format!("{hash}#{times}")
        }
    }
}

/// SHA-256 over the cells, each with its length in front.
fn hash(raw: &RawRow) -> String {
    let mut sha = Sha256::new();
    for cell in raw.cells() {
        sha.update(u64::try_from(cell.len()).unwrap_or(u64::MAX).to_le_bytes());
        sha.update(cell);
    }
    format!("row:{}", hex::encode(sha.finalize()))
}

/// A task while its row is read.
#[derive(Debug, Default)]
struct Draft {
    title: String,
    description: String,
    status: Option<Status>,
    priority: Option<Priority>,
    due_at: Option<DateTime<Utc>>,
    estimated_hours: Option<Hours>,
    actual_hours: Option<Hours>,
    tags: Vec<TagName>,
    metadata: Map<String, Value>,
    wrong: Vec<String>,
}

impl Draft {
    /// Takes a cell that is not empty.
    fn take(&mut self, field: &Field, text: &str) -> Result<(), String> {
        match field {
            Field::Title => self.title = one_line(text),
            Field::Description => text.clone_into(&mut self.description),
            Field::Status => self.status = Some(word(text)?),
            Field::Priority => self.priority = Some(word(text)?),
            Field::DueAt => self.due_at = Some(time(text.trim())?),
            Field::EstimatedHours => self.estimated_hours = Some(hours(text.trim())?),
            Field::ActualHours => self.actual_hours = Some(hours(text.trim())?),
            Field::Tags => {
                for name in text
                    .split([',', ';'])
                    .map(str::trim)
                    .filter(|n| !n.is_empty())
                {
                    let tag: TagName = one_line(name)
                        .parse()
                        .map_err(|e| format!("\"{name}\" {e}"))?;
                    self.tags.push(tag);
                }
                if self.tags.len() > TAGS_MAX {
                    return Err(format!(
                        "has {} tags, at most {TAGS_MAX} can be given",
                        self.tags.len()
                    ));
                }
            }
            Field::Metadata(member) => {
                self.metadata
                    .insert(member.clone(), Value::String(text.trim().to_owned()));
            }
        }
        Ok(())
    }

    fn finish(mut self, source: String) -> Result<Row, Vec<String>> {
        let title_was_cut = self.title.chars().count() > TITLE_CHARS_MAX;
        if title_was_cut {
            self.description = format!("{}\n\n{}", self.title, self.description);
            self.title = self
                .title
                .chars()
                .take(TITLE_CHARS_MAX - 1)
                .collect::<String>()
                + "…";
        }
        let title = self.checked("title", |draft| Title::new(&draft.title));
        let description = self.checked("description", |draft| Description::new(&draft.description));
        self.metadata
            .insert(IMPORTED_FROM.to_owned(), Value::String(source.clone()));
        let metadata = self.checked("metadata", |draft| Metadata::new(draft.metadata.clone()));
        let (Some(title), Some(metadata), true) = (title, metadata, self.wrong.is_empty()) else {
            return Err(self.wrong);
        };
        let task = NewTask {
            // Set when it is known: the project may have to be made first.
            project_id: ProjectId(uuid::Uuid::nil()),
            title,
            description,
            status: self.status.unwrap_or(Status::Todo),
            priority: self.priority.unwrap_or(Priority::Medium),
            due_at: self.due_at,
            estimated_hours: self.estimated_hours,
            actual_hours: self.actual_hours,
            assignees: Vec::new(),
            tags: self.tags,
            parent_id: None,
            metadata,
            recurrence: None,
        };
        Ok(Row {
            task,
            source,
            title_was_cut,
        })
    }

    fn checked<T, E: std::fmt::Display>(
        &mut self,
        name: &str,
        read: impl Fn(&Self) -> Result<T, E>,
    ) -> Option<T> {
        match read(self) {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong.push(format!("{name}: {error}"));
                None
            }
        }
    }
}

/// One line of it: line breaks, tabs and control characters become spaces, and several of them one. So do characters that
/// turn the direction of what stands behind them.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_control() || c.is_whitespace() || is_bidi_control(c));
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A word such as `in_progress`, however it is spelled: "In Progress", "in-progress".
fn word<T: std::str::FromStr<Err = millstream_domain::field::Invalid>>(
    text: &str,
) -> Result<T, String> {
    let spelled = text.trim().to_lowercase().replace([' ', '-'], "_");
    spelled
        .parse()
        .map_err(|error| format!("\"{}\" {error}", text.trim()))
}

fn hours(text: &str) -> Result<Hours, String> {
    let number: f64 = text
        .parse()
        .map_err(|_| format!("\"{text}\" is not a number"))?;
    Hours::rounded(number).map_err(|error| format!("\"{text}\" {error}"))
}

/// A point in time, or a day, which begins at midnight UTC; within the years and to the microsecond, as the API takes
/// times.
fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let day = || {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        day.map(|day| day.and_time(NaiveTime::MIN).and_utc())
    };
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc().trunc_subsecs(6))
        .ok()
        .or_else(day)
        .filter(|time| (1..=9_999).contains(&time.year()))
        .ok_or_else(|| format!("\"{text}\" is neither a date such as 2026-11-21 nor a time such as 2026-11-21T09:30:00Z"))
}

#[cfg(test)]
mod tests;
