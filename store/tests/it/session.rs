//! Log-ins: rotation, reuse, grace, ends.

use chrono::TimeDelta;
use millstream_domain::ids::SessionId;
use millstream_domain::policy::Actor;
use millstream_event_log::Event;
use millstream_event_log::events::SessionEvent;
use millstream_event_log::events::session::EndReason;
use millstream_store::StoreError;
use millstream_store::session::{EndSession, RotateRefresh, Rotated, StartSession, TokenHash};
use millstream_store::testing::TestStore;
use millstream_store::testing::builders::{id_of, origin};

struct LoggedIn {
    store: TestStore,
    ada: Actor,
    session: SessionId,
}

impl LoggedIn {
    async fn with(token: &str) -> Self {
        let store = TestStore::new().await;
        let ada = store.with_user("ada").await;
        let start = StartSession {
            user_id: id_of(&ada),
            token: TokenHash::of(token),
        };
        let session = store.done(&ada, start).await;
        Self {
            store,
            ada,
            session,
        }
    }

    async fn refresh(&self, token: &str, successor: &str) -> Rotated {
        self.store.done(&self.ada, rotate(token, successor)).await
    }

    async fn is_live(&self) -> bool {
        self.store
            .store
            .person(id_of(&self.ada), self.session)
            .await
            .unwrap()
            .is_some()
    }

    fn renewed(&self) -> Rotated {
        Rotated::Renewed {
            session_id: self.session,
            user_id: id_of(&self.ada),
        }
    }

    async fn reuses_told(&self) -> usize {
        let told =
            self.store
                .events()
                .await
                .into_iter()
                .filter(|event| match event.event().unwrap() {
                    Event::Session(SessionEvent::Ended(ended)) => {
                        ended.reason == EndReason::RefreshReused
                    }
                    _ => false,
                });
        told.count()
    }
}

fn rotate(token: &str, successor: &str) -> RotateRefresh {
    RotateRefresh {
        token: TokenHash::of(token),
        successor: TokenHash::of(successor),
    }
}

#[tokio::test]
async fn a_refresh_token_is_exchanged_for_the_next() {
    let ada = LoggedIn::with("t0").await;
    assert_eq!(ada.refresh("t0", "t1").await, ada.renewed());
    assert_eq!(ada.refresh("t1", "t2").await, ada.renewed());
    assert_eq!(ada.refresh("made up", "t3").await, Rotated::Refused);
    assert!(ada.is_live().await);
}

#[tokio::test]
async fn a_token_that_comes_again_ends_the_session() {
    let ada = LoggedIn::with("t0").await;
    ada.refresh("t0", "t1").await;
    ada.store.clock.advance(TimeDelta::seconds(11));
    assert_eq!(ada.refresh("t0", "thief").await, Rotated::Reused);
    assert!(!ada.is_live().await);
    // Nobody goes on, the rightful owner included.
    assert_eq!(ada.refresh("t1", "t2").await, Rotated::Refused);
    assert_eq!(ada.refresh("thief", "t3").await, Rotated::Refused);
    assert_eq!(ada.reuses_told().await, 1);
}

#[tokio::test]
async fn one_lost_answer_costs_no_log_in() {
    let ada = LoggedIn::with("t0").await;
    ada.refresh("t0", "lost").await;
    ada.store.clock.advance(TimeDelta::seconds(10));
    assert_eq!(ada.refresh("t0", "t1").await, ada.renewed());
    assert_eq!(ada.refresh("t1", "t2").await, ada.renewed());
    assert!(ada.is_live().await);
}

#[tokio::test]
async fn the_grace_counts_from_the_first_use() {
    let ada = LoggedIn::with("t0").await;
    ada.refresh("t0", "a").await;
    ada.store.clock.advance(TimeDelta::seconds(8));
    assert_eq!(ada.refresh("t0", "b").await, ada.renewed());
    ada.store.clock.advance(TimeDelta::seconds(8));
    assert_eq!(ada.refresh("t0", "c").await, Rotated::Reused);
}

#[tokio::test]
async fn the_grace_ends_when_the_successor_was_used() {
    let ada = LoggedIn::with("t0").await;
    ada.refresh("t0", "t1").await;
    ada.refresh("t1", "t2").await;
    assert_eq!(ada.refresh("t0", "thief").await, Rotated::Reused);
    assert!(!ada.is_live().await);
}

