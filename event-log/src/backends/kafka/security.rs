//! How brokers are spoken to: over TLS or not, and as whom.
//!
//! TLS and SCRAM are there in builds with the feature `kafka-tls` alone: Kafka's client knows no other TLS than OpenSSL's,
//! and has its SCRAM from there too. What a build does not have is refused when it is asked for, not at the first connection.

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use std::fmt::{self, Debug};
use std::path::PathBuf;
use std::str::FromStr;

/// Whether this build has TLS and SCRAM.
const HAS_TLS: bool = cfg!(feature = "kafka-tls");

/// How connections to brokers are secured, as Kafka calls it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Not at all: for a network of its own.
    #[default]
    Plaintext,
    /// By TLS.
    Ssl,
    /// By a user and a password, which everybody on the way can read if the mechanism is `PLAIN`.
    SaslPlaintext,
    /// By both.
    SaslSsl,
}

impl Protocol {
    const ALL: [Self; 4] = [
        Self::Plaintext,
        Self::Ssl,
        Self::SaslPlaintext,
        Self::SaslSsl,
    ];

    /// As Kafka writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Ssl => "SSL",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
        }
    }

    fn has_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    fn has_login(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

/// How a password is proved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mechanism {
    /// It is sent as it is.
    #[default]
    Plain,
    /// By a challenge; the password does not travel.
    ScramSha256,
    /// The same with a longer hash.
    ScramSha512,
}

impl Mechanism {
    const ALL: [Self; 3] = [Self::Plain, Self::ScramSha256, Self::ScramSha512];

    /// As Kafka writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// The word is none of those that Kafka knows here.
#[derive(Debug, thiserror::Error)]
#[error("it is one of {}", .0.join(", "))]
pub struct UnknownWord(Vec<&'static str>);

/// What Kafka calls so, however it is written.
fn named<T: Copy>(
    word: &str,
    all: &[T],
    as_str: impl Fn(T) -> &'static str,
) -> Result<T, UnknownWord> {
    let found = all.iter().copied();
    let found = found
        .into_iter()
        .find(|it| as_str(*it).eq_ignore_ascii_case(word));
    found.ok_or_else(|| UnknownWord(all.iter().map(|it| as_str(*it)).collect()))
}

impl FromStr for Protocol {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        named(word, &Self::ALL, Self::as_str)
    }
}

impl FromStr for Mechanism {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        named(word, &Self::ALL, Self::as_str)
    }
}

/// Who we are to the brokers.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// How the password is proved.
    pub mechanism: Mechanism,
    /// The user.
    pub username: String,
    /// The password.
    pub password: String,
}

impl Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the password, and not the user: nobody needs either in a log.
        f.debug_struct("Login")
            .field("mechanism", &self.mechanism)
            .finish_non_exhaustive()
    }
}

/// How brokers are spoken to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Security {
    protocol: Protocol,
    authority: Option<PathBuf>,
    login: Option<Login>,
}

/// Why brokers cannot be spoken to like this. The names are those of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The build lacks it.
    #[error(
        "this build has no TLS for Kafka: use one that is built with `--features kafka-tls`, or, inside a network that you \
         trust, KAFKA_SECURITY_PROTOCOL=PLAINTEXT or SASL_PLAINTEXT"
    )]
    NoTls,
    /// The build lacks it.
    #[error(
        "this build has no SCRAM for Kafka: use one that is built with `--features kafka-tls`, or KAFKA_SASL_MECHANISM=PLAIN"
    )]
    NoScram,
    /// The protocol wants a login.
    #[error(
        "KAFKA_SECURITY_PROTOCOL wants a login: set KAFKA_SASL_USERNAME, and KAFKA_SASL_PASSWORD_FILE or KAFKA_SASL_PASSWORD"
    )]
    NoLogin,
    /// The protocol has no login.
    #[error(
        "a login for Kafka is of use with KAFKA_SECURITY_PROTOCOL=SASL_SSL or SASL_PLAINTEXT alone"
    )]
    UselessLogin,
    /// The protocol has no certificates.
    #[error("KAFKA_CA_FILE is of use with KAFKA_SECURITY_PROTOCOL=SSL or SASL_SSL alone")]
    UselessAuthority,
}

impl Security {
    /// By this protocol. `authority` is the file with the certificate of whoever has signed those of the brokers; without
    /// it, whom the system trusts.
    pub fn by(
        protocol: Protocol,
        authority: Option<PathBuf>,
        login: Option<Login>,
    ) -> Result<Self, Unfit> {
        if protocol.has_tls() && !HAS_TLS {
            return Err(Unfit::NoTls);
        }
        if authority.is_some() && !protocol.has_tls() {
            return Err(Unfit::UselessAuthority);
        }
        match &login {
            None if protocol.has_login() => return Err(Unfit::NoLogin),
            Some(_) if !protocol.has_login() => return Err(Unfit::UselessLogin),
            Some(login) if login.mechanism != Mechanism::Plain && !HAS_TLS => {
                return Err(Unfit::NoScram);
            }
            None | Some(_) => {}
        }
        Ok(Self {
            protocol,
            authority,
            login,
        })
    }

