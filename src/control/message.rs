//! What is said over the admin socket.

use crate::commands::Request;
use anyhow::{Result, anyhow};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

/// Most bytes of a [`Head`]: a command's options are a few hundred.
pub(crate) const HEAD_BYTES_MAX: usize = 64 << 10;
/// Most bytes that come with a command. The file of an import is held in memory while it is checked and written: some
/// 300,000 issues. What is larger can be split.
pub(crate) const BODY_BYTES_MAX: usize = 256 << 20;
/// Replies on their way: a caller that does not read holds its command up, not our memory.
pub(crate) const REPLIES_MAX: usize = 64;

/// A command, and how many bytes come behind it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) request: Request,
    pub(crate) body_bytes: usize,
}

/// What the server says while it works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub(crate) enum Reply {
    /// So much is done.
    Progress { what: String, done: u64, all: u64 },
    /// A line of the command's result.
    Line { text: String },
    /// It is over, with this exit code, and the reason if it failed.
    End { code: u8, error: Option<String> },
}

/// Where a command tells how it goes.
#[derive(Debug, Clone)]
pub(crate) struct Report(mpsc::Sender<Reply>);

impl Report {
    /// A report, and where it arrives.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Reply>) {
        let (sender, receiver) = mpsc::channel(REPLIES_MAX);
        (Self(sender), receiver)
    }

    /// A line of the result. An error means that nobody listens any more, and ends the command.
    pub(crate) async fn line(&self, text: impl Into<String>) -> Result<()> {
        let reply = Reply::Line { text: text.into() };
        let sent = self.0.send(reply).await;
        sent.map_err(|_| anyhow!("whoever gave the command has gone away"))
    }

    /// So much of `what` is done. Left out when the listener is slow: the next number says more anyway.
    pub(crate) fn progress(&self, what: &str, done: u64, all: u64) {
        let what = what.to_owned();
        let _ = self.0.try_send(Reply::Progress { what, done, all });
    }

    /// It is over.
    pub(crate) async fn end(self, code: u8, error: Option<String>) {
        let _ = self.0.send(Reply::End { code, error }).await;
    }
}
