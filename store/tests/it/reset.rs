//! A forgotten password: asked for, mailed, set once.

use chrono::TimeDelta;
use millstream_domain::api_token::{Scope, Scopes, TokenName};
use millstream_domain::ids::MailId;
use millstream_domain::policy::Actor;
use millstream_event_log::{Origin, Via};
use millstream_store::api_token::CreateApiToken;
use millstream_store::attempt::login::LoginTry;
use millstream_store::mail::MailContent;
use millstream_store::session::{StartSession, TokenHash};
use millstream_store::testing::TestStore;
use millstream_store::testing::builders::{id_of, page};
use millstream_store::user::reset::{AskReset, Asked, LINK_GOOD_FOR, ResetPassword};
use millstream_store::user::{ChangePassword, UpdateUser, UserEdit};
use millstream_store::{StoreError, Written};
use uuid::Uuid;

fn from(address: &str) -> Origin {
    Origin {
        via: Via::Token,
        client_ip: Some(address.into()),
        ..Origin::default()
    }
}

async fn ask(store: &TestStore, email: &str, address: &str) -> Asked {
    let ask = AskReset {
        email: email.parse().unwrap(),
    };
    store.store.write(&from(address), ask).await.unwrap().output
}

/// The accounts that mails with a link are on their way to.
async fn mailed(store: &TestStore) -> Vec<(String, MailContent)> {
    let mails = store.store.claim_mails("test", 100).await.unwrap();
    let mails = mails
        .iter()
        .map(|mail| (mail.to.clone(), mail.content().unwrap()));
    mails.collect()
}

/// The secret of a link in a new mail.
async fn link(store: &TestStore, of: &Actor, email: &str) -> Option<String> {
    let mail = MailId(store.store.ids().next());
    link_in(store, mail, of, email).await
}

/// The secret of a link in one try of a mail.
async fn link_in(store: &TestStore, mail: MailId, of: &Actor, email: &str) -> Option<String> {
    let made = store.store.new_reset_token(mail, id_of(of), email).await;
    made.unwrap().map(|token| token.secret)
}

fn reset(secret: &str) -> ResetPassword {
    ResetPassword {
        token: TokenHash::of(secret),
        new_hash: format!("hash set by {secret}"),
        revoke_api_tokens: false,
    }
}

async fn redeem(store: &TestStore, secret: &str) -> Result<(), StoreError> {
    let written: Written<_> = store
        .store
        .write(&from("203.0.113.9"), reset(secret))
        .await?;
    assert!(written.position.is_some());
    Ok(())
}

#[track_caller]
fn is_void(result: &Result<(), StoreError>) {
    let Err(StoreError::Fields(fields)) = result else {
        panic!("{result:?}");
    };
    assert_eq!(fields[0].field, "token");
}

async fn hash_of(store: &TestStore, who: &Actor) -> String {
    let tried = store.store.try_password(id_of(who), None).await.unwrap();
    let LoginTry::Admitted(admitted) = tried else {
        panic!("{tried:?}");
    };
    admitted.account.unwrap().password_hash
}

#[tokio::test]
async fn a_mail_is_on_its_way_to_those_who_have_an_account_and_nobody_learns_to_whom() {
    let store = TestStore::new().await;
    let (root, ada) = (store.with_user("root").await, store.with_user("ada").await);
    let gone = UpdateUser {
        user_id: id_of(&ada),
        expected_version: None,
        edit: UserEdit {
            active: Some(false),
            ..UserEdit::default()
        },
    };
    store.done(&root, gone).await;
    for email in ["root@example.org", "ada@example.org", "nobody@example.org"] {
        assert_eq!(
            ask(&store, email, "192.0.2.1").await,
            Asked::Heard,
            "{email}"
        );
    }
    let user_id = id_of(&root);
    let expected = (
        "root@example.org".to_owned(),
        MailContent::PasswordReset { user_id },
    );
    assert_eq!(mailed(&store).await, [expected]);
    let kinds = store.kinds().await;
    assert_eq!(
        kinds[kinds.len() - 3..],
        [
            "user.password_reset_asked",
            "access.refused",
            "access.refused"
        ]
    );
}

