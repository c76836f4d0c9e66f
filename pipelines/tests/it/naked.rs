//! One worker, no threads, virtual time.

use crate::counter::{BAD, FATAL, REST, Said, counter, record};
use millstream_event_log::Cut;
use millstream_event_log::testing::at;
use millstream_pipelines::sink::StateRow;
use millstream_pipelines::testing::{Closed, Naked};
use serde_json::value::RawValue;
use uuid::Uuid;

fn key(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn items(closed: &Closed<Said>) -> Vec<Said> {
    closed
        .effects
        .iter()
        .map(|(_, _, item)| item.clone())
        .collect()
}

/// The rows that a sink would hold after these deltas.
fn rows(states: &[(String, String, Option<String>)]) -> Vec<StateRow> {
    let mut rows = std::collections::BTreeMap::new();
    for (operator, name, state) in states {
        rows.insert((operator.clone(), name.clone()), state.clone());
    }
    let row = |((operator, key), state): (_, Option<String>)| StateRow {
        operator,
        key,
        state: state.map(|s| RawValue::from_string(s).unwrap()),
    };
    rows.into_iter().map(row).collect()
}

#[test]
fn a_batch_is_final_with_its_cut_as_soon_as_it_is_processed() {
    let mut naked = Naked::new(&counter(), Vec::new());
    naked.records(
        vec![record(1, 7, "a"), record(2, 7, "b"), record(3, 8, "c")],
        at(3),
    );
    let closed = naked.settle();
    let expected = [
        Said::Counted(key(7), 1),
        Said::Counted(key(7), 2),
        Said::Counted(key(8), 1),
    ];
    assert_eq!(items(&closed), expected);
    assert_eq!(closed.cut, Some(Cut::at(3)));
}

#[test]
fn a_timer_fires_once_when_time_has_passed_it_and_the_state_is_gone() {
    let mut naked = Naked::new(&counter(), Vec::new());
    naked.records((1..=3).map(|n| record(n, 7, "a")).collect(), at(3));
    let armed = naked.settle();
    assert_eq!(
        armed.next_due,
        Some(u64::try_from((at(3) + REST).timestamp_micros()).ok())
    );
    naked.tick(at(62));
    assert_eq!(items(&naked.settle()), [], "a second early");
    naked.tick(at(63));
    let fired = naked.settle();
    assert_eq!(items(&fired), [Said::Rang(key(7), at(63))]);
    assert_eq!(
        fired.states.last().map(|s| s.2.clone()),
        Some(None),
        "no husk is left"
    );
    assert_eq!(fired.next_due, Some(None));
    naked.tick(at(1_000));
    assert_eq!(items(&naked.settle()), []);
}

#[test]
fn a_replay_in_one_batch_gives_what_live_gave() {
    let records: Vec<_> = [1, 2, 3, 60, 200, 201, 202]
        .map(|n| record(n, 7, "a"))
        .to_vec();
    let mut live = Naked::new(&counter(), Vec::new());
    let mut said = Vec::new();
    for (n, mut one) in records.clone().into_iter().enumerate() {
        one.seq = n as u64 + 1;
        let now = one.at;
        live.tick(now);
        live.records(vec![one], now);
        said.extend(items(&live.settle()));
    }
    live.tick(at(1_000));
    said.extend(items(&live.settle()));

    let mut replay = Naked::new(&counter(), Vec::new());
    let dense = records.into_iter().zip(1..).map(|(mut r, seq)| {
        r.seq = seq;
        r
    });
    replay.records(dense.collect(), at(202));
    let mut again = items(&replay.settle());
    replay.tick(at(1_000));
    again.extend(items(&replay.settle()));
    assert_eq!(again, said);
    assert_eq!(
        said.iter().filter(|s| matches!(s, Said::Rang(..))).count(),
        2
    );
}

#[test]
fn refused_and_panicking_records_are_dead_letters_and_change_nothing() {
    let mut naked = Naked::new(&counter(), Vec::new());
    naked.records(
        vec![
            record(1, 7, "a"),
            record(2, 7, BAD),
            record(3, 7, FATAL),
            record(4, 7, "b"),
        ],
        at(4),
    );
    let closed = naked.settle();
    assert_eq!(
        items(&closed),
        [Said::Counted(key(7), 1), Said::Counted(key(7), 2)]
    );
    let dead: Vec<_> = closed
        .dead
        .iter()
        .map(|(seq, error)| (*seq, error.as_str()))
        .collect();
    assert_eq!(dead, [(2, "a bad word"), (3, "panicked: a fatal word")]);
}

#[test]
fn what_was_remembered_is_restored_with_its_timers() {
    let mut first = Naked::new(&counter(), Vec::new());
    first.records((1..=3).map(|n| record(n, 7, "a")).collect(), at(3));
    let states = first.settle().states;
    let mut second = Naked::new(&counter(), rows(&states));
    let restored = second.settle();
    assert!(
        restored.next_due.is_some_and(|due| due.is_some()),
        "{restored:?}"
    );
    second.tick(at(500));
    assert_eq!(items(&second.settle()), [Said::Rang(key(7), at(63))]);
}

#[test]
fn overdue_timers_fire_in_the_order_in_which_they_were_due_all_of_them() {
    let mut naked = Naked::new(&counter(), Vec::new());
    let keys = 2_500;
    let records: Vec<_> = (0..keys * 3)
        .map(|n| record(n + 1, u128::from(n % keys), "a"))
        .collect();
    naked.records(records, at(0));
    naked.settle();
    naked.tick(at(100_000));
    let fired = naked.settle();
    let dues: Vec<_> = fired.effects.iter().map(|(_, at, _)| *at).collect();
    assert_eq!(dues.len(), usize::try_from(keys).unwrap());
    assert!(dues.is_sorted());
}

#[test]
fn records_that_come_again_are_dropped() {
    let mut naked = Naked::new(&counter(), Vec::new());
    naked.records(vec![record(1, 7, "a"), record(2, 7, "a")], at(2));
    naked.records(
        vec![record(1, 7, "a"), record(2, 7, "a"), record(3, 7, "a")],
        at(3),
    );
    assert_eq!(items(&naked.settle()).len(), 3);
}

#[test]
fn the_end_of_the_input_fires_no_timer_before_its_time() {
    let naked = Naked::new(&counter(), Vec::new());
    naked.records((1..=3).map(|n| record(n, 7, "a")).collect(), at(3));
    let said = items(&naked.end());
    assert_eq!(said.len(), 3, "{said:?}");
}
