//! Settings of the servers beside the database: Kafka and Redis, both of which can do without.

use super::values;
use crate::usage::Usage;
use anyhow::Result;
use clap::Args;
use millstream_event_log::backends::kafka::Kafka;
use millstream_event_log::backends::kafka::security::{Login, Mechanism, Protocol, Security};
use millstream_event_log::redis::Redis;
use std::fs;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Most bytes of a file with a password: far more than one has, and little enough to be read whole.
const PASSWORD_BYTES_MAX: u64 = 4 << 10;
/// Most bytes of a file of certificates: a whole system's are half a megabyte.
const CERTIFICATES_BYTES_MAX: u64 = 4 << 20;

/// Where the log is mirrored, and what processes have between them.
#[derive(Debug, Clone, Args)]
pub(crate) struct Between {
    /// Brokers of a Kafka to mirror the log in, `host:port`, separated by commas. It may be lost at any time.
    #[arg(
        long,
        env = "KAFKA_BROKERS",
        value_parser = values::brokers,
        value_name = "ADDRESSES"
    )]
    kafka_brokers: Option<String>,
    /// What the names of the topics in Kafka begin with. Two installations on one Kafka need one each.
    #[arg(
        long,
        env = "KAFKA_TOPIC_PREFIX",
        default_value = "millstream.",
        value_parser = values::topic_prefix,
        value_name = "TEXT"
    )]
    kafka_topic_prefix: String,
    /// How many partitions a topic in Kafka is made with, where it is not there yet.
    #[arg(
        long,
        env = "KAFKA_PARTITIONS",
        default_value = "4",
        value_parser = clap::value_parser!(u16).range(1..=1000),
        value_name = "NUMBER"
    )]
    kafka_partitions: u16,
    /// How many days a topic that is made in Kafka keeps its messages. For ever without it, as the log does.
    #[arg(
        long,
        env = "KAFKA_RETENTION_DAYS",
        value_parser = clap::value_parser!(u32).range(1..=36500),
        value_name = "NUMBER"
    )]
    kafka_retention_days: Option<u32>,
    /// How brokers are spoken to: `PLAINTEXT`, `SASL_PLAINTEXT`, `SSL` or `SASL_SSL`. The last two need a build with TLS for Kafka.
    #[arg(
        long,
        env = "KAFKA_SECURITY_PROTOCOL",
        default_value = "PLAINTEXT",
        value_name = "PROTOCOL"
    )]
    kafka_security_protocol: Protocol,
    /// How the password is proved to brokers: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. The last two need a build with TLS for
    /// Kafka.
    #[arg(
        long,
        env = "KAFKA_SASL_MECHANISM",
        default_value = "PLAIN",
        value_name = "MECHANISM"
    )]
    kafka_sasl_mechanism: Mechanism,
    /// Who Millstream is to the brokers, with SASL.
    #[arg(long, env = "KAFKA_SASL_USERNAME", value_name = "NAME")]
    kafka_sasl_username: Option<String>,
    /// The password to it. Better in a file: `KAFKA_SASL_PASSWORD_FILE`.
    #[arg(
        long,
        env = "KAFKA_SASL_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true
    )]
    kafka_sasl_password: Option<String>,
    /// The file that the password is in, alone.
    #[arg(long, env = "KAFKA_SASL_PASSWORD_FILE", value_name = "FILE")]
    kafka_sasl_password_file: Option<PathBuf>,
    /// The file with the certificate of the authority that has signed those of the brokers, in PEM form. Without it, those
    /// that the system trusts.
    #[arg(long, env = "KAFKA_CA_FILE", value_name = "FILE")]
    kafka_ca_file: Option<PathBuf>,
    /// A Redis, 7 or newer, such as `redis://127.0.0.1:6379`, or `rediss://user:password@redis.example.org` with TLS: several
    /// processes hear of each other's work through it at once, count requests together, and share a cache. It may be lost at
    /// any time.
    #[arg(long, env = "REDIS_URL", value_name = "URL", hide_env_values = true)]
    redis_url: Option<String>,
    /// The file with the certificate of the authority that has signed that of Redis, in PEM form. Without it, those that the
    /// system trusts.
    #[arg(long, env = "REDIS_CA_FILE", value_name = "FILE")]
    redis_ca_file: Option<PathBuf>,
    /// What all names in Redis begin with. Two installations that mirror their log in one Redis need one each.
    #[arg(
        long,
        env = "REDIS_PREFIX",
        default_value = "millstream:",
        value_name = "TEXT"
    )]
    redis_prefix: String,
    /// Whether the log is mirrored in Redis for other programs, too. With `EVENT_LOG=redis` it always is.
    #[arg(
        long,
        env = "REDIS_MIRROR",
        default_value_t = false,
        action = clap::ArgAction::Set,
        value_name = "TRUE_OR_FALSE"
    )]
    pub(crate) redis_mirror: bool,
    /// About how many of the newest entries each of the four streams of that mirror keeps.
    #[arg(
        long,
        env = "REDIS_STREAM_LEN",
        default_value = "100000",
        value_parser = clap::value_parser!(u32).range(1000..=100_000_000),
        value_name = "NUMBER"
    )]
    redis_stream_len: u32,
    /// Whether answers are kept in Redis for a while, where there is one.
    #[arg(
        long,
        env = "ENABLE_CACHE",
        default_value_t = true,
        action = clap::ArgAction::Set,
        value_name = "TRUE_OR_FALSE"
    )]
    pub(crate) enable_cache: bool,
}

