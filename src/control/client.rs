//! The caller's end of the admin socket.

use super::NAME;
use super::message::{Head, Reply};
use crate::commands::Request;
use crate::socket;
use anyhow::{Context, Result, bail};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::mpsc;

/// How long a server that holds the data folder is given to listen: it opens its database first.
const START_TIME_MAX: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_millis(100);

/// Has the server that runs on a data folder do something; its replies go to `replies`, the end among them.
pub(crate) async fn ask(
    folder: &Path,
    request: Request,
    body: &[u8],
    replies: mpsc::Sender<Reply>,
) -> Result<()> {
    let mut stream = BufReader::new(connect(folder).await?);
    let head = Head {
        request,
        body_bytes: body.len(),
    };
    let mut line = serde_json::to_vec(&head)?;
    line.push(b'\n');
    let broke_off = "the running Millstream broke off: its log says why. What was done by then stays; the command can be repeated";
    stream.write_all(&line).await.context(broke_off)?;
    stream.write_all(body).await.context(broke_off)?;
    let mut lines = stream.lines();
    while let Some(line) = lines.next_line().await.context(broke_off)? {
        let reply: Reply = serde_json::from_str(&line)
            .context("the running Millstream says what this one does not understand: is it of the same version?")?;
        let is_end = matches!(reply, Reply::End { .. });
        let _ = replies.send(reply).await;
        if is_end {
            return Ok(());
        }
    }
    bail!(broke_off)
}

async fn connect(folder: &Path) -> Result<UnixStream> {
    let path = socket::path_in(folder, NAME)?;
    let connected = tokio::time::timeout(START_TIME_MAX, async {
        loop {
            match UnixStream::connect(&path).await {
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::NotFound | ErrorKind::ConnectionRefused
                    ) =>
                {
                    tokio::time::sleep(RETRY).await;
                }
                other => break other,
            }
        }
    });
    let named = || format!("the admin socket \"{}\"", path.display());
    match connected.await {
        Ok(connected) => connected.with_context(named),
        Err(_) => bail!(
            "another Millstream holds the data folder \"{}\" and does not listen to commands: it is a command itself, or starting, or stopping",
            folder.display()
        ),
    }
}
