//! `DuckDB` over the same files, in a process of its own that is asked again and again, so that it is as warm as ours.

use serde::Deserialize;
use serde_json::{Map, Value};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const SCRIPT: &str = include_str!("peer.py");

/// A row, by the names of its columns.
pub(crate) type Row = Map<String, Value>;

/// What the peer answers.
#[derive(Debug, Deserialize)]
pub(crate) struct Told {
    /// How long it took by its own clock, without the way to us.
    pub(crate) seconds: f64,
    /// The rows of each statement.
    pub(crate) answers: Vec<Vec<Row>>,
}

/// The peer.
pub(crate) struct Peer {
    process: Child,
    asks: ChildStdin,
    tells: BufReader<ChildStdout>,
    name: String,
}

impl Peer {
    /// Starts it on the lake in this folder.
    pub(crate) fn start(python: &Path, folder: &Path) -> Self {
        let mut command = Command::new(python);
        command.args(["-c", SCRIPT]).arg(folder);
        let process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = process.unwrap();
        let mut peer = Self {
            asks: process.stdin.take().unwrap(),
            tells: BufReader::new(process.stdout.take().unwrap()),
            process,
            name: String::new(),
        };
        peer.name = peer.told();
        peer
    }

    /// What it is.
    pub(crate) fn describe(&self) -> &str {
        &self.name
    }

    /// Asks some statements, one after the other.
    pub(crate) fn ask(&mut self, statements: &[&str]) -> Told {
        let line = serde_json::to_string(statements).unwrap();
        writeln!(self.asks, "{line}").unwrap();
        self.told()
    }

    fn told<T: for<'a> Deserialize<'a>>(&mut self) -> T {
        let mut line = String::new();
        self.tells.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the peer has failed: {line}"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
