//! A Redis that wants to know who comes, or that is spoken to over TLS.

use millstream_event_log::redis::{Redis, RedisError};
use millstream_event_log::testing::redis::{OwnServer, connected, prefix};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

/// More than any machine takes until a server listens.
const PATIENCE: Duration = Duration::from_mins(1);
/// Far more than a server on this machine takes to answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

const PASSWORD: &str = "grist/and@chaff";
/// The same in a URL.
const ESCAPED: &str = "grist%2Fand%40chaff";

/// An authority that signs certificates.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server that speaks TLS alone, with a certificate for this host, and wants a password.
fn with_tls(authority: &CertifiedIssuer<'static, KeyPair>, host: &str) -> OwnServer {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([host.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    OwnServer::with(|port, folder| {
        let file = |name: &str, content: String| {
            let file = folder.join(name);
            std::fs::write(&file, content).unwrap();
            text(&file)
        };
        [
            ["--port", "0"].map(str::to_owned),
            ["--tls-port".into(), port.to_string()],
            ["--tls-auth-clients", "no"].map(str::to_owned),
            ["--tls-ca-cert-file".into(), file("ca.pem", authority.pem())],
            [
                "--tls-cert-file".into(),
                file("cert.pem", certificate.pem()),
            ],
            [
                "--tls-key-file".into(),
                file("key.pem", key.serialize_pem()),
            ],
            ["--requirepass", PASSWORD].map(str::to_owned),
        ]
        .concat()
    })
}

fn text(file: &Path) -> String {
    file.to_str().unwrap().to_owned()
}

/// Why this server lets us not in. It may not listen yet.
async fn refusal(redis: &Redis) -> RedisError {
    let until = Instant::now() + PATIENCE;
    loop {
        let refused = redis.connect(ANSWER_TIME_MAX).await;
        let refused = refused.expect_err("it does not let us in");
        let is_final = !matches!(refused, RedisError::Failed(_));
        if is_final || Instant::now() > until {
            return refused;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// All that is told of an error.
fn told(error: &RedisError) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        told = format!("{told}: {error}");
        source = error.source();
    }
    assert!(!told.contains("chaff"), "{told}");
    told
}

#[tokio::test]
async fn redis_is_spoken_to_over_tls_with_a_password_and_found_again() {
    let authority = authority();
    let mut server = with_tls(&authority, "127.0.0.1");
    let url = format!("rediss://:{ESCAPED}@127.0.0.1:{}", server.port());
    let redis = Redis::signed_by(authority.pem().as_bytes(), &url, &prefix()).unwrap();
    let (redis, _connected) = connected(redis).await;
    let mut set = redis::cmd("SET");
    set.arg(redis.name("a")).arg("ground");
    redis.ask::<()>(&set).await.unwrap();
    let mut get = redis::cmd("GET");
    let got: String = redis.ask(get.arg(redis.name("a"))).await.unwrap();
    assert_eq!(got, "ground");
    // What listens has a connection of its own.
    redis.listen("a channel").await.unwrap();
    server.kill();
    redis.left().await;
    server.restart();
    redis.arrived().await;
}

#[tokio::test]
async fn a_server_whose_certificate_nobody_vouches_for_is_told_with_what_to_do() {
    let (ours, another) = (authority(), authority());
    let server = with_tls(&ours, "127.0.0.1");
    let url = format!("rediss://:{ESCAPED}@127.0.0.1:{}", server.port());
    let by_the_system = Redis::at(&url, &prefix()).unwrap();
    let by_another = Redis::signed_by(another.pem().as_bytes(), &url, &prefix()).unwrap();
    for redis in [by_the_system, by_another] {
        let refused = refusal(&redis).await;
        assert!(matches!(refused, RedisError::Untrusted(_)), "{refused:?}");
        let told = told(&refused);
        assert!(told.contains("REDIS_CA_FILE"), "{told}");
        assert!(told.contains("invalid peer certificate"), "{told}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_host_is_not_taken() {
    let authority = authority();
    let server = with_tls(&authority, "redis.example.org");
    let url = format!("rediss://:{ESCAPED}@127.0.0.1:{}", server.port());
    let redis = Redis::signed_by(authority.pem().as_bytes(), &url, &prefix()).unwrap();
    let refused = refusal(&redis).await;
    assert!(matches!(refused, RedisError::Untrusted(_)), "{refused:?}");
    let told = told(&refused);
    assert!(told.contains("not valid for name"), "{told}");
}

#[tokio::test]
async fn a_wrong_password_or_none_is_told_with_what_to_do_and_without_it() {
    let password = ["--requirepass", PASSWORD];
    let user = "--user miller on >flour-and-chaff ~* &* +@all".split(' ');
    let words = password.into_iter().chain(user).map(str::to_owned);
    let server = OwnServer::with(|_, _| words.collect());
    let at = |who: &str| {
        let url = format!("redis://{who}127.0.0.1:{}", server.port());
        Redis::at(&url, &prefix()).unwrap()
    };
    for who in [
        "",
        ":other-chaff@",
        "miller:other-chaff@",
        "nobody:flour-and-chaff@",
    ] {
        let refused = refusal(&at(who)).await;
        assert!(matches!(refused, RedisError::NotLetIn(_)), "{refused:?}");
        let told = told(&refused);
        assert!(told.contains("REDIS_URL"), "{told}");
    }
    for who in [&*format!(":{ESCAPED}@"), "miller:flour-and-chaff@"] {
        at(who).connect(ANSWER_TIME_MAX).await.unwrap();
    }
}
