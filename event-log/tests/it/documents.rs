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
         ```json\n{envelope:#}\n```\n{KAFKA}"
    )
}

/// How a client that is none of ours reads them.
const KAFKA: &str = "
## From Kafka

With `KAFKA_BROKERS` set, every event is mirrored into Kafka, one Kafka topic for each topic below, under `KAFKA_TOPIC_PREFIX`
(`millstream.task-events`, …). A message is the event in CloudEvents' binary mode, so any client of Kafka reads it:

| part | is |
| --- | --- |
| key | the id of the thing whose order the event keeps, as text; the partition follows from it (murmur2, as with Java's clients) |
| value | the payload, JSON |
| `content-type` | `application/json` |
| `ce_id`, `ce_source`, `ce_type`, `ce_subject`, `ce_time`, `ce_specversion` | the attributes of the event |
| `ce_seq`, `ce_schemaversion`, `ce_via`, `ce_actor`, `ce_requestid` | its extensions; the last two where there is one |
| `seq` | the place in the log, the same as `ce_seq` |
| `outbox` | Millstream's own: the write that the event came from |

```sh
kcat -b localhost:9092 -C -t millstream.task-events -f '%h %k %s\\n'
```

- **Drop what you have seen.** A message may come twice, and after a loss of the mirror whole stretches are written again, older
  `seq` behind newer ones. Within a partition, skip what has a `seq` not above the highest that you have processed (or know the
  event by `ce_id`).
- **Order** holds within a partition, and so for each thing. `seq` is dense over all four topics: whoever reads all of them can
  put them into the one order of the log, and sees what is still missing.
- **Nothing is committed for you.** Millstream uses no consumer group of yours; use one, or keep offsets yourself.
- Addresses and agents of clients are not in the messages; they are for the audit alone.
- Topics are kept for ever unless you set `retention.ms` on them. Millstream itself does not mind what is gone from them.
";

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
