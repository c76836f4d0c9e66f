//! Every wire form ever written is read back, and the forms that are written now are on file.

use super::*;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn test_data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("test-data")
}

fn wire<P: Payload>() -> Vec<Value> {
    let forms = P::samples().into_iter().map(|event| {
        let data: Value = serde_json::from_str(event.data().get()).expect("own JSON");
        json!({"type": event.kind(), "key": event.key(), "subject": event.subject(), "data": data})
    });
    forms.collect()
}

pub(super) fn check_wire_forms<P: Payload>() {
    let folder = test_data().join(P::NOUN);
    let current = folder.join(format!("v{}.json", P::VERSION));
    let forms = wire::<P>();
    let mut all = json!(forms);
    // The same text whether or not some other crate of the build has JSON keep its order.
    all.sort_all_objects();
    let text = format!("{all:#}\n");
    if std::env::var_os("MILLSTREAM_ACCEPT").is_some() && only_adds_to(&current, &forms) {
        std::fs::create_dir_all(&folder).expect("a folder for the golden file");
        std::fs::write(&current, &text).expect("the golden file");
    }
    let stored = std::fs::read_to_string(&current)
        .unwrap_or_else(|e| panic!("{}: {e}; `cargo xtask accept` makes it", current.display()));
    assert_eq!(
        stored,
        text,
        "the forms of `{}` events changed. If one was added, `cargo xtask accept` adds it. A stored form never changes: \
         raise VERSION and keep reading the old one (while it has never been released, delete {} and run \
         `cargo xtask accept`)",
        P::NOUN,
        current.display()
    );
    for version in 1..=P::VERSION {
        for form in stored_forms(&folder.join(format!("v{version}.json"))) {
            let kind = form["type"].as_str().expect("a type");
            let read = P::decode(kind, version, &form["data"].to_string())
                .expect("a known type")
                .expect("readable");
            assert_eq!(read.key().to_string(), form["key"]);
            assert_eq!(read.subject(), form["subject"]);
        }
    }
}

/// Whether every form on file is still written as it stands there.
fn only_adds_to(file: &Path, forms: &[Value]) -> bool {
    !file.exists() || stored_forms(file).iter().all(|form| forms.contains(form))
}

fn stored_forms(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).expect("every version on file");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn every_wire_form_ever_written_is_read_back() {
    Event::check_wire_forms();
}

#[test]
fn no_golden_file_belongs_to_nothing() {
    for entry in std::fs::read_dir(test_data()).expect("the folder") {
        let name = entry.expect("an entry").file_name();
        let known = name
            .to_str()
            .is_some_and(|name| Event::NOUNS.contains(&name));
        assert!(
            known,
            "test-data/{} belongs to no noun: delete it",
            name.display()
        );
    }
}

#[test]
fn an_event_is_read_back_from_its_payload() {
    for event in Event::samples() {
        let read = Event::decode(event.kind(), event.version(), event.data().get());
        assert_eq!(read.expect("readable"), event);
    }
}

#[test]
fn a_newer_version_and_an_unknown_type_are_told_apart() {
    let data = Event::samples()[0].data();
    assert!(matches!(
        Event::decode("task.created", 99, data.get()),
        Err(DecodeError::UnknownVersion { .. })
    ));
    assert!(matches!(
        Event::decode("task.sung", 1, data.get()),
        Err(DecodeError::UnknownType(_))
    ));
    assert!(matches!(
        Event::decode("task.created", 1, "{}"),
        Err(DecodeError::Payload { .. })
    ));
}

#[test]
fn no_event_has_a_field_for_an_address_or_a_secret() {
    for event in Event::samples() {
        let text = event.data().get().to_owned();
        for word in ["\"email\"", "password\"", "secret", "token\""] {
            assert!(!text.contains(word), "{} carries {word}", event.kind());
        }
    }
}
