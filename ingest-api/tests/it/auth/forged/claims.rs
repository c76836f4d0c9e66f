//! Claims that are wrong, missing, of another type or told twice. Signed with our key, so that it is they that are refused;
//! and the same with the forger's, where a forger would begin.

use super::forger::{Forger, without};
use super::{Forged, forged};
use serde_json::{Value, json};

/// All of ours.
const CLAIMS: [&str; 9] = [
    "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid", "role",
];

pub(super) fn all(forger: &Forger) -> Vec<Forged> {
    let mut all = Vec::new();
    for (name, value) in types().chain(times(forger)).chain(texts(forger)) {
        let claims = forger.claims_with(name, value.clone());
        let how = format!("{name}: {value:.60}");
        all.push(forged(
            &how,
            forger.sign_as_we_do(&forger.header(), &claims),
        ));
        all.push(forged(&how, forger.sign(&forger.header(), &claims)));
    }
    for name in CLAIMS {
        let claims = without(forger.claims(), name);
        let token = forger.sign_as_we_do(&forger.header(), &claims);
        all.push(forged(format!("no {name}"), token));
    }
    all.extend(payloads(forger));
    all.extend(somebody_else(forger));
    all
}

/// Every claim as everything that it is not.
fn types() -> impl Iterator<Item = (&'static str, Value)> {
    let values = [
        json!(null),
        json!(true),
        json!([]),
        json!({}),
        json!(["x"]),
        json!({"x": 1}),
        json!(""),
        json!("x"),
        json!("\0"),
        json!(1.5),
        json!(-1.5),
    ];
    let each = move |name| values.clone().map(|value| (name, value));
    CLAIMS.into_iter().flat_map(each)
}

/// Past, future, and numbers that are none.
fn times(forger: &Forger) -> impl Iterator<Item = (&'static str, Value)> {
    let number = |name: &str| forger.claims()[name].as_i64().unwrap();
    let (exp, iat) = (number("exp"), number("iat"));
    #[expect(clippy::cast_precision_loss, reason = "a time has 31 bits")]
    let fraction = (exp as f64) + 0.5;
    let mut all = vec![
        ("exp", json!(iat - 5)),
        ("exp", json!(iat - 86_400)),
        ("exp", json!(exp + 1)),
        ("exp", json!(exp + 60)),
        ("exp", json!(exp + 31_536_000)),
        ("exp", json!(fraction)),
        ("nbf", json!(iat + 6)),
        ("nbf", json!(exp)),
        ("nbf", json!(iat + 31_536_000)),
        ("iat", json!(iat + 6)),
        ("iat", json!(exp)),
        ("iat", json!(iat - 1)),
        ("iat", json!(0)),
    ];
    for name in ["exp", "nbf", "iat"] {
        let good = number(name);
        all.extend([
            (name, json!(good.to_string())),
            (name, json!([good])),
            (name, json!({"$numberLong": good.to_string()})),
            (name, json!(format!("{good}.0"))),
            (name, json!("2026-01-01T00:15:00Z")),
            (name, json!(u64::MAX)),
            (name, json!(1e18)),
            (name, json!(1e300)),
            (name, json!("Infinity")),
            (name, json!("NaN")),
        ]);
    }
    all.extend([
        ("exp", json!(0)),
        ("exp", json!(-1)),
        ("exp", json!(i64::MIN)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(good_in_milliseconds(exp))),
        ("nbf", json!(i64::MAX)),
        ("iat", json!(i64::MAX)),
        ("iat", json!(i64::MIN)),
    ]);
    all.into_iter()
}

fn good_in_milliseconds(seconds: i64) -> i64 {
    seconds * 1_000
}

