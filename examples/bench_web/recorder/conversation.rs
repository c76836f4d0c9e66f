//! One connection's messages (PostgreSQL, "Frontend/Backend Protocol"), as much of them as tells which statements are run.

use super::{Heard, Sent, Value};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The server that is measured.
    Server,
    Postgres,
}

/// A statement that was prepared.
#[derive(Debug, Clone, Default)]
struct Prepared {
    sql: String,
    /// Types of its parameters, and names and types of its columns.
    parameters: Vec<u32>,
    columns: Vec<(String, u32)>,
}

/// What is known about one connection.
pub(super) struct Conversation {
    number: usize,
    heard: Arc<Mutex<Heard>>,
    from_server: Vec<u8>,
    from_postgres: Vec<u8>,
    /// Whether the first message, which has no type, has passed.
    begun: bool,
    prepared: BTreeMap<Vec<u8>, Prepared>,
    /// Whose descriptions Postgres still owes.
    described: VecDeque<Vec<u8>>,
    /// Whose answers Postgres still owes, with the columns of their rows.
    running: VecDeque<Running>,
    bound: Option<(Vec<u8>, Vec<Value>)>,
}

struct Running {
    sent: Sent,
    columns: Vec<(String, u32)>,
    rows: usize,
}

impl Conversation {
    pub(super) fn new(number: usize, heard: Arc<Mutex<Heard>>) -> Self {
        Self {
            number,
            heard,
            from_server: Vec::new(),
            from_postgres: Vec::new(),
            begun: false,
            prepared: BTreeMap::new(),
            described: VecDeque::new(),
            running: VecDeque::new(),
            bound: None,
        }
    }

    /// Takes in what one side said.
    pub(super) fn hear(&mut self, side: Side, bytes: &[u8]) {
        match side {
            Side::Server => self.from_server.extend_from_slice(bytes),
            Side::Postgres => self.from_postgres.extend_from_slice(bytes),
        }
        while let Some((kind, body)) = self.next(side) {
            match side {
                Side::Server => self.asked(kind, &body),
                Side::Postgres => self.answered(kind, &body),
            }
        }
    }

    /// The next whole message.
    fn next(&mut self, side: Side) -> Option<(u8, Vec<u8>)> {
        let is_first = side == Side::Server && !self.begun;
        let buffer = match side {
            Side::Server => &mut self.from_server,
            Side::Postgres => &mut self.from_postgres,
        };
        let start = usize::from(!is_first);
        let length = buffer.get(start..start + 4)?;
        let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
        if buffer.len() < start + length {
            return None;
        }
        let message: Vec<u8> = buffer.drain(..start + length).collect();
        self.begun |= is_first;
        let kind = if is_first { 0 } else { message[0] };
        Some((kind, message[start + 4..].to_vec()))
    }

    fn asked(&mut self, kind: u8, body: &[u8]) {
        let mut read = Reader(body);
        match kind {
            b'P' => {
                let (name, sql) = (read.text(), read.text());
                let sql = String::from_utf8(sql).unwrap();
                self.prepared.insert(
                    name,
                    Prepared {
                        sql,
                        ..Prepared::default()
                    },
                );
            }
            b'D' if read.byte() == b'S' => self.described.push_back(read.text()),
            b'B' => {
                let _portal = read.text();
                let name = read.text();
                let values = self.values(&name, &mut read);
                self.bound = Some((name, values));
            }
            b'E' => {
                let (name, values) = self.bound.take().expect("what is run was bound");
                let Prepared { sql, columns, .. } = self.prepared[&name].clone();
                self.run(sql, values, columns);
            }
            b'Q' => {
                let sql = String::from_utf8(read.text()).unwrap();
                self.run(sql, Vec::new(), Vec::new());
            }
            _ => {}
        }
    }

    fn values(&self, name: &[u8], read: &mut Reader<'_>) -> Vec<Value> {
        let formats = read.count();
        for _ in 0..formats {
            read.u16();
        }
        let types = &self.prepared[name].parameters;
        (0..read.count())
            .map(|at| Value::read(types[at], read.field()))
            .collect()
    }

    fn run(&mut self, sql: String, values: Vec<Value>, columns: Vec<(String, u32)>) {
        let sent = Sent {
            connection: self.number,
            sql,
            values,
            row: None,
            answered: false,
        };
        self.running.push_back(Running {
            sent: sent.clone(),
            columns,
            rows: 0,
        });
        // Noted now, so that what all connections ask stands in the order in which it was asked.
        self.heard.lock().unwrap().sent.push(sent);
    }

    fn answered(&mut self, kind: u8, body: &[u8]) {
        let mut read = Reader(body);
        match kind {
            b't' => {
                if let Some(prepared) = self.describing() {
                    prepared.parameters = (0..read.count()).map(|_| read.u32()).collect();
                }
            }
            b'T' => {
                let columns: Vec<_> = (0..read.count()).map(|_| read.column()).collect();
                if let Some(prepared) = self.describing() {
                    prepared.columns = columns;
                    self.described.pop_front();
                }
            }
            b'n' => drop(self.described.pop_front()),
            b'D' => self.row(&mut read),
            b'C' => self.finish(),
            // A failed statement is not answered any more.
            b'E' => self.running.clear(),
            b'Z' => self.heard.lock().unwrap().round_trips += 1,
            _ => {}
        }
    }

    fn describing(&mut self) -> Option<&mut Prepared> {
        let name = self.described.front()?;
        self.prepared.get_mut(name)
    }

    fn row(&mut self, read: &mut Reader<'_>) {
        let Some(running) = self.running.front_mut() else {
            return;
        };
        running.rows += 1;
        if running.rows > 1 {
            running.sent.row = None;
            return;
        }
        let fields: Vec<_> = (0..read.count()).map(|_| read.field()).collect();
        let columns = running.columns.iter().zip(fields);
        let row = columns.map(|((name, oid), field)| (name.clone(), Value::read(*oid, field)));
        running.sent.row = Some(row.collect());
    }

    /// Completes the note that was made when it was asked.
    fn finish(&mut self) {
        let Some(Running { mut sent, .. }) = self.running.pop_front() else {
            return;
        };
        let mut heard = self.heard.lock().unwrap();
        let mut notes = heard.sent.iter_mut().rev();
        let note = notes.find(|note| {
            note.connection == sent.connection && !note.answered && note.sql == sent.sql
        });
        sent.answered = true;
        if let Some(note) = note {
            *note = sent;
        }
    }
}

/// The parts of a message, one after the other.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take(&mut self, length: usize) -> &[u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn byte(&mut self) -> u8 {
        self.take(1)[0]
    }

    fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.take(2).try_into().unwrap())
    }

    fn u32(&mut self) -> u32 {
        u32::from_be_bytes(self.take(4).try_into().unwrap())
    }

    fn count(&mut self) -> usize {
        self.u16().into()
    }

    /// A text that ends with a zero.
    fn text(&mut self) -> Vec<u8> {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap();
        let text = self.take(end).to_vec();
        self.byte();
        text
    }

    /// A value with its length before it; null has none.
    fn field(&mut self) -> Option<Vec<u8>> {
        let length = self.u32();
        (length != u32::MAX).then(|| self.take(length as usize).to_vec())
    }

    /// A column's name and type.
    fn column(&mut self) -> (String, u32) {
        let name = String::from_utf8(self.text()).unwrap();
        // Table and attribute come first; size, modifier and format behind.
        self.take(6);
        let oid = self.u32();
        self.take(8);
        (name, oid)
    }
}
