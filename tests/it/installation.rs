//! An installation: a data folder of its own, perhaps a database on a server, and the programs that run on it.

use crate::server::Server;
use millstream_store::testing::TestDatabase;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;

/// How long anything may take before the test gives it up. Far more than it needs, also on a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// How often we look whether something has come about.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Settings of the machine that the tests run on, which are not those of the installation.
const SETTINGS: [&str; 13] = [
    "MILLSTREAM_",
    "ANALYTICS_URL",
    "DATABASE_URL",
    "MIGRATE_",
    "OBJECT_STORE_URL",
    "EVENT_LOG",
    "KAFKA_",
    "LOG_",
    "RATE_LIMIT",
    "SEARCH_URL",
    "SMTP_URL",
    "REDIS_",
    "ENABLE_CACHE",
];

/// A folder for everything, in which the data folder is not yet made.
#[derive(Debug)]
pub(crate) struct Installation {
    folder: TempDir,
    database_url: Option<String>,
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    /// What it wrote to standard output.
    pub(crate) out: String,
    /// What it wrote to standard error.
    pub(crate) err: String,
}

impl Installation {
    /// With the embedded database.
    pub(crate) fn embedded() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            database_url: None,
        }
    }

    /// With a database on a server.
    pub(crate) fn on(database: &TestDatabase) -> Self {
        Self::at(&database.url())
    }

    /// With a `DATABASE_URL`.
    pub(crate) fn at(url: &str) -> Self {
        Self {
            database_url: Some(url.to_owned()),
            ..Self::embedded()
        }
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What a file of the data folder says.
    pub(crate) fn kept(&self, name: &str) -> String {
        let file = self.data().join(name);
        let text = std::fs::read_to_string(&file);
        text.unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    /// Writes a file beside the data folder, and says where it is.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let file = self.folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        file.to_str().unwrap().to_owned()
    }

    /// The folder around everything.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `millstream` with these arguments, on this installation and on ports that are free.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_millstream"));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text == "RUST_LOG" || SETTINGS.iter().any(|setting| text.starts_with(setting)) {
                command.env_remove(&name);
            }
        }
        command
            .current_dir(self.folder.path())
            .args(args)
            .env("MILLSTREAM_DATA_DIR", self.data())
            .env("MILLSTREAM_LISTEN", "127.0.0.1:0")
            .env("MILLSTREAM_ADMIN_LISTEN", "127.0.0.1:0");
        if let Some(url) = &self.database_url {
            command.env("DATABASE_URL", url);
        }
        command
    }

    /// Starts a server and waits until it is ready.
    pub(crate) async fn start(&self) -> Server {
        self.start_with(&[]).await
    }

    /// The same with arguments.
    pub(crate) async fn start_with(&self, args: &[&str]) -> Server {
        Server::start(self.command(args)).await
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, args: &[&str]) -> Ended {
        ended(self.command(args)).await
    }
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(
            Instant::now() < deadline,
            "it never comes about that {what}"
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Runs a command to its end; it is killed when it takes too long.
pub(crate) async fn ended(command: Command) -> Ended {
    let named = format!("{command:?}");
    let mut command = tokio::process::Command::from(command);
    let output = command.kill_on_drop(true).output();
    let output = tokio::time::timeout(PATIENCE, output).await;
    let output = output
        .unwrap_or_else(|_| panic!("{named} does not end"))
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended {
        code: output.status.code(),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

impl Ended {
    /// The same, if it ended with this code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self
    }

    /// The same, if it says this on standard error.
    #[track_caller]
    pub(crate) fn complains(self, text: &str) -> Self {
        assert!(self.err.contains(text), "not \"{text}\": {}", self.err);
        self
    }

    /// The same, if it says this on standard output.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(
            self.out.contains(text),
            "not \"{text}\": {}{}",
            self.out,
            self.err
        );
        self
    }

    /// The same, if this is nowhere in what it says.
    #[track_caller]
    pub(crate) fn conceals(self, text: &str) -> Self {
        assert!(
            !self.err.contains(text) && !self.out.contains(text),
            "{}{}",
            self.out,
            self.err
        );
        self
    }
}
