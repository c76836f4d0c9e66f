//! Tries at passwords are counted, and nobody is kept out from where they usually are.

use chrono::TimeDelta;
use futures::future::join_all;
use millstream_domain::ids::UserId;
use millstream_domain::policy::Actor;
use millstream_event_log::Origin;
use millstream_event_log::events::SessionEvent;
use millstream_event_log::{Event, Via};
use millstream_store::attempt::login::{Admitted, KNOWN_FOR, LoginTry, TRIES_OF_KNOWN};
use millstream_store::session::{StartSession, TokenHash};
use millstream_store::testing::TestStore;
use millstream_store::testing::builders::id_of;

const HOME: &str = "192.0.2.1";
const AWAY: &str = "203.0.113.9";

async fn tried(store: &TestStore, login: &str, from: &str) -> LoginTry {
    let address = from.parse().ok();
    store.store.try_login(login, address).await.unwrap()
}

async fn admitted(store: &TestStore, login: &str, from: &str) -> Option<Admitted> {
    match tried(store, login, from).await {
        LoginTry::Admitted(admitted) => Some(admitted),
        LoginTry::Refused { .. } => None,
    }
}

/// How many of so many tries at once get through, from as many addresses as that takes.
async fn strangers(store: &TestStore, login: &str, tries: i32) -> usize {
    let from = |n| format!("198.51.{}.{}", 100 + n % 2, n);
    let all = join_all((0..tries).map(async |n| admitted(store, login, &from(n)).await)).await;
    all.iter().flatten().count()
}

/// How many passwords reach the hash of an account, of so many tries that are answered.
fn reached(answered: &[Option<Admitted>]) -> usize {
    let reach = |admitted: &&Admitted| admitted.withheld.is_none();
    answered.iter().flatten().filter(reach).count()
}

/// How many of so many tries at once get through.
async fn storm(store: &TestStore, login: &str, from: &str, tries: i32) -> usize {
    let all = join_all((0..tries).map(|_| admitted(store, login, from))).await;
    all.iter().flatten().count()
}

async fn log_in(store: &TestStore, who: &Actor, from: &str) {
    let origin = Origin {
        actor: who.user_id(),
        via: Via::Token,
        client_ip: Some(from.into()),
        ..Origin::default()
    };
    let token = store.store.ids().next().to_string();
    let start = StartSession {
        user_id: id_of(who),
        password_hash: None,
        token: TokenHash::of(&token),
    };
    store.store.write(&origin, start).await.unwrap();
}

