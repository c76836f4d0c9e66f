//! Headers that say where the key is, what must be understood, or what kind of token it is.

use super::forger::{Forger, encoded, without};
use super::{Forged, forged};
use serde_json::{Value, json};

pub(super) fn all(forger: &Forger) -> Vec<Forged> {
    let mut all = additional(forger);
    all.extend(types(forger));
    all.extend(texts(forger));
    all
}

/// A member more, signed with the forger's key, with ours, and not signed again.
fn additional(forger: &Forger) -> Vec<Forged> {
    let [_, payload, signature] = forger.parts();
    let mut all = Vec::new();
    for (name, value) in members(forger) {
        let header = forger.header_with(name, value.clone());
        let how = format!("header {name}: {value:.40}");
        all.push(forged(&how, forger.sign(&header, &forger.claims())));
        let theirs = without(header.clone(), "kid");
        all.push(forged(&how, forger.sign(&theirs, &forger.claims())));
        all.push(forged(
            &how,
            forger.sign_as_we_do(&header, &forger.claims()),
        ));
        let header = encoded(header.to_string());
        all.push(forged(&how, format!("{header}.{payload}.{signature}")));
    }
    all
}

fn members(forger: &Forger) -> Vec<(&'static str, Value)> {
    let trap = format!("http://{}/keys", forger.trap);
    let ours: Value = serde_json::from_str(&forger.public.jwk).unwrap();
    let mut all = vec![
        ("jwk", forger.jwk()),
        ("jwk", ours),
        ("jwk", json!({"kty": "oct", "k": "AA"})),
        ("jwk", json!({"kty": "RSA", "n": "AQ", "e": "AQ"})),
        ("x5c", json!([encoded(b"a certificate")])),
        ("x5c", json!([])),
        ("x5t", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        ("x5t#S256", json!(forger.kid())),
        ("crit", json!([])),
        ("crit", json!(["b64"])),
        ("crit", json!(["exp"])),
        ("crit", json!(["alg", "kid"])),
        ("crit", json!(["http://example.org/unknown"])),
        ("crit", json!("b64")),
        ("crit", json!(null)),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("zip", json!("GZ")),
        ("cty", json!("JWT")),
        ("enc", json!("A128GCM")),
        ("epk", json!({"kty": "EC", "crv": "P-256"})),
        ("p2c", json!(2_147_483_647)),
        ("p2s", json!("AA")),
        ("iss", json!("http://example.org")),
        ("nonce", json!("x")),
        ("url", json!(trap)),
        ("jwks", json!({"keys": [forger.jwk()]})),
        ("jwks_uri", json!(trap)),
        ("oidc_provider", json!(trap)),
        ("Kid", json!(forger.kid())),
        ("KID", json!(forger.kid())),
        ("Alg", json!("none")),
        ("kid\0", json!("x")),
        ("", json!("")),
        ("__proto__", json!({"alg": "none"})),
    ];
    for name in ["jku", "x5u"] {
        for url in [
            trap.clone(),
            trap.replace("http://", "https://"),
            trap.replace("http://", "http://example.org@"),
            trap.replace("127.0.0.1", "localhost"),
            trap.replace("http://", "//"),
            "file:///etc/passwd".into(),
            "data:application/json,{}".into(),
            String::new(),
        ] {
            all.push((name, json!(url)));
        }
        all.push((name, json!([trap])));
    }
    all
}

/// Another kind of token, signed with our key.
fn types(forger: &Forger) -> Vec<Forged> {
    let types = [
        "JWT",
        "jwt",
        "at+JWT",
        "AT+JWT",
        "At+Jwt",
        "application/at+jwt",
        "at+jwt ",
        " at+jwt",
        "at jwt",
        "id+jwt",
        "logout+jwt",
        "dpop+jwt",
        "secevent+jwt",
        "JOSE",
        "JOSE+JSON",
        "JWE",
        "refresh",
        "",
    ];
    let types = types.map(|typ| json!(typ)).into_iter().chain([
        json!(null),
        json!(1),
        json!(["at+jwt"]),
        json!({"at+jwt": true}),
    ]);
    let mut all: Vec<_> = types
        .map(|typ| {
            let header = forger.header_with("typ", typ.clone());
            forged(
                format!("typ {typ}"),
                forger.sign_as_we_do(&header, &forger.claims()),
            )
        })
        .collect();
    for name in ["typ", "alg", "kid"] {
        let header = without(forger.header(), name);
        let token = forger.sign_as_we_do(&header, &forger.claims());
        all.push(forged(format!("no {name}"), token));
    }
    all
}

/// What is no JSON object, or not as it should be, signed with our key.
#[expect(clippy::too_many_lines, reason = "a table, read from top to bottom")]
fn texts(forger: &Forger) -> Vec<Forged> {
    let (kid, good) = (forger.kid(), forger.header().to_string());
    let inner = &good[1..good.len() - 1];
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    let texts = [
        ("nothing", String::new()),
        ("null", "null".into()),
        ("a number", "1".into()),
        ("a text", json!(good).to_string()),
        ("an array", format!("[{good}]")),
        ("an empty object", "{}".into()),
        ("cut off", good[..good.len() - 1].into()),
        ("more behind", format!("{good}x")),
        ("two objects", format!("{good}{good}")),
        ("a mark before", format!("\u{feff}{good}")),
        ("a zero before", format!("\0{good}")),
        ("a zero behind", format!("{good}\0")),
        ("a comma too many", format!("{{{inner},}}")),
        ("a comment", format!("{{/**/{inner}}}")),
        ("single quotes", good.replace('"', "'")),
        ("alg twice", format!("{{{inner},\"alg\":\"RS256\"}}")),
        (
            "alg twice, none first",
            format!("{{\"alg\":\"none\",{inner}}}"),
        ),
        (
            "alg twice, none last",
            format!("{{{inner},\"alg\":\"none\"}}"),
        ),
        ("kid twice", format!("{{{inner},\"kid\":\"{kid}\"}}")),
        (
            "kid twice, another first",
            format!("{{\"kid\":\"x\",{inner}}}"),
        ),
        ("typ twice", format!("{{\"typ\":\"JWT\",{inner}}}")),
        (
            "alg twice, once escaped",
            format!("{{{inner},\"\\u0061lg\":\"none\"}}"),
        ),
        ("a lone surrogate", format!("{{{inner},\"x\":\"\\ud800\"}}")),
        ("a deep member", format!("{{{inner},\"x\":{}}}", deep(60))),
        (
            "a very deep member",
            format!("{{{inner},\"x\":{}}}", deep(1_000)),
        ),
        ("nothing but depth", deep(1_400)),
        (
            "objects in objects",
            format!("{}1{}", "{\"a\":".repeat(300), "}".repeat(300)),
        ),
        ("a large number", format!("{{{inner},\"x\":1e400}}")),
        ("much space", format!("{}{good}", " ".repeat(2_000))),
        (
            "a long member",
            format!("{{{inner},\"x\":\"{}\"}}", "a".repeat(2_000)),
        ),
        (
            "many members",
            format!("{{{inner},{}}}", vec!["\"x\":1"; 300].join(",")),
        ),
        (
            "longer than any token",
            format!("{{{inner},\"x\":\"{}\"}}", "a".repeat(6_000)),
        ),
    ];
    let payload = forger.claims().to_string();
    let mut all: Vec<_> = texts
        .into_iter()
        .map(|(how, text)| {
            forged(
                format!("header: {how}"),
                forger.sign_text_as_we_do(text, &payload),
            )
        })
        .collect();
    let mut bytes = good.into_bytes();
    bytes[2] = 0xff;
    all.push(forged(
        "header: no UTF-8",
        forger.sign_text_as_we_do(bytes, &payload),
    ));
    all
}
