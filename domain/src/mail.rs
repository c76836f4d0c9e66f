//! What mails are made of. That a subject is one line is what keeps anybody from adding headers of their own to a mail.

use crate::text::{Limit, block, checked_text, line};

checked_text! {
    /// What a mail is about: one line, 1 to 250 characters.
    Subject, |text| line(text, Limit::Chars(250))
}

checked_text! {
    /// What a mail says, as plain text or as HTML: up to 256 KiB, far more than anybody reads.
    MailText, |text| block(text, Limit::Bytes(256 << 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_holds_no_header_but_itself() {
        for bad in ["Hi\r\nBcc: eve@example.org", "Hi\nthere", "a\0b", " ", ""] {
            assert!(Subject::new(bad).is_err(), "{bad:?}");
        }
        assert!(Subject::new("Grüße: bcc@example.org").is_ok());
    }
}