async fn rows(store: &TestStore, table: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
        .fetch_one(store.database().pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn of_a_storm_of_strangers_a_hundred_tries_get_through_by_name_and_address_together() {
    let store = TestStore::new().await;
    store.with_user("ada").await;
    let from = |n: i32| format!("2001:db8:0:{n:x}::1");
    let mut reached_hash = 0;
    for login in ["ada", " ADA@example.org"] {
        let all = join_all((0..60).map(async |n| admitted(&store, login, &from(n)).await)).await;
        assert_eq!(
            all.iter().flatten().count(),
            60,
            "{login}: all are answered alike"
        );
        reached_hash += reached(&all);
    }
    assert_eq!(reached_hash, 100);
}

/// What tries at names are answered, one after another: whether each was compared, or when the next one may be.
async fn answers(store: &TestStore, tries: &[(&str, &str)]) -> Vec<Option<TimeDelta>> {
    let mut answers = Vec::new();
    for (login, from) in tries {
        answers.push(match tried(store, login, from).await {
            LoginTry::Admitted(_) => None,
            LoginTry::Refused { retry_after, .. } => Some(retry_after),
        });
        store.clock.advance(TimeDelta::seconds(1));
    }
    answers
}

#[tokio::test]
async fn no_order_of_tries_tells_an_account_from_a_name_that_nobody_has() {
    let store = TestStore::new().await;
    let (ada, grace) = (store.with_user("ada").await, store.with_user("grace").await);
    // Ada logs in at home; Grace somewhere else; nobody where the third is.
    log_in(&store, &ada, HOME).await;
    log_in(&store, &grace, "192.0.2.77").await;
    let others: Vec<_> = (0..7).map(|n| format!("198.51.100.{n}")).collect();
    let mut places = vec![HOME, "192.0.2.77", AWAY];
    places.extend(others.iter().map(String::as_str));
    let at = |name: &'static str, mail: &'static str| {
        let mut tries = Vec::new();
        // Both names from everywhere, homes first and last, more often than anybody may.
        for round in 0..26 {
            for (n, place) in places.iter().enumerate() {
                tries.push((if (round + n) % 3 == 0 { mail } else { name }, *place));
            }
        }
        tries.extend([(name, HOME); 22]);
        tries.extend([(mail, "192.0.2.77"); 22]);
        tries
    };
    let of_ada = answers(&store, &at("ada", "ada@example.org")).await;
    store.clock.advance(TimeDelta::hours(2));
    let of_nobody = answers(&store, &at("nobody", "nobody@example.org")).await;
    assert_eq!(of_ada, of_nobody);
    assert!(of_ada.iter().any(Option::is_some) && of_ada.iter().any(Option::is_none));
}

#[tokio::test]
async fn from_where_somebody_else_logs_in_tries_are_answered_and_do_not_reach_a_hash() {
    let store = TestStore::new().await;
    let (ada, _grace) = (store.with_user("ada").await, store.with_user("grace").await);
    log_in(&store, &ada, HOME).await;
    for login in ["grace", "nobody"] {
        assert_eq!(strangers(&store, login, 120).await, 100, "{login}");
        let all = join_all((0..25).map(|_| admitted(&store, login, HOME))).await;
        assert_eq!(
            (all.iter().flatten().count(), reached(&all)),
            (20, 0),
            "{login}"
        );
    }
}

#[tokio::test]
async fn a_known_address_has_tries_of_its_own_that_strangers_cannot_use_up() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    log_in(&store, &ada, HOME).await;
    assert_eq!(strangers(&store, "ada", 150).await, 100);
    let home = join_all((0..TRIES_OF_KNOWN + 5).map(|_| admitted(&store, "ada", HOME))).await;
    assert_eq!((home.iter().flatten().count(), reached(&home)), (20, 20));
    log_in(&store, &ada, AWAY).await;
    assert_eq!(storm(&store, "ada", AWAY, 25).await, 20);
    assert_eq!(
        storm(&store, "ada", HOME, 1).await,
        0,
        "each address counts for itself"
    );
}

#[tokio::test]
async fn addresses_of_one_64_are_one_place() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    log_in(&store, &ada, "2001:db8:1:2::1").await;
    assert_eq!(storm(&store, "ada", "2001:db8:1:2::ffff", 25).await, 20);
    assert_eq!(storm(&store, "ada", "2001:db8:1:2:3::", 25).await, 0);
    assert_eq!(storm(&store, "ada", "2001:db8:1:3::1", 25).await, 20);
}

#[tokio::test]
async fn the_hour_slides_and_says_when_the_next_try_is_due() {
    let store = TestStore::new().await;
    store.with_user("ada").await;
    assert_eq!(strangers(&store, "ada", 60).await, 60);
    store.clock.advance(TimeDelta::minutes(40));
    assert_eq!(strangers(&store, "ada", 60).await, 40);
    let LoginTry::Refused { retry_after, .. } = tried(&store, "ada", AWAY).await else {
        panic!("a hundred and one within an hour");
    };
    assert_eq!(retry_after, TimeDelta::minutes(20));
    store.clock.advance(retry_after - TimeDelta::seconds(1));
    assert!(admitted(&store, "ada", AWAY).await.is_none());
    store.clock.advance(TimeDelta::seconds(1));
    assert_eq!(
        strangers(&store, "ada", 100).await,
        60,
        "those that have had their hour"
    );
}

#[tokio::test]
async fn a_name_that_nobody_has_is_counted_like_one_that_somebody_has() {
    let store = TestStore::new().await;
    for login in ["nobody", "nobody@example.org", "no\0body"] {
        assert_eq!(strangers(&store, login, 105).await, 100, "{login:?}");
        let LoginTry::Refused { record, .. } = tried(&store, login, AWAY).await else {
            panic!("a hundred and one within an hour");
        };
        assert_eq!((record.user_id, record.known_address), (None, false));
    }
}

