//! What a child is asked with, and what it answers. Parent and child are the same program, so it may change at any time.

use crate::lake::{Layer, Shown};
use crate::session::Rights;
use crate::tables::Table;
use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use millstream_domain::ids::{TeamId, UserId};
use millstream_domain::policy::Visible;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{self, Read};
use url::Url;

/// What a child is asked. The tail of each table follows.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ask {
    pub(super) sql: String,
    pub(super) limit: usize,
    /// The lake's folder.
    pub(super) root: Url,
    pub(super) person: UserId,
    /// The teams that they see; none stands for all.
    pub(super) teams: Option<Vec<TeamId>>,
    pub(super) sees_teamless: bool,
    /// The tables that are there, each as of a version.
    pub(super) tables: Vec<(String, u64)>,
}

/// What a child says.
pub(super) type Reply = Result<Answer, Problem>;

/// The rows that a statement has found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The rows; values in the order of the columns.
    pub rows: Vec<Vec<Value>>,
    /// Whether there are more rows.
    pub truncated: bool,
}

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its values are: `text`, `integer`, `number`, `boolean`, `timestamp`, `date`, `list`, or a type of Arrow.
    pub kind: String,
}

/// Why there are no rows, by what is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Problem {
    /// Write another statement.
    Refused(String),
    /// Ask for less.
    Limit(String),
    /// Come later.
    Failed(String),
}

impl Problem {
    /// A fault of the surroundings.
    pub(super) fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Ask {
    pub(super) fn new(
        root: &Url,
        rights: &Rights,
        tables: &[(Table, Shown)],
        sql: &str,
        limit: usize,
    ) -> Self {
        let named =
            |(table, shown): &(Table, Shown)| (table.name().to_owned(), shown.files.version());
        Self {
            sql: sql.to_owned(),
            limit,
            root: root.clone(),
            person: rights.id,
            teams: match &rights.teams {
                Visible::All => None,
                Visible::Teams(teams) => Some(teams.clone()),
            },
            sees_teamless: rights.sees_teamless,
            tables: tables.iter().map(named).collect(),
        }
    }

    pub(super) fn rights(&self) -> Rights {
        Rights {
            id: self.person,
            teams: self.teams.clone().map_or(Visible::All, Visible::Teams),
            sees_teamless: self.sees_teamless,
        }
    }
}

/// A message with its length before it.
pub(super) fn frame(message: &impl Serialize) -> Vec<u8> {
    framed(serde_json::to_vec(message).expect("messages are plain data"))
}

fn framed(bytes: Vec<u8>) -> Vec<u8> {
    let mut frame = (bytes.len() as u64).to_le_bytes().to_vec();
    frame.extend(bytes);
    frame
}

/// The tail of a table: the keys of rows that are gone, then the rows that count.
pub(super) fn tail(table: Table, tail: &Layer) -> Result<Vec<u8>, ArrowError> {
    let mut frames = frame(&tail.gone().collect::<Vec<_>>());
    let mut writer = StreamWriter::try_new(Vec::new(), &table.schema())?;
    let rows = tail.current(table);
    for batch in rows.map_err(|error| ArrowError::ExternalError(error.into()))? {
        writer.write(&batch)?;
    }
    frames.extend(framed(writer.into_inner()?));
    Ok(frames)
}

/// Reads a message.
pub(super) fn read<T: DeserializeOwned>(input: &mut impl Read) -> io::Result<T> {
    Ok(serde_json::from_slice(&read_frame(input)?)?)
}

/// Reads the tail of a table.
pub(super) fn read_tail(table: Table, input: &mut impl Read) -> io::Result<Layer> {
    let gone = read(input)?;
    let rows = read_frame(input)?;
    let batches: Result<Vec<RecordBatch>, _> = StreamReader::try_new(rows.as_slice(), None)
        .map_err(io::Error::other)?
        .collect();
    Ok(Layer::restored(
        table,
        batches.map_err(io::Error::other)?,
        gone,
    ))
}

fn read_frame(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 8];
    input.read_exact(&mut length)?;
    let mut bytes = Vec::new();
    let length = u64::from_le_bytes(length);
    let read = input.take(length).read_to_end(&mut bytes)?;
    if read as u64 == length {
        Ok(bytes)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}
