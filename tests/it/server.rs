//! A server under test: the real program, killed at the latest when it is dropped.

use crate::api::{Api, Session};
use crate::installation::{LOOK_EVERY, PATIENCE};
use std::fs::OpenOptions;
use std::process::{Child, Command, ExitStatus, Stdio};
use tempfile::NamedTempFile;
use tokio::time::Instant;

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Where its standard error goes.
    log: NamedTempFile,
    api: Api,
}

impl Server {
    /// Starts it and waits until it says that it is ready.
    pub(crate) async fn start(command: Command) -> Self {
        let mut server = Self::launch(command);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let greeting = server.log();
            if let Some(address) = address(&greeting) {
                server.api = Api::new(address);
                break;
            }
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended: {greeting}");
            assert!(Instant::now() < deadline, "it does not start: {greeting}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        while server.api.status("/health/ready").await != 200 {
            assert!(Instant::now() < deadline, "not ready: {}", server.log());
            tokio::time::sleep(LOOK_EVERY).await;
        }
        server
    }

    /// Starts it and waits for nothing.
    pub(crate) fn launch(mut command: Command) -> Self {
        let log = NamedTempFile::new().unwrap();
        let end = OpenOptions::new().append(true).open(log.path()).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(end.try_clone().unwrap())
            .stderr(end);
        Self {
            child: command.spawn().unwrap(),
            log,
            api: Api::new(""),
        }
    }

    /// All that it has written: its greeting, and its log.
    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(self.log.path()).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its HTTP, for somebody who is not logged in.
    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    /// The first person registers, with the set-up secret that the server printed, and logs in.
    pub(crate) async fn found(&self) -> Session {
        let log = self.log();
        let mut lines = log.lines();
        lines
            .find(|line| line.contains("Nobody has registered yet"))
            .expect("a set-up secret");
        let secret = lines.next().unwrap().trim();
        self.api.register("ada", Some(secret)).await.expect(201);
        self.api.log_in("ada").await
    }

    /// Asks it to stop, as a service manager does, and waits until it has.
    pub(crate) async fn stop(self) -> ExitStatus {
        self.stop_by("TERM").await
    }

    /// The same by another signal.
    pub(crate) async fn stop_by(mut self, signal: &str) -> ExitStatus {
        let id = self.child.id().to_string();
        let mut kill = Command::new("kill");
        let asked = kill.args(["-s", signal, &id]).status().unwrap();
        assert!(asked.success());
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "it does not stop: {}",
                self.log()
            );
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Kills it there and then.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// An address that its greeting tells of, by its name there.
    pub(crate) fn told_address(&self, name: &str) -> String {
        let log = self.log();
        let line = log.lines().find(|line| line.trim().starts_with(name));
        let line = line.unwrap_or_else(|| panic!("no \"{name}\": {log}"));
        line.split_whitespace().last().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first address of its greeting, which is printed once everything runs.
fn address(greeting: &str) -> Option<&str> {
    let (_, rest) = greeting.split_once("  Millstream runs ")?;
    rest.contains("Ctrl-C").then_some(())?;
    rest.split_whitespace()
        .find(|word| word.starts_with("http://"))
}
