//! Notes: what is signed is read back, and nothing else is.

use super::super::checkpoint::Checkpoint;
use super::*;

fn key() -> SigningKey {
    SigningKey::generate().unwrap()
}

#[test]
fn a_note_is_read_back_with_its_key() {
    let key = key();
    for text in ["one line\n", "two\nlines\n", "a blank\n\nline within\n"] {
        assert_eq!(open(&sign(text, &key), key.verifier()), Ok(text));
    }
}

#[test]
fn a_changed_text_does_not_fit_its_signature() {
    let key = key();
    let note = sign("size 1204\n", &key).replace("1204", "1205");
    assert!(matches!(
        open(&note, key.verifier()),
        Err(NoteError::BadSignature(_))
    ));
}

#[test]
fn a_note_of_another_key_is_not_signed() {
    let (ours, theirs) = (key(), key());
    let note = sign("text\n", &theirs);
    assert!(matches!(
        open(&note, ours.verifier()),
        Err(NoteError::NotSigned(_))
    ));
}

#[test]
fn signatures_of_witnesses_are_passed_over() {
    let (ours, witness) = (key(), key());
    let text = "text\n";
    let theirs = sign(text, &witness);
    let line = theirs.rsplit_once("\n\n").unwrap().1;
    let note = format!("{}{line}", sign(text, &ours));
    assert_eq!(open(&note, ours.verifier()), Ok(text));
    assert_eq!(open(&note, witness.verifier()), Ok(text));
}

#[test]
fn what_is_no_note_is_refused_whatever_it_is() {
    let key = key();
    let good = sign("text\n", &key);
    let mut bad: Vec<String> = [
        "",
        "\n\n",
        "text\n",
        "text\n\n",
        "text\n\nsignature\n",
        "text\n\n\u{2014} name\n",
        "text\n\n\u{2014} name !!!\n",
        "text\n\n\u{2014} name AAAA\n",
    ]
    .map(str::to_owned)
    .into();
    bad.push(good.trim_end().to_owned());
    bad.push(good.replace("text", "te\rxt"));
    bad.push(format!("{good}\n"));
    bad.push("x".repeat(BYTES_MAX + 1));
    // Every prefix and every single changed byte.
    bad.extend(
        (0..good.len())
            .filter_map(|end| good.get(..end))
            .map(str::to_owned),
    );
    for place in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[place] ^= 1;
        bad.extend(String::from_utf8(bytes));
    }
    for note in bad {
        assert!(open(&note, key.verifier()).is_err(), "{note:?}");
    }
}

#[test]
fn a_checkpoint_has_the_form_of_c2sp() {
    let key = key();
    let checkpoint = Checkpoint {
        size: 1204,
        root: [7; 32],
    };
    let note = checkpoint.sign(&key);
    let lines: Vec<_> = note.split('\n').collect();
    let name = key.verifier().name();
    assert_eq!(
        lines[..4],
        [
            name,
            "1204",
            "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
            ""
        ]
    );
    let signature = lines[4].strip_prefix(&format!("\u{2014} {name} ")).unwrap();
    let bytes = STANDARD.decode(signature).unwrap();
    assert_eq!((bytes.len(), &bytes[..4]), (68, &key.verifier().hash()[..]));
    assert_eq!(Checkpoint::open(&note, key.verifier()), Ok(checkpoint));
}

#[test]
fn a_signed_text_that_is_no_checkpoint_is_refused() {
    let key = key();
    let name = key.verifier().name();
    let root = STANDARD.encode([7; 32]);
    for text in [
        "\n".to_owned(),
        format!("{name}\n"),
        format!("{name}\n12\n"),
        format!("other\n12\n{root}\n"),
        format!("{name}\n012\n{root}\n"),
        format!("{name}\n+12\n{root}\n"),
        format!("{name}\n99999999999999999999\n{root}\n"),
        format!("{name}\n12\nAAAA\n"),
    ] {
        assert!(
            Checkpoint::open(&sign(&text, &key), key.verifier()).is_err(),
            "{text}"
        );
    }
    let extended = format!("{name}\n12\n{root}\nan extension\n");
    assert!(Checkpoint::open(&sign(&extended, &key), key.verifier()).is_ok());
}
