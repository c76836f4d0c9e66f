//! SQL that people write themselves: read only, within what they may see, each statement in a process of its own.
//!
//! ```text
//!  Engine::sql ─► rights and snapshot ─► child: confined ─► parsed, checked ─► planned, checked ─► rows, up to a limit
//!                 (as for reports)        │    the same binary, `sql-child`; input and answer through pipes
//!                                         └─ killed when its time is up, or when nobody waits any more
//! ```
//!
//! The child does everything that a statement can make expensive or break: whatever it runs out of, only it ends, and how it
//! ended is told as the limit that was hit. `bounds.rs` has the limits.
//!
//! *Invariant:* no text of a caller is tokenized, parsed or planned in this process.

mod bounds;
mod check;
pub mod child;
mod confine;
mod rows;
mod sealed;
mod wire;

pub use bounds::{ROWS_DEFAULT, ROWS_MAX, SQL_BYTES_MAX};
pub use confine::is_fenced_by_kernel;
pub use wire::{Answer, Column};

use crate::error::LakeError;
use crate::lake::{Shown, Snapshot};
use crate::session::{Asker, Engine, Rights};
use crate::tables::Table;
use bounds::{ANSWER_BYTES_MAX, CHILDREN_MAX, COMPLAINT_BYTES_MAX, TIME_MAX};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Child;
use tokio::sync::Semaphore;
use wire::{Ask, Problem, Reply};

/// The word by which the program is told to be a child, followed by the lake's folder.
pub const COMMAND: &str = "sql-child";

/// Why a statement has no answer.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// It is not one that may be run, or is wrong.
    #[error("{0}")]
    Refused(String),
    /// It takes more than it may.
    #[error("{0}")]
    Limit(String),
    /// Too many are being answered.
    #[error("{CHILDREN_MAX} statements are being answered already")]
    Busy,
    /// This process answers none.
    #[error("this process answers no SQL")]
    NotHere,
    /// Who asks what cannot be found out just now.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The child could not do its work, through no fault of the statement.
    #[error("the process that answers SQL has failed: {0}")]
    Failed(String),
}

/// The columns of a table, as a statement finds them.
#[must_use]
pub fn columns(table: Table) -> Vec<Column> {
    rows::columns(&table.schema())
}

/// The processes that answer.
#[derive(Debug, Clone)]
pub(crate) struct Children {
    program: PathBuf,
    turns: Arc<Semaphore>,
}

impl Children {
    /// Children that run this program.
    pub(crate) fn of(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            turns: Arc::new(Semaphore::new(CHILDREN_MAX)),
        }
    }
}

impl Engine {
    /// Answers a statement as somebody, with at most so many rows.
    pub async fn sql(&self, asker: &Asker, sql: &str, limit: usize) -> Result<Answer, SqlError> {
        if sql.len() > SQL_BYTES_MAX {
            return Err(SqlError::Limit(format!(
                "the statement has {} bytes, and may have {SQL_BYTES_MAX}: shorten it",
                sql.len()
            )));
        }
        let children = self.children().ok_or(SqlError::NotHere)?;
        let _turn = children.turns.try_acquire().map_err(|_| SqlError::Busy)?;
        let (snapshot, rights) = self.seen_by(asker).await?;
        let question = Asked::new(self, &snapshot, &rights, sql, limit);
        let mut child = self.start(children)?;
        let conversation = tokio::time::timeout(TIME_MAX, converse(&mut child, question)).await;
        let Ok(conversation) = conversation else {
            // Ours to wait for, so that its memory is free before the next one begins.
            child.kill().await.map_err(failed)?;
            return Err(SqlError::Limit(format!(
                "the statement took longer than {} s: ask for fewer rows, or for less of them",
                TIME_MAX.as_secs()
            )));
        };
        conversation?.understood()
    }

    fn start(&self, children: &Children) -> Result<Child, SqlError> {
        let folder = self.lake().root().to_file_path();
        let folder = folder.map_err(|()| SqlError::NotHere)?;
        tokio::process::Command::new(&children.program)
            .arg0("millstream")
            .arg(COMMAND)
            .arg(folder)
            .env_clear()
            // What the allocator lays claim to at once, in KiB; a gigabyte by itself, which is the child's whole limit.
            .env("MIMALLOC_ARENA_RESERVE", "65536")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)
    }
}

fn failed(error: impl std::fmt::Display) -> SqlError {
    SqlError::Failed(error.to_string())
}

/// What goes to a child.
struct Asked {
    ask: Ask,
    tails: Vec<(Table, Shown)>,
}

impl Asked {
    fn new(engine: &Engine, snapshot: &Snapshot, rights: &Rights, sql: &str, limit: usize) -> Self {
        let tables = named(sql);
        let tails = tables
            .iter()
            .map(|table| (*table, snapshot.tables[table].clone()));
        let tails: Vec<_> = tails.collect();
        let ask = Ask::new(engine.lake().root(), rights, &tails, sql, limit);
        Self { ask, tails }
    }
}

