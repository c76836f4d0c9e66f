//! What is no token in the compact form: other numbers of parts, other forms of JOSE, a token in something.

use super::forger::{Forger, encoded};
use super::{Forged, forged};
use serde_json::json;

pub(super) fn all(forger: &Forger) -> Vec<Forged> {
    let mut all = parts(forger);
    all.extend(encrypted(forger));
    all.extend(json_forms(forger));
    all.extend(around(forger));
    all
}

fn parts(forger: &Forger) -> Vec<Forged> {
    let [h, p, s] = forger.parts();
    let shapes = [
        h.to_owned(),
        p.to_owned(),
        s.to_owned(),
        format!("{h}{p}{s}"),
        format!("{h}.{p}"),
        format!("{p}.{s}"),
        format!("{h}.{s}"),
        format!("{h}.{p}."),
        format!("{h}..{s}"),
        format!(".{p}.{s}"),
        format!("{h}.."),
        format!("..{s}"),
        format!(".{p}."),
        ".".into(),
        "..".into(),
        "...".into(),
        "....".into(),
        ".".repeat(3_000),
        format!(".{h}.{p}.{s}"),
        format!("{h}.{p}.{s}."),
        format!("{h}..{p}.{s}"),
        format!("{h}.{p}..{s}"),
        format!("{h}.{p}.{s}.{s}"),
        format!("{h}.{h}.{p}.{s}"),
        format!("{h}.{p}.{p}.{s}"),
        format!("{h}.{p}.{s}.{h}.{p}.{s}"),
        format!("{h}.{s}.{p}"),
        format!("{p}.{h}.{s}"),
        format!("{p}.{s}.{h}"),
        format!("{s}.{h}.{p}"),
        format!("{s}.{p}.{h}"),
        format!("{h}.{h}.{s}"),
        format!("{p}.{p}.{s}"),
        format!("{h}.{p}.{p}"),
        format!("{h}.{p}.{h}"),
        format!("{h},{p},{s}"),
        format!("{h}:{p}:{s}"),
        format!("{h}%2e{p}%2e{s}"),
        format!("{h} . {p} . {s}"),
        format!("{h}. {p}.{s}"),
        format!("{h} {p} {s}"),
        format!("{h}.{p}.{s}?"),
        format!("{h}.{p}.{s}#"),
        format!("{h}.{p}.{s};"),
    ];
    shapes
        .into_iter()
        .enumerate()
        .map(|(n, token)| forged(format!("shape {n}"), token))
        .collect()
}

/// Five parts, as JWE has them.
fn encrypted(forger: &Forger) -> Vec<Forged> {
    let [_, payload, signature] = forger.parts();
    let mut all = Vec::new();
    for alg in [
        "RSA-OAEP",
        "RSA-OAEP-256",
        "RSA1_5",
        "dir",
        "A128KW",
        "PBES2-HS256+A128KW",
        "none",
        "RS256",
    ] {
        for enc in ["A128GCM", "A128CBC-HS256", "none"] {
            let header = json!({"alg": alg, "enc": enc, "kid": forger.kid(), "cty": "JWT", "p2c": 1_000_000_000});
            let header = encoded(header.to_string());
            for (key, tag) in [("", ""), ("AAAA", "AAAA")] {
                all.push(forged(
                    format!("JWE {alg} {enc}"),
                    format!("{header}.{key}.{}.{payload}.{tag}", encoded([0; 12])),
                ));
            }
            all.push(forged(
                format!("JWE {alg} {enc} of three parts"),
                format!("{header}.{payload}.{signature}"),
            ));
        }
    }
    all
}

/// The JSON serialization, flattened and general; also with a header that is not protected.
fn json_forms(forger: &Forger) -> Vec<Forged> {
    let [h, p, s] = forger.parts();
    let flat = json!({"protected": h, "payload": p, "signature": s});
    let general = json!({"payload": p, "signatures": [{"protected": h, "signature": s}]});
    let unprotected = json!({"header": forger.header(), "payload": p, "signature": s});
    let mut all = Vec::new();
    for value in [
        flat,
        general,
        unprotected,
        json!([h, p, s]),
        json!(forger.token),
    ] {
        all.push(forged("JSON", value.to_string()));
        all.push(forged("JSON in base64", encoded(value.to_string())));
        all.push(forged(
            "JSON as a part",
            format!("{h}.{}.{s}", encoded(value.to_string())),
        ));
    }
    all
}

/// The good token, with something around it.
fn around(forger: &Forger) -> Vec<Forged> {
    let token = &forger.token;
    let mut texts = vec![
        encoded(token),
        format!("\"{token}\""),
        format!("'{token}'"),
        format!("<{token}>"),
        format!("Bearer {token}"),
        format!("bearer:{token}"),
        format!("JWT {token}"),
        format!("token={token}"),
        format!("{token},{token}"),
        format!("{token}, {token}"),
        format!("{token} {token}"),
        format!("{token}\t{token}"),
        format!("{token}{token}"),
        format!("{token}%00"),
        format!("{token}\\0"),
        format!("{token}%0a"),
        format!("{token}=="),
        format!("realm=\"x\" {token}"),
        token.to_uppercase(),
        token.to_lowercase(),
        token.chars().rev().collect(),
    ];
    // A token in a token.
    let nested = json!({"token": token.get(..200)});
    texts.push(forger.sign(&forger.header_with("cty", json!("JWT")), &nested));
    texts
        .into_iter()
        .map(|token| forged("around the good token", token))
        .collect()
}
