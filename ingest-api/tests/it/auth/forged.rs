//! A thousand forged tokens, made in the ways of RFC 8725 and of the Wycheproof recipes for JWS. Every one of them gets the
//! very same 401, and none of them makes the server ask anybody for a key.
//!
//! Most are signed with the forger's own keys. Many are signed with *our* key, which no forger has: what they break then is
//! one rule alone, so it is that rule that refuses them, and not the signature.

mod algorithms;
mod claims;
mod forger;
mod headers;
mod kids;
mod kinds;
mod shapes;
mod signatures;

pub(super) use self::forger::encoded;

use self::forger::Forger;
use crate::app::{Answer, TestApp};
use futures::StreamExt;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};

/// As many as the issue asks for, at least.
const FORGED_MIN: usize = 1_000;
/// Requests at once: tokens that name unknown keys wait for a look at the folder, which they share.
const AT_ONCE: usize = 64;

/// A token that is not ours, and how it was made.
pub(super) struct Forged {
    how: String,
    token: String,
}

fn forged(how: impl Into<String>, token: impl Into<String>) -> Forged {
    Forged {
        how: how.into(),
        token: token.into(),
    }
}

/// What a client can tell apart: everything but the request's own id and time.
fn seen(answer: &Answer) -> (u16, Value, Vec<Option<String>>) {
    let mut body = answer.json();
    body["meta"]["request_id"] = Value::Null;
    body["meta"]["timestamp"] = Value::Null;
    let headers = ["content-type", "www-authenticate", "cache-control"];
    let header = |name: &&str| answer.header(name).map(str::to_owned);
    (answer.status, body, headers.iter().map(header).collect())
}

#[tokio::test]
async fn a_thousand_forged_tokens_get_the_same_401_and_nobody_is_asked_for_a_key() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let app = TestApp::new().await;
    let (ada, eve) = (app.user("ada").await, app.user("eve").await);
    let forger = Forger::new(&ada, &eve, trap.local_addr().unwrap());

    // The forger's tools make good tokens when told to: what is refused below is refused for what was changed.
    let good = forger.sign_as_we_do(&forger.header(), &forger.claims());
    app.get("/auth/me").token(&good).send().await.expect(200);

    let recipes = [
        algorithms::all(&forger),
        headers::all(&forger),
        kids::all(&forger),
        signatures::all(&forger),
        shapes::all(&forger),
        claims::all(&forger),
        kinds::all(&forger),
    ];
    let all: Vec<Forged> = recipes.into_iter().flatten().collect();
    let different: BTreeSet<_> = all.iter().map(|forged| &forged.token).collect();
    assert!(different.len() >= FORGED_MIN, "{}", different.len());

    let expected = app.get("/auth/me").token("x").send().await;
    let expected = seen(&expected.expect_error(401, "unauthenticated"));
    let answers = futures::stream::iter(&all).map(async |forged| {
        let answer = app.get("/auth/me").token(&forged.token).send().await;
        assert_eq!(seen(&answer), expected, "{}: {}", forged.how, forged.token);
    });
    answers.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;

    let asked = trap.accept().expect_err("somebody was asked for a key");
    assert_eq!(asked.kind(), ErrorKind::WouldBlock);
    // The trap works.
    let _caught = TcpStream::connect(trap.local_addr().unwrap()).unwrap();
    trap.set_nonblocking(false).unwrap();
    trap.accept().unwrap();
}
