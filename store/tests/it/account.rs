//! Accounts: who is first, who is taken, who may be seen, who goes.

use millstream_domain::policy::{Actor, Refusal};
use millstream_domain::team::TeamRole;
use millstream_domain::user::{Locale, Role};
use millstream_event_log::Event;
use millstream_event_log::events::SessionEvent;
use millstream_event_log::events::session::EndReason;
use millstream_store::attempt::login::LoginTry;
use millstream_store::session::{StartSession, TokenHash};
use millstream_store::testing::TestStore;
use millstream_store::testing::builders::{id_of, origin, page};
use millstream_store::user::{ChangePassword, Credentials, Register, UpdateUser, User, UserEdit};
use millstream_store::{StoreError, Written};

fn register(name: &str, has_setup_secret: bool) -> Register {
    Register {
        username: name.parse().unwrap(),
        email: format!("{name}@example.org").parse().unwrap(),
        display_name: None,
        password_hash: "hash".into(),
        has_setup_secret,
    }
}

fn update(user: &Actor, edit: UserEdit) -> UpdateUser {
    UpdateUser {
        user_id: id_of(user),
        expected_version: None,
        edit,
    }
}

#[tokio::test]
async fn the_first_person_must_bring_the_set_up_secret_and_becomes_admin() {
    let store = TestStore::new().await;
    let refused = store.write(&Actor::Anonymous, register("eve", false)).await;
    assert!(
        matches!(refused, Err(StoreError::Refused(Refusal::Forbidden))),
        "{refused:?}"
    );
    let first = store.done(&Actor::Anonymous, register("ada", true)).await;
    let second = store.done(&Actor::Anonymous, register("grace", true)).await;
    assert_eq!(
        (first.state.role, second.state.role),
        (Role::Admin, Role::Member)
    );
    assert_eq!(store.store.user(first.state.id).await.unwrap(), first);
}

#[tokio::test]
async fn of_many_who_register_first_at_once_one_is_admin() {
    let store = TestStore::new().await;
    let at_once = (0..6).map(|n| {
        let store = store.store.clone();
        tokio::spawn(async move {
            store
                .write(
                    &origin(&Actor::Anonymous),
                    register(&format!("user{n}"), true),
                )
                .await
        })
    });
    let done = futures::future::join_all(at_once).await;
    let admins = done
        .into_iter()
        .filter(|user| match user.as_ref().unwrap() {
            Ok(Written {
                output: User { state, .. },
                ..
            }) => state.role == Role::Admin,
            Err(error) => panic!("{error:?}"),
        });
    assert_eq!(admins.count(), 1);
}

#[tokio::test]
async fn a_name_or_an_address_is_taken_once() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let both = store.write(&Actor::Anonymous, register("ada", true)).await;
    assert!(
        matches!(&both, Err(StoreError::AllTaken(fields)) if fields == &["username", "email"]),
        "{both:?}"
    );
    let again = Register {
        email: "other@example.org".parse().unwrap(),
        ..register("ada", true)
    };
    let again = store.write(&Actor::Anonymous, again).await;
    assert!(
        matches!(again, Err(StoreError::Taken { field: "username" })),
        "{again:?}"
    );
    let other = Register {
        username: "grace".parse().unwrap(),
        ..register("ada", true)
    };
    let other = store.write(&Actor::Anonymous, other).await;
    assert!(
        matches!(other, Err(StoreError::Taken { field: "email" })),
        "{other:?}"
    );
    let grace = store.with_user("grace").await;
    let edit = UserEdit {
        email: Some("ADA@example.org".parse().unwrap()),
        ..UserEdit::default()
    };
    let change = store.write(&grace, update(&grace, edit)).await;
    assert!(
        matches!(change, Err(StoreError::Taken { field: "email" })),
        "{change:?}"
    );
    assert_eq!(
        store.store.user(id_of(&ada)).await.unwrap().email,
        "ada@example.org"
    );
}

