//! API tokens: made, used, revoked; and when they stop.

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use millstream_domain::api_token::{Scope, Scopes, TokenName};
use millstream_domain::clock::Clock;
use millstream_domain::policy::Actor;
use millstream_domain::user::Role;
use millstream_event_log::Event;
use millstream_event_log::events::ApiTokenEvent;
use millstream_store::StoreError;
use millstream_store::api_token::{CreateApiToken, RevokeApiToken, TOKENS_MAX};
use millstream_store::session::TokenHash;
use millstream_store::testing::TestStore;
use millstream_store::testing::builders::{id_of, page};
use millstream_store::user::{UpdateUser, UserEdit};

fn create(of: &Actor, secret: &str, expires_at: Option<DateTime<Utc>>) -> CreateApiToken {
    CreateApiToken {
        user_id: id_of(of),
        name: TokenName::new(secret).unwrap(),
        scopes: Scopes::new([Scope::Read, Scope::Admin]).unwrap(),
        expires_at,
        hash: TokenHash::of(secret),
    }
}

async fn is_good(store: &TestStore, secret: &str) -> bool {
    let bearer = store.store.token_bearer(TokenHash::of(secret)).await;
    bearer.unwrap().is_some()
}

fn active(of: &Actor, active: bool) -> UpdateUser {
    UpdateUser {
        user_id: id_of(of),
        expected_version: None,
        edit: UserEdit {
            active: Some(active),
            ..UserEdit::default()
        },
    }
}

#[tokio::test]
async fn a_token_stands_for_its_person_with_their_roles_of_now() {
    let store = TestStore::new().await;
    let mut root = store.with_user("root").await;
    let team = store.with_team(&mut root, "Millers").await;
    let token = store.done(&root, create(&root, "secret", None)).await;
    let bearer = store.store.token_bearer(TokenHash::of("secret")).await;
    let bearer = bearer.unwrap().unwrap();
    assert_eq!(bearer.id, token.id);
    assert_eq!(Actor::User(bearer.person.clone()), root);
    assert!(bearer.person.teams.contains_key(&team));
    assert_eq!(bearer.scopes, token.scopes);
    let ada = store.with_user("ada").await;
    let promote = UserEdit {
        role: Some(Role::Admin),
        ..UserEdit::default()
    };
    let promote = UpdateUser {
        user_id: id_of(&ada),
        expected_version: None,
        edit: promote,
    };
    store.done(&ada, create(&ada, "of ada", None)).await;
    store.done(&root, promote).await;
    let bearer = store.store.token_bearer(TokenHash::of("of ada")).await;
    assert_eq!(bearer.unwrap().unwrap().person.role, Role::Admin);
}

#[tokio::test]
async fn a_token_ends_when_it_is_revoked_expires_or_its_person_is_deactivated() {
    let store = TestStore::new().await;
    let (root, ada) = (store.with_user("root").await, store.with_user("ada").await);
    let revoked = store.done(&ada, create(&ada, "revoked", None)).await;
    let soon = store.clock.now() + TimeDelta::hours(1);
    store.done(&ada, create(&ada, "short", Some(soon))).await;
    store.done(&ada, create(&ada, "kept", None)).await;
    assert!(is_good(&store, "revoked").await && is_good(&store, "short").await);
    let revoke = |of: &Actor| RevokeApiToken {
        user_id: id_of(of),
        id: revoked.id,
        expected_version: None,
    };
    let foreign = store.write(&root, revoke(&root)).await;
    assert!(matches!(foreign, Err(StoreError::NotFound)), "{foreign:?}");
    store.done(&ada, revoke(&ada)).await;
    let again = store.write(&ada, revoke(&ada)).await;
    assert!(matches!(again, Err(StoreError::NotFound)), "{again:?}");
    assert!(!is_good(&store, "revoked").await);
    store.clock.advance(TimeDelta::hours(1));
    assert!(!is_good(&store, "short").await);
    store.done(&root, active(&ada, false)).await;
    assert!(!is_good(&store, "kept").await);
    store.done(&root, active(&ada, true)).await;
    assert!(is_good(&store, "kept").await, "it was asleep, not revoked");
}