/// The tables that a statement may be about: those whose names stand in it, anywhere. What it needs beyond that, it is told it
/// cannot have; whoever asks what there is gets them all.
fn named(sql: &str) -> Vec<Table> {
    let sql = sql.to_lowercase();
    let is_named = |table: &Table| sql.contains(table.name());
    let asks_for_all = sql.contains("information_schema");
    let needs_members = is_named(&Table::Users);
    let tables = Table::ALL.into_iter().filter(|table| {
        asks_for_all || is_named(table) || (needs_members && *table == Table::Memberships)
    });
    tables.collect()
}

/// How a child ended, and what it left.
struct Ended {
    status: ExitStatus,
    out: Vec<u8>,
    complaint: String,
}

/// Gives a child what it needs, and takes what it says.
async fn converse(child: &mut Child, asked: Asked) -> Result<Ended, SqlError> {
    let pipes = "a child has the pipes that it was started with";
    let mut input = child.stdin.take().expect(pipes);
    let output = child.stdout.take().expect(pipes);
    let errors = child.stderr.take().expect(pipes);
    // Held open to the end: a child whose input ends has nobody left to answer.
    let telling = async move {
        // A child that ends early closes the pipe, and says by its end what is wrong.
        if input.write_all(&wire::frame(&asked.ask)).await.is_err() {
            return Some(input);
        }
        for (table, shown) in asked.tails {
            let frames = tokio::task::spawn_blocking(move || wire::tail(table, &shown.tail)).await;
            // Without it the input ends too early, and the child says that it failed.
            let Ok(Ok(frames)) = frames else { return None };
            if input.write_all(&frames).await.is_err() {
                return Some(input);
            }
        }
        Some(input)
    };
    let (mut out, mut complaint) = (Vec::new(), Vec::new());
    let mut output = output.take(ANSWER_BYTES_MAX);
    let mut errors = errors.take(COMPLAINT_BYTES_MAX);
    let (_input, read, complained) = tokio::join!(
        telling,
        output.read_to_end(&mut out),
        errors.read_to_end(&mut complaint)
    );
    read.and(complained).map_err(failed)?;
    Ok(Ended {
        status: child.wait().await.map_err(failed)?,
        out,
        complaint: String::from_utf8_lossy(&complaint).into_owned(),
    })
}

impl Ended {
    fn understood(self) -> Result<Answer, SqlError> {
        match serde_json::from_slice::<Reply>(&self.out) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Problem::Refused(why))) => Err(SqlError::Refused(why)),
            Ok(Err(Problem::Limit(why))) => Err(SqlError::Limit(why)),
            Ok(Err(Problem::Failed(why))) => Err(SqlError::Failed(why)),
            Err(_) => Err(self.broken_off()),
        }
    }

    /// What the end of a child means that said nothing.
    fn broken_off(&self) -> SqlError {
        use std::os::unix::process::ExitStatusExt as _;
        let limit = |what: &str| SqlError::Limit(what.to_owned());
        let complains = |of: &str| self.complaint.contains(of);
        let signal = self.status.signal();
        if complains("overflowed its stack") || signal == Some(SIGSEGV) {
            limit("the statement is nested too deeply: take it apart")
        } else if complains("memory allocation of")
            || complains("capacity overflow")
            || signal == Some(SIGKILL)
        {
            limit(check::MEMORY)
        } else if signal == Some(SIGXCPU) {
            limit("the statement needs too much computing: ask for fewer rows, or for less of them")
        } else if self.status.code() == Some(PANICKED) {
            // Where, and not with what: that may be a value of somebody's row.
            let place = self
                .complaint
                .lines()
                .find(|line| line.contains("panicked"));
            tracing::warn!(place, "a statement has broken its process");
            SqlError::Refused("the engine cannot answer this statement".to_owned())
        } else {
            SqlError::Failed(format!("{}: {}", self.status, self.complaint.trim()))
        }
    }
}

/// How a program ends that has panicked.
const PANICKED: i32 = 101;
/// Killed: by the system, when it has no memory left.
const SIGKILL: i32 = 9;
/// Beyond its memory: the guard of a stack.
const SIGSEGV: i32 = 11;
/// Beyond its time on the processor.
const SIGXCPU: i32 = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_given_the_tables_that_it_names() {
        assert_eq!(named("select 1"), []);
        assert_eq!(named("SELECT * FROM Teams"), [Table::Teams]);
        assert_eq!(named("table users"), [Table::Users, Table::Memberships]);
        assert_eq!(named("select * from information_schema.tables"), Table::ALL);
    }
}