async fn account_of(store: &TestStore, login: &str) -> Option<Credentials> {
    match store.store.try_login(login, None).await.unwrap() {
        LoginTry::Admitted(admitted) => admitted.account,
        refused @ LoginTry::Refused { .. } => panic!("{refused:?}"),
    }
}

#[tokio::test]
async fn one_logs_in_by_name_or_address_in_any_case() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    for login in ["ada", " ADA ", "Ada@Example.org"] {
        let found = account_of(&store, login).await;
        assert_eq!(found.map(|c| c.user_id), ada.user_id(), "{login}");
    }
    for login in ["grace", "ada@example", "a\0da", "ada' or ''='", ""] {
        assert!(account_of(&store, login).await.is_none(), "{login}");
    }
}

#[tokio::test]
async fn a_changed_address_is_told_by_a_flag_and_never_named() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let edit = UserEdit {
        email: Some("countess@example.org".parse().unwrap()),
        ..UserEdit::default()
    };
    store.done(&ada, update(&ada, edit)).await;
    let events = store.events().await;
    assert!(
        events
            .last()
            .unwrap()
            .data
            .get()
            .contains(r#""email_changed":true"#)
    );
    assert!(
        events
            .iter()
            .all(|event| !event.data.get().contains("example.org"))
    );
}

#[tokio::test]
async fn people_see_those_who_share_a_team_and_themselves() {
    let store = TestStore::new().await;
    let root = store.with_user("root").await;
    let mut ada = store.with_user("ada").await;
    let mut grace = store.with_user("grace").await;
    let eve = store.with_user("eve").await;
    let team = store.with_team(&mut ada, "Millers").await;
    store
        .with_member(&ada, team, &mut grace, TeamRole::Viewer)
        .await;
    let names = async |actor: &Actor, q: Option<&str>| -> Vec<String> {
        let page = store.store.users(actor, q, &page(50, None)).await.unwrap();
        page.items
            .into_iter()
            .map(|user| user.state.username)
            .collect()
    };
    assert_eq!(names(&root, None).await, ["root", "ada", "grace", "eve"]);
    assert_eq!(names(&ada, None).await, ["ada", "grace"]);
    assert_eq!(names(&eve, None).await, ["eve"]);
    assert_eq!(names(&root, Some("RA")).await, ["grace"]);
    assert_eq!(names(&root, Some("%")).await, Vec::<String>::new());
    let nul = store.store.users(&root, Some("a\0"), &page(50, None)).await;
    assert!(matches!(nul, Err(StoreError::Fields(_))), "{nul:?}");
}

