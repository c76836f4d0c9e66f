//! The app behind a real listener, and the bare connections that tests speak over.

use super::TestApp;
use millstream_ingest_api::{ConnectionLimits, serve_within};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A server, which ends with this value.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    servers: JoinSet<std::io::Result<()>>,
}

impl Server {
    pub(crate) async fn start(app: &TestApp) -> Self {
        Self::within(ConnectionLimits::default(), app).await
    }

    pub(crate) async fn within(limits: ConnectionLimits, app: &TestApp) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut servers = JoinSet::new();
        servers.spawn(serve_within(
            limits,
            listener,
            app.router(),
            app.stop.clone(),
        ));
        Self { address, servers }
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(mut self) {
        self.servers.join_next().await.unwrap().unwrap().unwrap();
    }

    pub(crate) async fn connect(&self) -> Wire {
        Wire(TcpStream::connect(self.address).await.unwrap())
    }

    /// Everything that is answered to these bytes until the connection ends.
    pub(crate) async fn all_answers_to(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut wire = self.connect().await;
        wire.send(bytes).await;
        wire.rest().await
    }

    /// Asserts that the next client is served, whatever the last one did.
    pub(crate) async fn still_serves(&self) {
        let live = "GET /health/live HTTP/1.1\r\nHost: mill\r\nConnection: close\r\n\r\n";
        let answer = self.all_answers_to(live).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Wire(TcpStream);

impl Wire {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends what the other side takes before it hangs up.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.0.write_all(bytes.as_ref()).await
    }

    /// Reads until the text is there; what was read.
    pub(crate) async fn until(&mut self, wanted: &str) -> String {
        let mut text = String::new();
        while !text.contains(wanted) {
            let mut bytes = [0; 4096];
            let read = self.0.read(&mut bytes).await.unwrap();
            assert!(read > 0, "the connection ended after: {text}");
            text.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
        text
    }

    /// Reads until the other side ends the connection; one that it breaks off has ended too.
    pub(crate) async fn rest(&mut self) -> String {
        let mut read = Vec::new();
        let _ = self.0.read_to_end(&mut read).await;
        String::from_utf8_lossy(&read).into_owned()
    }

    /// Whether something has come that was not read yet.
    pub(crate) fn has_more(&self) -> bool {
        let ready = self.0.try_read(&mut [0; 1]);
        !ready.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }
}
