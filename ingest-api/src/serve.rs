//! Taking connections: HTTP/1.1 with limits on everything that a client can hold on to. HTTP/2 is spoken by the reverse
//! proxy that also brings TLS; without TLS no browser speaks it, and what is not spoken cannot be flooded.
//!
//! One task per connection, on the runtime's threads; all of them are joined before [`serve`] returns.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use millstream_domain::cause::in_full;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutWriter;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Connections at once: ten thousand people whose inboxes stream, and requests beside them; beyond that they wait in the
/// system's queue. A WebSocket gives its place back once it is open, and counts among the live connections alone.
const CONNECTIONS_MAX: usize = 16_384;
/// Time for a request's head to arrive, and for an idle connection to send another.
const HEAD_TIME_MAX: Duration = Duration::from_secs(30);
/// Time for a client to take more of its answer: longer than a phone is in a tunnel, shorter than for ever.
const TAKE_TIME_MAX: Duration = Duration::from_secs(30);
/// Most headers of a request; hyper's own default, named.
const HEADERS_MAX: usize = 100;
/// Most bytes of a request's head that hyper keeps. Above our own limits, so that those are what is told.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Time for requests under way to be answered once the server is to stop.
const STOP_TIME_MAX: Duration = Duration::from_secs(10);
/// Pause after the system refused a connection: it is out of files, and only waiting helps.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a client can hold on to, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Connections at once. Those beyond wait.
    pub connections: usize,
    /// For a request's head to arrive, and for an idle connection to send another.
    pub head_time: Duration,
    /// For a client to take more of its answer.
    pub take_time: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS_MAX,
            head_time: HEAD_TIME_MAX,
            take_time: TAKE_TIME_MAX,
        }
    }
}

/// The other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Serves until told to stop, then answers what is under way.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
) -> io::Result<()> {
    serve_within(ConnectionLimits::default(), listener, router, stop).await
}

/// The same, within other limits.
pub async fn serve_within(
    limits: ConnectionLimits,
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    while let Some(place) = free_place(&places, &stop, &mut connections).await {
        let Some((stream, peer)) = next(&listener, &stop, &mut connections).await else {
            break;
        };
        // Small answers leave at once instead of waiting for more.
        let _ = stream.set_nodelay(true);
        let connection = handle(limits, stream, peer, router.clone(), stop.clone());
        connections.spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_TIME_MAX, ended).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "requests were still under way at the end and were cut off"
        );
    }
    Ok(())
}

/// A place for one more connection; `None` when it is time to stop. Joins connections that have ended.
async fn free_place(
    places: &Arc<Semaphore>,
    stop: &CancellationToken,
    connections: &mut JoinSet<()>,
) -> Option<OwnedSemaphorePermit> {
    loop {
        tokio::select! {
            () = stop.cancelled() => return None,
            Some(_) = connections.join_next() => {}
            place = Arc::clone(places).acquire_owned() => {
                return Some(place.expect("the semaphore is never closed"));
            }
        }
    }
}

/// The next connection; `None` when it is time to stop. Joins connections that have ended.
async fn next(
    listener: &TcpListener,
    stop: &CancellationToken,
    connections: &mut JoinSet<()>,
) -> Option<(TcpStream, SocketAddr)> {
    loop {
        tokio::select! {
            () = stop.cancelled() => return None,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok(connection) => return Some(connection),
                Err(error) => {
                    tracing::warn!(error = in_full(&error), "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

fn handle(
    limits: ConnectionLimits,
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    stop: CancellationToken,
) -> impl Future<Output = ()> {
    let service = tower::service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            router.oneshot(request).await as Result<_, Infallible>
        }
    });
    // A body that does not arrive is noticed by whoever reads it; an answer that is not taken, by nobody but this.
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(limits.take_time));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(
            TokioIo::new(Box::pin(stream)),
            TowerToHyperService::new(service),
        )
        .with_upgrades();
    async move {
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            // A client that hangs up is no news.
            tracing::debug!(error = in_full(&error), "a connection broke off");
        }
    }
}
