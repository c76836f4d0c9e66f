//! The tables of the lake and their columns; `docs/LAKE.md` says what each means.
//!
//! A column is a field of the row that `pipelines` makes (`dataflows/lake/rows.rs`), of the same name. To add one: there,
//! here, and in the document. A column that is added must be nullable, because the rows of before have none.

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::sync::{Arc, LazyLock};

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Tasks as they are now.
    Tasks,
    /// The stretches of tasks' lives.
    TaskIntervals,
    /// People as they are now.
    Users,
    /// Teams as they are now.
    Teams,
    /// Projects as they are now.
    Projects,
    /// Who belongs to which team now.
    Memberships,
    /// Everything that happened. The last, because it is committed last and says how far the others are.
    Events,
}

impl Table {
    /// All of them, in the order in which they are committed.
    pub const ALL: [Self; 7] = [
        Self::Tasks,
        Self::TaskIntervals,
        Self::Users,
        Self::Teams,
        Self::Projects,
        Self::Memberships,
        Self::Events,
    ];

    /// Its name in SQL, and its folder.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tasks => "tasks",
            Self::TaskIntervals => "task_intervals",
            Self::Users => "users",
            Self::Teams => "teams",
            Self::Projects => "projects",
            Self::Memberships => "memberships",
            Self::Events => "events",
        }
    }

    /// The columns by which a row is told from others; a row replaces the one of the same key. Events have their place for a
    /// key and are never replaced.
    #[must_use]
    pub fn key(self) -> &'static [&'static str] {
        match self {
            Self::Tasks | Self::Users | Self::Projects => &["id"],
            Self::TaskIntervals => &["task_id", "number"],
            Self::Teams => &["team_id"],
            Self::Memberships => &["team_id", "user_id"],
            Self::Events => &["seq"],
        }
    }

    /// Whether rows only come and never change.
    #[must_use]
    pub fn is_append_only(self) -> bool {
        matches!(self, Self::Events)
    }

    /// Its columns.
    #[must_use]
    pub fn schema(self) -> SchemaRef {
        let at = Self::ALL.iter().position(|table| *table == self);
        Arc::clone(&SCHEMAS[at.expect("all tables are among all tables")])
    }
}

static SCHEMAS: LazyLock<[SchemaRef; 7]> =
    LazyLock::new(|| Table::ALL.map(|table| Arc::new(Schema::new(columns(table)))));

fn columns(table: Table) -> Vec<Field> {
    match table {
        Table::Events => events(),
        Table::Tasks => tasks(),
        Table::TaskIntervals => task_intervals(),
        Table::Users => vec![
            text("id"),
            text("username"),
            text("display_name"),
            text("role"),
            text("time_zone"),
            flag("active"),
            time("created_at"),
        ],
        Table::Teams => vec![
            text("team_id"),
            text("name"),
            text("description"),
            time("created_at"),
        ],
        Table::Projects => vec![
            text("id"),
            text("team_id"),
            text("key"),
            text("name"),
            flag("archived"),
            time("created_at"),
        ],
        Table::Memberships => vec![text("team_id"), text("user_id"), text("role")],
    }
}

fn events() -> Vec<Field> {
    vec![
        number("seq"),
        text("event_id"),
        text("kind"),
        text("topic"),
        text("key"),
        text("subject"),
        time("at"),
        optional(text("actor")),
        text("via"),
        number("schema_version"),
        optional(text("team_id")),
        optional(text("project_id")),
        optional(text("task_id")),
        text("data"),
    ]
}

fn tasks() -> Vec<Field> {
    vec![
        text("id"),
        text("name"),
        number("number"),
        text("team_id"),
        text("project_id"),
        text("title"),
        text("status"),
        text("priority"),
        optional(time("due_at")),
        optional(amount("estimated_hours")),
        optional(amount("actual_hours")),
        texts("assignees"),
        texts("tags"),
        optional(text("parent_id")),
        text("metadata"),
        flag("archived"),
        optional(time("trashed_at")),
        optional(text("created_by")),
        time("created_at"),
        time("updated_at"),
        optional(time("completed_at")),
        optional(time("status_since")),
        optional(time("started_at")),
        number("version"),
    ]
}

fn task_intervals() -> Vec<Field> {
    vec![
        text("task_id"),
        number("number"),
        text("team_id"),
        text("project_id"),
        text("status"),
        flag("archived"),
        texts("assignees"),
        time("entered_at"),
        optional(time("left_at")),
        time("status_since"),
        optional(time("started_at")),
        time("created_at"),
        optional(time("due_at")),
        flag("creation"),
        flag("completion"),
        flag("reopening"),
        number("entered_seq"),
        optional(number("left_seq")),
    ]
}

fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, false)
}

fn texts(name: &str) -> Field {
    // The name that Delta gives what stands in a list.
    let element = Field::new("element", DataType::Utf8, false);
    Field::new(name, DataType::List(Arc::new(element)), false)
}

fn number(name: &str) -> Field {
    Field::new(name, DataType::Int64, false)
}

fn amount(name: &str) -> Field {
    Field::new(name, DataType::Float64, false)
}

fn flag(name: &str) -> Field {
    Field::new(name, DataType::Boolean, false)
}

fn time(name: &str) -> Field {
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Field::new(name, utc, false)
}

fn optional(field: Field) -> Field {
    field.with_nullable(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_a_column_that_is_always_there() {
        for table in Table::ALL {
            for column in table.key() {
                let schema = table.schema();
                let field = schema.field_with_name(column).expect("a column");
                assert!(!field.is_nullable(), "{}.{column}", table.name());
            }
        }
    }
}
