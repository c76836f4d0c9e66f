//! Our side: a closed loop of requests over kept connections, each sending the next request when the answer is there.

use crate::operation::{Operation, Request};
use crate::world::{Credential, World};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST};
use hyper_util::rt::TokioIo;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A load, and how long it takes.
pub(crate) struct Load<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) credential: &'a Credential,
    pub(crate) operation: Operation,
    pub(crate) connections: usize,
    pub(crate) time: Duration,
    pub(crate) seed: u64,
}

/// What came of it.
pub(crate) struct Answered {
    /// Microseconds of each request, in order of size.
    pub(crate) took_us: Vec<u64>,
    pub(crate) per_second: f64,
}

impl Answered {
    /// The value below which this share of them lies.
    pub(crate) fn percentile(&self, share: f64) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index within the slice"
        )]
        let index = ((self.took_us.len() - 1) as f64 * share).round() as usize;
        self.took_us[index]
    }
}

impl Load<'_> {
    /// Runs it.
    pub(crate) async fn run(&self, world: &World) -> Answered {
        let mut clients = JoinSet::new();
        for n in 0..self.connections {
            let connection = Connection::open(self.address, self.credential).await;
            let requests = self.requests(world, n);
            clients.spawn(connection.repeat(requests, self.time));
        }
        let begun = Instant::now();
        let mut took_us = Vec::new();
        while let Some(done) = clients.join_next().await {
            took_us.extend(done.unwrap());
        }
        let elapsed = begun.elapsed();
        took_us.sort_unstable();
        #[expect(clippy::cast_precision_loss, reason = "counts of requests")]
        let per_second = took_us.len() as f64 / elapsed.as_secs_f64();
        Answered {
            took_us,
            per_second,
        }
    }

    /// The requests of one connection: made before the clock runs, used again and again.
    fn requests(&self, world: &World, connection: usize) -> Vec<Request> {
        const KINDS: usize = 2_000;
        let mut chance = ChaCha8Rng::seed_from_u64(self.seed * 1_000 + connection as u64);
        let things = self.operation.things(world.size);
        (0..KINDS)
            .map(|_| {
                let n = chance.random_range(1..=things);
                self.operation.request(world, n, chance.random())
            })
            .collect()
    }
}

/// One connection that is kept.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    credential: Credential,
    background: JoinSet<()>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr, credential: &Credential) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        let mut background = JoinSet::new();
        background.spawn(async {
            // That it was closed is seen by whoever sends next.
            let _ = connection.await;
        });
        Self {
            sender,
            host: address.to_string(),
            credential: credential.clone(),
            background,
        }
    }

    async fn repeat(mut self, requests: Vec<Request>, time: Duration) -> Vec<u64> {
        let mut took_us = Vec::new();
        let begun = Instant::now();
        for request in requests.iter().cycle() {
            let sent = Instant::now();
            self.send(request, None).await;
            took_us.push(u64::try_from(sent.elapsed().as_micros()).unwrap());
            if begun.elapsed() >= time {
                break;
            }
        }
        self.background.abort_all();
        took_us
    }

    /// Sends a request and takes its answer, which must be a success.
    pub(crate) async fn send(&mut self, request: &Request, id: Option<&str>) {
        let body = request.body.clone().unwrap_or_default();
        let mut message = hyper::Request::builder()
            .method(request.method)
            .uri(&request.path)
            .header(HOST, &self.host);
        message = match &self.credential {
            Credential::Bearer(token) => message.header(AUTHORIZATION, format!("Bearer {token}")),
            Credential::Cookie(cookie) => message.header(COOKIE, cookie),
            Credential::None => message,
        };
        if request.body.is_some() {
            message = message.header(CONTENT_TYPE, "application/json");
        }
        if let Some(id) = id {
            message = message.header("X-Request-ID", id);
        }
        let message = message.body(Full::new(Bytes::from(body))).unwrap();
        let answer = self.sender.send_request(message).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(
            status.is_success(),
            "{} {}: {status}: {body:?}",
            request.method,
            request.path
        );
    }
}
