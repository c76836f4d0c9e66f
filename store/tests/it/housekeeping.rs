//! Housekeeping goes on whatever fails, and what is wrong with us is told from what passes.

use chrono::TimeDelta;
use millstream_store::StoreError;
use millstream_store::session::TokenHash;
use millstream_store::testing::TestStore;
use millstream_store::testing::builders::id_of;
use sqlx::PgPool;

async fn run(pool: &PgPool, sql: &'static str) {
    sqlx::query(sql).execute(pool).await.unwrap();
}

#[tokio::test]
async fn a_step_that_fails_keeps_none_behind_it() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let mail = store.store.ids().next().into();
    let made = store
        .store
        .new_reset_token(mail, id_of(&ada), "ada@example.org");
    let token = made.await.unwrap().unwrap();
    // The first step, of refusals, and the sessions are broken; links for a new password come later.
    let pool = store.database().pool();
    run(pool, "alter table app.session rename to away").await;
    store.clock.advance(TimeDelta::hours(1));
    let failed = store.store.keep_house_once().await.unwrap_err();
    assert!(matches!(failed, StoreError::Internal(_)), "{failed:?}");
    let left: i64 = sqlx::query_scalar("select count(*) from app.password_reset")
        .fetch_one(pool)
        .await
        .unwrap();
    assert_eq!(left, 0);
    let of = store.store.reset_of(TokenHash::of(&token.secret)).await;
    assert_eq!(of.unwrap(), None);
}

#[tokio::test]
async fn what_passes_is_told_from_what_is_wrong_with_us() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let pool = store.database().pool();
    let mut holding = pool.begin().await.unwrap();
    sqlx::query("lock table app.user")
        .execute(&mut *holding)
        .await
        .unwrap();
    for (limit, state) in [("lock_timeout", "55P03"), ("statement_timeout", "57014")] {
        let mut db = pool.acquire().await.unwrap();
        let set = sqlx::AssertSqlSafe(format!("set {limit} = 1"));
        sqlx::query(set).execute(&mut *db).await.unwrap();
        let late = sqlx::query("select from app.user")
            .execute(&mut *db)
            .await
            .unwrap_err();
        assert_eq!(late.as_database_error().unwrap().code().unwrap(), state);
        assert!(matches!(StoreError::from(late), StoreError::Unavailable(_)));
        db.close().await.unwrap();
    }
    drop(holding);
    run(pool, "alter table app.user rename column time_zone to zone").await;
    let broken = store.store.user(id_of(&ada)).await.unwrap_err();
    assert!(matches!(broken, StoreError::Internal(_)), "{broken:?}");
    pool.close().await;
    let away = store.store.user(id_of(&ada)).await.unwrap_err();
    assert!(matches!(away, StoreError::Unavailable(_)), "{away:?}");
}
