//! A Kafka that wants to know who comes.

use super::{PLENTY, mirrored};
use millstream_event_log::backends::kafka::security::{Login, Mechanism, Protocol, Security};
use millstream_event_log::backends::kafka::{Kafka, KafkaLog, topics};
use millstream_event_log::backends::memory::MemoryLog;
use millstream_event_log::testing::kafka::{Door, OwnBroker};
use millstream_event_log::testing::new_event;
use millstream_event_log::{Cut, Event, Log};
use std::error::Error;
use std::num::NonZeroU16;

const PASSWORD: &str = "grist-and-chaff";

fn as_miller(broker: &OwnBroker, password: &str) -> Kafka {
    let login = Login {
        mechanism: Mechanism::Plain,
        username: "miller".into(),
        password: password.into(),
    };
    Kafka {
        security: Security::by(Protocol::SaslPlaintext, None, Some(login)).unwrap(),
        ..Kafka::at(&broker.brokers(), "millstream.", NonZeroU16::MIN)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_brings_the_password_reads_the_log_in_kafka_and_nobody_else_does() {
    let broker = tokio::task::spawn_blocking(|| OwnBroker::behind(Door::Login("miller", PASSWORD)));
    let Some(broker) = broker.await.unwrap() else {
        return;
    };
    let kafka = as_miller(&broker, PASSWORD);
    topics::make_missing(&kafka).await.unwrap();
    let truth = MemoryLog::default();
    truth.append((1..=20).map(|n| new_event(n, Event::samples().swap_remove(0))));
    let written = truth.read(Cut::START, PLENTY).unwrap();
    mirrored(&kafka, &written.records).await;
    let log = KafkaLog::on(kafka, Log::Memory(truth.clone()));
    assert_eq!(log.read(Cut::START, PLENTY).await.unwrap(), written);
    assert_eq!(log.brought(), (20, 0));

    let stranger = as_miller(&broker, "other-chaff");
    let refused = topics::make_missing(&stranger).await.unwrap_err();
    let why = refused
        .source()
        .expect("the mirror is not available, because")
        .to_string();
    assert!(why.contains("KAFKA_SASL_USERNAME"), "{why}");
    assert!(!why.contains("chaff"), "{why}");
    // Its readers go on without.
    let log = KafkaLog::on(stranger, Log::Memory(truth));
    assert_eq!(log.read(Cut::START, PLENTY).await.unwrap(), written);
    assert_eq!(log.brought(), (0, 20));
}
