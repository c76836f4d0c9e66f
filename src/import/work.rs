//! The two passes over a file: check, then write.

use super::columns::Columns;
use super::row::{Row, RowReader};
use super::table::{RawRow, Table};
use super::target::{Importer, Target};
use crate::control::message::Report;
use anyhow::{Context, Result};
use millstream_domain::ids::ProjectId;
use millstream_event_log::Position;
use millstream_store::Store;
use millstream_store::task::ImportTasks;

/// Rows of one transaction: few enough that nobody waits long for the embedded database's one connection.
const BATCH_ROWS: usize = 200;

/// A file and what to do with it.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    pub(crate) store: &'a Store,
    pub(crate) table: Table<'a>,
    pub(crate) columns: &'a Columns,
    pub(crate) null: Option<&'a str>,
    pub(crate) report: &'a Report,
}

/// What the check found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Rows that can be imported, or have been before.
    pub(crate) good: u64,
    /// Rows that cannot.
    pub(crate) bad: u64,
    /// Good rows that the project has already.
    pub(crate) known: u64,
    /// Good rows whose title is too long.
    pub(crate) cut: u64,
}

impl Work<'_> {
    /// Looks at every row, and tells of each bad one.
    pub(crate) async fn check(&self, target: &Target) -> Result<Found> {
        let all = self.table.rows().count() as u64;
        let mut found = Found::default();
        let mut reader = RowReader::new(self.columns, self.null);
        let mut rows = self.table.rows().peekable();
        while rows.peek().is_some() {
            let mut sources = Vec::new();
            for raw in rows.by_ref().take(BATCH_ROWS) {
                match reader.read(&raw) {
                    Ok(row) => {
                        found.cut += u64::from(row.title_was_cut);
                        sources.push(row.source);
                    }
                    Err(wrong) => {
                        found.bad += 1;
                        let wrong = wrong.join("; ");
                        self.report
                            .line(format!("line {}: {wrong}", raw.line))
                            .await?;
                    }
                }
            }
            found.good += sources.len() as u64;
            if let Target::Project(project) = target {
                found.known += self.store.imported(*project, &sources).await?.len() as u64;
            }
            self.report
                .progress("checking", found.good + found.bad, all);
        }
        Ok(found)
    }

    /// Writes the good rows, and says how many tasks were made and where the last one is in the stream.
    pub(crate) async fn write(
        &self,
        importer: &Importer,
        project: ProjectId,
        all: u64,
    ) -> Result<(u64, Option<Position>)> {
        let mut reader = RowReader::new(self.columns, self.null);
        let mut rows = self
            .table
            .rows()
            .filter_map(|raw| good(&mut reader, &raw))
            .peekable();
        let (mut seen, mut made, mut last) = (0, 0, None);
        while rows.peek().is_some() {
            let tasks: Vec<_> = rows.by_ref().take(BATCH_ROWS).map(|row| row.task).collect();
            seen += tasks.len() as u64;
            let change = ImportTasks {
                actor: importer.actor.clone(),
                project_id: project,
                tasks,
            };
            let written = self
                .store
                .write(&importer.origin, change)
                .await
                .with_context(|| {
                    format!("after {made} tasks; repeat the import to go on, nothing comes twice")
                })?;
            made += written.output as u64;
            last = written.position.or(last);
            self.report.progress("importing", seen, all);
        }
        Ok((made, last))
    }
}

fn good(reader: &mut RowReader<'_>, raw: &RawRow) -> Option<Row> {
    reader.read(raw).ok()
}

impl Found {
    /// What a dry run would have done.
    pub(crate) fn forecast(&self, project: &str) -> String {
        let fresh = self.good - self.known;
        self.text(&format!("{} would be made in {project}", tasks(fresh)))
    }

    /// What was done.
    pub(crate) fn outcome(&self, made: u64, project: &str) -> String {
        self.text(&format!("{} made in {project}", tasks(made)))
    }

    fn text(&self, made: &str) -> String {
        let mut parts = vec![made.to_owned()];
        if self.known > 0 {
            parts.push(format!("{} there already", self.known));
        }
        if self.bad > 0 {
            parts.push(format!("{} bad and left out", self.bad));
        }
        if self.cut > 0 {
            let titles = if self.cut == 1 { "title" } else { "titles" };
            parts.push(format!(
                "{} {titles} cut to 200 characters (the whole title begins the description)",
                self.cut
            ));
        }
        parts.join(", ")
    }
}

fn tasks(count: u64) -> String {
    format!("{count} {}", if count == 1 { "task" } else { "tasks" })
}
