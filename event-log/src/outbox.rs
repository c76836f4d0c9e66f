//! The outbox: the only way for an event to come into being.
//!
//! [`append`] stands inside the transaction that changes state, after the statement that took the row lock on the
//! event's aggregate: the outbox id is drawn under that lock, so ids of one aggregate ascend in commit order, whatever
//! other transactions do. The other ways to order events (a cursor over ids, transaction ids, `notify`) each lose some, turn
//! some around, or halve the rate of writes; `tests/it/outbox.rs` holds what this way promises.

use crate::record::NewEvent;
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, Transaction};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Appends events in the given order and answers with the outbox id of the last: the write's position.
///
/// `None` when there was nothing to append. The events become visible to readers when the transaction commits and a
/// mover has run; poke it with [`crate::mover::Poke`] after the commit.
pub async fn append(
    tx: &mut Transaction<'_, Postgres>,
    events: &[NewEvent],
) -> Result<Option<i64>, sqlx::Error> {
    let mut last = None;
    for chunk in events.chunks(ROWS_PER_STATEMENT) {
        last = insert(tx, &Columns::of(chunk)).await?;
    }
    Ok(last)
}

/// Appends those of the events that were not appended by a call of this in the last [`SAID_DAYS`] days: what a pipeline
/// says, whose commits may come twice. Their ids must follow from what they say.
pub async fn append_once(
    tx: &mut Transaction<'_, Postgres>,
    events: Vec<NewEvent>,
) -> Result<Option<i64>, sqlx::Error> {
    let ids: Vec<Uuid> = events.iter().map(|new| new.id.0).collect();
    let fresh = sqlx::query_scalar!(
        "with forgotten as (delete from stream.said where said_at < now() - make_interval(days => $2))
         insert into stream.said (event_id) select unnest($1::uuid[]) on conflict do nothing returning event_id",
        &ids,
        SAID_DAYS,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut fresh: BTreeSet<Uuid> = fresh.into_iter().collect();
    let events: Vec<_> = events
        .into_iter()
        // Taken out, so that one that stands twice among them is appended once.
        .filter(|new| fresh.remove(&new.id.0))
        .collect();
    append(tx, &events).await
}

/// How long it is remembered that an event was said: far longer than anybody tries a commit again.
const SAID_DAYS: i32 = 30;

/// Rows of one insert: keeps the statement's arrays small while a large import still takes few round trips.
const ROWS_PER_STATEMENT: usize = 500;

/// The events, column by column, as `unnest` takes them.
#[derive(Default)]
struct Columns {
    event_id: Vec<Uuid>,
    topic: Vec<String>,
    key: Vec<Uuid>,
    kind: Vec<String>,
    subject: Vec<String>,
    at: Vec<DateTime<Utc>>,
    actor: Vec<Option<Uuid>>,
    via: Vec<String>,
    client_ip: Vec<Option<String>>,
    user_agent: Vec<Option<String>>,
    request_id: Vec<Option<String>>,
    schema_version: Vec<i16>,
    /// As text: the driver would send arrays of JSON as `jsonb`, which orders and rewrites what it is given.
    data: Vec<String>,
}

impl Columns {
    fn of(events: &[NewEvent]) -> Self {
        let mut columns = Self::default();
        for new in events {
            columns.event_id.push(new.id.0);
            columns.topic.push(new.event.topic().as_str().to_owned());
            columns.key.push(new.event.key());
            columns.kind.push(new.event.kind().to_owned());
            columns.subject.push(new.event.subject());
            columns.at.push(new.at);
            columns.actor.push(new.origin.actor.map(Uuid::from));
            columns.via.push(new.origin.via.as_str().to_owned());
            columns.client_ip.push(new.origin.client_ip.clone());
            columns.user_agent.push(new.origin.user_agent.clone());
            columns.request_id.push(new.origin.request_id.clone());
            columns
                .schema_version
                .push(i16::try_from(new.event.version()).unwrap_or(i16::MAX));
            columns
                .data
                .push(Box::<str>::from(new.event.data()).into_string());
        }
        columns
    }
}

async fn insert(tx: &mut PgConnection, c: &Columns) -> Result<Option<i64>, sqlx::Error> {
    // `with ordinality` and the `order by` keep the order: ids are drawn in the order of the rows.
    sqlx::query_scalar!(
        r#"
        with fresh as (
            insert into stream.outbox
                (event_id, topic, key, kind, subject, at, actor, via, client_ip, user_agent, request_id,
                 schema_version, data)
            select event_id, topic, key, kind, subject, at, actor, via, client_ip, user_agent, request_id,
                   schema_version, data::json
            from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[],
                        $7::uuid[], $8::text[], $9::text[], $10::text[], $11::text[], $12::smallint[],
                        $13::text[])
                 with ordinality as t (event_id, topic, key, kind, subject, at, actor, via, client_ip,
                                       user_agent, request_id, schema_version, data, place)
            order by place
            returning id
        )
        select max(id) from fresh
        "#,
        &c.event_id,
        &c.topic,
        &c.key,
        &c.kind,
        &c.subject,
        &c.at,
        &c.actor as &[Option<Uuid>],
        &c.via,
        &c.client_ip as &[Option<String>],
        &c.user_agent as &[Option<String>],
        &c.request_id as &[Option<String>],
        &c.schema_version,
        &c.data,
    )
    .fetch_one(tx)
    .await
}
