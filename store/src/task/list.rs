//! Lists of tasks: filters, order, pages.

use super::{Task, load};
use crate::error::is_data_exception;
use crate::page::{check_q, not_ours};
use crate::team::ids;
use crate::{Page, PageRequest, Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::field::FieldCode;
use millstream_domain::ids::{ProjectId, TaskId, TeamId, UserId};
use millstream_domain::policy::Actor;
use millstream_domain::task::{Priority, Status};
use serde::{Deserialize, Serialize};
use sqlx::{Postgres, QueryBuilder, Row};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Most words that are looked for in titles: each is compared with every title that the other conditions leave, and a title
/// has hardly more.
const WORDS_MAX: usize = 16;

/// Which tasks a list holds. Lists of values mean "one of these"; empty ones mean any.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    /// How far.
    pub status: Vec<Status>,
    /// How much they matter.
    pub priority: Vec<Priority>,
    /// Who works on them.
    pub assignee: Vec<UserId>,
    /// Who made them.
    pub created_by: Vec<UserId>,
    /// Whose they are.
    pub team: Vec<TeamId>,
    /// Where they belong.
    pub project: Vec<ProjectId>,
    /// Tags by name; a task must have each.
    pub tag: Vec<String>,
    /// Due before.
    pub due_before: Option<DateTime<Utc>>,
    /// Due at or after.
    pub due_after: Option<DateTime<Utc>>,
    /// Due before this time and not done, or not that.
    pub overdue: Option<(bool, DateTime<Utc>)>,
    /// Only archived ones, or only the others; `None` for both.
    pub archived: Option<bool>,
    /// Those in the trash instead of those that are not.
    pub trashed: bool,
    /// Parts of this task.
    pub parent: Option<TaskId>,
    /// Watched by this person.
    pub watched_by: Option<UserId>,
    /// Words in the title.
    pub q: Option<String>,
}

/// What a list can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortField {
    /// When they were made.
    CreatedAt,
    /// When they last changed.
    UpdatedAt,
    /// When they are due; those without a date last.
    DueAt,
    /// How much they matter.
    Priority,
    /// Where they stand on the board.
    Rank,
    /// By title.
    Title,
}

impl SortField {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::DueAt,
        Self::Priority,
        Self::Rank,
        Self::Title,
    ];

    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::DueAt => "due_at",
            Self::Priority => "priority",
            Self::Rank => "rank",
            Self::Title => "title",
        }
    }

    /// The expression that is ordered by, and its type. Never null, so that keysets compare. The first two must be the
    /// bare columns: that is what the indexes are on.
    fn sql(self, descending: bool) -> (&'static str, &'static str) {
        match self {
            Self::CreatedAt => ("t.created_at", "timestamptz"),
            Self::UpdatedAt => ("t.updated_at", "timestamptz"),
            Self::DueAt if descending => ("coalesce(t.due_at, '-infinity')", "timestamptz"),
            Self::DueAt => ("coalesce(t.due_at, 'infinity')", "timestamptz"),
            Self::Priority => (
                "array_position(array['low', 'medium', 'high', 'urgent'], t.priority)",
                "integer",
            ),
            Self::Rank => ("t.rank", "text"),
            // Its beginning, and behind that the id: a cursor holds it and must stay below 1 KiB, which 200 characters of
            // four bytes would not.
            Self::Title => ("left(lower(t.title), 80)", "text"),
        }
    }
}

/// An order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// By what; ties by id.
    pub field: SortField,
    /// Greatest first.
    pub descending: bool,
}

impl Default for Sort {
    /// Newest first.
    fn default() -> Self {
        Self {
            field: SortField::CreatedAt,
            descending: true,
        }
    }
}

/// The last item of a page. It carries the order, because it means nothing in another.
#[derive(Serialize, Deserialize)]
struct Cursor {
    sort: Sort,
    key: String,
    id: Uuid,
}

impl Store {
    /// The tasks that the actor sees, a page at a time: two statements, however many tasks.
    pub async fn tasks(
        &self,
        actor: &Actor,
        filter: &TaskFilter,
        sort: Sort,
        page: &PageRequest,
    ) -> Result<Page<Task>, StoreError> {
        let after: Option<Cursor> = page.after()?;
        if after.as_ref().is_some_and(|cursor| cursor.sort != sort) {
            let message = "must be used with the sort it was given out for";
            return Err(StoreError::field("cursor", FieldCode::Invalid, message));
        }
        check_q(filter.q.as_deref())?;
        let words = words(filter.q.as_deref())?;
        let follows = after.is_some();
        let mut query = select(actor, filter, &words, sort, after, page.rows());
        let mut db = self.pool.acquire().await?;
        let rows = query.build().fetch_all(&mut *db).await.map_err(|error| {
            match error.as_database_error() {
                // The key of a cursor is text until the database reads it: somebody made this one up.
                Some(refused) if follows && is_data_exception(refused) => not_ours(),
                _ => error.into(),
            }
        })?;
        let found: Vec<(String, Uuid)> = rows
            .iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect::<Result<_, sqlx::Error>>()?;
        let found = Page::of(found, page, |(key, id)| Cursor {
            sort,
            key: key.clone(),
            id: *id,
        });
        let wanted: Vec<Uuid> = found.items.iter().map(|(_, id)| *id).collect();
        Ok(Page {
            items: load(&mut db, &wanted).await?,
            next_cursor: found.next_cursor,
        })
    }
}

