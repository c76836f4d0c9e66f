//! Which column of a file means what.

use crate::usage::Usage;
use anyhow::Result;

/// What a column can mean.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Field {
    Title,
    Description,
    Status,
    Priority,
    DueAt,
    EstimatedHours,
    ActualHours,
    Tags,
    /// A member of the task's metadata.
    Metadata(String),
}

/// Names of the fields that have one of their own.
const FIELDS: [(&str, Field); 8] = [
    ("title", Field::Title),
    ("description", Field::Description),
    ("status", Field::Status),
    ("priority", Field::Priority),
    ("due_at", Field::DueAt),
    ("estimated_hours", Field::EstimatedHours),
    ("actual_hours", Field::ActualHours),
    ("tags", Field::Tags),
];

/// Columns of other trackers' exports that go without saying, beside those that are called like a field.
const USUAL: [(&str, &str); 2] = [
    ("issuekey", "metadata.imported_from"),
    ("storypoint", "estimated_hours"),
];

/// A column and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// Its place in a row.
    pub(crate) place: usize,
    /// Its name in the file.
    pub(crate) name: String,
    /// What it means.
    pub(crate) field: Field,
}

/// The columns of a file.
#[derive(Debug)]
pub(crate) struct Columns {
    /// Those that mean something.
    pub(crate) used: Vec<Column>,
    /// The names of the others.
    pub(crate) unused: Vec<String>,
    /// How many there are.
    pub(crate) count: usize,
}

impl Columns {
    /// The columns of a head, with what `maps` says of them (`column=field`; `column=` leaves one out).
    pub(crate) fn of(head: &[String], maps: &[String]) -> Result<Self> {
        let mut said: Vec<Option<Option<Field>>> = vec![None; head.len()];
        for map in maps {
            let (name, field) = map.split_once('=').ok_or_else(|| {
                Usage::because(format!(
                    "--map {map}: must be column=field, such as summary=title"
                ))
            })?;
            let place = place_of(head, name.trim())?;
            said[place] = Some(match field.trim() {
                "" => None,
                field => Some(field_named(field)?),
            });
        }
        let explicit: Vec<&Field> = said.iter().flatten().flatten().collect();
        let mut columns = Self {
            used: Vec::new(),
            unused: Vec::new(),
            count: head.len(),
        };
        for (place, name) in head.iter().enumerate() {
            let field = match &said[place] {
                Some(field) => field.clone(),
                // What was said of another column counts more than what goes without saying.
                None => usual(name).filter(|field| !explicit.contains(&field)),
            };
            let name = name.clone();
            match field {
                Some(field) => columns.used.push(Column { place, name, field }),
                None => columns.unused.push(name),
            }
        }
        columns.checked(head)
    }

    fn checked(self, head: &[String]) -> Result<Self> {
        for (n, column) in self.used.iter().enumerate() {
            if let Some(other) = self.used[..n].iter().find(|c| c.field == column.field) {
                return Err(Usage::because(format!(
                    "the columns \"{}\" and \"{}\" mean the same: leave one out with --map \"{}=\"",
                    other.name, column.name, column.name
                )));
            }
        }
        if !self.used.iter().any(|column| column.field == Field::Title) {
            return Err(Usage::because(format!(
                "no column is the title: say which with --map column=title (the file has: {})",
                head.join(", ")
            )));
        }
        Ok(self)
    }
}

fn place_of(head: &[String], name: &str) -> Result<usize> {
    let exact = head.iter().position(|known| known == name);
    let place = exact.or_else(|| {
        head.iter()
            .position(|known| known.eq_ignore_ascii_case(name))
    });
    place.ok_or_else(|| {
        Usage::because(format!(
            "--map {name}=…: the file has no such column (it has: {})",
            head.join(", ")
        ))
    })
}

fn usual(name: &str) -> Option<Field> {
    let name = name.to_ascii_lowercase();
    let field = USUAL
        .iter()
        .find(|(column, _)| *column == name)
        .map_or(&*name, |(_, field)| *field);
    field_named(field).ok()
}

fn field_named(name: &str) -> Result<Field> {
    if let Some((_, field)) = FIELDS.iter().find(|(known, _)| *known == name) {
        return Ok(field.clone());
    }
    match name.strip_prefix("metadata.") {
        Some(member) if !member.is_empty() => Ok(Field::Metadata(member.to_owned())),
        Some(_) | None => {
            let known: Vec<_> = FIELDS.iter().map(|(known, _)| *known).collect();
            Err(Usage::because(format!(
                "--map …={name}: there is no such field; there are {}, and metadata.<name>",
                known.join(", ")
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(head: &[&str], maps: &[&str]) -> Result<Columns> {
        let owned = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        Columns::of(&owned(head), &owned(maps))
    }

    fn told(head: &[&str], maps: &[&str]) -> String {
        columns(head, maps).map_or_else(|error| error.to_string(), |columns| format!("{columns:?}"))
    }

    #[test]
    fn usual_columns_go_without_saying() {
        let columns = columns(
            &["IssueKey", "title", "description", "storypoint", "labels"],
            &[],
        );
        let columns = columns.expect("good columns");
        let fields: Vec<_> = columns
            .used
            .into_iter()
            .map(|column| column.field)
            .collect();
        let imported_from = Field::Metadata("imported_from".into());
        assert_eq!(
            fields,
            [
                imported_from,
                Field::Title,
                Field::Description,
                Field::EstimatedHours
            ]
        );
        assert_eq!(columns.unused, ["labels"]);
    }

    #[test]
    fn what_is_said_counts_more_than_what_is_usual() {
        let columns = columns(&["title", "summary", "tags"], &["summary=title", "tags="]);
        let columns = columns.expect("good columns");
        assert_eq!(columns.used.len(), 1);
        assert_eq!(columns.used[0].name, "summary");
        assert_eq!(columns.unused, ["title", "tags"]);
    }

    #[test]
    fn mistakes_are_told_with_what_there_is() {
        assert!(told(&["a", "b"], &[]).contains("the file has: a, b"));
        assert!(told(&["title"], &["sumary=title"]).contains("no such column (it has: title)"));
        assert!(told(&["title"], &["title=name"]).contains("there are title, description"));
        assert!(told(&["title"], &["title"]).contains("must be column=field"));
        assert!(told(&["x", "y"], &["x=title", "y=title"]).contains("mean the same"));
    }
}
