//! The whole flow, end to end: people work at several doors at once while processes and brokers die, and in the end every view
//! has everything that was acknowledged, once: search, activity, notifications, audit, reports, SQL, mails and mirrors.
//!
//! One suite, [`check`], for every way in which Millstream runs. To add a way: a test below. To add something that people do:
//! `desk.rs` and `work.rs`. To add a view: `views.rs`.

mod counted;
mod desk;
mod house;
mod ledger;
mod mails;
mod mirrors;
mod office;
mod views;
mod words;
mod work;

use crate::installation::until;
use house::{House, Settings};
use ledger::{Ledger, Who};
use millstream_event_log::redis::Redis;
use millstream_event_log::testing::kafka::{OwnBroker, TestKafka};
use millstream_event_log::testing::redis::{self as redis_of_tests, OwnServer};
use mirrors::{Mirror, Repeats};
use office::Office;
use serde_json::json;
use views::Seen;

/// How many acts are acknowledged before something happens to a house, while it is so, and behind it.
const ACTS: usize = 40;

/// People work in a house while something happens to it; then everything is looked at, and all is stopped.
async fn check(
    mut house: House,
    mirror: Option<(Mirror, Repeats)>,
    happens: impl AsyncFnOnce(&mut House, &Office),
) {
    let mut ledger = Ledger::default();
    let doors = house.doors();
    let ada = house.first().found().await;
    let office = Office::open(ada, &doors, &mut ledger).await;
    let happening = async {
        office.work_on(ACTS).await;
        happens(&mut house, &office).await;
        office.work_on(ACTS).await;
        office.close();
    };
    let (done, ()) = tokio::join!(work::work(&office), Box::pin(happening));
    ledger.take_in(done);

    let (position, last) = last_act(&house, &office, &mut ledger).await;
    let seen = Seen {
        office: &office,
        ledger: &ledger,
        position,
        last,
    };
    seen.check().await;
    mails::check(&house, &office.keys, &ledger).await;
    if let Some((mirror, repeats)) = mirror {
        mirror.check(&house, last, repeats).await;
    }
    house.stop().await;
}

/// Something is done behind everything else, also behind what happens by itself: its position, and its place in the log.
async fn last_act(house: &House, office: &Office, ledger: &mut Ledger) -> (String, u64) {
    let ada = office.session(Who::Ada, 0);
    let overdue = ledger.happened.beginning("task.overdue ");
    let all_said = async || ada.all("/audit?action=task.overdue").await.len() >= overdue;
    until("it is said that tasks are overdue", all_said).await;
    let last = ada.post("/teams", &json!({"name": "The last act"})).await;
    ledger.note("team.created", Some(Who::Ada), "The last act");
    ledger.note("member.added", Some(Who::Ada), "ada");
    let position = last.expect(201).position();
    ada.get_after("/audit", &position).await.expect(200);
    let seq = "select max(seq) from stream.log where kind = 'member.added'";
    let seq: i64 = sqlx::query_scalar(seq)
        .fetch_one(house.database().pool())
        .await
        .unwrap();
    (position, seq.try_into().unwrap())
}

/// Nothing happens to it.
async fn in_peace(_: &mut House, _: &Office) {}

/// Topics that nobody else has.
fn in_kafka(kafka: &TestKafka) -> (Settings, Mirror) {
    let kafka = kafka.kafka.clone();
    let settings = [
        ("EVENT_LOG", "kafka".to_owned()),
        ("KAFKA_BROKERS", kafka.brokers.clone()),
        ("KAFKA_TOPIC_PREFIX", kafka.prefix.clone()),
        ("KAFKA_PARTITIONS", kafka.partitions.to_string()),
    ];
    (settings.into(), Mirror::Kafka(kafka))
}

/// A part of the Redis that tests share, which nobody else has.
fn with_redis() -> (Settings, Redis) {
    let (url, prefix) = (redis_of_tests::url(), redis_of_tests::prefix());
    let redis = Redis::at(&url, &prefix).unwrap();
    let settings = [("REDIS_URL", url), ("REDIS_PREFIX", prefix)];
    (settings.into(), redis)
}

#[tokio::test]
async fn one_process_on_the_log_in_postgres_shows_everything_once() {
    let settings = vec![("EVENT_LOG", "postgres".to_owned())];
    check(House::one(settings).await, None, in_peace).await;
}

#[tokio::test]
async fn one_process_on_the_log_in_kafka_shows_everything_once() {
    for partitions in [1, 4] {
        let topics = TestKafka::new(partitions);
        let (settings, mirror) = in_kafka(&topics);
        let house = House::one(settings).await;
        let is_read = async |house: &mut House, _: &Office| house.reads_in("kafka").await;
        check(house, Some((mirror, Repeats::None)), is_read).await;
    }
}

#[tokio::test]
async fn one_process_on_the_log_in_redis_shows_everything_once() {
    let (mut settings, redis) = with_redis();
    settings.push(("EVENT_LOG", "redis".to_owned()));
    let house = House::one(settings).await;
    let is_read = async |house: &mut House, _: &Office| house.reads_in("redis").await;
    check(house, Some((Mirror::Redis(redis), Repeats::None)), is_read).await;
}

/// Kafka for the log, Redis for signals.
#[tokio::test]
async fn six_processes_on_the_log_in_kafka_show_everything_once_though_one_of_them_is_killed() {
    let topics = TestKafka::new(4);
    let (mut settings, mirror) = in_kafka(&topics);
    settings.extend(with_redis().0);
    let house = House::six(settings).await;
    let killed = async |house: &mut House, _: &Office| {
        house.reads_in("kafka").await;
        house.kill_pipelines().await;
    };
    check(house, Some((mirror, Repeats::Some)), killed).await;
}

#[tokio::test]
async fn six_processes_on_the_log_in_redis_show_everything_once_though_it_is_killed_and_empty_then()
{
    let mut server = OwnServer::start();
    let settings = vec![
        ("EVENT_LOG", "redis".to_owned()),
        ("REDIS_URL", server.url()),
    ];
    let redis = Redis::at(&server.url(), "millstream:").unwrap();
    let house = House::six(settings).await;
    let killed = async |house: &mut House, office: &Office| {
        house.reads_in("redis").await;
        house.tells("redis", "ok").await;
        server.kill();
        house.tells("redis", "away").await;
        // Nobody who writes is refused, or has to wait for it.
        office.work_on(ACTS).await;
        server.restart();
        house.tells("redis", "ok").await;
    };
    check(house, Some((Mirror::Redis(redis), Repeats::Some)), killed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn six_processes_on_the_log_in_kafka_show_everything_once_though_its_broker_is_killed_and_wiped()
 {
    let Some(mut broker) = OwnBroker::start() else {
        return;
    };
    let brokers = broker.brokers();
    let mirror = Mirror::kafka(&brokers, "millstream.", 4);
    let mut settings = vec![
        ("EVENT_LOG", "kafka".to_owned()),
        ("KAFKA_BROKERS", brokers),
    ];
    settings.extend(with_redis().0);
    let house = House::six(settings).await;
    let mut again = None;
    let killed = async |house: &mut House, office: &Office| {
        house.reads_in("kafka").await;
        broker.kill();
        office.work_on(ACTS).await;
        // Starting takes seconds, in which everybody goes on.
        let afresh = move || {
            broker.wipe();
            broker.restart();
            broker
        };
        again = Some(tokio::task::spawn_blocking(afresh).await.unwrap());
    };
    check(house, Some((mirror, Repeats::Some)), killed).await;
    drop(again);
}
