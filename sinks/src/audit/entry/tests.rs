//! The canonical bytes: fixed for ever, and different for different entries.

use super::*;
use millstream_event_log::Event;
use millstream_event_log::testing::record;
use millstream_pipelines::dataflows::audit;
use std::collections::BTreeSet;

fn sample() -> Row {
    let text = |text: &str| Some(text.to_owned());
    Row {
        index: 1,
        form: FORM,
        seq: 2,
        at: millstream_event_log::testing::at(0),
        actor: Some(Uuid::from_u128(0x40)),
        via: "token".into(),
        action: "task.created".into(),
        entity: "task".into(),
        entity_id: Some(Uuid::from_u128(0x10)),
        entity_name: text("ENG-42"),
        ip: text("192.0.2.1"),
        user_agent: text("curl"),
        request_id: text("r1"),
        before: None,
        after: text("{}"),
        outcome: "accepted".into(),
        reason: None,
        leaf_hash: Vec::new(),
        nodes: Vec::new(),
    }
}

#[test]
fn the_bytes_of_form_1_never_change() {
    let expected = concat!(
        "01", // the form
        "0000000000000001",
        "0000000000000002",
        "0006474846204000", // index, seq, at
        "01",
        "00000010",
        "00000000000000000000000000000040", // actor
        "01",
        "00000005",
        "746f6b656e", // via
        "01",
        "0000000c",
        "7461736b2e63726561746564", // action
        "01",
        "00000004",
        "7461736b", // entity
        "01",
        "00000010",
        "00000000000000000000000000000010", // entity_id
        "01",
        "00000006",
        "454e472d3432", // entity_name
        "01",
        "00000009",
        "3139322e302e322e31", // ip
        "01",
        "00000004",
        "6375726c", // user_agent
        "01",
        "00000002",
        "7231", // request_id
        "00",   // before
        "01",
        "00000002",
        "7b7d", // after
        "01",
        "00000008",
        "6163636570746564", // outcome
        "00",               // reason
    );
    let byte = |place| u8::from_str_radix(&expected[place..place + 2], 16).unwrap();
    let expected: Vec<_> = (0..expected.len()).step_by(2).map(byte).collect();
    assert_eq!(form_1(&sample()), expected);
}

type Edit = fn(&mut Row);

/// Every column, changed alone.
fn changed() -> Vec<(&'static str, Row)> {
    let edits: [(&str, Edit); 16] = [
        ("index", |r| r.index += 1),
        ("seq", |r| r.seq += 1),
        ("at", |r| r.at += chrono::TimeDelta::microseconds(1)),
        ("actor", |r| r.actor = None),
        ("via", |r| r.via.push('x')),
        ("action", |r| r.action.push('x')),
        ("entity", |r| r.entity.push('x')),
        ("entity_id", |r| r.entity_id = None),
        ("entity_name", |r| r.entity_name = None),
        ("ip", |r| r.ip = None),
        ("user_agent", |r| r.user_agent = Some(String::new())),
        ("request_id", |r| r.request_id = None),
        ("before", |r| r.before = Some(String::new())),
        ("after", |r| r.after = None),
        ("outcome", |r| r.outcome.push('x')),
        ("reason", |r| r.reason = Some(String::new())),
    ];
    let row = |edit: Edit| {
        let mut row = sample();
        edit(&mut row);
        row
    };
    edits
        .into_iter()
        .map(|(name, edit)| (name, row(edit)))
        .collect()
}

#[test]
fn every_column_matters() {
    let mut hashes = BTreeSet::from([hash(&sample()).unwrap()]);
    for (name, row) in changed() {
        assert!(hashes.insert(hash(&row).unwrap()), "{name}");
    }
}

#[test]
fn a_difference_is_told_by_the_name_of_its_field() {
    assert_eq!(differences(&sample(), &sample()), Vec::<&str>::new());
    for (name, row) in changed() {
        let expected = if name == "index" { vec![] } else { vec![name] };
        assert_eq!(differences(&sample(), &row), expected);
    }
}

#[test]
fn text_that_moves_from_one_field_into_the_next_is_noticed() {
    let (mut a, mut b) = (sample(), sample());
    (a.ip, a.user_agent) = (Some("ab".into()), Some("c".into()));
    (b.ip, b.user_agent) = (Some("a".into()), Some("bc".into()));
    assert_ne!(hash(&a), hash(&b));
    (b.ip, b.user_agent) = (None, Some("abc".into()));
    assert_ne!(hash(&a), hash(&b));
}

#[test]
fn every_event_has_a_row_that_can_be_hashed() {
    let mut hashes = BTreeSet::new();
    for event in Event::samples() {
        let entry = audit::entry(&record(1, event)).unwrap();
        hashes.insert(hash(&row(&entry, 0)).unwrap());
    }
    assert_eq!(hashes.len(), Event::samples().len());
}

#[test]
fn a_form_that_is_not_known_has_no_hash() {
    assert_eq!(
        hash(&Row {
            form: 2,
            ..sample()
        }),
        None
    );
}
