//! The client's end of live connections.

use super::{Server, User};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

/// How long a test waits for what must come: so long that only what never comes is missed.
const PATIENCE: Duration = Duration::from_mins(1);
/// Bytes that a client which does not read takes nevertheless.
const SMALL_BUFFER: u32 = 4_096;

/// A WebSocket, as a client has it.
#[derive(Debug)]
pub(crate) struct Live {
    socket: WebSocketStream<TcpStream>,
    /// The last position that it was told.
    pub(crate) position: String,
}

/// The answer instead of a connection.
#[derive(Debug)]
pub(crate) struct Unwelcome(Response<Option<Vec<u8>>>);

impl Unwelcome {
    #[track_caller]
    pub(crate) fn expect(self, status: u16, code: &str) -> Self {
        let body: Value = serde_json::from_slice(self.0.body().as_deref().unwrap_or_default())
            .unwrap_or_default();
        assert_eq!(self.0.status(), status, "{body}");
        assert_eq!(body["error"]["code"], code, "{body}");
        let instance = body["instance"].as_str();
        assert!(
            instance.is_some_and(|path| path.starts_with("/api/v1/")),
            "{body}"
        );
        let id = body["meta"]["request_id"].as_str();
        assert!(id.is_some() && id == self.header("x-request-id"), "{body}");
        self
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }
}

impl Live {
    /// Asks for a connection with these headers.
    pub(crate) async fn ask(
        server: &Server,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, Unwelcome> {
        let stream = TcpStream::connect(server.address).await.unwrap();
        Self::over(stream, server, path, headers).await
    }

    async fn over(
        stream: TcpStream,
        server: &Server,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, Unwelcome> {
        let url = format!("ws://{}/api/v1{path}", server.address);
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            request
                .headers_mut()
                .append(name, HeaderValue::from_str(value).unwrap());
        }
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((socket, _)) => Ok(Self {
                socket,
                position: String::new(),
            }),
            Err(Error::Http(response)) => Err(Unwelcome(*response)),
            Err(error) => panic!("no connection and no answer: {error}"),
        }
    }

    /// Opens a connection with a token.
    pub(crate) async fn with_token(server: &Server, path: &str, token: &str) -> Self {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", &*bearer)];
        Self::ask(server, path, &headers).await.unwrap()
    }

    /// Opens `/live`.
    pub(crate) async fn open(server: &Server, by: &User) -> Self {
        Self::with_token(server, "/live", &by.access_token).await
    }

    /// Opens `/live` for somebody who reads slowly.
    pub(crate) async fn open_slow(server: &Server, by: &User) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(SMALL_BUFFER).unwrap();
        let stream = socket.connect(server.address).await.unwrap();
        let bearer = format!("Bearer {}", by.access_token);
        let headers = [("authorization", &*bearer)];
        Self::over(stream, server, "/live", &headers).await.unwrap()
    }

    /// Opens the comments of a task.
    pub(crate) async fn talk(server: &Server, by: &User, task: &str) -> Self {
        let path = format!("/ws/tasks/{task}/comments");
        Self::with_token(server, &path, &by.access_token).await
    }

    pub(crate) async fn send(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    pub(crate) async fn say(&mut self, said: Value) {
        self.send(Message::text(said.to_string())).await;
    }

    /// Subscribes, and waits until that counts.
    pub(crate) async fn subscribe(&mut self, topics: &[&str]) {
        self.say(json!({ "subscribe": topics })).await;
        assert_eq!(self.next().await["type"], "ready");
    }

    /// The same from a position on; what comes before it is ready.
    pub(crate) async fn resume(&mut self, topics: &[&str], position: &str) -> Vec<Value> {
        self.say(json!({"subscribe": topics, "resume": position}))
            .await;
        let mut missed = Vec::new();
        loop {
            let message = self.next().await;
            if message["type"] == "ready" {
                return missed;
            }
            missed.push(message);
        }
    }

    /// The next message, whatever it is.
    async fn frame(&mut self) -> Option<Result<Message, Error>> {
        let frame = tokio::time::timeout(PATIENCE, self.socket.next());
        frame.await.expect("nothing comes")
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Value {
        let next = tokio::time::timeout(PATIENCE, self.text());
        let text = next.await.expect("nothing comes but pings");
        let message: Value = serde_json::from_str(&text).unwrap();
        if let Some(position) = message["position"].as_str() {
            position.clone_into(&mut self.position);
        }
        message
    }

    async fn text(&mut self) -> Utf8Bytes {
        loop {
            match self.frame().await {
                Some(Ok(Message::Text(text))) => return text,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("no message but {other:?}"),
            }
        }
    }

    /// Type and topic of the next message.
    pub(crate) async fn next_of(&mut self) -> (String, String) {
        let message = self.next().await;
        let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
        (text("type"), text("topic"))
    }

    /// Reads on until the server closes the connection; the code, and all messages until then.
    pub(crate) async fn closed(self) -> (u16, Vec<Value>) {
        let closed = tokio::time::timeout(PATIENCE, self.close_frame());
        closed.await.expect("it stays open")
    }

    async fn close_frame(mut self) -> (u16, Vec<Value>) {
        let mut messages = Vec::new();
        loop {
            match self.frame().await {
                Some(Ok(Message::Text(text))) => {
                    messages.push(serde_json::from_str(&text).unwrap());
                }
                Some(Ok(Message::Close(Some(close)))) => return (close.code.into(), messages),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("closed without a code: {other:?}"),
            }
        }
    }

    /// The close code.
    pub(crate) async fn code(self) -> u16 {
        self.closed().await.0
    }
}

impl Live {
    /// Everything that comes until the connection ends in whatever way; and the last position among it.
    pub(crate) async fn read_out(mut self) -> (Vec<Value>, Option<String>) {
        let mut messages = Vec::new();
        let mut last = None;
        while let Some(Ok(message)) = self.frame().await {
            let Message::Text(text) = message else {
                continue;
            };
            let message: Value = serde_json::from_str(&text).unwrap();
            if let Some(position) = message["position"].as_str() {
                last = Some(position.to_owned());
            }
            messages.push(message);
        }
        (messages, last)
    }
}

impl Live {
    /// Waits for a ping, which is answered.
    pub(crate) async fn pinged(&mut self) {
        loop {
            match self.frame().await {
                Some(Ok(Message::Ping(_))) => return,
                Some(Ok(_)) => {}
                other => panic!("no ping but {other:?}"),
            }
        }
    }

    /// Says farewell; the code with which the server does.
    pub(crate) async fn left(mut self) -> u16 {
        let close = CloseFrame {
            code: CloseCode::Normal,
            reason: "".into(),
        };
        self.send(Message::Close(Some(close))).await;
        self.code().await
    }
}