#[tokio::test]
async fn three_mails_an_hour_are_sent_to_an_account_and_twenty_requests_heard_from_an_address() {
    let store = TestStore::new().await;
    store.with_user("ada").await;
    let asks = (0..9).map(|n| {
        let address = format!("192.0.2.{n}");
        let store = &store;
        async move { ask(store, "ada@example.org", &address).await }
    });
    let heard = futures::future::join_all(asks).await;
    assert!(heard.iter().all(|asked| *asked == Asked::Heard));
    let sent = async || {
        let kinds = store.kinds().await;
        let asked = kinds
            .iter()
            .filter(|kind| *kind == "user.password_reset_asked");
        asked.count()
    };
    assert_eq!((sent().await, mailed(&store).await.len()), (3, 3));
    for n in 0..20 {
        let email = format!("nobody{n}@example.org");
        let asked = ask(&store, &email, "2001:db8::1").await;
        assert_eq!(asked, Asked::Heard);
    }
    let asked = ask(&store, "root@example.org", "2001:db8::2").await;
    let retry_after = TimeDelta::hours(1);
    assert_eq!(asked, Asked::TooOften { retry_after });
    store.clock.advance(retry_after);
    assert_eq!(
        ask(&store, "ada@example.org", "2001:db8::2").await,
        Asked::Heard
    );
    assert_eq!(sent().await, 4);
}

#[tokio::test]
async fn a_link_sets_the_password_once_and_ends_all_sessions() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let start = StartSession {
        user_id: id_of(&ada),
        password_hash: None,
        token: TokenHash::of("refresh"),
    };
    let session = store.done(&ada, start).await;
    let secret = link(&store, &ada, "ada@example.org").await.unwrap();
    assert!(secret.starts_with("msp_") && secret.len() == 68, "{secret}");
    let (one, other) = tokio::join!(redeem(&store, &secret), redeem(&store, &secret));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    is_void(if one.is_ok() { &other } else { &one });
    assert_eq!(hash_of(&store, &ada).await, format!("hash set by {secret}"));
    let person = store.store.person(id_of(&ada), session).await;
    assert!(person.unwrap().is_none());
    let events = store.events().await;
    let kinds: Vec<_> = events.iter().map(|record| &*record.kind).collect();
    assert_eq!(
        kinds[kinds.len() - 2..],
        ["user.password_reset", "session.ended"]
    );
    assert!(
        events
            .iter()
            .all(|record| !record.data.get().contains("msp_"))
    );
}

#[tokio::test]
async fn a_newer_link_makes_the_older_one_void() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let old = link(&store, &ada, "ada@example.org").await.unwrap();
    let new = link(&store, &ada, "ada@example.org").await.unwrap();
    is_void(&redeem(&store, &old).await);
    redeem(&store, &new).await.unwrap();
}

#[tokio::test]
async fn an_older_mail_that_is_tried_again_leaves_the_newer_link_alone() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    ask(&store, "ada@example.org", "192.0.2.1").await;
    store.clock.advance(TimeDelta::hours(1));
    ask(&store, "ada@example.org", "192.0.2.1").await;
    let mails: Vec<Uuid> = sqlx::query_scalar("select id from app.mail order by created_at")
        .fetch_all(store.store.pool())
        .await
        .unwrap();
    let [old, new] = mails[..] else {
        panic!("{mails:?}");
    };
    let sent = async |mail| link_in(&store, MailId(mail), &ada, "ada@example.org").await;
    let link = sent(new).await.unwrap();
    assert_eq!(sent(old).await, None);
    redeem(&store, &link).await.unwrap();
}

#[tokio::test]
async fn a_mail_that_is_sent_twice_has_two_links_of_which_one_is_used() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let mail = MailId(store.store.ids().next());
    let (one, other) = tokio::join!(
        link_in(&store, mail, &ada, "ada@example.org"),
        link_in(&store, mail, &ada, "ada@example.org"),
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    let (first, second) = tokio::join!(redeem(&store, &one), redeem(&store, &other));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    is_void(if first.is_ok() { &second } else { &first });
}

