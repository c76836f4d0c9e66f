//! For tests, here and in other crates: a Redis that the test shares with others, or one of its own that it may kill.

use crate::backends::redis::entry::Entry;
use crate::backends::redis::stream;
use crate::record::Record;
use crate::redis::Redis;
use crate::topic::Topic;
use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a server of a test may take to answer, on the slowest machine.
const START_TIME_MAX: Duration = Duration::from_secs(30);

/// The URL of the server that tests share.
///
/// # Panics
/// When `TEST_REDIS_URL` is not set: such a test is never left out in silence.
#[must_use]
pub fn url() -> String {
    std::env::var("TEST_REDIS_URL")
        .expect("this test needs Redis: run it through `cargo xtask test`, or set TEST_REDIS_URL")
}

/// A prefix that nobody else uses.
#[must_use]
pub fn prefix() -> String {
    format!("test-{:016x}:", RandomState::new().hash_one(()))
}

/// The shared server, under a prefix of the test's own, connected until the token is dropped.
pub async fn redis() -> (Redis, tokio_util::sync::DropGuard) {
    connected(Redis::at(&url(), &prefix()).expect("TEST_REDIS_URL must be the URL of a Redis"))
        .await
}

/// This server, connected until the token is dropped.
#[expect(clippy::disallowed_methods, reason = "tests spawn what they need")]
pub async fn connected(redis: Redis) -> (Redis, tokio_util::sync::DropGuard) {
    let stop = CancellationToken::new();
    tokio::spawn(redis.clone().run(stop.clone()));
    tokio::time::timeout(START_TIME_MAX, redis.arrived())
        .await
        .expect("the Redis of the test answers");
    (redis, stop.drop_guard())
}

/// Every record in the streams; nothing of a stream that cannot be read.
///
/// # Panics
/// When an entry is none of ours.
pub async fn held(redis: &Redis) -> Vec<Record> {
    let mut held = Vec::new();
    for topic in Topic::ALL {
        let mut range = ::redis::cmd("XRANGE");
        range.arg(stream(redis, topic)).arg("-").arg("+");
        let entries: Vec<Entry> = redis.ask(&range).await.unwrap_or_default();
        let records = entries.iter().map(|entry| entry.read(topic));
        held.extend(records.map(|record| record.expect("a record of the log")));
    }
    held
}

/// A server that belongs to one test. It keeps nothing on disk: whoever kills it has wiped it.
#[derive(Debug)]
pub struct OwnServer {
    port: u16,
    folder: PathBuf,
    more: Vec<String>,
    process: Option<Child>,
}

impl OwnServer {
    /// Starts one.
    ///
    /// # Panics
    /// When there is no `redis-server` in PATH (`cargo xtask test` installs it where it may).
    #[must_use]
    pub fn start() -> Self {
        Self::with(|_, _| Vec::new())
    }

    /// Starts one with more settings, as its command line has them. `more` is told the port, and the folder in which files
    /// may be put.
    ///
    /// # Panics
    /// When there is no `redis-server` in PATH (`cargo xtask test` installs it where it may).
    #[must_use]
    pub fn with(more: impl FnOnce(u16, &Path) -> Vec<String>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
        let port = listener.local_addr().expect("it has an address").port();
        drop(listener);
        let folder = std::env::temp_dir().join(format!(
            "millstream-redis-{:016x}",
            RandomState::new().hash_one(())
        ));
        std::fs::create_dir(&folder).expect("a folder for the server");
        let mut server = Self {
            more: more(port, &folder),
            port,
            folder,
            process: None,
        };
        server.restart();
        server
    }

    /// Its URL, the same after a restart.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills it, without a chance to say good-bye.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it can be killed");
            process.wait().expect("it ends");
        }
    }

    /// Starts it again after it was killed, empty.
    pub fn restart(&mut self) {
        self.kill();
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.args(["--port", &self.port.to_string(), "--dir"]);
        command.arg(&self.folder).args(&self.more);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = command
            .spawn()
            .expect("redis-server is in PATH: `cargo xtask test` installs it where it may");
        self.process = Some(process);
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.kill();
        // What stays lies in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
