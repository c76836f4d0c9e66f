//! The peer: the smallest axum server that broadcasts. `POST /tell?length=…` sends a text of that length to every socket of
//! `/listen`.

use super::watcher::Watcher;
use crate::operation::Request;
use axum::Router;
use axum::extract::ws::{Message, Utf8Bytes, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use tokio::sync::broadcast;

/// Messages that a slow socket may be behind.
const BEHIND_MAX: usize = 1_024;

/// The server in a process of its own; killed when dropped.
#[derive(Debug)]
pub(crate) struct Bare {
    child: Child,
    address: SocketAddr,
}

impl Bare {
    pub(super) fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("bare")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut says = BufReader::new(child.stdout.take().unwrap());
        says.read_line(&mut line).unwrap();
        let address = line.trim().parse().unwrap();
        Self { child, address }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn watcher(&self) -> impl Future<Output = Watcher> + use<> {
        Watcher::open(self.address, "/listen", None)
    }

    /// What sends a message.
    #[expect(clippy::unused_self, reason = "a request to this server")]
    pub(super) fn tell(&self, length: usize) -> Request {
        Request {
            method: "POST",
            path: format!("/tell?length={length}"),
            body: None,
        }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves until it is killed.
pub(crate) async fn serve() {
    let (all, _) = broadcast::channel::<Utf8Bytes>(BEHIND_MAX);
    let router = Router::new()
        .route("/listen", get(listen))
        .route("/tell", post(tell))
        .with_state(all);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    axum::serve(listener, router).await.unwrap();
}

async fn listen(State(all): State<broadcast::Sender<Utf8Bytes>>, up: WebSocketUpgrade) -> Response {
    up.on_upgrade(async move |mut socket| {
        let mut messages = all.subscribe();
        while let Ok(message) = messages.recv().await {
            if socket.send(Message::Text(message)).await.is_err() {
                return;
            }
        }
    })
}

#[derive(Deserialize)]
struct Tell {
    length: usize,
}

async fn tell(State(all): State<broadcast::Sender<Utf8Bytes>>, Query(tell): Query<Tell>) {
    let _ = all.send("x".repeat(tell.length).into());
}