#[tokio::test]
async fn deactivation_ends_every_session_and_says_so() {
    let store = TestStore::new().await;
    let root = store.with_user("root").await;
    let ada = store.with_user("ada").await;
    let start = |token| StartSession {
        user_id: id_of(&ada),
        password_hash: None,
        token: TokenHash::of(token),
    };
    let session = store.done(&ada, start("one")).await;
    store.done(&ada, start("two")).await;
    assert!(
        store
            .store
            .person(id_of(&ada), session)
            .await
            .unwrap()
            .is_some()
    );
    let off = UserEdit {
        active: Some(false),
        ..UserEdit::default()
    };
    store.done(&root, update(&ada, off)).await;
    assert!(
        store
            .store
            .person(id_of(&ada), session)
            .await
            .unwrap()
            .is_none()
    );
    let ended = store
        .events()
        .await
        .into_iter()
        .filter(|event| match event.event().unwrap() {
            Event::Session(SessionEvent::Ended(ended)) => ended.reason == EndReason::Deactivated,
            _ => false,
        });
    assert_eq!(ended.count(), 2);
    // Nor does a log-in begin whose password was checked just before.
    let late = store.write(&ada, start("three")).await;
    assert!(
        matches!(late, Err(StoreError::Refused(Refusal::Unauthenticated))),
        "{late:?}"
    );
    // Who comes back does not find the old sessions alive.
    let on = UserEdit {
        active: Some(true),
        ..UserEdit::default()
    };
    store.done(&root, update(&ada, on)).await;
    assert!(
        store
            .store
            .person(id_of(&ada), session)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let start = |token| StartSession {
        user_id: id_of(&ada),
        password_hash: None,
        token: TokenHash::of(token),
    };
    let (here, there) = (
        store.done(&ada, start("here")).await,
        store.done(&ada, start("there")).await,
    );
    let change = |old: &str| ChangePassword {
        user_id: id_of(&ada),
        kept_session: Some(here),
        old_hash: old.into(),
        new_hash: "new hash".into(),
    };
    let old = account_of(&store, "ada").await.unwrap().password_hash;
    store.done(&ada, change(&old)).await;
    assert!(
        store
            .store
            .person(id_of(&ada), here)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        store
            .store
            .person(id_of(&ada), there)
            .await
            .unwrap()
            .is_none()
    );
    let kinds = store.kinds().await;
    assert_eq!(
        kinds[kinds.len() - 2..],
        ["user.password_changed", "session.ended"]
    );
    assert!(
        store
            .events()
            .await
            .iter()
            .all(|event| !event.data.get().contains("hash"))
    );
    // Two who know the old one: the second has proven what is no longer true.
    assert!(matches!(
        store.write(&ada, change(&old)).await,
        Err(StoreError::Conflict(_))
    ));
}

#[tokio::test]
async fn the_last_admin_cannot_go_even_when_two_go_at_once() {
    let store = TestStore::new().await;
    let root = store.with_user("root").await;
    let ada = store.with_user("ada").await;
    let demote = || UserEdit {
        role: Some(Role::Member),
        ..UserEdit::default()
    };
    let alone = store.write(&root, update(&root, demote())).await;
    assert!(matches!(alone, Err(StoreError::Conflict(_))), "{alone:?}");
    for _ in 0..5 {
        let promote = UserEdit {
            role: Some(Role::Admin),
            ..UserEdit::default()
        };
        store.done(&root, update(&ada, promote)).await;
        let promote = UserEdit {
            role: Some(Role::Admin),
            ..UserEdit::default()
        };
        store.done(&root, update(&root, promote)).await;
        let (one, other) = tokio::join!(
            store.write(&root, update(&root, demote())),
            store.write(
                &ada,
                update(
                    &ada,
                    UserEdit {
                        active: Some(false),
                        ..UserEdit::default()
                    }
                )
            ),
        );
        assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
        store
            .done(
                &root,
                update(
                    &ada,
                    UserEdit {
                        active: Some(true),
                        ..UserEdit::default()
                    },
                ),
            )
            .await;
    }
}

#[tokio::test]
async fn a_profile_changes_only_for_those_who_know_its_newest_version() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let rename = |name: &str, expected_version| UpdateUser {
        user_id: id_of(&ada),
        expected_version,
        edit: UserEdit {
            display_name: Some(name.parse().unwrap()),
            ..UserEdit::default()
        },
    };
    assert_eq!(
        store
            .done(&ada, rename("Ada L", Some(1.into())))
            .await
            .state
            .version,
        2
    );
    let stale = store.write(&ada, rename("Ada K", Some(1.into()))).await;
    assert!(
        matches!(stale, Err(StoreError::Stale { now: 2 })),
        "{stale:?}"
    );
    let same = store.write(&ada, rename("Ada L", None)).await.unwrap();
    assert_eq!((same.output.state.version, same.position), (2, None));
}

/// A newer program, which shares the database during an update, may speak more languages.
#[tokio::test]
async fn a_language_that_only_a_newer_program_speaks_is_english_to_this_one() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    sqlx::query("update app.user set locale = 'tlh'")
        .execute(store.database().pool())
        .await
        .unwrap();
    let found = store.store.user(id_of(&ada)).await.unwrap();
    assert_eq!(found.state.locale, Locale::En);
}
