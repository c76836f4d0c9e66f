//! Keys change while tokens signed with them are in use, on one node and on several.

use crate::app::{Answer, ISSUER, TestApp, User};
use axum::http::Method;
use chrono::TimeDelta;
use jsonwebtoken::decode_header;
use millstream_ingest_api::auth::keys::{KEYS_MAX, KeyError, KeyState, PUBLISHED_BEFORE};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

/// How long a key is needed after the next one has taken over: a token's fifteen minutes, five seconds of leeway, and a
/// minute for clocks that are apart.
const NEEDED: TimeDelta = TimeDelta::seconds(15 * 60 + 5 + 60);

async fn jwks(app: &TestApp) -> Answer {
    let request = app.request(Method::GET, "/.well-known/jwks.json");
    request.send().await.expect(200)
}

fn kids(jwks: &Answer) -> Vec<String> {
    let keys = jwks.json()["keys"].as_array().unwrap().clone();
    let kid = |key: Value| key["kid"].as_str().unwrap().to_owned();
    keys.into_iter().map(kid).collect()
}

fn kid_of(user: &User) -> String {
    decode_header(&user.access_token).unwrap().kid.unwrap()
}

async fn states(app: &TestApp) -> Vec<(String, KeyState)> {
    let listing = app.keys.list().await.unwrap();
    assert!(listing.odd.is_empty(), "{:?}", listing.odd);
    let lines = listing.keys.into_iter();
    lines.map(|line| (line.kid, line.state)).collect()
}

async fn is_let_in(app: &TestApp, user: &User) -> bool {
    let answer = app.get("/auth/me").by(user).send().await;
    assert!([200, 401].contains(&answer.status), "{}", answer.text());
    answer.status == 200
}

#[tokio::test]
async fn the_keys_are_published_with_their_public_members_alone_and_may_be_cached() {
    let folder = TempDir::new().unwrap();
    let app = TestApp::with_keys(folder.path()).await;
    let answer = jwks(&app).await;
    let keys = answer.json()["keys"].as_array().unwrap().clone();
    assert_eq!(keys.len(), 1);
    assert_eq!(answer.json()["issuer"], ISSUER);
    let members: Vec<_> = keys[0].as_object().unwrap().keys().cloned().collect();
    let mut members = members;
    members.sort();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=60"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let tag = answer.header("etag").unwrap();
    for path in ["/.well-known/jwks.json", "/auth/keys/public"] {
        let first = app.request(Method::GET, path).send().await.expect(200);
        let again = app
            .request(Method::GET, path)
            .header("if-none-match", first.header("etag").unwrap());
        assert!(again.send().await.expect(304).body.is_empty());
    }
    app.keys.rotate(false).await.unwrap();
    let changed = app
        .request(Method::GET, "/.well-known/jwks.json")
        .header("if-none-match", tag);
    assert_eq!(kids(&changed.send().await.expect(200)).len(), 2);
}

