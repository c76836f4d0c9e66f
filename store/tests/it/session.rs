//! Log-ins: rotation, reuse, grace, ends.

use chrono::TimeDelta;
use millstream_domain::ids::SessionId;
use millstream_domain::policy::Actor;
use millstream_event_log::Event;
use millstream_event_log::events::SessionEvent;
use millstream_event_log::events::session::EndReason;
use millstream_store::PageRequest;
use millstream_store::StoreError;
use millstream_store::attempt::login::LoginTry;
use millstream_store::session::{
    EndOtherSessions, EndSession, HEIRS_MAX, RotateRefresh, Rotated, StartSession, TokenHash,
};
use millstream_store::testing::TestStore;
use millstream_store::testing::builders::{id_of, origin};
use millstream_store::user::ChangePassword;

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
            password_hash: None,
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
async fn of_two_branches_the_one_that_is_used_lives_whichever_it_is() {
    for (used, other) in [("first", "second"), ("second", "first")] {
        let ada = LoggedIn::with("t0").await;
        ada.refresh("t0", "first").await;
        assert_eq!(ada.refresh("t0", "second").await, ada.renewed());
        assert_eq!(ada.refresh(used, "next").await, ada.renewed());
        // Two tabs that asked at once: the one that comes too late is refused, and costs the other nothing.
        assert_eq!(ada.refresh(other, "x").await, Rotated::Refused);
        assert_eq!(ada.refresh("next", "last").await, ada.renewed());
        assert!(ada.is_live().await);
        assert_eq!(ada.reuses_told().await, 0);
    }
}

#[tokio::test]
async fn a_branch_that_was_lost_and_turns_up_ends_the_session() {
    let ada = LoggedIn::with("t0").await;
    ada.refresh("t0", "owner").await;
    // Within the grace a thief uses the same token, and goes on with what they get before the owner does.
    assert_eq!(ada.refresh("t0", "thief").await, ada.renewed());
    assert_eq!(ada.refresh("thief", "thief 2").await, ada.renewed());
    ada.store.clock.advance(TimeDelta::seconds(11));
    assert_eq!(ada.refresh("owner", "owner 2").await, Rotated::Reused);
    assert_eq!(ada.refresh("thief 2", "thief 3").await, Rotated::Refused);
    assert!(!ada.is_live().await);
    assert_eq!(ada.reuses_told().await, 1);
}

#[tokio::test]
async fn a_token_has_a_limited_number_of_heirs() {
    let ada = LoggedIn::with("t0").await;
    for n in 0..HEIRS_MAX {
        assert_eq!(ada.refresh("t0", &format!("{n}")).await, ada.renewed());
    }
    assert_eq!(ada.refresh("t0", "too many").await, Rotated::Refused);
    assert_eq!(ada.refresh("0", "next").await, ada.renewed());
}

#[tokio::test]
async fn of_many_refreshes_at_once_one_branch_lives() {
    const AT_ONCE: usize = 20;
    let ada = LoggedIn::with("t0").await;
    let all_at_once = async |token: &str, heir: &str| {
        let (store, origin) = (&ada.store.store, origin(&ada.ada));
        let each = (0..AT_ONCE).map(|n| {
            let token = token.replace("{n}", &n.to_string());
            let heir = format!("{heir} {n}");
            let origin = origin.clone();
            async move { store.write(&origin, rotate(&token, &heir)).await }
        });
        let done = futures::future::join_all(each).await;
        done.into_iter()
            .map(|done| done.unwrap().output)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        all_at_once("t0", "branch").await,
        vec![ada.renewed(); AT_ONCE]
    );
    let next = all_at_once("branch {n}", "next").await;
    let renewed: Vec<_> = (0..AT_ONCE).filter(|n| next[*n] == ada.renewed()).collect();
    let [lives] = renewed[..] else {
        panic!("{next:?}");
    };
    let refused = next.iter().filter(|done| **done == Rotated::Refused);
    assert_eq!(refused.count(), AT_ONCE - 1);
    assert!(ada.is_live().await);
    assert_eq!(
        ada.refresh(&format!("next {lives}"), "last").await,
        ada.renewed()
    );
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
            .sessions(id_of(&ada.ada), &PageRequest::default())
            .await
            .unwrap()
            .items
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
        expected_version: None,
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

#[tokio::test]
async fn one_session_is_left_of_many_that_end_each_other() {
    let ada = LoggedIn::with("t0").await;
    let mut sessions = vec![ada.session];
    for n in 1..8 {
        let start = StartSession {
            user_id: id_of(&ada.ada),
            password_hash: None,
            token: TokenHash::of(&format!("other {n}")),
        };
        sessions.push(ada.store.done(&ada.ada, start).await);
    }
    let end = |kept_session: SessionId| EndOtherSessions {
        user_id: id_of(&ada.ada),
        kept_session,
    };
    let each = sessions
        .iter()
        .map(|session| ada.store.write(&ada.ada, end(*session)));
    let done = futures::future::join_all(each).await;
    assert_eq!(done.iter().filter(|ended| ended.is_ok()).count(), 1);
    let page = PageRequest::default();
    let left = ada.store.store.sessions(id_of(&ada.ada), &page).await;
    assert_eq!(left.unwrap().items.len(), 1);
}

#[tokio::test]
async fn a_log_in_with_a_password_that_was_just_changed_begins_nothing() {
    for _ in 0..10 {
        let store = TestStore::new().await;
        let ada = store.with_user("ada").await;
        let (user_id, page) = (id_of(&ada), PageRequest::default());
        let tried = store.store.try_password(user_id, None).await.unwrap();
        let LoginTry::Admitted(admitted) = tried else {
            panic!("{tried:?}");
        };
        let hash = admitted.account.unwrap();
        let change = ChangePassword {
            user_id,
            kept_session: None,
            old_hash: hash.password_hash.clone(),
            new_hash: "another".into(),
        };
        let start = StartSession {
            user_id,
            password_hash: Some(hash.password_hash),
            token: TokenHash::of("t0"),
        };
        // Whichever comes first: either the log-in is refused, or the change ends its session.
        let (changed, _) = tokio::join!(store.write(&ada, change), store.write(&ada, start));
        changed.unwrap();
        let left = store.store.sessions(user_id, &page).await.unwrap();
        assert!(left.items.is_empty(), "{left:?}");
    }
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
            expected_version: None,
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
        password_hash: None,
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
