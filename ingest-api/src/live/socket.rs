//! The WebSocket below a connection: what its client may send, how long it may take and be silent, and how it is closed.

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use std::time::Duration;
use tungstenite::Error as WireError;

/// The subprotocol.
pub(super) const PROTOCOL: &str = "millstream.v1";
/// Bytes that a connection reads at once: a subscription in one or two reads. axum's own default would take 128 KiB of every
/// idle one.
const READ_BUFFER: usize = 512;
/// Bytes that may wait to be written.
const WRITE_BUFFER_MAX: usize = 256 * 1_024;
/// Most bytes of a message from a client: a comment, with room.
const MESSAGE_MAX: usize = 128 * 1_024;
/// Frames of any kind that a client may send between two pings: no hand is as fast, and none of our programs.
const FRAMES_MAX: u32 = 1_000;
/// How long a message may take to leave before the client counts as gone.
const SEND_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a client may take to close its side once we closed ours.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(2);

/// Close code: who they were is not known any more.
pub(super) const ENDED: u16 = 4401;
/// Close code: what the connection is about is gone, or not theirs to see any more.
pub(super) const GONE: u16 = 4404;
/// Close code: too far behind; connect again and resume.
pub(super) const BEHIND: u16 = 4408;
/// Close code: nothing was heard of the client for too long.
const SILENT: u16 = 4410;

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The client is gone.
    Gone,
    /// The client closes it.
    Left,
    /// We close it, with this code and reason.
    Closed(u16, &'static str),
}

/// A WebSocket within limits.
#[derive(Debug)]
pub(super) struct Socket {
    inner: WebSocket,
    /// Whether anything was heard of the client since it was last asked.
    is_alive: bool,
    /// Frames that it sent since then.
    frames: u32,
}

/// Bounds all that a connection may hold.
pub(super) fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_MAX)
        .max_message_size(MESSAGE_MAX)
        .max_frame_size(MESSAGE_MAX)
}

impl Socket {
    pub(super) fn new(inner: WebSocket) -> Self {
        Self {
            inner,
            is_alive: true,
            frames: 0,
        }
    }

    pub(super) async fn send(&mut self, text: String) -> Result<(), End> {
        self.send_message(Message::text(text)).await
    }

    async fn send_message(&mut self, message: Message) -> Result<(), End> {
        match tokio::time::timeout(SEND_TIME_MAX, self.inner.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }

    /// The next text of the client; `None` for what means nothing to anybody. Cancel-safe.
    pub(super) async fn hear(&mut self) -> Result<Option<Utf8Bytes>, End> {
        let message = match self.inner.recv().await {
            None => return Err(End::Gone),
            Some(Err(error)) => return Err(end_of(error)),
            Some(Ok(message)) => message,
        };
        self.is_alive = true;
        self.frames += 1;
        if self.frames > FRAMES_MAX {
            return Err(End::Closed(close_code::POLICY, "too many messages"));
        }
        match message {
            Message::Text(text) => Ok(Some(text)),
            Message::Ping(_) | Message::Pong(_) => Ok(None),
            Message::Binary(_) => Err(End::Closed(close_code::UNSUPPORTED, "messages are text")),
            Message::Close(_) => Err(End::Left),
        }
    }

    /// Asks whether the client is still there. The end, if nothing was heard since it was last asked.
    pub(super) async fn ping(&mut self) -> Result<(), End> {
        self.frames = 0;
        if !std::mem::take(&mut self.is_alive) {
            return Err(End::Closed(SILENT, "nothing was heard of you"));
        }
        self.send_message(Message::Ping(Vec::new().into())).await
    }

    /// Ends it, in a way that the client can learn why.
    pub(super) async fn close(mut self, end: End) {
        if let End::Closed(code, reason) = end {
            let frame = CloseFrame {
                code,
                reason: reason.into(),
            };
            if self
                .send_message(Message::Close(Some(frame)))
                .await
                .is_err()
            {
                return;
            }
        }
        if end != End::Gone {
            // What is still on its way is read: the system forgets an answer when it throws away what came with it.
            let rest = async { while let Some(Ok(_)) = self.inner.recv().await {} };
            let _ = tokio::time::timeout(CLOSE_TIME_MAX, rest).await;
        }
    }
}

/// What is told of something that is no WebSocket frame of a client.
fn end_of(error: axum::Error) -> End {
    let error = error.into_inner();
    match error.downcast_ref::<WireError>() {
        Some(WireError::Capacity(_)) => {
            End::Closed(close_code::SIZE, "a message has at most 128 KiB")
        }
        Some(WireError::Utf8(_)) => End::Closed(close_code::INVALID, "text is UTF-8"),
        Some(WireError::Protocol(_)) => {
            End::Closed(close_code::PROTOCOL, "that is no frame of a client")
        }
        _ => End::Gone,
    }
}