#[tokio::test]
async fn a_new_key_is_published_then_signs_and_the_old_one_is_believed_until_its_last_token_has_expired()
 {
    let folder = TempDir::new().unwrap();
    let app = TestApp::with_keys(folder.path()).await;
    let before = app.user("ada").await;
    let old = kid_of(&before);
    let made = app.keys.rotate(false).await.unwrap();
    assert_eq!(kids(&jwks(&app).await), [made.kid.clone(), old.clone()]);
    app.clock.advance(PUBLISHED_BEFORE - TimeDelta::seconds(1));
    assert_eq!(kid_of(&app.log_in("ada").await), old);
    // One key alone must not be kept for longer than it signs.
    let pem = app.request(Method::GET, "/auth/keys/public").send().await;
    assert_eq!(pem.header("cache-control"), Some("public, max-age=1"));
    let early = app.keys.retire(&made.kid, false).await.unwrap_err();
    assert!(matches!(early, KeyError::Signs(_)), "{early}");

    app.clock.advance(TimeDelta::seconds(1));
    let after = app.log_in("ada").await;
    assert_eq!(kid_of(&after), made.kid);
    assert!(is_let_in(&app, &before).await && is_let_in(&app, &after).await);
    let needed = app.keys.retire(&old, false).await.unwrap_err();
    assert!(matches!(needed, KeyError::StillNeeded { .. }), "{needed}");
    app.clock.advance(NEEDED - TimeDelta::seconds(1));
    let needed = app.keys.retire(&old, false).await.unwrap_err();
    assert!(matches!(needed, KeyError::StillNeeded { .. }), "{needed}");

    app.clock.advance(TimeDelta::seconds(1));
    app.keys.retire(&old, false).await.unwrap();
    assert_eq!(kids(&jwks(&app).await), std::slice::from_ref(&made.kid));
    let at = millstream_domain::clock::Clock::now(&*app.clock);
    let expected = [
        (old.clone(), KeyState::Retired { at }),
        (made.kid.clone(), KeyState::Signing),
    ];
    assert_eq!(states(&app).await, expected);
    let again = app.keys.retire(&old, false).await.unwrap_err();
    assert!(matches!(again, KeyError::RetiredAlready(_)), "{again}");
    let unknown = app.keys.retire("x", true).await.unwrap_err();
    assert!(matches!(unknown, KeyError::Unknown(_)), "{unknown}");
    // Nothing private is left of it.
    for file in fs::read_dir(folder.path()).unwrap() {
        let (path, mode) = file
            .map(|file| (file.path(), file.metadata().unwrap().permissions().mode()))
            .unwrap();
        assert_eq!(mode & 0o777, 0o600, "{path:?}");
        let text = fs::read_to_string(&path).unwrap();
        let is_private = text.contains("PRIVATE KEY");
        assert_eq!(is_private, path.extension().unwrap() == "pem", "{path:?}");
    }
}

#[tokio::test]
async fn a_key_in_other_hands_is_replaced_at_once() {
    let folder = TempDir::new().unwrap();
    let app = TestApp::with_keys(folder.path()).await;
    let ada = app.user("ada").await;
    let only = app.keys.retire(&kid_of(&ada), true).await.unwrap_err();
    assert!(matches!(only, KeyError::Only(_)), "{only}");
    let made = app.keys.rotate(true).await.unwrap();
    assert_eq!(made.state, KeyState::Signing);
    app.keys.retire(&kid_of(&ada), true).await.unwrap();
    assert!(!is_let_in(&app, &ada).await);
    // Nobody has to log in again.
    let body = json!({"refresh_token": ada.refresh_token});
    let renewed = app.post("/auth/refresh", body).send().await.expect(200);
    let token = renewed.data()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(decode_header(&token).unwrap().kid, Some(made.kid));
    app.get("/auth/me").token(&token).send().await.expect(200);
}

#[tokio::test]
async fn each_node_knows_a_key_of_another_from_its_first_token_on() {
    let folder = TempDir::new().unwrap();
    let here = TestApp::with_keys(folder.path()).await;
    let there = here.another_node();
    here.user("ada").await;
    for _ in 0..3 {
        here.clock.advance(TimeDelta::seconds(1));
        // Nothing looks at the folder in this test but a token that names a key.
        let made = here.keys.rotate(true).await.unwrap();
        let ada = here.log_in("ada").await;
        assert_eq!(kid_of(&ada), made.kid);
        assert!(is_let_in(&there, &ada).await);
        assert_eq!(kid_of(&there.log_in("ada").await), made.kid);
    }
    let [first, ..] = &*states(&there).await else {
        panic!("there are keys");
    };
    there.keys.retire(&first.0, true).await.unwrap();
    here.keys.look().await;
    assert_eq!(kids(&jwks(&here).await), kids(&jwks(&there).await));
}