    /// Sets a client up for it.
    pub(super) fn set(&self, config: &mut ClientConfig) {
        config.set("security.protocol", self.protocol.as_str());
        if self.protocol.has_tls() {
            // `probe`: a client that has its OpenSSL inside looks for the system's certificates where systems have them.
            let authority = self.authority.as_ref().map(|it| it.display().to_string());
            config.set("ssl.ca.location", authority.as_deref().unwrap_or("probe"));
        }
        if let Some(login) = &self.login {
            config
                .set("sasl.mechanism", login.mechanism.as_str())
                .set("sasl.username", &login.username)
                .set("sasl.password", &login.password);
        }
    }
}

/// Why brokers let nobody in. Their client tells it as one of many errors of connections.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotLetIn {
    #[error(
        "Kafka does not take this login: look at KAFKA_SASL_USERNAME, at the password (KAFKA_SASL_PASSWORD_FILE or \
         KAFKA_SASL_PASSWORD), and whether it knows the user for this KAFKA_SASL_MECHANISM"
    )]
    Login(#[source] KafkaError),
    #[error(
        "no TLS with Kafka: name the certificate of the authority that has signed the brokers' (KAFKA_CA_FILE), and see that \
         KAFKA_BROKERS names the port of TLS by the host that their certificate is for"
    )]
    Tls(#[source] KafkaError),
}

impl NotLetIn {
    /// What an error says of it, if it does.
    pub(super) fn of(error: &KafkaError) -> Option<Self> {
        match error.rdkafka_error_code()? {
            RDKafkaErrorCode::Authentication
            | RDKafkaErrorCode::SaslAuthenticationFailed
            | RDKafkaErrorCode::UnsupportedSASLMechanism => Some(Self::Login(error.clone())),
            RDKafkaErrorCode::SSL => Some(Self::Tls(error.clone())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(mechanism: Mechanism) -> Login {
        Login {
            mechanism,
            username: "millstream".into(),
            password: "grist-and-chaff".into(),
        }
    }

    #[test]
    fn words_are_read_as_kafka_writes_them() {
        assert_eq!("sasl_ssl".parse::<Protocol>().unwrap(), Protocol::SaslSsl);
        let mechanism = "SCRAM-SHA-512".parse::<Mechanism>().unwrap();
        assert_eq!(mechanism, Mechanism::ScramSha512);
        let told = "tls".parse::<Protocol>().unwrap_err().to_string();
        assert_eq!(
            told,
            "it is one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"
        );
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let refused = |protocol, authority: Option<&str>, login| {
            Security::by(protocol, authority.map(Into::into), login).err()
        };
        let plain = || Some(login(Mechanism::Plain));
        assert_eq!(refused(Protocol::Plaintext, None, None), None);
        assert_eq!(refused(Protocol::SaslPlaintext, None, plain()), None);
        let useless = refused(Protocol::Plaintext, None, plain());
        assert_eq!(useless, Some(Unfit::UselessLogin));
        let useless = refused(Protocol::SaslPlaintext, Some("ca.pem"), plain());
        assert_eq!(useless, Some(Unfit::UselessAuthority));
        let missing = refused(Protocol::SaslPlaintext, None, None);
        assert_eq!(missing, Some(Unfit::NoLogin));
    }

    #[test]
    fn what_the_build_lacks_is_refused_by_its_name() {
        let lacks = |unfit| (!HAS_TLS).then_some(unfit);
        let tls = Security::by(Protocol::Ssl, None, None);
        assert_eq!(tls.err(), lacks(Unfit::NoTls));
        let scram = Some(login(Mechanism::ScramSha256));
        let scram = Security::by(Protocol::SaslPlaintext, None, scram);
        assert_eq!(scram.err(), lacks(Unfit::NoScram));
        assert!(Unfit::NoTls.to_string().contains("kafka-tls"));
    }

    #[test]
    fn the_login_reaches_the_client_and_nobody_who_prints_it() {
        let login = Some(login(Mechanism::Plain));
        let security = Security::by(Protocol::SaslPlaintext, None, login).unwrap();
        let mut config = ClientConfig::new();
        security.set(&mut config);
        assert_eq!(config.get("security.protocol"), Some("SASL_PLAINTEXT"));
        assert_eq!(config.get("sasl.password"), Some("grist-and-chaff"));
        let printed = format!("{security:?} {config:?}");
        assert!(!printed.contains("grist"), "{printed}");
        assert!(!format!("{security:?}").contains("millstream"));
    }
}