#[tokio::test]
async fn names_that_nobody_has_fill_no_more_than_their_buckets() {
    let store = TestStore::new().await;
    sqlx::query(
        "insert into app.attempt select 'login:' || kind || n, array[now()]
         from generate_series(0, 262143) n, unnest(array['name#', 'pair#', 'nobody#']) kind",
    )
    .execute(store.database().pool())
    .await
    .unwrap();
    for n in 0..200 {
        let name = format!("nobody{n}@example.org");
        assert!(admitted(&store, &name, AWAY).await.is_some());
    }
    assert_eq!(rows(&store, "app.attempt").await, 3 * 262_144);
}

#[tokio::test]
async fn a_try_with_the_right_password_is_given_back_once() {
    let store = TestStore::new().await;
    store.with_user("ada").await;
    assert_eq!(storm(&store, "ada", AWAY, 19).await, 19);
    let last = admitted(&store, "ada", AWAY).await.unwrap();
    assert!(admitted(&store, "ada", AWAY).await.is_none());
    store.store.forgive(&last).await.unwrap();
    assert_eq!(storm(&store, "ada", AWAY, 3).await, 1);
}

#[tokio::test]
async fn who_is_logged_in_does_not_try_their_password_more_often() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    log_in(&store, &ada, HOME).await;
    assert_eq!(storm(&store, "ada", HOME, 15).await, 15);
    let again = || store.store.try_password(id_of(&ada), HOME.parse().ok());
    let all = join_all((0..10).map(|_| again())).await;
    let admitted = all
        .into_iter()
        .filter(|tried| matches!(tried, Ok(LoginTry::Admitted(_))));
    assert_eq!(admitted.count(), 5);
    let nobody = UserId(store.store.ids().next());
    assert!(store.store.try_password(nobody, None).await.is_err());
}

#[tokio::test]
async fn one_account_knows_a_hundred_addresses_the_newest_ones() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    for n in 0..105 {
        log_in(&store, &ada, &format!("192.0.2.{n}")).await;
        store.clock.advance(TimeDelta::seconds(1));
    }
    assert_eq!(rows(&store, "app.known_address").await, 100);
    assert_eq!(strangers(&store, "ada", 100).await, 100);
    let forgotten = admitted(&store, "ada", "192.0.2.4").await;
    assert!(forgotten.is_none(), "{forgotten:?}");
    assert_eq!(storm(&store, "ada", "192.0.2.5", 25).await, 20);
}

#[tokio::test]
async fn what_is_over_is_forgotten() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    log_in(&store, &ada, HOME).await;
    storm(&store, "ada", AWAY, 3).await;
    storm(&store, "nobody", AWAY, 3).await;
    store.store.keep_house_once().await.unwrap();
    assert_eq!(
        rows(&store, "app.attempt").await,
        6,
        "what was typed, from there, the account"
    );
    store.clock.advance(TimeDelta::hours(1));
    store.store.keep_house_once().await.unwrap();
    assert_eq!(rows(&store, "app.attempt").await, 0);
    store.clock.advance(KNOWN_FOR);
    store.store.keep_house_once().await.unwrap();
    assert_eq!(rows(&store, "app.known_address").await, 0);
}

#[tokio::test]
async fn the_audit_knows_of_a_refused_log_in() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    log_in(&store, &ada, HOME).await;
    storm(&store, "ada", HOME, TRIES_OF_KNOWN).await;
    let LoginTry::Refused { record, .. } = tried(&store, "ada", HOME).await else {
        panic!("twenty-one within an hour");
    };
    store.done(&Actor::Anonymous, record).await;
    let last = store.events().await.pop().unwrap().event().unwrap();
    let Event::Session(SessionEvent::LoginRefused(refused)) = last else {
        panic!("{last:?}");
    };
    assert_eq!(refused.user_id, ada.user_id());
    assert!(refused.known_address);
}
