//! Several processes with a Redis between them: they hear each other through it, read the log in it, and do without.

use crate::api::Session;
use crate::installation::{Installation, PATIENCE};
use crate::several::Several;
use millstream_event_log::testing::redis::OwnServer;
use millstream_store::testing::TestDatabase;
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test]
async fn settings_of_redis_that_cannot_be_meant_are_told() {
    let installation = Installation::embedded();
    let nowhere = installation.run(&["--event-log", "redis"]).await;
    nowhere.expect(2).complains("set REDIS_URL");
    let wrong = installation.run(&["--redis-url", "a secret place"]).await;
    wrong.expect(2).complains("REDIS_URL").conceals("secret");
    let cache = installation.run(&["--enable-cache", "perhaps"]).await;
    cache.expect(2).complains("--enable-cache");
}

#[tokio::test]
async fn parts_without_a_redis_say_what_that_costs() {
    let several = Several::new().await;
    let web = several.first_web().await;
    assert!(
        web.server.log().contains("REDIS_URL"),
        "{}",
        web.server.log()
    );
    let database = TestDatabase::new().await;
    let installation = Installation::on(&database);
    let alone = installation.start().await;
    assert!(!alone.log().contains("REDIS_URL"), "{}", alone.log());
}

/// What health says of Redis; ready it is in any case.
async fn redis_of(server: &crate::server::Server) -> String {
    let ready = server.api().get("/health/ready").await.expect(200).json();
    ready["parts"]["redis"].as_str().unwrap().to_owned()
}

async fn until_redis_is(wanted: &str, server: &crate::server::Server) {
    let deadline = Instant::now() + PATIENCE;
    while redis_of(server).await != wanted {
        assert!(Instant::now() < deadline, "Redis is never {wanted}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Everything that was written by then is in every view, at whichever process it is asked for.
async fn shows(who: &Session, title: &str, position: &str) {
    let activity = who.get_after("/activity", position).await.expect(200);
    assert!(activity.text().contains(title), "{title}");
    let found = format!("/search?q={}", title.to_lowercase());
    let found = who.get_after(&found, position).await.expect(200);
    assert!(found.text().contains(title), "{title}");
}

#[tokio::test]
async fn processes_that_read_the_log_in_redis_go_on_when_it_dies_and_find_it_again() {
    let mut redis = OwnServer::start();
    let several = Several::with([("REDIS_URL", redis.url()), ("EVENT_LOG", "redis".into())]).await;
    let one = several.first_web().await;
    let (pipelines, search) = (several.pipelines().await, several.search().await);
    let other = several.web_with_search(&search).await;
    assert!(!one.server.log().contains("REDIS_URL"));
    let ada = one.server.found().await;
    let team = ada.team("Millers").await;
    let project = ada.project_in(&team, "ENG").await;
    let at_other = ada.at(other.server.api());

    let written = async |title: &str| ada.task(&project, title).await.position();
    until_redis_is("ok", &one.server).await;
    shows(&at_other, "Wheel", &written("Wheel").await).await;
    redis.kill();
    // Nobody who writes or reads is refused while it is away.
    shows(&at_other, "Sack", &written("Sack").await).await;
    until_redis_is("away", &one.server).await;
    shows(&at_other, "Flour", &written("Flour").await).await;
    redis.restart();
    until_redis_is("ok", &one.server).await;
    shows(&at_other, "Bread", &written("Bread").await).await;

    for part in [pipelines, search, other, one] {
        assert_eq!(part.server.stop().await.code(), Some(0));
    }
}