#[tokio::test]
async fn made_up_ids_do_not_keep_a_node_from_learning_of_a_real_one() {
    let folder = TempDir::new().unwrap();
    let here = TestApp::with_keys(folder.path()).await;
    let there = here.another_node();
    here.user("ada").await;
    here.keys.rotate(true).await.unwrap();
    let ada = here.log_in("ada").await;
    let signature = ada.access_token.split_once('.').unwrap().1;
    let forged = (0..200).map(async |n| {
        let kid = format!("{n:043}");
        let header = json!({"typ": "at+jwt", "alg": "RS256", "kid": kid}).to_string();
        let header = super::forged::encoded(header);
        let token = format!("{header}.{signature}");
        let answer = there.get("/auth/me").token(&token).send().await;
        answer.expect_error(401, "unauthenticated");
        true
    });
    let real = (0..20).map(async |_| is_let_in(&there, &ada).await);
    let (forged, real) = tokio::join!(
        futures::future::join_all(forged),
        futures::future::join_all(real)
    );
    assert!(forged.into_iter().chain(real).all(|good| good));
}

#[tokio::test]
async fn what_a_process_left_that_was_killed_is_left_alone_and_told() {
    let folder = TempDir::new().unwrap();
    let app = TestApp::with_keys(folder.path()).await;
    let ada = app.user("ada").await;
    let made = app.keys.rotate(true).await.unwrap();
    let key = |kid: &str| {
        let files = fs::read_dir(folder.path()).unwrap();
        let mut paths = files.map(|file| file.unwrap().path());
        paths
            .find(|path| path.to_str().unwrap().contains(&kid[..8]))
            .unwrap()
    };
    // A rotation: half a key, which does not have its name yet.
    let text = fs::read_to_string(key(&made.kid)).unwrap();
    let half = folder
        .path()
        .join("jwt-20270101T000000Z-AAAAAAAA.unfinished");
    fs::write(&half, &text[..text.len() / 2]).unwrap();
    // A disk that lost the end of a file all the same.
    let cut = folder.path().join("jwt-20270101T000000Z-BBBBBBBB.pem");
    fs::write(&cut, &text[..text.len() / 2]).unwrap();
    fs::set_permissions(&cut, fs::Permissions::from_mode(0o600)).unwrap();
    // A retirement: it is written down, and the private half is still there.
    let old = kid_of(&ada);
    let (private, kept) = (key(&old), fs::read(key(&old)).unwrap());
    app.keys.retire(&old, true).await.unwrap();
    fs::write(&private, kept).unwrap();
    fs::set_permissions(&private, fs::Permissions::from_mode(0o600)).unwrap();

    let restarted = app.another_node();
    assert_eq!(
        kids(&jwks(&restarted).await),
        std::slice::from_ref(&made.kid)
    );
    assert!(!is_let_in(&restarted, &ada).await);
    assert_eq!(kid_of(&restarted.log_in("ada").await), made.kid);
    let listing = restarted.keys.list().await.unwrap();
    let states: Vec<_> = listing.keys.iter().map(|line| line.state).collect();
    assert!(
        matches!(states[..], [KeyState::Retired { .. }, KeyState::Signing]),
        "{states:?}"
    );
    let odd = listing.odd.join("\n");
    assert!(
        odd.contains("AAAAAAAA.unfinished\" was never finished"),
        "{odd}"
    );
    assert!(odd.contains("BBBBBBBB.pem\" is not an RSA key"), "{odd}");
    restarted.keys.rotate(false).await.unwrap();
}

