//! Those who watch: sockets that note when each message came.

use futures::{SinkExt, StreamExt};
use serde_json::json;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use uuid::Uuid;

/// The client's own buffers: small, there are thousands.
const BUFFER: usize = 2 * 1024;
/// When nothing came for so long, nothing more comes.
const QUIET: Duration = Duration::from_millis(500);

/// One socket.
#[derive(Debug)]
pub(crate) struct Watcher(WebSocketStream<TcpStream>);

impl Watcher {
    /// One that watches a task of ours, and is heard.
    pub(super) async fn ours(address: SocketAddr, token: &str, task: Uuid) -> Self {
        let protocol = format!("millstream.v1, bearer.{token}");
        let mut it = Self::open(address, "/api/v1/live", Some(&protocol)).await;
        let subscribe = json!({"subscribe": [format!("task:{task}")]});
        it.0.send(Message::text(subscribe.to_string()))
            .await
            .unwrap();
        let ready = it.0.next().await.unwrap().unwrap();
        assert!(ready.to_string().contains("ready"), "{ready}");
        it
    }

    pub(super) async fn open(address: SocketAddr, path: &str, protocol: Option<&str>) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let url = format!("ws://{address}{path}");
        let mut request = url.into_client_request().unwrap();
        if let Some(protocol) = protocol {
            let header = "Sec-WebSocket-Protocol";
            request
                .headers_mut()
                .insert(header, protocol.parse().unwrap());
        }
        let config = WebSocketConfig::default().read_buffer_size(BUFFER);
        let opened = client_async_with_config(request, stream, Some(config)).await;
        Self(opened.unwrap().0)
    }
}

/// What came: to whom, when, and how long it was.
type Came = (usize, Instant, usize);

/// Many sockets, each read as fast as it goes.
pub(crate) struct Watchers {
    came: mpsc::UnboundedReceiver<Came>,
    count: usize,
    last_length: usize,
    /// Ends them all when dropped.
    _readers: JoinSet<()>,
}

/// What all of them heard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    pub(crate) count: usize,
    pub(crate) last: Instant,
}

impl Watchers {
    /// So many, opened one after the other.
    pub(super) async fn of<F: Future<Output = Watcher>>(
        count: usize,
        mut open: impl FnMut() -> F,
    ) -> Self {
        // As many as there are deliveries: memory of the client, and not for long.
        let (into, came) = mpsc::unbounded_channel();
        let mut readers = JoinSet::new();
        for number in 0..count {
            let Watcher(mut socket) = open().await;
            let into = into.clone();
            readers.spawn(async move {
                while let Some(Ok(message)) = socket.next().await {
                    if message.is_text()
                        && into.send((number, Instant::now(), message.len())).is_err()
                    {
                        return;
                    }
                }
            });
        }
        Self {
            came,
            count,
            last_length: 0,
            _readers: readers,
        }
    }

    /// When each heard the first thing since they were told to forget; those who heard nothing in time are not among them.
    pub(super) async fn first_of_each(&mut self, patience: Duration) -> Vec<Instant> {
        let mut first = BTreeMap::new();
        while first.len() < self.count {
            let Ok(Some((who, at, length))) =
                tokio::time::timeout(patience, self.came.recv()).await
            else {
                break;
            };
            first.entry(who).or_insert(at);
            self.last_length = length;
        }
        first.into_values().collect()
    }

    /// Everything that comes, until nothing comes any more.
    pub(super) async fn until_quiet(&mut self) -> Heard {
        let mut heard = Heard {
            count: 0,
            last: Instant::now(),
        };
        while let Ok(Some((_, at, _))) = tokio::time::timeout(QUIET, self.came.recv()).await {
            heard.count += 1;
            heard.last = at;
        }
        heard
    }

    /// What came until now is not counted.
    pub(super) fn forget(&mut self) {
        while self.came.try_recv().is_ok() {}
    }

    /// Bytes of the last message.
    pub(super) fn last_length(&self) -> usize {
        self.last_length
    }
}