#[tokio::test]
async fn what_happened_is_told_without_the_secret() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let mut create = create(&ada, "secret", None);
    create.name = TokenName::new("nightly").unwrap();
    let token = store.done(&ada, create).await;
    let revoke = RevokeApiToken {
        user_id: id_of(&ada),
        id: token.id,
        expected_version: None,
    };
    store.done(&ada, revoke).await;
    let events = store.events().await;
    let told: Vec<_> = events
        .iter()
        .filter_map(|record| match record.event().unwrap() {
            Event::ApiToken(event) => Some((record.kind.to_string(), event)),
            _ => None,
        })
        .collect();
    let [
        (_, ApiTokenEvent::Created(made)),
        (_, ApiTokenEvent::Revoked(gone)),
    ] = &told[..]
    else {
        panic!("{told:?}");
    };
    assert_eq!(made, gone);
    assert_eq!((made.id, &*made.name), (token.id, "nightly"));
    let hash = TokenHash::of("secret");
    for record in &events {
        let data = record.data.get();
        assert!(
            !data.contains("secret") && !data.contains("hash"),
            "{data} {hash:?}"
        );
    }
}

#[tokio::test]
async fn of_many_tokens_made_at_once_none_is_one_too_many() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let names: Vec<String> = (0..60).map(|n| format!("token {n}")).collect();
    let made = join_all(
        names
            .iter()
            .map(|name| store.write(&ada, create(&ada, name, None))),
    )
    .await;
    let (made, refused): (Vec<_>, Vec<_>) = made.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), usize::try_from(TOKENS_MAX).unwrap());
    for refused in refused {
        assert!(
            matches!(refused, Err(StoreError::Conflict(_))),
            "{refused:?}"
        );
    }
    let first = store.store.api_tokens(id_of(&ada), &page(30, None)).await;
    let first = first.unwrap();
    let rest = page(30, first.next_cursor.clone());
    let rest = store.store.api_tokens(id_of(&ada), &rest).await.unwrap();
    assert_eq!((first.items.len(), rest.items.len()), (30, 20));
    let ids = first.items.iter().chain(&rest.items).map(|token| token.id);
    assert_eq!(ids.collect::<std::collections::BTreeSet<_>>().len(), 50);
}

#[tokio::test]
async fn the_last_use_is_written_down_once_a_minute() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let token = store.done(&ada, create(&ada, "secret", None)).await;
    assert_eq!(token.last_used_at, None);
    let last_used = async || {
        let token = store.store.api_token(id_of(&ada), token.id).await;
        token.unwrap().last_used_at
    };
    let start = store.clock.now();
    assert!(is_good(&store, "secret").await);
    assert_eq!(last_used().await, Some(start));
    store.clock.advance(TimeDelta::seconds(59));
    assert!(is_good(&store, "secret").await);
    assert_eq!(last_used().await, Some(start));
    store.clock.advance(TimeDelta::seconds(1));
    assert!(is_good(&store, "secret").await);
    assert_eq!(last_used().await, Some(start + TimeDelta::minutes(1)));
}

#[tokio::test]
async fn expired_tokens_are_listed_for_a_month() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let soon = store.clock.now() + TimeDelta::hours(1);
    store.done(&ada, create(&ada, "secret", Some(soon))).await;
    store.clock.advance(TimeDelta::days(30));
    store.store.keep_house_once().await.unwrap();
    let listed = store.store.api_tokens(id_of(&ada), &page(5, None)).await;
    assert_eq!(listed.unwrap().items.len(), 1);
    store.clock.advance(TimeDelta::hours(2));
    store.store.keep_house_once().await.unwrap();
    let listed = store.store.api_tokens(id_of(&ada), &page(5, None)).await;
    assert!(listed.unwrap().items.is_empty());
}
