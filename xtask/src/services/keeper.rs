//! The keeper: a small shell process between us and a server, so that no server and no data outlive
//! us.
//!
//! It holds the reading end of a pipe whose writing end we hold. When we drop it, or die of
//! anything (SIGKILL included), the kernel closes the pipe and the keeper stops the server and
//! removes its folder. Should the keeper itself be killed, the kernel stops the server (`setpriv
//! --pdeathsig`, see [`super::account`]).

use anyhow::{Context, Result, bail};
use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SCRIPT: &str = include_str!("keeper.sh");
/// A server that takes longer to start is taken for broken. A slow disk needs some seconds.
const START_MAX: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(20);
/// How much of a broken server's log is shown.
const LOG_LINES: usize = 20;

/// One kept server; dropping it stops the server.
#[derive(Debug)]
pub(crate) struct Keeper {
    shell: Child,
    folder: PathBuf,
}

impl Keeper {
    /// Takes charge of a folder, and of the server that will run in it and stop at `signal`. SIGINT
    /// is for servers that set their own handler, such as Postgres: a shell starts its background
    /// jobs with SIGINT ignored.
    pub(crate) fn new(folder: TempDir, signal: &str, server: &Command) -> Result<Self> {
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "keeper"])
            .arg(folder.path())
            .arg(signal)
            .arg(server.get_program())
            .args(server.get_args())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot run `sh`")?;
        Ok(Self {
            shell,
            folder: folder.keep(),
        })
    }

    /// The folder in its charge.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts the server and waits until its log says `ready`, or `failed`.
    pub(crate) fn start(&mut self, ready: &str, failed: &str) -> Result<()> {
        let input = self
            .shell
            .stdin
            .as_mut()
            .context("the keeper has no input")?;
        input.write_all(b"go\n").context("the keeper is gone")?;
        let start = Instant::now();
        while start.elapsed() < START_MAX {
            let log = self.log();
            if log.contains(ready) {
                return Ok(());
            }
            if log.contains(failed) {
                break;
            }
            sleep(POLL);
        }
        bail!(
            "the server did not start; the end of its log:\n{}",
            tail(&self.log())
        )
    }

    fn log(&self) -> String {
        fs::read(self.folder.join("log"))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        if let Err(error) = self.shell.wait() {
            eprintln!("cannot wait for a server to stop: {error}");
        }
        // Left only when somebody killed the keeper.
        fs::remove_dir_all(&self.folder).ok();
    }
}

fn tail(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(script: &str) -> Keeper {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut server = Command::new("sh");
        server.args(["-c", script]);
        Keeper::new(folder, "TERM", &server).expect("a keeper")
    }

    #[test]
    fn dropping_it_stops_the_server_and_removes_the_folder() {
        let mut keeper = keep("trap 'exit 0' TERM; echo ready $$; while :; do sleep 0.05; done");
        keeper.start("ready", "broken").expect("a start");
        let pid = keeper.log().replace("ready", "").trim().to_owned();
        let folder = keeper.folder().to_owned();
        drop(keeper);
        assert!(
            !Path::new("/proc").join(&pid).exists(),
            "process {pid} is still there"
        );
        assert!(!folder.exists());
    }

    #[test]
    fn a_server_that_fails_is_told_with_its_log() {
        let mut keeper = keep("echo broken: no such thing");
        let error = keeper.start("ready", "broken").expect_err("it fails");
        assert!(error.to_string().contains("no such thing"), "{error}");
    }
}
