//! Another algorithm than ours: none at all, a secret where a public key is expected, and relatives of RS256.

use super::forger::{Forger, encoded, sign};
use super::{Forged, forged};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::json;

pub(super) fn all(forger: &Forger) -> Vec<Forged> {
    let mut all = none(forger);
    all.extend(secrets(forger));
    all.extend(relatives(forger));
    all.extend(names(forger));
    all.extend(curves(forger));
    all
}

/// "none" in every spelling, with and without a signature.
fn none(forger: &Forger) -> Vec<Forged> {
    let [_, payload, signature] = forger.parts();
    let mut spellings: Vec<String> = (0..16_u8)
        .map(|upper| {
            let letter = |(n, letter): (usize, char)| match upper >> n & 1 {
                1 => letter.to_ascii_uppercase(),
                _ => letter,
            };
            "none".chars().enumerate().map(letter).collect()
        })
        .collect();
    spellings.extend(
        [
            "",
            " none",
            "none ",
            "none\0",
            "\u{200b}none",
            "null",
            "nоne",
        ]
        .map(Into::into),
    );
    let mut all = Vec::new();
    for alg in spellings {
        let header = encoded(forger.header_with("alg", json!(alg)).to_string());
        let bare = encoded(json!({"alg": alg, "typ": "JWT"}).to_string());
        for signature in ["", signature, "AA"] {
            let how = format!("alg {alg:?}, signature {signature:.4}");
            all.push(forged(&how, format!("{header}.{payload}.{signature}")));
            all.push(forged(&how, format!("{bare}.{payload}.{signature}")));
        }
        all.push(forged("no signature part", format!("{header}.{payload}")));
    }
    all
}

/// HMAC with what everybody knows as its secret.
fn secrets(forger: &Forger) -> Vec<Forged> {
    let public = &forger.public;
    let secrets: [(&str, Vec<u8>); 14] = [
        ("PEM", public.pem.clone().into()),
        ("PEM without its last line feed", public.pem.trim().into()),
        ("PEM in one line", public.pem.replace('\n', "").into()),
        ("PEM of Windows", public.pem.replace('\n', "\r\n").into()),
        ("X.509", public.x509.clone()),
        ("PKCS#1", public.pkcs1.clone()),
        ("X.509 in base64", encoded(&public.x509).into()),
        ("JWK", public.jwk.clone().into()),
        ("JWK set", format!("{{\"keys\":[{}]}}", public.jwk).into()),
        ("the modulus", public.modulus.clone().into()),
        ("the id of the key", forger.kid().into()),
        ("nothing", Vec::new()),
        ("a zero byte", vec![0]),
        ("a favourite", b"secret".into()),
    ];
    let mut all = Vec::new();
    for (how, secret) in secrets {
        let key = EncodingKey::from_secret(&secret);
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            for alg in [format!("{algorithm:?}"), "RS256".to_owned()] {
                let header = forger.header_with("alg", json!(alg)).to_string();
                let token = sign(header, forger.claims().to_string(), &key, algorithm);
                all.push(forged(
                    format!("{algorithm:?} with {how}, alg {alg}"),
                    token,
                ));
            }
        }
    }
    all
}

/// Our own key, used by another algorithm: told, concealed, or only claimed.
fn relatives(forger: &Forger) -> Vec<Forged> {
    let relatives = [
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
    ];
    let mut all = Vec::new();
    for algorithm in relatives {
        let name = format!("{algorithm:?}");
        let told = forger.header_with("alg", json!(name));
        all.push(forged(
            format!("{name} told"),
            forger.sign_as_we_do_not(&told, algorithm),
        ));
        all.push(forged(
            format!("{name} as RS256"),
            forger.sign_as_we_do_not(&forger.header(), algorithm),
        ));
        all.push(forged(
            format!("RS256 as {name}"),
            forger.sign_as_we_do(&told, &forger.claims()),
        ));
    }
    all
}

/// Signed as it should be, under every other name that an algorithm has, and none that it has.
fn names(forger: &Forger) -> Vec<Forged> {
    let names = [
        "rs256",
        "Rs256",
        "rS256",
        "RS256 ",
        " RS256",
        "RS256\0",
        "RS-256",
        "RS2560",
        "RS25",
        "RSA",
        "RS1",
        "RSA-OAEP",
        "RSA-OAEP-256",
        "RSA1_5",
        "HS256",
        "HS1",
        "ES256",
        "ES256K",
        "ES384",
        "ES512",
        "EdDSA",
        "Ed25519",
        "dir",
        "A128KW",
        "A256GCMKW",
        "ECDH-ES",
        "PBES2-HS256+A128KW",
        "SHA256withRSA",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "1.2.840.113549.1.1.11",
        "",
    ];
    let names = names.map(|name| json!(name)).into_iter().chain([
        json!(null),
        json!(256),
        json!(true),
        json!(["RS256"]),
        json!(["RS256", "none"]),
        json!({"RS256": "RS256"}),
    ]);
    names
        .map(|alg| {
            let header = forger.header_with("alg", alg.clone());
            let token = forger.sign_as_we_do(&header, &forger.claims());
            forged(format!("RS256 called {alg}"), token)
        })
        .collect()
}

/// Curves: the forger's key, and signatures of nothing but zeros.
fn curves(forger: &Forger) -> Vec<Forged> {
    let claims = forger.claims().to_string();
    let mut all = Vec::new();
    for (alg, key, algorithm) in [
        ("ES256", &forger.ec, Algorithm::ES256),
        ("EdDSA", &forger.ed, Algorithm::EdDSA),
    ] {
        for alg in [alg, "RS256"] {
            let header = forger.header_with("alg", json!(alg));
            let token = sign(header.to_string(), &claims, key, algorithm);
            all.push(forged(format!("{algorithm:?}, alg {alg}"), token));
        }
    }
    for alg in ["ES256", "ES384", "ES512", "EdDSA", "RS256"] {
        let header = encoded(forger.header_with("alg", json!(alg)).to_string());
        for bytes in [64, 96, 132, 384] {
            for byte in [0, 0xff] {
                let signature = encoded(vec![byte; bytes]);
                all.push(forged(
                    format!("{bytes} bytes {byte}, alg {alg}"),
                    format!("{header}.{}.{signature}", encoded(&claims)),
                ));
            }
        }
    }
    all
}
