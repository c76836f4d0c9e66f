//! Keys against the forms of other tools, and what is refused.

use super::*;

/// The key of the seed 0, 1, 2 … 31.
fn fixed() -> SigningKey {
    let seed: Vec<u8> = (0..32).collect();
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    SigningKey {
        verifier: VerifierKey::of(public_of(&pair)),
        pair,
    }
}

#[test]
fn both_halves_are_read_back_from_what_they_print() {
    let key = SigningKey::generate().unwrap();
    let verifier: VerifierKey = key.verifier().to_string().parse().unwrap();
    assert_eq!(&verifier, key.verifier());
    let again: SigningKey = key.to_string().parse().unwrap();
    assert_eq!(again.verifier(), key.verifier());
    assert!(verifier.verify(b"bread", &again.sign(b"bread")));
    assert!(!verifier.verify(b"flour", &again.sign(b"bread")));
}

#[test]
fn the_name_is_made_of_the_public_key() {
    let key = fixed();
    // The beginning of SHA-256 over the public key, computed with another library.
    assert_eq!(key.verifier().name(), "millstream/audit/56475aa7");
}

#[test]
fn a_damaged_key_is_refused() {
    let text = fixed().verifier().to_string();
    let (name, rest) = text.split_once('+').unwrap();
    for bad in [
        String::new(),
        name.to_owned(),
        format!("other+{rest}"),
        text[..text.len() - 4].to_owned(),
        text.replace("+2a41da86", "+2a41da87"),
        format!("{name}+00000000+AAAA"),
    ] {
        assert!(bad.parse::<VerifierKey>().is_err(), "{bad}");
    }
    assert!(
        fixed()
            .verifier()
            .to_string()
            .parse::<SigningKey>()
            .is_err()
    );
}

#[test]
fn the_secret_half_is_in_no_debug_output() {
    let key = fixed();
    let secret = key.to_string();
    let secret = secret.rsplit('+').next().unwrap();
    assert!(!format!("{key:?}").contains(secret));
}

#[cfg(unix)]
#[test]
fn the_file_is_made_once_and_only_its_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys/audit.ed25519");
    let key = SigningKey::load_or_create(&path).unwrap();
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let again = SigningKey::load_or_create(&path).unwrap();
    assert_eq!(again.verifier(), key.verifier());

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = SigningKey::load_or_create(&path).unwrap_err();
    assert!(
        matches!(error, KeyError::Exposed { mode: 0o644, .. }),
        "{error}"
    );
}
