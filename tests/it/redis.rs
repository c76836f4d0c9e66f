//! Settings of Redis. What several processes do with one, and while it is away, is tried in `whole.rs`.

use crate::installation::Installation;
use crate::several::Several;
use millstream_store::testing::TestDatabase;

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
