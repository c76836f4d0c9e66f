//! The server's end of the admin socket.

use super::NAME;
use super::message::{BODY_BYTES_MAX, HEAD_BYTES_MAX, Head, Reply, Report};
use crate::commands::{self, Request};
use crate::data_dir::DataDir;
use crate::roles::engine::Handle;
use crate::socket;
use anyhow::{Context, Result, ensure};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Commands at once: an import and a few questions beside it.
const COMMANDS_MAX: usize = 4;
/// How long a command may take to arrive; it comes from the same machine.
const ARRIVAL_TIME_MAX: Duration = Duration::from_secs(30);

/// The listening socket; its file goes when it is dropped.
#[derive(Debug)]
pub(crate) struct AdminSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl AdminSocket {
    /// Begins to listen. The data folder is ours, so a file that is there already was left by a process that was killed.
    pub(crate) fn bind(data: &DataDir) -> Result<Self> {
        let path = socket::path_in(data.path(), NAME)?;
        let named = || format!("the admin socket \"{}\"", path.display());
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error).with_context(named)?,
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(&path).with_context(named)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).with_context(named)?;
        Ok(Self { listener, path })
    }

    /// Does what callers ask until told to stop. What is under way then is dropped: an import stops between two batches.
    pub(crate) async fn serve(self, handle: Handle, stop: CancellationToken) {
        let mut at_work = FuturesUnordered::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Some(()) = at_work.next() => {}
                accepted = self.listener.accept(), if at_work.len() < COMMANDS_MAX => match accepted {
                    Ok((stream, _)) => at_work.push(serve_one(stream, &handle)),
                    Err(error) => tracing::warn!(%error, "an admin connection could not be accepted"),
                },
            }
        }
    }
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

async fn serve_one(stream: UnixStream, handle: &Handle) {
    let mut stream = BufReader::new(stream);
    let (report, replies) = Report::new();
    let received = tokio::time::timeout(ARRIVAL_TIME_MAX, receive(&mut stream)).await;
    let work = async {
        match received
            .context("the command did not arrive in time")
            .and_then(|r| r)
        {
            Ok((request, body)) => commands::perform(handle, request, body, report).await,
            Err(error) => {
                let reason = format!("{error:#}");
                report.end(commands::FAILED, Some(reason)).await;
            }
        }
    };
    let ((), sent) = tokio::join!(work, send(stream.get_mut(), replies));
    if let Err(error) = sent {
        tracing::debug!(%error, "a command's caller has gone away");
    }
}

async fn receive(stream: &mut BufReader<UnixStream>) -> Result<(Request, Vec<u8>)> {
    let mut line = String::new();
    (&mut *stream)
        .take(HEAD_BYTES_MAX as u64)
        .read_line(&mut line)
        .await?;
    let head: Head = serde_json::from_str(&line)
        .context("this server does not understand the command: is it of the same version?")?;
    ensure!(
        head.body_bytes <= BODY_BYTES_MAX,
        "the file has {} bytes, at most {BODY_BYTES_MAX} are taken at once",
        head.body_bytes
    );
    let mut body = vec![0; head.body_bytes];
    stream
        .read_exact(&mut body)
        .await
        .context("the command broke off")?;
    Ok((head.request, body))
}

async fn send(stream: &mut UnixStream, mut replies: mpsc::Receiver<Reply>) -> Result<()> {
    while let Some(reply) = replies.recv().await {
        let mut line = serde_json::to_vec(&reply)?;
        line.push(b'\n');
        stream.write_all(&line).await?;
    }
    Ok(())
}
