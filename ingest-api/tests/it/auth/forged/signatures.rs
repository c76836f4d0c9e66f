//! A good token of which a bit, a letter or a part was changed.

use super::forger::{Forger, encoded};
use super::{Forged, forged};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};

pub(super) fn all(forger: &Forger) -> Vec<Forged> {
    let mut all = signature_bytes(forger);
    all.extend(letters(forger));
    all.extend(other_forms(forger));
    all.extend(lengths(forger));
    all
}

/// A bit of the signature, in its first bytes, its last, and every eighth between.
fn signature_bytes(forger: &Forger) -> Vec<Forged> {
    let [header, payload, signature] = forger.parts();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let places = (0..bytes.len()).filter(|n| *n < 8 || n % 8 == 0 || n + 8 > bytes.len());
    places
        .map(|place| {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << (place % 8);
            forged(
                format!("bit {} of byte {place} of the signature", place % 8),
                format!("{header}.{payload}.{}", encoded(changed)),
            )
        })
        .collect()
}

/// A letter of header and payload, every other one.
fn letters(forger: &Forger) -> Vec<Forged> {
    let token = &forger.token;
    let signature = token.rfind('.').unwrap();
    (0..signature)
        .step_by(2)
        .filter(|place| token.as_bytes()[*place] != b'.')
        .map(|place| {
            let letter = if token.as_bytes()[place] == b'A' {
                'B'
            } else {
                'A'
            };
            let (before, after) = (&token[..place], &token[place + 1..]);
            forged(
                format!("letter {place} is {letter}"),
                format!("{before}{letter}{after}"),
            )
        })
        .collect()
}

/// The same bytes, written in another way; and the signature of another token.
#[expect(clippy::too_many_lines, reason = "a table, read from top to bottom")]
fn other_forms(forger: &Forger) -> Vec<Forged> {
    let [header, payload, signature] = forger.parts();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
    let other = forger.other_token.rsplit_once('.').unwrap().1;
    let other_payload = forger.other_token.split('.').nth(1).unwrap();
    let form = |how: &str, header: &str, payload: &str, signature: &str| {
        forged(how, format!("{header}.{payload}.{signature}"))
    };
    let mut all = vec![
        form("somebody else's signature", header, payload, other),
        form("somebody else's payload", header, other_payload, signature),
        form("reversed", header, payload, &encoded(&reversed)),
        form("encoded twice", header, payload, &encoded(signature)),
        form("hexadecimal", header, payload, &hexadecimal(&bytes)),
        form(
            "a zero byte before",
            header,
            payload,
            &encoded([&[0], &bytes[..]].concat()),
        ),
        form(
            "a zero byte behind",
            header,
            payload,
            &encoded([&bytes[..], &[0]].concat()),
        ),
        form("the modulus", header, payload, &forger.public.modulus),
        form(
            "one",
            header,
            payload,
            &encoded([vec![0; bytes.len() - 1], vec![1]].concat()),
        ),
        form(
            "the other alphabet",
            header,
            payload,
            &(STANDARD.encode(&bytes) + "+/"),
        ),
        form("padding, header", &padded(header), payload, signature),
        form("padding, payload", header, &padded(payload), signature),
        form(
            "padding, signature",
            header,
            payload,
            &format!("{signature}="),
        ),
        form("much padding", header, payload, &format!("{signature}====")),
    ];
    for (n, part) in [header, payload].into_iter().enumerate() {
        for unused in unused_bits(part) {
            let (header, payload) = if n == 0 {
                (&*unused, payload)
            } else {
                (header, &*unused)
            };
            all.push(form("bits that say nothing", header, payload, signature));
        }
    }
    for space in [" ", "\t", "%20", "+", "\\n"] {
        for place in [1, 100, 300, 511] {
            let (before, after) = signature.split_at(place);
            all.push(form(
                "space",
                header,
                payload,
                &format!("{before}{space}{after}"),
            ));
        }
    }
    all
}

/// Too short, and too long.
fn lengths(forger: &Forger) -> Vec<Forged> {
    let [header, payload, signature] = forger.parts();
    let cut = (0..signature.len()).step_by(16).chain([508, 509, 510, 511]);
    let mut all: Vec<_> = cut
        .map(|n| {
            forged(
                format!("{n} letters of the signature"),
                format!("{header}.{payload}.{}", &signature[..n]),
            )
        })
        .collect();
    for n in [1, 2, 3, 4, 8, 512, 2_000, 8_000] {
        let more = "A".repeat(n);
        all.push(forged(
            format!("{n} letters more"),
            format!("{}{more}", forger.token),
        ));
    }
    all
}

fn padded(part: &str) -> String {
    let text = URL_SAFE.encode(URL_SAFE_NO_PAD.decode(part).unwrap());
    if text.ends_with('=') {
        text
    } else {
        text + "="
    }
}

/// Other last letters that stand for the same bytes, where some bits of the last one say nothing.
fn unused_bits(part: &str) -> Vec<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = match part.len() % 4 {
        2 => 4,
        3 => 2,
        _ => return Vec::new(),
    };
    let (before, last) = part.split_at(part.len() - 1);
    let last = ALPHABET
        .iter()
        .position(|c| last.as_bytes()[0] == *c)
        .unwrap();
    (1..1 << bits)
        .map(|more| format!("{before}{}", char::from(ALPHABET[last | more])))
        .collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat()
}
