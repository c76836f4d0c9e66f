//! Stands between the server and Postgres, passes everything on, and reads what is said off the wire: the statements of a
//! request, with their values, as the server really sends them.

mod conversation;
mod value;

use crate::recorder::conversation::{Conversation, Side};
pub(crate) use crate::recorder::value::{Content, UNKNOWN, Value};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Bytes passed on at once.
const PIECE: usize = 64 * 1024;

/// One thing that the server asked Postgres for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sent {
    /// On which of its connections.
    pub(crate) connection: usize,
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
    /// The columns of its answer, if that was one row.
    pub(crate) row: Option<Vec<(String, Value)>>,
    /// Whether its answer was complete.
    pub(crate) answered: bool,
}

/// What was heard since the last time somebody asked.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) sent: Vec<Sent>,
    /// Times that the server waited for Postgres.
    pub(crate) round_trips: usize,
}

/// The recorder, listening.
pub(crate) struct Recorder {
    address: SocketAddr,
    heard: Arc<Mutex<Heard>>,
}

impl Recorder {
    /// Begins to pass on what comes to it to a Postgres server.
    pub(crate) fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let notes = Arc::clone(&heard);
        thread::spawn(move || {
            for (number, client) in listener.incoming().flatten().enumerate() {
                pass(number, client, TcpStream::connect(server).unwrap(), &notes);
            }
        });
        Self { address, heard }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was heard; from now on it begins anew.
    pub(crate) fn take(&self) -> Heard {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

/// Passes on both ways, each in a thread of its own.
fn pass(number: usize, client: TcpStream, server: TcpStream, heard: &Arc<Mutex<Heard>>) {
    let conversation = Conversation::new(number, Arc::clone(heard));
    let conversation = Arc::new(Mutex::new(conversation));
    let ways = [
        (
            Side::Server,
            client.try_clone().unwrap(),
            server.try_clone().unwrap(),
        ),
        (Side::Postgres, server, client),
    ];
    for (side, mut from, mut to) in ways {
        from.set_nodelay(true).unwrap();
        let conversation = Arc::clone(&conversation);
        thread::spawn(move || {
            let mut piece = vec![0; PIECE];
            // Whatever ends one way ends the other.
            while let Ok(length @ 1..) = from.read(&mut piece) {
                conversation.lock().unwrap().hear(side, &piece[..length]);
                if to.write_all(&piece[..length]).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}

/// Units of work, in the order in which they began: transactions, and statements by themselves.
pub(crate) fn units(sent: Vec<Sent>) -> Vec<Vec<Sent>> {
    let mut units: Vec<Vec<Sent>> = Vec::new();
    let mut open: BTreeMap<usize, usize> = BTreeMap::new();
    for one in sent {
        let (connection, sql) = (one.connection, one.sql.to_lowercase());
        if let Some(&unit) = open.get(&connection) {
            units[unit].push(one);
            if sql.starts_with("commit") || sql.starts_with("rollback") {
                open.remove(&connection);
            }
        } else {
            if sql.starts_with("begin") {
                open.insert(connection, units.len());
            }
            units.push(vec![one]);
        }
    }
    units
}
