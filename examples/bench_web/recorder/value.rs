//! A value as it goes over the wire in its binary form, read back as text with its type.

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    /// The name of its type.
    pub(crate) kind: &'static str,
    pub(crate) content: Content,
}

/// What it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Null,
    /// As Postgres would read it.
    Text(String),
    List(Vec<Value>),
}

/// The name of all other types; no script can hold a value of them.
pub(crate) const UNKNOWN: &str = "unknown";

/// Types that requests use: number, name, and for lists the number of what is in them.
const TYPES: [(u32, &str, u32); 25] = [
    (16, "bool", 0),
    (17, "bytea", 0),
    (20, "bigint", 0),
    (21, "smallint", 0),
    (23, "integer", 0),
    (25, "text", 0),
    (114, "json", 0),
    (701, "double precision", 0),
    (1043, "text", 0),
    (1184, "timestamptz", 0),
    (2950, "uuid", 0),
    (3802, "jsonb", 0),
    (199, "json[]", 114),
    (1000, "bool[]", 16),
    (1001, "bytea[]", 17),
    (1005, "smallint[]", 21),
    (1007, "integer[]", 23),
    (1009, "text[]", 25),
    (1015, "text[]", 25),
    (1016, "bigint[]", 20),
    (1022, "double precision[]", 701),
    (1185, "timestamptz[]", 1184),
    (2951, "uuid[]", 2950),
    (3807, "jsonb[]", 3802),
    (2278, "void", 0),
];

impl Value {
    /// Reads one.
    pub(super) fn read(oid: u32, bytes: Option<Vec<u8>>) -> Self {
        let known = TYPES.iter().find(|(known, ..)| *known == oid);
        // What asks about the database itself, at the start, uses others.
        let &(_, kind, item) = known.unwrap_or(&(0, UNKNOWN, 0));
        let content = match bytes {
            None => Content::Null,
            Some(bytes) if item == 0 => Content::Text(text(kind, &bytes)),
            Some(bytes) => Content::List(list(item, &bytes)),
        };
        Self { kind, content }
    }

    /// Its text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            Content::Null | Content::List(_) => None,
        }
    }
}

fn text(kind: &str, bytes: &[u8]) -> String {
    fn number<const N: usize>(bytes: &[u8]) -> [u8; N] {
        bytes.try_into().unwrap()
    }
    match kind {
        "bool" => (bytes[0] != 0).to_string(),
        "bytea" => format!("\\x{}", hex::encode(bytes)),
        "bigint" => i64::from_be_bytes(number(bytes)).to_string(),
        "smallint" => i16::from_be_bytes(number(bytes)).to_string(),
        "integer" => i32::from_be_bytes(number(bytes)).to_string(),
        "double precision" => f64::from_be_bytes(number(bytes)).to_string(),
        "uuid" => uuid::Uuid::from_bytes(number(bytes)).to_string(),
        // Microseconds since the year 2000.
        "timestamptz" => {
            let us = i64::from_be_bytes(number(bytes)) + 946_684_800_000_000;
            let at = chrono::DateTime::from_timestamp_micros(us).unwrap();
            at.to_rfc3339()
        }
        // Its version comes first.
        "jsonb" => String::from_utf8(bytes[1..].to_vec()).unwrap(),
        UNKNOWN => String::new(),
        _ => String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

/// One dimension: its head says how many; the items have their lengths before them.
fn list(item: u32, bytes: &[u8]) -> Vec<Value> {
    let int = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    if int(0) == 0 {
        return Vec::new();
    }
    let (count, mut at) = (int(12), 20);
    (0..count)
        .map(|_| {
            let length = int(at);
            at += 4;
            if length == u32::MAX {
                return Value::read(item, None);
            }
            let field = bytes[at..at + length as usize].to_vec();
            at += length as usize;
            Value::read(item, Some(field))
        })
        .collect()
}
