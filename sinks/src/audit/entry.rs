//! The canonical bytes of an entry: what its leaf hash is made of.
//!
//! Form 1, all numbers big-endian:
//!
//! | bytes | what |
//! | --- | --- |
//! | 1 | the form: 1 |
//! | 8 | `index` |
//! | 8 | `seq` |
//! | 8 | `at`, in microseconds since 1970, signed |
//! | per field | 1 byte: 0 for null, 1 for a value; then, for a value, 4 bytes of length and the value |
//!
//! The fields, in this order: `actor` (16 bytes), `via`, `action`, `entity`, `entity_id` (16 bytes), `entity_name`, `ip`,
//! `user_agent`, `request_id`, `before`, `after`, `outcome`, `reason`; texts in UTF-8, `before` and `after` exactly as they
//! are stored. Every field says how long it is, so no two entries have the same bytes; the `index` is among them, so an
//! entry cannot change its place either.
//!
//! *Invariant:* a form, once written, never changes. A new one gets a new number and the old ones stay readable.

use crate::postgres::signed;
use millstream_pipelines::dataflows::audit::Entry;
use millstream_store::merkle::{Hash, leaf_hash};
use millstream_store::views::audit::rows::Row;
use uuid::Uuid;

/// The form in which entries are written now.
pub const FORM: i16 = 1;

/// The row of an entry, without its place in the tree.
#[must_use]
pub fn row(entry: &Entry, index: u64) -> Row {
    Row {
        index: signed(index),
        form: FORM,
        seq: signed(entry.seq),
        at: entry.at,
        actor: entry.actor.map(Uuid::from),
        via: entry.via.as_str().to_owned(),
        action: entry.action.clone(),
        entity: entry.entity.clone(),
        entity_id: entry.entity_id,
        entity_name: entry.entity_name.clone(),
        ip: entry.ip.clone(),
        user_agent: entry.user_agent.clone(),
        request_id: entry.request_id.clone(),
        before: entry.before.clone(),
        after: entry.after.clone(),
        outcome: entry.outcome.as_str().to_owned(),
        reason: entry.reason.clone(),
        leaf_hash: Vec::new(),
        nodes: Vec::new(),
    }
}

/// The leaf hash of what stands in a row's columns; `None` when the row says that it was written in a form that this
/// program does not know.
#[must_use]
pub fn hash(row: &Row) -> Option<Hash> {
    (row.form == FORM).then(|| leaf_hash(&form_1(row)))
}

fn form_1(row: &Row) -> Vec<u8> {
    let texts = [&row.before, &row.after]
        .into_iter()
        .flatten()
        .map(String::len)
        .sum::<usize>();
    let mut bytes = Vec::with_capacity(texts + 512);
    bytes.push(1);
    bytes.extend(row.index.to_be_bytes());
    bytes.extend(row.seq.to_be_bytes());
    bytes.extend(row.at.timestamp_micros().to_be_bytes());
    let id = |id: &Option<Uuid>| id.map(|id| id.as_bytes().to_vec());
    field(&mut bytes, id(&row.actor).as_deref());
    field(&mut bytes, Some(row.via.as_bytes()));
    field(&mut bytes, Some(row.action.as_bytes()));
    field(&mut bytes, Some(row.entity.as_bytes()));
    field(&mut bytes, id(&row.entity_id).as_deref());
    for text in [
        &row.entity_name,
        &row.ip,
        &row.user_agent,
        &row.request_id,
        &row.before,
        &row.after,
    ] {
        field(&mut bytes, text.as_deref().map(str::as_bytes));
    }
    field(&mut bytes, Some(row.outcome.as_bytes()));
    field(&mut bytes, row.reason.as_deref().map(str::as_bytes));
    bytes
}

fn field(bytes: &mut Vec<u8>, value: Option<&[u8]>) {
    let Some(value) = value else {
        bytes.push(0);
        return;
    };
    let length = u32::try_from(value.len()).expect("Postgres keeps no value of 4 GiB");
    bytes.push(1);
    bytes.extend(length.to_be_bytes());
    bytes.extend(value);
}

/// The columns in which two rows of the same record differ, in the words of the API; their places aside.
#[must_use]
pub fn differences(a: &Row, b: &Row) -> Vec<&'static str> {
    let columns = [
        ("seq", a.seq != b.seq),
        ("at", a.at != b.at),
        ("actor", a.actor != b.actor),
        ("via", a.via != b.via),
        ("action", a.action != b.action),
        ("entity", a.entity != b.entity),
        ("entity_id", a.entity_id != b.entity_id),
        ("entity_name", a.entity_name != b.entity_name),
        ("ip", a.ip != b.ip),
        ("user_agent", a.user_agent != b.user_agent),
        ("request_id", a.request_id != b.request_id),
        ("before", a.before != b.before),
        ("after", a.after != b.after),
        ("outcome", a.outcome != b.outcome),
        ("reason", a.reason != b.reason),
    ];
    columns
        .into_iter()
        .filter(|(_, differs)| *differs)
        .map(|(name, _)| name)
        .collect()
}

#[cfg(test)]
mod tests;