#[tokio::test]
async fn a_folder_that_is_away_for_a_moment_logs_nobody_out() {
    let folder = TempDir::new().unwrap();
    let keys = folder.path().join("keys");
    let app = TestApp::with_keys(&keys).await;
    let ada = app.user("ada").await;
    let away = folder.path().join("away");
    fs::rename(&keys, &away).unwrap();
    app.keys.look().await;
    assert!(is_let_in(&app, &ada).await);
    fs::rename(&away, &keys).unwrap();
    app.keys.look().await;
    assert!(is_let_in(&app, &ada).await);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_keeps_nobody_from_the_others() {
    let folder = TempDir::new().unwrap();
    let app = TestApp::with_keys(folder.path()).await;
    let file = |kid: &str| {
        let files = fs::read_dir(folder.path()).unwrap();
        let mut paths = files.map(|file| file.unwrap().path());
        paths
            .find(|path| {
                path.to_str()
                    .unwrap()
                    .contains(&format!("{}.pem", &kid[..8]))
            })
            .unwrap()
    };
    let first = app.user("ada").await;
    app.clock.advance(TimeDelta::seconds(1));
    let second = app.keys.rotate(true).await.unwrap();
    let ada = app.log_in("ada").await;
    assert_eq!(kid_of(&ada), second.kid);
    // What can be opened and not be read, whoever tries.
    let unreadable = |path: &std::path::Path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    };
    unreadable(&file(&second.kid));
    // Another node retires the first key, and makes a third.
    app.keys.retire(&kid_of(&first), true).await.unwrap();
    assert!(!is_let_in(&app, &first).await);
    assert!(is_let_in(&app, &ada).await);
    app.clock.advance(TimeDelta::seconds(1));
    let third = app.keys.rotate(true).await.unwrap();
    assert_eq!(kid_of(&app.log_in("ada").await), third.kid);
    assert!(is_let_in(&app, &ada).await);
    // A note that cannot be read retires its key all the same.
    unreadable(&file(&third.kid));
    fs::create_dir(file(&third.kid).with_extension("retired")).unwrap();
    app.keys.look().await;
    assert_eq!(kids(&jwks(&app).await), [second.kid]);
    let odd = app.keys.list().await.unwrap().odd.join("\n");
    assert!(odd.contains("what was read of it before is used"), "{odd}");
    // At the start there is nothing from before.
    let clock = std::sync::Arc::new(millstream_domain::clock::MockClock::default());
    let opened = millstream_ingest_api::auth::keys::Keys::open(folder.path(), clock);
    assert!(matches!(opened, Err(KeyError::File { .. })));
}

#[tokio::test]
async fn keys_that_rotate_at_the_same_time_do_not_get_in_each_others_way() {
    let folder = TempDir::new().unwrap();
    let here = TestApp::with_keys(folder.path()).await;
    let there = here.another_node();
    let (a, b) = tokio::join!(here.keys.rotate(true), there.keys.rotate(false));
    let (a, b) = (a.unwrap(), b.unwrap());
    let listed: Vec<_> = states(&here)
        .await
        .into_iter()
        .map(|(kid, _)| kid)
        .collect();
    assert_eq!(listed.len(), 3);
    assert!(listed.contains(&a.kid) && listed.contains(&b.kid));
}

#[tokio::test]
async fn there_are_at_most_so_many_keys() {
    let folder = TempDir::new().unwrap();
    let app = TestApp::with_keys(folder.path()).await;
    let key = fs::read_dir(folder.path()).unwrap().next().unwrap();
    let text = fs::read_to_string(key.unwrap().path()).unwrap();
    // The same one under other names costs no time to make.
    for n in 1..KEYS_MAX {
        let path = folder.path().join(format!("jwt-20260101T0000{n:02}Z.pem"));
        fs::write(&path, &text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let refused = app.keys.rotate(false).await.unwrap_err();
    assert!(matches!(refused, KeyError::TooMany { .. }), "{refused}");
}

#[tokio::test]
async fn a_key_that_others_can_read_is_refused_at_the_start() {
    let folder = TempDir::new().unwrap();
    TestApp::with_keys(folder.path()).await;
    let key = fs::read_dir(folder.path()).unwrap().next().unwrap();
    let path = key.unwrap().path();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let clock = std::sync::Arc::new(millstream_domain::clock::MockClock::default());
    let open = || millstream_ingest_api::auth::keys::Keys::open(folder.path(), clock.clone());
    assert!(matches!(open(), Err(KeyError::Exposed { mode: 0o640, .. })));
    // A key that cannot be read is not a reason to make another one behind people's backs.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, "").unwrap();
    assert!(matches!(open(), Err(KeyError::NoneUsable { .. })));
}
