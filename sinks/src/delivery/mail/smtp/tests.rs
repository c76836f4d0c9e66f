//! Addresses of mail servers.

use super::*;

fn read(url: &str) -> (String, u16, Secrecy, bool) {
    let server = SmtpServer::from_url(url).expect("the address of a mail server");
    let has_credentials = server.credentials.is_some();
    (server.host, server.port, server.secrecy, has_credentials)
}

#[test]
fn what_is_not_said_is_the_safe_way() {
    assert_eq!(
        read("smtps://ada:secret@mail.example.org"),
        ("mail.example.org".into(), 465, Secrecy::Tls, true)
    );
    assert_eq!(
        read("smtp://ada:secret@mail.example.org"),
        ("mail.example.org".into(), 587, Secrecy::StartTls, true)
    );
    assert_eq!(
        read("smtp://127.0.0.1:2525?tls=none"),
        ("127.0.0.1".into(), 2525, Secrecy::Plain, false)
    );
    assert_eq!(read("smtp://[::1]/?tls=none").0, "::1");
}

#[test]
fn user_and_password_are_percent_encoded() {
    let server =
        SmtpServer::from_url("smtps://ada%40example.org:p%3Ass%20w%C3%B6rd@mail.example.org");
    let expected = Credentials::new("ada@example.org".into(), "p:ss wörd".into());
    assert_eq!(server.expect("good").credentials, Some(expected));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (url, error) in [
        ("mail.example.org", SmtpUrlError::Form),
        ("smtp://", SmtpUrlError::Form),
        ("smtp://a b.example.org", SmtpUrlError::Form),
        ("https://mail.example.org", SmtpUrlError::Scheme),
        ("mail.example.org:25", SmtpUrlError::Scheme),
        ("smtps://mail.example.org?tls=none", SmtpUrlError::Surplus),
        ("smtp://mail.example.org?tls=perhaps", SmtpUrlError::Surplus),
        ("smtp://mail.example.org/inbox", SmtpUrlError::Surplus),
        (
            "smtp://ada:secret@mail.example.org?tls=none",
            SmtpUrlError::PasswordInTheOpen,
        ),
    ] {
        assert_eq!(SmtpServer::from_url(url).err(), Some(error), "{url}");
    }
}

#[test]
fn the_password_is_not_told() {
    let server = SmtpServer::from_url("smtps://ada:xyzzy@mail.example.org").expect("good");
    assert!(!format!("{server:?}").contains("xyzzy"));
}