/// Other issuers, audiences, people and roles.
fn texts(forger: &Forger) -> impl Iterator<Item = (&'static str, Value)> {
    let (good, trap) = (forger.claims(), forger.trap);
    let (iss, aud) = (good["iss"].as_str().unwrap(), good["aud"].as_str().unwrap());
    let issuers = [
        format!("{iss}/"),
        format!("{iss} "),
        format!("{iss}\0"),
        format!("{iss}.example.org"),
        format!("{iss}@example.org"),
        format!("{iss}?"),
        iss.to_uppercase(),
        iss.replace("http", "https"),
        iss[..iss.len() - 1].to_owned(),
        format!("http://{trap}"),
        "accounts.example.org".into(),
    ];
    let audiences = [
        aud.to_uppercase(),
        format!("{aud} "),
        format!("{aud}-internal"),
        format!("{aud},other"),
        "*".into(),
        "other".into(),
        iss.to_owned(),
    ];
    let mut all: Vec<_> = issuers.map(|text| ("iss", json!(text))).into();
    all.extend(audiences.map(|text| ("aud", json!(text))));
    all.extend([
        ("iss", json!([iss])),
        ("aud", json!([aud])),
        ("aud", json!([aud, "other"])),
        ("aud", json!({"0": aud})),
        ("sub", json!("ada")),
        ("sub", json!("ada@example.org")),
        ("sub", json!("1")),
        ("sub", json!("' or 1=1 --")),
        ("sub", json!([good["sub"]])),
        ("sid", json!("current")),
        ("sid", json!("../x")),
        ("role", json!("root")),
        ("role", json!("Admin")),
        ("role", json!(["admin"])),
        ("jti", json!("1")),
    ]);
    all.into_iter()
}

/// Payloads that are no claims, signed with our key.
fn payloads(forger: &Forger) -> Vec<Forged> {
    let good = forger.claims().to_string();
    let inner = &good[1..good.len() - 1];
    let mut texts = vec![
        String::new(),
        "null".into(),
        "1".into(),
        "[]".into(),
        "{}".into(),
        format!("[{good}]"),
        json!(good).to_string(),
        format!("{good}x"),
        format!("{good}{good}"),
        format!("\u{feff}{good}"),
        format!("{good}\0"),
        good[..good.len() - 1].into(),
        format!("{{{inner},}}"),
        format!("{{{inner},\"x\":NaN}}"),
        good.replace(&forger.claims()["exp"].to_string(), "1e400"),
        good.replace("\"admin\"", "\"\\ud800\""),
        good.replace("\"aud\":\"", "\"aud\":\"\\u0000"),
        good.replace(
            "\"admin\"",
            &format!("{}{}", "[".repeat(500), "]".repeat(500)),
        ),
        good.replace('"', "'"),
        good.replace("\"exp\"", "exp"),
        good.replace("\"exp\"", "\"EXP\""),
        encode_uri(&good),
    ];
    for name in CLAIMS {
        let value = &forger.claims()[name];
        texts.push(format!("{{{inner},\"{name}\":{value}}}"));
        texts.push(format!("{{\"{name}\":{value},{inner}}}"));
        texts.push(format!("{{{inner},\"{name}\":null}}"));
    }
    let header = forger.header().to_string();
    texts
        .into_iter()
        .map(|text| {
            forged(
                format!("payload {text:.40}"),
                forger.sign_text_as_we_do(&header, text),
            )
        })
        .collect()
}

fn encode_uri(text: &str) -> String {
    text.replace('{', "%7B").replace('"', "%22")
}

/// Who somebody else is, signed with the forger's key and with none.
fn somebody_else(forger: &Forger) -> Vec<Forged> {
    let other: Vec<&str> = forger.other_token.split('.').collect();
    let [header, payload, signature] = forger.parts();
    let claims = forger.claims_with("role", json!("admin"));
    vec![
        forged(
            "another's payload",
            format!("{header}.{}.{signature}", other[1]),
        ),
        forged(
            "another's payload and no signature",
            format!("{header}.{}.", other[1]),
        ),
        forged(
            "our payload, another's signature",
            format!("{header}.{payload}.{}", other[2]),
        ),
        forged(
            "a role of one's own",
            forger.sign(&forger.header(), &claims),
        ),
    ]
}