impl Between {
    /// The Kafka of these settings.
    pub(crate) fn kafka(&self) -> Result<Option<Kafka>> {
        let Some(brokers) = self.kafka_brokers.as_deref() else {
            return Ok(None);
        };
        let partitions = NonZeroU16::new(self.kafka_partitions).unwrap_or(NonZeroU16::MIN);
        let days = |days| Duration::from_secs(u64::from(days) * 24 * 60 * 60);
        Ok(Some(Kafka {
            retention: self.kafka_retention_days.map(days),
            security: self.security()?,
            ..Kafka::at(brokers, &self.kafka_topic_prefix, partitions)
        }))
    }

    fn security(&self) -> Result<Security> {
        let authority = self.kafka_ca_file.as_deref();
        if let Some(file) = authority {
            // Kafka's client reads it itself, and later.
            content("KAFKA_CA_FILE", file, CERTIFICATES_BYTES_MAX)?;
        }
        Security::by(
            self.kafka_security_protocol,
            authority.map(Path::to_owned),
            self.login()?,
        )
        .map_err(|unfit| Usage::because(unfit.to_string()))
    }

    fn login(&self) -> Result<Option<Login>> {
        let given_password = self.kafka_sasl_password.as_deref().map(str::to_owned);
        let file = self.kafka_sasl_password_file.as_deref();
        let password = match (given_password, file) {
            (Some(_), Some(_)) => {
                return Err(Usage::because(
                    "KAFKA_SASL_PASSWORD and KAFKA_SASL_PASSWORD_FILE are both set: give one of them",
                ));
            }
            (Some(password), None) => Some(password),
            (None, Some(file)) => Some(password_in("KAFKA_SASL_PASSWORD_FILE", file)?),
            (None, None) => None,
        };
        match (self.kafka_sasl_username.as_deref(), password) {
            (Some(username), Some(password)) => Ok(Some(Login {
                mechanism: self.kafka_sasl_mechanism,
                username: username.to_owned(),
                password,
            })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(Usage::because(
                "KAFKA_SASL_USERNAME needs its password: set KAFKA_SASL_PASSWORD_FILE or KAFKA_SASL_PASSWORD",
            )),
            (None, Some(_)) => Err(Usage::because(
                "a password for Kafka needs its user: set KAFKA_SASL_USERNAME",
            )),
        }
    }

    /// The Redis of these settings; nothing is connected yet.
    pub(crate) fn redis(&self) -> Result<Option<Redis>> {
        let Some(url) = self.redis_url.as_deref() else {
            return Ok(None);
        };
        let redis = match self.redis_ca_file.as_deref() {
            Some(file) => {
                let authority = content("REDIS_CA_FILE", file, CERTIFICATES_BYTES_MAX)?;
                Redis::signed_by(&authority, url, &self.redis_prefix)
            }
            None => Redis::at(url, &self.redis_prefix),
        };
        // The URL itself may hold a password, and is not told.
        redis
            .map(Some)
            .map_err(|error| Usage::because(format!("REDIS_URL: {error}")))
    }

    /// About how many entries each stream of the mirror in Redis keeps.
    pub(crate) fn redis_stream_len(&self) -> usize {
        usize::try_from(self.redis_stream_len).unwrap_or(usize::MAX)
    }
}

/// What a file holds that a setting names.
fn content(setting: &str, file: &Path, bytes_max: u64) -> Result<Vec<u8>> {
    let cannot = |why: &dyn std::fmt::Display| {
        Usage::because(format!(
            "{setting}: cannot read \"{}\": {why}",
            file.display()
        ))
    };
    let size = fs::metadata(file).map_err(|error| cannot(&error))?.len();
    if size > bytes_max {
        return Err(cannot(&"it is far too large"));
    }
    fs::read(file).map_err(|error| cannot(&error))
}

/// The password in a file: what stands there, without the end of the line.
fn password_in(setting: &str, file: &Path) -> Result<String> {
    let bytes = content(setting, file, PASSWORD_BYTES_MAX)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Usage::because(format!("{setting}: what it names is no text")))?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(Usage::because(format!("{setting}: what it names is empty")));
    }
    Ok(password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Cli, Settings};
    use clap::Parser;

    fn settings(flags: &[&str]) -> Settings {
        let line = ["millstream"].iter().chain(flags);
        Cli::try_parse_from(line)
            .expect("these flags exist")
            .settings
    }

    fn refusal<T>(found: Result<T>) -> String {
        found.err().map(|it| it.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_login_for_kafka_is_whole_or_refused() {
        let kafka = |flags: &[&str]| {
            let always = [
                "--kafka-brokers",
                "127.0.0.1:9",
                "--kafka-security-protocol",
            ];
            let line: Vec<_> = always.iter().chain(flags).copied().collect();
            refusal(settings(&line).between.kafka())
        };
        let user = "--kafka-sasl-username=millstream";
        let password = "--kafka-sasl-password=chaff";
        assert_eq!(kafka(&["SASL_PLAINTEXT", user, password]), "");
        for (flags, told) in [
            (&["SASL_PLAINTEXT", user][..], "needs its password"),
            (&["SASL_PLAINTEXT", password], "needs its user"),
            (&["SASL_PLAINTEXT"], "wants a login"),
            (&["PLAINTEXT", user, password], "of use with"),
            (
                &["PLAINTEXT", "--kafka-ca-file=/no/such/file"],
                "/no/such/file",
            ),
        ] {
            let refusal = kafka(flags);
            assert!(refusal.contains(told), "{flags:?}: {refusal}");
            assert!(!refusal.contains("chaff"), "{refusal}");
        }
    }

    #[test]
    fn a_password_may_stand_in_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("password");
        let password = || password_in("KAFKA_SASL_PASSWORD_FILE", &file);
        assert!(refusal(password()).contains("cannot read"));
        fs::write(&file, "grist and chaff\n").expect("it is ours");
        assert_eq!(password().expect("it is there"), "grist and chaff");
        fs::write(&file, "\n").expect("it is ours");
        assert!(refusal(password()).contains("empty"));
        fs::write(&file, vec![b'x'; 5 << 10]).expect("it is ours");
        assert!(refusal(password()).contains("too large"));
    }
}
