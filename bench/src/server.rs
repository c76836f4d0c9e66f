//! The product as a process of its own, as people run it.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What the first person registers with.
pub(crate) const SETUP_SECRET: &str = "first come, first served";

/// The product, running.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it answers.
    pub url: String,
    /// Where it answers operators.
    admin: String,
    _data: tempfile::TempDir,
}

impl Server {
    /// Starts it on this database, with more settings, and waits until it is ready.
    pub async fn start(database_url: &str, settings: &[(&str, String)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let (port, admin) = (free_port(), free_port());
        let binary = std::env::current_exe()
            .unwrap()
            .parent()
            .unwrap()
            .join("millstream");
        let child = Command::new(&binary)
            .env("DATABASE_URL", database_url)
            // Somebody who writes as fast as all of a team is held back otherwise.
            .env("RATE_LIMIT", "off")
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .args([
                "--log",
                "warn",
                "--setup-secret",
                SETUP_SECRET,
                "--data-dir",
            ])
            .arg(data.path())
            .args([
                "--listen",
                &format!("127.0.0.1:{port}"),
                "--admin-listen",
                &format!("127.0.0.1:{admin}"),
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|e| {
                panic!(
                    "{}: {e}; build it with `cargo build --release`",
                    binary.display()
                )
            });
        let mut server = Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
            admin: format!("http://127.0.0.1:{admin}"),
            _data: data,
        };
        let ready = format!("{}/health/ready", server.url);
        while !client()
            .get(&ready)
            .send()
            .await
            .is_ok_and(|answer| answer.status().is_success())
        {
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "the server does not start: {ended:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server
    }

    /// What it says of a metric: the sum of all whose labels contain this.
    pub async fn metric(&self, name: &str, labels: &str) -> f64 {
        let all = client().get(format!("{}/metrics", self.admin)).send().await;
        let all = all.unwrap().text().await.unwrap();
        let lines = all.lines().filter(|line| line.starts_with(name));
        let values = lines.filter(|line| line.contains(labels));
        values
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client that gives up, rather than measure for ever.
#[must_use]
pub fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
