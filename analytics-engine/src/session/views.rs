//! The views: files and tail of a table as one, less what the asker may not see.

use super::Rights;
use crate::error::LakeError;
use crate::lake::{Layer, Shown, Snapshot};
use crate::tables::Table;
use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::MemTable;
use datafusion::common::JoinType;
use datafusion::logical_expr::{Expr, col, lit};
use datafusion::prelude::{DataFrame, SessionContext};
use millstream_domain::policy::Visible;
use std::sync::Arc;

/// Names every table as the asker sees it.
pub(super) async fn register(
    context: &SessionContext,
    snapshot: &Snapshot,
    rights: &Rights,
) -> Result<(), LakeError> {
    for table in Table::ALL {
        let seen = seen(context, snapshot, rights, table).await?;
        context.register_table(table.name(), seen.into_view())?;
    }
    Ok(())
}

/// A table as the asker sees it. People need the memberships, too.
pub(crate) async fn seen(
    context: &SessionContext,
    snapshot: &Snapshot,
    rights: &Rights,
    table: Table,
) -> Result<DataFrame, LakeError> {
    let all = unrestricted(context, &snapshot.tables[&table], table).await?;
    match table {
        Table::Users => people(context, snapshot, all, rights).await,
        Table::Events if rights.sees_teamless => Ok(all),
        Table::Events => restricted(all.filter(col("team_id").is_not_null())?, rights),
        Table::Tasks
        | Table::TaskIntervals
        | Table::Teams
        | Table::Projects
        | Table::Memberships => restricted(all, rights),
    }
}

/// The rows of the teams that the asker sees.
fn restricted(rows: DataFrame, rights: &Rights) -> Result<DataFrame, LakeError> {
    Ok(match &rights.teams {
        Visible::All => rows,
        Visible::Teams(_) => rows.filter(of_teams(rights))?,
    })
}

fn of_teams(rights: &Rights) -> Expr {
    match &rights.teams {
        Visible::All => lit(true),
        Visible::Teams(teams) => {
            let teams = teams.iter().map(|team| lit(team.to_string())).collect();
            col("team_id").in_list(teams, false)
        }
    }
}

/// The people who share a team with the asker, and the asker.
async fn people(
    context: &SessionContext,
    snapshot: &Snapshot,
    all: DataFrame,
    rights: &Rights,
) -> Result<DataFrame, LakeError> {
    if rights.teams == Visible::All {
        return Ok(all);
    }
    let members = &snapshot.tables[&Table::Memberships];
    let members = unrestricted(context, members, Table::Memberships).await?;
    let shared = members
        .filter(of_teams(rights))?
        .select(vec![col("user_id").alias("shared_id")])?
        .distinct()?;
    let me = all
        .clone()
        .filter(col("id").eq(lit(rights.id.to_string())))?;
    let others = all
        .filter(col("id").not_eq(lit(rights.id.to_string())))?
        .join(shared, JoinType::LeftSemi, &["id"], &["shared_id"], None)?;
    Ok(others.union(me)?)
}

/// All rows of a table: those in its files on whose keys there is no newer word in the tail, and those of the tail.
pub(super) async fn unrestricted(
    context: &SessionContext,
    shown: &Shown,
    table: Table,
) -> Result<DataFrame, LakeError> {
    let tail = context.read_table(Arc::new(MemTable::try_new(
        table.schema(),
        vec![shown.tail.current(table)?],
    )?))?;
    if shown.files.count() == 0 {
        return Ok(tail);
    }
    let delta = shown.files.delta();
    let state = delta.snapshot().map_err(LakeError::unavailable)?;
    // With the files that are known already: the log is not read again. With the session's settings, which read whole columns
    // and filter then; by itself Delta reads row by row what a filter has chosen, which costs reports more than it saves.
    let files = delta
        .table_provider()
        .with_eager_snapshot(state.snapshot().clone())
        .with_session(Arc::new(context.state()))
        .build()
        .await?;
    delta
        .update_datafusion_session(&context.state())
        .map_err(LakeError::unavailable)?;
    let files = context.read_table(Arc::new(files))?;
    if shown.tail.is_empty() {
        return Ok(files);
    }
    if table.is_append_only() {
        return Ok(files.union(tail)?);
    }
    let newer = context.read_batch(key_columns(table, &shown.tail)?)?;
    let names: Vec<_> = newer_names(table);
    let newer_keys: Vec<_> = names.iter().map(String::as_str).collect();
    // The few keys are looked up by the many rows, not the other way.
    let files = newer.join(files, JoinType::RightAnti, &newer_keys, table.key(), None)?;
    Ok(files.union(tail)?)
}

/// What the columns of keys in the tail are called, so that they are told from those of the table.
fn newer_names(table: Table) -> Vec<String> {
    let name = |column: &&str| format!("newer_{column}");
    table.key().iter().map(name).collect()
}

/// The keys of a tail, in the columns that they are made of.
fn key_columns(table: Table, tail: &Layer) -> Result<RecordBatch, LakeError> {
    let keys = tail.key_column();
    let keys = keys.as_string::<i32>();
    let schema = table.schema();
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (at, (column, name)) in table.key().iter().zip(newer_names(table)).enumerate() {
        let parts = keys
            .iter()
            .flatten()
            .map(|key| key.split(' ').nth(at).unwrap_or_default());
        let field = schema
            .field_with_name(column)
            .map_err(LakeError::unavailable)?;
        let values: ArrayRef = match field.data_type() {
            DataType::Int64 => {
                Arc::new(parts.map(|part| part.parse().ok()).collect::<Int64Array>())
            }
            _ => Arc::new(StringArray::from_iter_values(parts)),
        };
        fields.push(Field::new(name, field.data_type().clone(), true));
        columns.push(values);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(LakeError::unavailable)
}
