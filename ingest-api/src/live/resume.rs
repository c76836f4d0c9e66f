//! What a connection missed while it was broken, read from the log.

use super::topic::{Topic, topics};
use crate::state::AppState;
use millstream_domain::ids::UserId;
use millstream_event_log::{Budget, Cut, Seq};
use std::collections::{BTreeMap, BTreeSet};

/// Most records that are read again. Who missed more asks for everything anew, which is cheaper.
const RECORDS_MAX: u64 = 5_000;
/// Most records of one read.
const BUDGET: Budget = Budget {
    records: 1_000,
    bytes: 8 * 1024 * 1024,
};

/// What was missed.
pub(super) enum Missed {
    /// Topics that changed, with their last change, and how far that was looked up.
    Some {
        topics: BTreeMap<Topic, Seq>,
        until: Seq,
    },
    /// More than is looked up.
    TooMuch,
}

/// What these topics have seen since a record.
pub(super) async fn missed(
    app: &AppState,
    person: UserId,
    wanted: &BTreeSet<Topic>,
    after: Seq,
) -> Missed {
    // The log's end, and not what the hub has told: it may be telling a record just now that was too early to be heard.
    let Ok(bounds) = app.log().bounds().await else {
        return Missed::TooMuch;
    };
    let until = bounds.tail;
    if after > until || until - after > RECORDS_MAX {
        return Missed::TooMuch;
    }
    let mut found = BTreeMap::new();
    let mut cut = Cut::at(after);
    while cut.seq < until {
        let Ok(batch) = app.log().read(cut, BUDGET).await else {
            return Missed::TooMuch;
        };
        if batch.records.is_empty() {
            break;
        }
        cut = batch.cut;
        for record in batch.records.iter().filter(|record| record.seq <= until) {
            let Ok(event) = record.event() else { continue };
            for topic in topics(&event) {
                if wanted.contains(&topic) {
                    found.insert(topic, record.seq);
                }
            }
        }
    }
    let inbox = Topic::Notifications(person);
    if wanted.contains(&inbox) {
        match app.store().told_between(&[person], after + 1, until).await {
            Ok(told) if told.is_empty() => {}
            Ok(_) => {
                found.insert(inbox, until);
            }
            Err(_) => return Missed::TooMuch,
        }
    }
    Missed::Some {
        topics: found,
        until,
    }
}