/// The words that are looked for in titles, each once.
fn words(q: Option<&str>) -> Result<BTreeSet<&str>, StoreError> {
    let words: BTreeSet<_> = q.iter().flat_map(|q| q.split_whitespace()).collect();
    if words.len() > WORDS_MAX {
        let message = format!("must have at most {WORDS_MAX} different words");
        return Err(StoreError::field("q", FieldCode::TooLong, message));
    }
    Ok(words)
}

/// The statement. Built from fixed pieces; everything that comes from outside is bound.
fn select(
    actor: &Actor,
    filter: &TaskFilter,
    words: &BTreeSet<&str>,
    sort: Sort,
    after: Option<Cursor>,
    rows: i64,
) -> QueryBuilder<Postgres> {
    let (key, key_type) = sort.field.sql(sort.descending);
    let (direction, beyond) = if sort.descending {
        ("desc", "<")
    } else {
        ("asc", ">")
    };
    let mut sql = QueryBuilder::new(format!(
        "select ({key})::text, t.id from app.task t where true"
    ));
    if let Some(teams) = ids(actor.visible_teams()) {
        among(&mut sql, "t.team_id", teams);
    }
    conditions(&mut sql, filter);
    for word in words {
        sql.push(" and strpos(lower(t.title), lower(")
            .push_bind((*word).to_owned())
            .push(")) > 0");
    }
    if let Some(Cursor { key: last, id, .. }) = after {
        sql.push(format!(" and ({key}, t.id) {beyond} ("))
            .push_bind(last)
            .push(format!("::{key_type}, "));
        sql.push_bind(id).push(")");
    }
    sql.push(format!(
        " order by {key} {direction}, t.id {direction} limit "
    ))
    .push_bind(rows);
    sql
}

fn conditions(sql: &mut QueryBuilder<Postgres>, filter: &TaskFilter) {
    sql.push(if filter.trashed {
        " and t.trashed_at is not null"
    } else {
        " and t.trashed_at is null"
    });
    one_of(
        sql,
        "t.status",
        filter
            .status
            .iter()
            .map(|s| s.as_str().to_owned())
            .collect(),
    );
    one_of(
        sql,
        "t.priority",
        filter
            .priority
            .iter()
            .map(|p| p.as_str().to_owned())
            .collect(),
    );
    one_of(
        sql,
        "t.created_by",
        filter.created_by.iter().map(|u| u.0).collect(),
    );
    one_of(sql, "t.team_id", filter.team.iter().map(|t| t.0).collect());
    one_of(
        sql,
        "t.project_id",
        filter.project.iter().map(|p| p.0).collect(),
    );
    if !filter.assignee.is_empty() {
        let users: Vec<Uuid> = filter.assignee.iter().map(|u| u.0).collect();
        // As a list of ids: what somebody works on is little, and the database would look for it among everything, newest first.
        sql.push(" and t.id = any(array(select a.task_id from app.task_assignee a where ");
        sql.push("a.user_id = any(").push_bind(users).push(")))");
    }
    if let Some(user) = filter.watched_by {
        // As a list of ids, for the same reason.
        sql.push(
            " and t.id = any(array(select w.task_id from app.task_watcher w where w.watches and ",
        );
        sql.push("w.user_id = ").push_bind(user.0).push("))");
    }
    for name in &filter.tag {
        sql.push(" and exists (select from app.task_tag tt join app.tag g on g.id = tt.tag_id");
        sql.push(" where tt.task_id = t.id and lower(g.name) = lower(")
            .push_bind(name.clone())
            .push("))");
    }
    if let Some(archived) = filter.archived {
        sql.push(" and t.archived = ").push_bind(archived);
    }
    if let Some(before) = filter.due_before {
        sql.push(" and t.due_at < ").push_bind(before);
    }
    if let Some(after) = filter.due_after {
        sql.push(" and t.due_at >= ").push_bind(after);
    }
    if let Some((overdue, now)) = filter.overdue {
        // Spelled out, so that the index of what is due is known to hold all of it.
        sql.push(if overdue { " and (" } else { " and not (" });
        sql.push("t.due_at is not null and t.due_at < ")
            .push_bind(now)
            .push(" and t.status <> 'done')");
    }
    if let Some(parent) = filter.parent {
        sql.push(" and t.parent_id = ").push_bind(parent.0);
    }
}

/// One of these values; any, where there are none.
fn one_of<T>(sql: &mut QueryBuilder<Postgres>, column: &str, values: Vec<T>)
where
    T: for<'q> sqlx::Encode<'q, Postgres> + sqlx::Type<Postgres> + Send + 'static,
    Vec<T>: for<'q> sqlx::Encode<'q, Postgres> + sqlx::Type<Postgres> + Send + 'static,
{
    if !values.is_empty() {
        among(sql, column, values);
    }
}

/// One of these values; none, where there are none. A single one is compared by itself: then an index that begins with the
/// column gives the rows in its order, and a page costs no sorting.
fn among<T>(sql: &mut QueryBuilder<Postgres>, column: &str, mut values: Vec<T>)
where
    T: for<'q> sqlx::Encode<'q, Postgres> + sqlx::Type<Postgres> + Send + 'static,
    Vec<T>: for<'q> sqlx::Encode<'q, Postgres> + sqlx::Type<Postgres> + Send + 'static,
{
    sql.push(format!(" and {column} = "));
    match values.pop() {
        Some(only) if values.is_empty() => sql.push_bind(only),
        last => {
            values.extend(last);
            sql.push("any(").push_bind(values).push(")")
        }
    };
}
