//! Kafka and Redis as settings have them: what cannot be meant is refused, what does not let us in is told, and a mirror for
//! others is written wherever Millstream itself reads the log.

use crate::installation::{Ended, Installation, ended, until};
use crate::server::Server;
use millstream_event_log::backends::redis::tops;
use millstream_event_log::redis::Redis;
use millstream_event_log::testing::redis::OwnServer;
use millstream_store::testing::TestDatabase;
use std::time::Duration;

const USAGE: i32 = 2;
/// Far more than a server on this machine takes to answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// What comes of these settings.
async fn with(settings: &[(&str, &str)]) -> Ended {
    let installation = Installation::embedded();
    let mut command = installation.command::<&str>(&[]);
    command.envs(settings.iter().copied());
    ended(command).await
}

#[tokio::test]
async fn what_this_build_cannot_do_with_kafka_is_refused_at_the_start() {
    let brokers = ("KAFKA_BROKERS", "127.0.0.1:9");
    let user = ("KAFKA_SASL_USERNAME", "miller");
    let password = ("KAFKA_SASL_PASSWORD", "grist-and-chaff");
    let plain = ("KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT");
    if !cfg!(feature = "kafka-tls") {
        let tls = with(&[brokers, ("KAFKA_SECURITY_PROTOCOL", "SSL")]).await;
        tls.expect(USAGE).complains("kafka-tls");
        let scram = ("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512");
        let scram = with(&[brokers, plain, user, password, scram]).await;
        scram.expect(USAGE).complains("kafka-tls").conceals("chaff");
    }
    let useless = with(&[brokers, user, password]).await;
    let useless = useless.expect(USAGE).complains("KAFKA_SECURITY_PROTOCOL");
    useless.conceals("chaff");
    let unknown = with(&[brokers, ("KAFKA_SECURITY_PROTOCOL", "TLS")]).await;
    unknown.expect(USAGE).complains("SASL_SSL");
    let no_file = ("KAFKA_SASL_PASSWORD_FILE", "/no/such/file");
    let no_file = with(&[brokers, plain, user, no_file]).await;
    no_file.expect(USAGE).complains("/no/such/file");
}

#[tokio::test]
async fn what_cannot_be_meant_of_redis_is_refused_at_the_start() {
    let url = ("REDIS_URL", "rediss://:grist-and-chaff@127.0.0.1:9");
    let no_file = with(&[url, ("REDIS_CA_FILE", "/no/such/file")]).await;
    let no_file = no_file.expect(USAGE).complains("/no/such/file");
    no_file.conceals("chaff");
    let installation = Installation::embedded();
    let file = installation.file("ca.pem", "chaff");
    let no_certificate = with(&[url, ("REDIS_CA_FILE", &file)]).await;
    let no_certificate = no_certificate.expect(USAGE).complains("no certificate");
    no_certificate.conceals("chaff");
    let nowhere = with(&[("REDIS_MIRROR", "true")]).await;
    nowhere.expect(USAGE).complains("set REDIS_URL");
}

#[tokio::test]
async fn a_redis_that_does_not_take_our_password_is_told_without_it_and_done_without() {
    let password = ["--requirepass", "grist-and-chaff"].map(str::to_owned);
    let redis = OwnServer::with(|_, _| password.into());
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let mut command = installation.command::<&str>(&[]);
    let url = format!("redis://:other-chaff@127.0.0.1:{}", redis.port());
    command.env("REDIS_URL", url).env("RUST_LOG", "trace");
    let server = Server::start(command).await;
    until("it says why", async || {
        server.log().contains("does not take these: REDIS_URL")
    })
    .await;
    server.found().await;
    let log = server.log();
    assert_eq!(server.stop().await.code(), Some(0));
    let told = log.lines().find(|line| line.contains("chaff"));
    assert_eq!(told, None);
}

#[tokio::test]
async fn the_log_is_mirrored_in_redis_for_others_while_pipelines_read_the_database() {
    let redis = OwnServer::start();
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let mut command = installation.command::<&str>(&[]);
    command
        .env("REDIS_URL", redis.url())
        .env("REDIS_MIRROR", "true")
        .env("REDIS_STREAM_LEN", "5000");
    let server = Server::start(command).await;
    let ada = server.found().await;
    let project = ada.project("ENG").await;
    ada.task(&project, "Wheel").await;
    let mirror = Redis::at(&redis.url(), "millstream:").unwrap();
    until("the mirror has what the log has", async || {
        let mut connection = mirror.connect(ANSWER_TIME_MAX).await.unwrap();
        let tops = tops(&mirror, &mut connection).await.unwrap();
        let newest = tops.into_values().map(|(seq, _)| seq).max();
        let written: i64 = sqlx::query_scalar("select max(seq) from stream.log")
            .fetch_one(database.pool())
            .await
            .unwrap();
        newest == Some(u64::try_from(written).unwrap())
    })
    .await;
    assert_eq!(server.stop().await.code(), Some(0));
}
