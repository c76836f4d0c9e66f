//! People: names, addresses, roles. Their passwords: `password.rs`.

use crate::field::{FieldCode, Invalid};
use crate::text::{Limit, checked_text, is_format, line, words};

/// Names that nobody may have, because queries and the API use them for people: `assignee:me`.
const RESERVED: [&str; 5] = ["me", "nobody", "none", "anyone", "system"];

checked_text! {
    /// The name that somebody logs in with and is mentioned by: 2 to 32 of `a-z 0-9 . _ -`, lower case, starting with a
    /// letter or digit.
    Username, |text| {
        let text = line(text, Limit::Chars(32))?.to_lowercase();
        let bytes = text.as_bytes();
        let plain = bytes.iter().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'));
        if !plain || !bytes[0].is_ascii_alphanumeric() {
            return Err(Invalid::new(
                FieldCode::Invalid,
                "must consist of letters a-z, digits, dot, underscore and hyphen, and start with a letter or digit",
            ));
        }
        if bytes.len() < 2 {
            return Err(Invalid::new(FieldCode::TooShort, "must have at least 2 characters"));
        }
        if RESERVED.contains(&text.as_str()) {
            return Err(Invalid::new(
                FieldCode::Invalid,
                "is a word that stands for people in general: choose another name",
            ));
        }
        Ok(text)
    }
}

checked_text! {
    /// An e-mail address, in lower case: something before and after one `@`, a dot in the domain. Whether it reaches
    /// anyone is known only when a mail arrives.
    Email, |text| {
        let text = line(text, Limit::Chars(254))?.to_lowercase();
        let good = text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && local.len() <= 64 && domain.contains('.') && !domain.contains('@')
                && domain.split('.').all(|label| {
                    !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
                        && label.chars().all(|c| c.is_alphanumeric() || c == '-')
                })
        });
        let hidden = |c: char| c.is_whitespace() || is_format(c);
        if !good || text.contains(hidden) || text.contains(['<', '>', ',', ';', '"']) {
            return Err(Invalid::new(FieldCode::Invalid, "must be an e-mail address such as ada@example.org"));
        }
        Ok(text)
    }
}

checked_text! {
    /// How somebody is shown: one line, 1 to 80 characters.
    DisplayName, |text| line(text, Limit::Chars(80))
}

checked_text! {
    /// A name of the IANA time zone database, such as `Europe/Vienna`.
    TimeZone, |text| {
        text.parse::<chrono_tz::Tz>().map(|tz| tz.name().to_owned()).map_err(|_| {
            Invalid::new(FieldCode::NotOneOf, "must be a time zone name such as Europe/Vienna or UTC")
        })
    }
}

words! {
    /// The languages that Millstream speaks.
    Locale {
        /// English.
        En = "en",
        /// German.
        De = "de",
    }
}

words! {
    /// What somebody is in the whole system.
    Role {
        /// May do everything.
        Admin = "admin",
        /// Creates teams, reads every team and its analytics.
        Manager = "manager",
        /// Creates teams, sees only their own.
        Member = "member",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_folded_and_checked() {
        assert_eq!(
            Username::new(" Ada.L ")
                .map(Username::into_string)
                .as_deref(),
            Ok("ada.l")
        );
        for bad in ["", "a", "-ada", "a b", "adä", &"a".repeat(33), "a\0b"] {
            assert!(Username::new(bad).is_err(), "{bad}");
        }
        for word in ["me", "Me", " nobody ", "none", "anyone", "system"] {
            assert!(Username::new(word).is_err(), "{word}");
        }
        for name in ["admin", "mel", "someone"] {
            assert!(Username::new(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn email_addresses_are_checked_for_their_form() {
        assert!(Email::new("Ada@Example.org").is_ok_and(|e| e.as_str() == "ada@example.org"));
        for bad in [
            "",
            "ada",
            "ada@",
            "@x.y",
            "ada@x",
            "a@b@c.d",
            "a b@c.d",
            "a@-b.c",
            "a@b..c",
            "<a@b.c>",
            "a\u{200b}da@b.c",
            "ada@b\u{200d}.c",
            "a\u{200f}da@b.c",
            "a\u{202e}da@b.c",
            "a\u{2028}da@b.c",
        ] {
            assert!(Email::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn time_zones_are_names_of_the_database() {
        assert!(TimeZone::new("Europe/Vienna").is_ok());
        assert!(TimeZone::new("Mars/Olympus").is_err());
    }
}
