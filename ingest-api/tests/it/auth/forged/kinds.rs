//! Secrets of another kind, and what clients send by mistake.

use super::forger::{Forger, encoded};
use super::{Forged, forged};
use crate::app::{PASSWORD, SETUP_SECRET};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub(super) fn all(forger: &Forger) -> Vec<Forged> {
    let refresh = &forger.refresh_token;
    let sid = forger.claims()["sid"].as_str().unwrap().to_owned();
    let mut texts = vec![
        refresh.clone(),
        refresh.replace("msr_", "mst_"),
        refresh.replace("msr_", ""),
        format!("{refresh}.{refresh}.{refresh}"),
        sid,
        SETUP_SECRET.into(),
        PASSWORD.into(),
        STANDARD.encode(format!("ada:{PASSWORD}")),
        forger.kid(),
        forger.public.modulus.clone(),
        "null".into(),
        "undefined".into(),
        "[object Object]".into(),
        "true".into(),
        "0".into(),
        "-".into(),
        "*".into(),
        "\\".into(),
        "${TOKEN}".into(),
        "{{token}}".into(),
        "<token>".into(),
        "v2.public.AAAA.AAAA".into(),
        "v4.local.AAAA".into(),
        "whsec_AAAA".into(),
        "sk_live_AAAA".into(),
        "ghp_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into(),
        "' or '1'='1".into(),
        "../../etc/passwd".into(),
        "a b c".into(),
    ];
    // Tokens of the API that nobody was given, and what looks like one.
    for n in [0, 1, 16, 31, 32, 33, 64, 512] {
        texts.push(format!("mst_{}", encoded(vec![7; n])));
        texts.push(format!("MST_{}", encoded(vec![7; n])));
        texts.push(format!("msr_{}", encoded(vec![7; n])));
        texts.push("a".repeat(n * 20));
    }
    texts
        .into_iter()
        .map(|token| forged("another kind", token))
        .collect()
}
