//! The product, running: the program that was built beside this one.

use reqwest::header::{CONTENT_TYPE, SET_COOKIE};
use serde_json::Value;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use url::form_urlencoded::Serializer;

/// What the first person registers with.
pub(crate) const SETUP_SECRET: &str = "first come, first served";
/// Longest wait for it to be ready: it brings the schema up first.
const READY: Duration = Duration::from_mins(1);
/// What it logs, in its data folder.
const LOG: &str = "bench.log";
/// How often we look.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    client: reqwest::Client,
    log: PathBuf,
}

impl Server {
    /// Starts it on a database and waits until it is ready.
    pub(crate) async fn start(database_url: &str, data: &Path) -> Self {
        let log = data.join(LOG);
        let (address, admin) = (free_address(), free_address());
        let program = program();
        let mut command = Command::new(&program);
        if knows(&program, "MILLSTREAM_RATE_LIMIT") {
            command.env("MILLSTREAM_RATE_LIMIT", "off");
        }
        if knows(&program, "MILLSTREAM_LIVE_PERSON") {
            // All live connections here are one person's.
            command.env("MILLSTREAM_LIVE_PERSON", "20000");
        }
        let child = command
            .env("DATABASE_URL", database_url)
            .args(["--log", "warn", "--setup-secret", SETUP_SECRET])
            .arg("--data-dir")
            .arg(data)
            .args(["--listen", &address.to_string()])
            .args(["--admin-listen", &admin.to_string()])
            // Ours, not a setting of the product, which refuses those that it does not know.
            .env_remove("MILLSTREAM_ACCEPT")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        let server = Self {
            child,
            address,
            client,
            log,
        };
        server.ready().await;
        server
    }

    async fn ready(&self) {
        let deadline = Instant::now() + READY;
        let url = self.url("/health/ready");
        loop {
            let answer = self.client.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            let log = || fs::read_to_string(&self.log).unwrap();
            assert!(
                Instant::now() < deadline,
                "the server is not ready:\n{}",
                log()
            );
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until its pipelines have taken all that was written.
    pub(crate) async fn caught_up(&self) {
        loop {
            let answer = self.client.get(self.url("/health/ready")).send().await;
            let state: Value = answer.unwrap().json().await.unwrap();
            let pipelines = state["pipelines"].as_array().unwrap();
            if pipelines.iter().all(|it| it["lag_records"] == 0) {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.client.post(self.url(path)).json(body);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// The cookie that a form is answered with.
    pub(crate) async fn cookie(&self, path: &str, form: &[(&str, &str)]) -> String {
        let stay = reqwest::redirect::Policy::none();
        let browser = reqwest::Client::builder().redirect(stay).build().unwrap();
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        let post = browser
            .post(self.url(path))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        let sent = post.send().await.unwrap();
        let cookie = sent.headers().get(SET_COOKIE);
        let cookie = cookie.expect("a log-in sets a cookie").to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program, beside this one's folder; for the test of this one, one folder further up.
fn program() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let built = here
        .ancestors()
        .skip(1)
        .map(|folder| folder.join("millstream"));
    built
        .filter(|program| program.is_file())
        .last()
        .expect("the program is built: cargo build")
}

/// Whether it has a setting: an unknown one would keep it from starting.
fn knows(program: &Path, setting: &str) -> bool {
    let help = Command::new(program).arg("--help").output();
    help.is_ok_and(|help| String::from_utf8_lossy(&help.stdout).contains(setting))
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}
