//! A pipeline as pages show it.

use crate::pages::texts::ENGLISH;
use millstream_store::pipeline::view;

/// The colour of its dot: `good`, `bad`, or none for a node's own that has stopped while other nodes keep theirs. `all` are the
/// names and states of all of them.
pub(crate) fn mood<'a>(
    name: &str,
    state: &str,
    mut all: impl Iterator<Item = (&'a str, &'a str)>,
) -> &'static str {
    let is_kept = |(other, state): (&str, &str)| view(other) == view(name) && state != "stopped";
    match state {
        "running" => "good",
        "stopped" if all.any(is_kept) => "",
        _ => "bad",
    }
}

/// How far it is, in words.
pub(crate) fn lag(records: i64, ms: i64) -> String {
    let t = &ENGLISH;
    let behind = match records {
        0 => return t.up_to_date.to_owned(),
        1 => t.one_record_behind.to_owned(),
        records => t.records_behind.replace("{}", &records.to_string()),
    };
    format!("{behind}, {}", age(ms))
}

fn age(ms: i64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{} s", ms / 1_000),
        120_000..7_200_000 => format!("{} min", ms / 60_000),
        _ => format!("{} h", ms / 3_600_000),
    }
}

#[cfg(test)]
mod tests {
    use super::mood;

    #[test]
    fn a_view_that_has_stopped_is_bad_when_nobody_else_keeps_it() {
        let all = [
            ("search@gone", "stopped"),
            ("search@here", "stalled"),
            ("timers", "stopped"),
        ];
        let of = |n: usize| mood(all[n].0, all[n].1, all.into_iter());
        assert_eq!([of(0), of(1), of(2)], ["", "bad", "bad"]);
        assert_eq!(mood("audit", "running", all.into_iter()), "good");
    }
}
