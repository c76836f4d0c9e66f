//! Redis as mirror and as carrier of signals, on a real server, also one that dies or keeps strangers out.

mod entering;
mod reading;
mod signals;

use millstream_event_log::Record;
use millstream_event_log::backends::redis::{STREAM_LEN, entry, stream};
use millstream_event_log::redis::Redis;

/// Puts records into the mirror.
pub(crate) async fn mirrored(redis: &Redis, records: &[Record]) {
    let mut adds = redis::pipe();
    for record in records {
        adds.add_command(entry::add(&stream(redis, record.topic), STREAM_LEN, record))
            .ignore();
    }
    redis.ask_all::<()>(&adds).await.unwrap();
}