#[tokio::test]
async fn a_branch_that_was_thought_lost_and_turns_up_ends_the_session() {
    let ada = LoggedIn::with("t0").await;
    ada.refresh("t0", "owner").await;
    // Within the grace a thief uses the same token, and gets the one live branch.
    assert_eq!(ada.refresh("t0", "thief").await, ada.renewed());
    assert_eq!(ada.refresh("owner", "owner 2").await, Rotated::Reused);
    assert_eq!(ada.refresh("thief", "thief 2").await, Rotated::Refused);
    assert!(!ada.is_live().await);
    assert_eq!(ada.reuses_told().await, 1);
}

#[tokio::test]
async fn of_many_refreshes_at_once_one_branch_lives() {
    let ada = LoggedIn::with("t0").await;
    let at_once = (0..8).map(|n| {
        let (store, origin) = (ada.store.store.clone(), origin(&ada.ada));
        tokio::spawn(async move {
            store
                .write(&origin, rotate("t0", &format!("branch {n}")))
                .await
                .unwrap()
                .output
        })
    });
    for done in futures::future::join_all(at_once).await {
        assert_eq!(done.unwrap(), ada.renewed());
    }
    let tokens: i64 =
        sqlx::query_scalar("select count(*) from app.refresh_token where used_at is null")
            .fetch_one(ada.store.database().pool())
            .await
            .unwrap();
    assert_eq!(tokens, 1);
}

#[tokio::test]
async fn a_session_that_nobody_refreshes_ends_by_itself() {
    let ada = LoggedIn::with("t0").await;
    ada.store.clock.advance(TimeDelta::days(14));
    assert!(!ada.is_live().await);
    assert_eq!(ada.refresh("t0", "t1").await, Rotated::Refused);
    assert!(
        ada.store
            .store
            .sessions(id_of(&ada.ada))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn no_session_lasts_longer_than_thirty_days() {
    let ada = LoggedIn::with("0").await;
    for day in 1..30 {
        ada.store.clock.advance(TimeDelta::days(1));
        assert_eq!(
            ada.refresh(&format!("{}", day - 1), &format!("{day}"))
                .await,
            ada.renewed(),
            "{day}"
        );
    }
    ada.store.clock.advance(TimeDelta::days(1));
    assert_eq!(ada.refresh("29", "30").await, Rotated::Refused);
}

#[tokio::test]
async fn only_its_owner_ends_a_session_and_only_once() {
    let ada = LoggedIn::with("t0").await;
    let eve = ada.store.with_user("eve").await;
    let end = |who: &Actor| EndSession {
        user_id: id_of(who),
        session_id: ada.session,
        reason: EndReason::LoggedOut,
    };
    assert!(matches!(
        ada.store.write(&eve, end(&eve)).await,
        Err(StoreError::NotFound)
    ));
    assert!(ada.is_live().await);
    ada.store.done(&ada.ada, end(&ada.ada)).await;
    assert!(!ada.is_live().await);
    assert!(matches!(
        ada.store.write(&ada.ada, end(&ada.ada)).await,
        Err(StoreError::NotFound)
    ));
    assert_eq!(ada.refresh("t0", "t1").await, Rotated::Refused);
}

/// Ending locks the session and removes its tokens; refreshing locks the session and uses one. In another order they
/// would wait for each other.
#[tokio::test]
async fn refreshing_and_ending_at_once_never_block_each_other() {
    for round in 0..10 {
        let ada = LoggedIn::with("t0").await;
        let end = EndSession {
            user_id: id_of(&ada.ada),
            session_id: ada.session,
            reason: EndReason::Revoked,
        };
        let (ended, refreshed) = tokio::join!(
            ada.store.write(&ada.ada, end),
            ada.store.write(&ada.ada, rotate("t0", "t1"))
        );
        assert!(ended.is_ok(), "{round}: {ended:?}");
        assert!(refreshed.is_ok(), "{round}: {refreshed:?}");
        assert!(!ada.is_live().await);
        assert_eq!(ada.refresh("t1", "t2").await, Rotated::Refused);
    }
}

#[tokio::test]
async fn sessions_that_have_long_been_over_are_forgotten() {
    let ada = LoggedIn::with("t0").await;
    ada.refresh("t0", "t1").await;
    ada.store.clock.advance(TimeDelta::days(40));
    let start = StartSession {
        user_id: id_of(&ada.ada),
        token: TokenHash::of("fresh"),
    };
    ada.store.done(&ada.ada, start).await;
    ada.store.clock.advance(TimeDelta::days(5));
    ada.store.store.keep_house_once().await.unwrap();
    let left: (i64, i64) = sqlx::query_as(
        "select (select count(*) from app.session), (select count(*) from app.refresh_token)",
    )
    .fetch_one(ada.store.database().pool())
    .await
    .unwrap();
    assert_eq!(left, (1, 1));
}
