//! `millstream import`: tasks from a CSV file. What happens to rows is told in [`crate::import`].

use super::Request;
use super::catch_up::catch_up;
use crate::control::message::{BODY_BYTES_MAX, Report};
use crate::import::ImportRequest;
use crate::import::columns::Columns;
use crate::import::table::Table;
use crate::import::target::{Importer, Target};
use crate::import::work::Work;
use crate::roles::engine::Handle;
use crate::usage::Usage;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// How to import.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The CSV file; its first line names the columns.
    file: PathBuf,
    /// The key of the project that the tasks go to, such as ENG.
    #[arg(long, value_name = "KEY")]
    project: String,
    /// If there is no such project: the team to make it in. A team that does not exist either is made, too.
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    /// What a column means. Fields: title, description, status, priority, `due_at`, `estimated_hours`,
    /// `actual_hours`, tags, `metadata.<name>`. Columns called like a field need no word, nor do issuekey
    /// (`metadata.imported_from`) and storypoint (`estimated_hours`). `column=` leaves a column out.
    #[arg(long = "map", value_name = "COLUMN=FIELD")]
    map: Vec<String>,
    /// The text that stands for nothing in this file, such as NULL.
    #[arg(long, value_name = "TEXT")]
    null: Option<String>,
    /// Check the file and say what would happen; write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Import the good rows even if there are bad ones. Without it, one bad row keeps all from being written.
    #[arg(long)]
    skip_bad: bool,
    /// The username of who imports; the first admin if not said.
    #[arg(long = "as", value_name = "USERNAME")]
    acting: Option<String>,
}

/// The request of a command line, and the file's bytes.
pub(crate) fn request(args: ImportArgs) -> Result<(Request, Vec<u8>)> {
    let cannot =
        |why: String| Usage::because(format!("the file \"{}\" {why}", args.file.display()));
    let known = std::fs::metadata(&args.file)
        .map_err(|error| cannot(format!("cannot be read: {error}")))?;
    if !known.is_file() {
        return Err(cannot("is no file with an end".to_owned()));
    }
    let size = known.len();
    if size > BODY_BYTES_MAX as u64 {
        return Err(cannot(format!(
            "has {size} bytes; at most {BODY_BYTES_MAX} are taken at once: split it"
        )));
    }
    let bytes =
        std::fs::read(&args.file).map_err(|error| cannot(format!("cannot be read: {error}")))?;
    let request = ImportRequest {
        project: args.project,
        team: args.team,
        map: args.map,
        null: args.null,
        dry_run: args.dry_run,
        skip_bad: args.skip_bad,
        acting: args.acting,
    };
    Ok((Request::Import(request), bytes))
}

/// Imports.
pub(crate) async fn run(
    handle: &Handle,
    request: &ImportRequest,
    file: &[u8],
    report: &Report,
) -> Result<bool> {
    let (table, head) = Table::open(file)?;
    let columns = Columns::of(&head, &request.map)?;
    let mut importer = Importer::of(handle, request).await?;
    let target = Target::of(handle, &importer, request).await?;
    if !columns.unused.is_empty() {
        let unused = columns.unused.join(", ");
        report
            .line(format!(
                "columns that are left out (--map takes them in): {unused}"
            ))
            .await?;
    }
    let work = Work {
        store: &handle.store,
        table,
        columns: &columns,
        null: request.null.as_deref(),
        report,
    };
    let found = work.check(&target).await?;
    if found.bad > 0 && !request.skip_bad {
        let text = format!(
            "nothing was imported: {} of {} rows are bad; --skip-bad imports the others",
            found.bad,
            found.bad + found.good
        );
        report.line(text).await?;
        return Ok(false);
    }
    if request.dry_run {
        report.line(found.forecast(&request.project)).await?;
        return Ok(true);
    }
    let (project, made) = target.make(handle, &mut importer, request).await?;
    if let Some(made) = made {
        report.line(made).await?;
    }
    let (count, last) = work.write(&importer, project, found.good).await?;
    if let Some(position) = last {
        catch_up(handle, position, report).await?;
    }
    report.line(found.outcome(count, &request.project)).await?;
    Ok(true)
}
