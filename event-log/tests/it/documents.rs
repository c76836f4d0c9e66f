//! `docs/EVENTS.md` is generated from the events and their samples; here it is made, and compared with what is on file.

use millstream_event_log::record::SOURCE;
use millstream_event_log::testing::record;
use millstream_event_log::{Event, Topic};
use std::fmt::Write;
use std::path::Path;

#[test]
fn the_document_of_events_is_what_the_code_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/EVENTS.md");
    let text = document();
    if std::env::var_os("MILLSTREAM_ACCEPT").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let stored = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        stored == text,
        "docs/EVENTS.md is stale: run `cargo xtask accept`"
    );
}

fn document() -> String {
    let mut text = head();
    for topic in Topic::ALL {
        let events: Vec<_> = Event::samples()
            .into_iter()
            .filter(|e| e.topic() == topic)
            .collect();
        write!(text, "\n## Topic `{topic}`\n").unwrap();
        if events.is_empty() {
            text.push_str("\nNothing is published here yet.\n");
        }
        let mut seen = Vec::new();
        for event in events {
            if !seen.contains(&event.kind()) {
                seen.push(event.kind());
                section(&mut text, &event);
            }
        }
    }
    text
}

fn head() -> String {
    let example = record(17, Event::samples().remove(0)).to_cloud_event();
    let mut envelope = example;
    envelope["data"] = "…".into();
    envelope.sort_all_objects();
    format!(
        "# Events\n\n\
         Generated from the code by `cargo xtask accept`; do not edit.\n\n\
         Everything that happens in Millstream is an event: a CloudEvents 1.0 event with `source` `{SOURCE}`, \
         in one dense order (`seq`), in four topics. The key is the id of the thing whose order the event keeps; \
         for anything that belongs to a task, the task's id. Payloads are versioned (`schemaversion`): a form once \
         written stays readable. Events carry user ids, and a username where a sentence needs it, never an e-mail \
         address.\n\n\
         ```json\n{envelope:#}\n```\n"
    )
}

fn section(text: &mut String, event: &Event) {
    let mut data: serde_json::Value = serde_json::from_str(event.data().get()).unwrap();
    // The same text whether or not some other crate of the build has JSON keep its order.
    data.sort_all_objects();
    write!(
        text,
        "\n### `{}`\n\nSchema version {}, subject `{}`.\n\n```json\n{data:#}\n```\n",
        event.kind(),
        event.version(),
        event.subject(),
    )
    .unwrap();
}
