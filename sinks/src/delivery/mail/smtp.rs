//! The mail server: where it is, and the conversation with it (RFC 5321). One connection for each mail: a connection that
//! broke off in the middle of one can confuse no other.

use super::post::PostError;
use lettre::Message;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;
use std::time::Duration;
use url::{Host, Url};

/// How long one try may take, from connecting to the server's last word. RFC 5321 would let a server think for ten minutes;
/// one that does is asked again later.
pub const TRY_TIME_MAX: Duration = Duration::from_mins(1);
/// How long the server may take to say good-bye: it has the mail by then.
const QUIT_TIME_MAX: Duration = Duration::from_secs(2);
/// Replies of 5xx that are about our log-in or the connection, and not about the mail: once the settings are right, the
/// mail goes through.
const ABOUT_US: [u16; 4] = [530, 534, 535, 538];

/// How the conversation is kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    /// TLS from the first byte.
    Tls,
    /// TLS after the greeting, or nothing is sent.
    StartTls,
    /// None.
    Plain,
}

/// A mail server.
#[derive(Debug, Clone)]
pub struct SmtpServer {
    host: String,
    port: u16,
    secrecy: Secrecy,
    credentials: Option<Credentials>,
    time_limit: Duration,
}

/// Why a text is not the address of a mail server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SmtpUrlError {
    /// It is no URL.
    #[error("it is not a URL such as smtps://user:password@mail.example.org")]
    Form,
    /// It is one of something else.
    #[error("it must begin with smtps:// (TLS) or smtp:// (STARTTLS)")]
    Scheme,
    /// It asks for something that there is not.
    #[error("all that may follow the host is a port, and after smtp:// also ?tls=none")]
    Surplus,
    /// It would send a password that everybody on the way can read.
    #[error("a user and a password are sent over TLS only: leave out ?tls=none")]
    PasswordInTheOpen,
}

impl SmtpServer {
    /// The server of a URL: `smtps://` for TLS (port 465), `smtp://` for STARTTLS (port 587), and with `?tls=none` for
    /// neither (port 25), which is for a server on the same machine. User and password stand in it percent-encoded.
    pub fn from_url(text: &str) -> Result<Self, SmtpUrlError> {
        let url = Url::parse(text.trim()).map_err(|_| SmtpUrlError::Form)?;
        let secrecy = match (url.scheme(), url.query()) {
            ("smtps", None) => Secrecy::Tls,
            ("smtp", None | Some("tls=required")) => Secrecy::StartTls,
            ("smtp", Some("tls=none")) => Secrecy::Plain,
            ("smtp" | "smtps", Some(_)) => return Err(SmtpUrlError::Surplus),
            _ => return Err(SmtpUrlError::Scheme),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(SmtpUrlError::Surplus);
        }
        let host = host(&url).ok_or(SmtpUrlError::Form)?;
        let credentials = credentials(&url)?;
        if credentials.is_some() && secrecy == Secrecy::Plain {
            return Err(SmtpUrlError::PasswordInTheOpen);
        }
        let port = url.port().unwrap_or(match secrecy {
            Secrecy::Tls => 465,
            Secrecy::StartTls => 587,
            Secrecy::Plain => 25,
        });
        Ok(Self {
            host,
            port,
            secrecy,
            credentials,
            time_limit: TRY_TIME_MAX,
        })
    }

    /// The same with another limit on the time of one try.
    #[must_use]
    pub fn within(mut self, time_limit: Duration) -> Self {
        self.time_limit = time_limit;
        self
    }

    /// Hands a mail to the server.
    pub(super) async fn send(&self, message: &Message, from: &Mailbox) -> Result<(), PostError> {
        match tokio::time::timeout(self.time_limit, self.converse(message, from)).await {
            Ok(Ok(mut connection)) => {
                // The server has it; how it says good-bye changes nothing.
                let _ = tokio::time::timeout(QUIT_TIME_MAX, connection.abort()).await;
                Ok(())
            }
            Ok(Err(error)) => Err(error),
            // Dropped in the middle of the conversation, the connection is closed with it.
            Err(_) => Err(PostError::Away {
                reason: "the mail server did not answer in time".into(),
                code: None,
            }),
        }
    }

    async fn converse(
        &self,
        message: &Message,
        from: &Mailbox,
    ) -> Result<AsyncSmtpConnection, PostError> {
        let mut connection = self.connect(from).await.map_err(away)?;
        let text = message.formatted();
        let sent = connection.send(message.envelope(), &text).await;
        sent.map_err(judge)?;
        Ok(connection)
    }

    async fn connect(&self, from: &Mailbox) -> Result<AsyncSmtpConnection, Error> {
        let name = match from.email.domain() {
            domain if domain.is_ascii() => ClientId::Domain(domain.to_owned()),
            _ => ClientId::default(),
        };
        let wrapped = match self.secrecy {
            Secrecy::Tls => Some(self.tls()?),
            Secrecy::StartTls | Secrecy::Plain => None,
        };
        let server = (self.host.as_str(), self.port);
        let limit = Some(self.time_limit);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, limit, &name, wrapped, None).await?;
        if self.secrecy == Secrecy::StartTls {
            // Fails where the server offers none: nothing is sent in the open instead.
            connection.starttls(self.tls()?, &name).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }

    fn tls(&self) -> Result<TlsParameters, Error> {
        TlsParameters::new(self.host.clone())
    }
}

/// Nothing was said about the mail yet.
#[expect(clippy::needless_pass_by_value, reason = "given to `map_err`")]
fn away(error: Error) -> PostError {
    PostError::Away {
        reason: error.to_string(),
        code: error.status().map(u16::from),
    }
}

/// What the server's answer to a mail means.
#[expect(clippy::needless_pass_by_value, reason = "given to `map_err`")]
fn judge(error: Error) -> PostError {
    let code = error.status().map(u16::from);
    let reason = error.to_string();
    if code.is_some_and(|code| ABOUT_US.contains(&code)) {
        PostError::Away { reason, code }
    } else if error.is_permanent() {
        PostError::Refused(reason)
    } else {
        PostError::Later(reason)
    }
}

/// The host, as it is connected to and as its certificate names it.
fn host(url: &Url) -> Option<String> {
    // The parser leaves the hosts of schemes that it does not know as they are.
    let host = Host::parse(url.host_str().filter(|host| !host.is_empty())?).ok()?;
    Some(match host {
        Host::Domain(name) => name,
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    })
}

/// User and password, where there are any.
fn credentials(url: &Url) -> Result<Option<Credentials>, SmtpUrlError> {
    let decoded = |text: &str| match percent_decode_str(text).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(SmtpUrlError::Form),
    };
    let user = decoded(url.username())?;
    let password = decoded(url.password().unwrap_or_default())?;
    Ok((!user.is_empty()).then(|| Credentials::new(user, password)))
}

#[cfg(test)]
mod tests;
