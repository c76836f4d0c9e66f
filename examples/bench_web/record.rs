//! What the server sends for a request, recorded.

use crate::database::Database;
use crate::load::Connection;
use crate::operation::{Operation, Request};
use crate::recorder::{Heard, Recorder, Sent, units};
use crate::server::Server;
use crate::world::{Size, World};
use std::collections::BTreeMap;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

/// Times that a request is recorded: what else the server does at the same time is not there every time.
const RECORDINGS: u32 = 9;
/// Requests before the first that is recorded: every connection of the server's pool has prepared its statements then.
const WARM_UP: u32 = 100;
/// Of what answers ids that it then asks for, so many things are recorded.
const THINGS: u32 = 16;
/// What the server does a while after a request belongs to others.
const QUIET: Duration = Duration::from_millis(300);
/// The request id of what is recorded, by which what pgbench writes is found again.
pub(crate) const RECORDED: &str = "bench-recorded";

/// A server that is listened to, on a database of its own with a world in it.
pub(crate) struct Stage {
    database: Database,
    world: World,
    server: Server,
    recorder: Recorder,
}

/// What the server sends for an operation.
pub(crate) struct Recording {
    /// Of each request that was recorded, the thing and the statements.
    pub(crate) requests: Vec<(u32, Vec<Sent>)>,
    round_trips: usize,
}

impl Recording {
    /// What there is to say about it.
    pub(crate) fn summary(&self) -> String {
        let (_, sent) = &self.requests[0];
        format!(
            "{} statements, {} round trips",
            sent.len(),
            self.round_trips
        )
    }

    /// The statements as they are on file.
    #[cfg(test)]
    pub(crate) fn statements(&self) -> String {
        let (_, sent) = &self.requests[0];
        sent.iter().flat_map(|it| [it.sql.trim(), ";\n"]).collect()
    }
}

impl Stage {
    pub(crate) async fn prepare(size: Size) -> Self {
        let database = Database::create().await;
        let recorder = Recorder::start(postgres_of(&database.url()));
        let url = through(&database.url(), recorder.address());
        let server = Server::start(&url, database.folder()).await;
        let world = World::make(database.pool(), &server, size).await;
        Self {
            database,
            world,
            server,
            recorder,
        }
    }

    /// Stops the server; the database and the world stay.
    pub(crate) fn end(self) -> (Database, World) {
        (self.database, self.world)
    }

    /// Records an operation.
    pub(crate) async fn record(&self, operation: Operation) -> Recording {
        let credential = self.world.log_in(&self.server, operation).await;
        let mut connection = Connection::open(self.server.address(), &credential).await;
        let things: Vec<u32> = if operation.is_of_many() {
            (1..=THINGS).collect()
        } else {
            // Not the first: its number must be no other number that statements carry.
            vec![47]
        };
        for words in 0..WARM_UP {
            let request = operation.request(&self.world, things[0], words);
            connection.send(&request, None).await;
        }
        let mut requests = Vec::new();
        let mut round_trips = 0;
        for n in things {
            let mut heard = Vec::new();
            for words in WARM_UP..WARM_UP + RECORDINGS {
                let request = operation.request(&self.world, n, words);
                heard.push(self.hear(&mut connection, &request).await);
            }
            let (sent, trips) = usual(heard, operation);
            round_trips = trips;
            requests.push((n, sent));
        }
        Recording {
            requests,
            round_trips,
        }
    }

    /// What is sent for one request, and whatever else just then.
    async fn hear(&self, connection: &mut Connection, request: &Request) -> Heard {
        self.server.caught_up().await;
        tokio::time::sleep(QUIET).await;
        self.recorder.take();
        connection.send(request, Some(RECORDED)).await;
        self.recorder.take()
    }
}

/// What was sent most often, of several times: without what others did meanwhile.
fn usual(heard: Vec<Heard>, operation: Operation) -> (Vec<Sent>, usize) {
    let trips = heard.iter().map(|it| it.round_trips).min().unwrap_or(0);
    let mut votes: BTreeMap<Vec<String>, Vec<Vec<Sent>>> = BTreeMap::new();
    for heard in heard {
        let sent = asked(heard, operation);
        let mut texts: Vec<_> = sent.iter().map(|it| it.sql.clone()).collect();
        // A page asks several things at once, now in this order and now in that.
        texts.sort_unstable();
        votes.entry(texts).or_default().push(sent);
    }
    let seen: Vec<_> = votes.values().map(|it| it[0].len()).collect();
    let most = votes.into_values().max_by_key(Vec::len).unwrap();
    assert!(
        most.len() > RECORDINGS as usize / 2,
        "{operation}: the server sends something else each time: {seen:?} statements"
    );
    (most.into_iter().next().unwrap(), trips)
}

/// The units of work up to the one that does it: what follows a commit is done by others.
fn asked(heard: Heard, operation: Operation) -> Vec<Sent> {
    let mut sent = Vec::new();
    for unit in units(heard.sent) {
        let is_end = matches!(operation, Operation::PostTask | Operation::PatchTask)
            && unit
                .iter()
                .any(|it| it.sql.contains("stream.outbox") && it.sql.contains("insert"));
        sent.extend(unit);
        if is_end {
            break;
        }
    }
    assert!(!sent.is_empty(), "{operation}: nothing was sent");
    sent
}

/// The server that a URL names.
fn postgres_of(url: &str) -> SocketAddr {
    let url: reqwest::Url = url.parse().unwrap();
    let host = url.host_str().unwrap();
    let mut addresses = (host, url.port().unwrap_or(5432))
        .to_socket_addrs()
        .unwrap();
    addresses.next().unwrap()
}

/// The same database by another way. Unencrypted: it is read on the way.
fn through(url: &str, address: SocketAddr) -> String {
    let mut url: reqwest::Url = url.parse().unwrap();
    url.set_ip_host(address.ip()).unwrap();
    url.set_port(Some(address.port())).unwrap();
    url.set_query(Some("sslmode=disable"));
    url.into()
}
