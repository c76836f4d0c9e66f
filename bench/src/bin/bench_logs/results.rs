//! What was measured, in events a second, round by round.

use millstream_bench::numbers::{median, spread};
use std::collections::BTreeMap;

/// The rates of one measurement.
#[derive(Debug, Default)]
struct Rates {
    ours: Vec<f64>,
    peer: Vec<f64>,
    limit: Vec<f64>,
    /// Records that a mirror did not bring in time, and Postgres did, in all rounds.
    filled: u64,
}

/// All measurements, by name.
#[derive(Debug)]
pub(crate) struct Results {
    events: u64,
    rates: BTreeMap<String, Rates>,
}

impl Results {
    /// Of so many events each.
    pub(crate) fn of(events: u64) -> Self {
        Self {
            events,
            rates: BTreeMap::new(),
        }
    }

    /// One round: the seconds that ours took, the bare client, and what cannot be beaten, where there is such a thing.
    pub(crate) fn put(&mut self, name: &str, ours: f64, peer: f64, limit: Option<f64>) {
        let rates = self.rates.entry(name.to_owned()).or_default();
        rates.ours.push(rate(self.events, ours));
        rates.peer.push(rate(self.events, peer));
        rates
            .limit
            .extend(limit.map(|limit| rate(self.events, limit)));
    }

    /// So many records of this round came from Postgres, and not from the mirror.
    pub(crate) fn filled(&mut self, name: &str, records: u64) {
        self.rates.entry(name.to_owned()).or_default().filled += records;
    }

    /// Prints them.
    pub(crate) fn print(&self) {
        for (name, rates) in &self.rates {
            let ratios = rates.ours.iter().zip(&rates.peer);
            let ratios: Vec<_> = ratios.map(|(ours, peer)| ours / peer).collect();
            let limit = match rates.limit.as_slice() {
                [] => "-".to_owned(),
                limits => format!("{:.0}/s", median(limits.to_vec())),
            };
            println!(
                "{name:<18} ratio={} ours={:.0}/s peer={:.0}/s limit={limit} rounds={} from Postgres={}",
                spread(&ratios),
                median(rates.ours.clone()),
                median(rates.peer.clone()),
                ratios.len(),
                rates.filled,
            );
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "rates are printed without decimals"
)]
fn rate(events: u64, seconds: f64) -> f64 {
    events as f64 / seconds
}