#[tokio::test]
async fn of_mails_that_are_sent_at_once_one_has_a_good_link() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let links = (0..8).map(|_| link(&store, &ada, "ada@example.org"));
    let links = futures::future::join_all(links).await;
    let good = links
        .iter()
        .flatten()
        .map(|secret| store.store.reset_of(TokenHash::of(secret)));
    let good = futures::future::join_all(good).await;
    assert_eq!(
        good.into_iter()
            .filter(|of| matches!(of, Ok(Some(_))))
            .count(),
        1
    );
}

#[tokio::test]
async fn a_link_is_void_after_half_an_hour() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let secret = link(&store, &ada, "ada@example.org").await.unwrap();
    store.clock.advance(LINK_GOOD_FOR);
    assert_eq!(
        store.store.reset_of(TokenHash::of(&secret)).await.unwrap(),
        None
    );
    is_void(&redeem(&store, &secret).await);
    is_void(&redeem(&store, "msp_made_up").await);
}

#[tokio::test]
async fn a_link_is_void_once_password_or_address_changed_or_the_account_is_gone() {
    let store = TestStore::new().await;
    let (root, ada) = (store.with_user("root").await, store.with_user("ada").await);
    let edit = |edit| UpdateUser {
        user_id: id_of(&ada),
        expected_version: None,
        edit,
    };
    let secret = link(&store, &ada, "ada@example.org").await.unwrap();
    let change = ChangePassword {
        user_id: id_of(&ada),
        kept_session: None,
        old_hash: hash_of(&store, &ada).await,
        new_hash: "changed".into(),
    };
    store.done(&ada, change).await;
    is_void(&redeem(&store, &secret).await);

    let secret = link(&store, &ada, "ada@example.org").await.unwrap();
    let moved = UserEdit {
        email: Some("ada@new.example".parse().unwrap()),
        ..UserEdit::default()
    };
    store.done(&ada, edit(moved)).await;
    is_void(&redeem(&store, &secret).await);
    assert_eq!(link(&store, &ada, "ada@example.org").await, None);

    let secret = link(&store, &ada, "ada@new.example").await.unwrap();
    let gone = UserEdit {
        active: Some(false),
        ..UserEdit::default()
    };
    store.done(&root, edit(gone)).await;
    is_void(&redeem(&store, &secret).await);
    assert_eq!(link(&store, &ada, "ada@new.example").await, None);
}

#[tokio::test]
async fn api_tokens_go_on_unless_asked_otherwise() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let create = CreateApiToken {
        user_id: id_of(&ada),
        name: TokenName::new("nightly").unwrap(),
        scopes: Scopes::new([Scope::Read]).unwrap(),
        expires_at: None,
        hash: TokenHash::of("secret"),
    };
    store.done(&ada, create).await;
    let tokens = async || {
        let tokens = store.store.api_tokens(id_of(&ada), &page(5, None)).await;
        tokens.unwrap().items.len()
    };
    let first = link(&store, &ada, "ada@example.org").await.unwrap();
    redeem(&store, &first).await.unwrap();
    assert_eq!(tokens().await, 1);
    let second = link(&store, &ada, "ada@example.org").await.unwrap();
    let reset = ResetPassword {
        revoke_api_tokens: true,
        ..reset(&second)
    };
    store.done(&ada, reset).await;
    assert_eq!(tokens().await, 0);
    let last = store.kinds().await.pop();
    assert_eq!(last.as_deref(), Some("api_token.revoked"));
}

#[tokio::test]
async fn who_reset_the_password_can_log_in_from_there_whatever_strangers_try() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let here = || store.store.try_login("ada", "203.0.113.9".parse().ok());
    for _ in 0..20 {
        here().await.unwrap();
    }
    assert!(matches!(here().await, Ok(LoginTry::Refused { .. })));
    let secret = link(&store, &ada, "ada@example.org").await.unwrap();
    redeem(&store, &secret).await.unwrap();
    assert!(matches!(here().await, Ok(LoginTry::Admitted(_))));
}
