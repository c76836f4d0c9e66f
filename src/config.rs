//! Settings: environment variables, each with a flag of the same meaning. Flags win.
//!
//! To add one: a field below with its `long` and `env` names; `--help` and the check for mistyped names follow. It is `global`
//! when commands use it, too; the others are settings of the server alone, and the help of commands is without them.

mod environment;
mod values;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

pub(crate) use environment::check_names;
pub(crate) use values::check_setup_secret;

/// A self-hosted team task manager, built as a stream processor.
///
/// Without a command it runs everything in this process. Every setting is an environment variable with a flag of the
/// same meaning; the flag wins.
#[derive(Debug, Parser)]
#[command(name = "millstream", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Fill a fresh installation with a team, projects, tasks and comments to look at.
    #[arg(long)]
    pub(crate) demo: bool,
}

/// What the server and the commands need to know.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct Settings {
    /// Where everything is kept that is not in the database: keys, index, checkpoints; and the embedded database.
    #[arg(
        long,
        env = "MILLSTREAM_DATA_DIR",
        default_value = "./millstream-data",
        global = true,
        value_name = "FOLDER"
    )]
    pub(crate) data_dir: PathBuf,
    /// The folder of the keys that sign access tokens, when several nodes serve one database: each has a data folder of its
    /// own, and this one in common. Otherwise it is `keys` in the data folder.
    #[arg(
        long,
        env = "MILLSTREAM_KEYS_DIR",
        global = true,
        value_name = "FOLDER"
    )]
    pub(crate) keys_dir: Option<PathBuf>,
    /// The address that the API and the pages are served on.
    #[arg(
        long,
        env = "MILLSTREAM_LISTEN",
        default_value = "127.0.0.1:8080",
        value_parser = values::address,
        value_name = "ADDRESS"
    )]
    pub(crate) listen: SocketAddr,
    /// The address that metrics and health are served on, for operators alone.
    #[arg(
        long,
        env = "MILLSTREAM_ADMIN_LISTEN",
        default_value = "127.0.0.1:9090",
        value_parser = values::address,
        value_name = "ADDRESS"
    )]
    pub(crate) admin_listen: SocketAddr,
    /// How people reach Millstream from outside, such as `https://tasks.example.org`.
    #[arg(
        long,
        env = "MILLSTREAM_PUBLIC_URL",
        value_parser = values::public_url,
        value_name = "URL"
    )]
    pub(crate) public_url: Option<String>,
    /// What the first user must bring to register, and become admin; at least 12 characters. Made and printed when not set.
    #[arg(
        long,
        env = "MILLSTREAM_SETUP_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub(crate) setup_secret: Option<String>,
    /// Whether people may register by themselves. The first one, who brings the set-up secret, always may.
    #[arg(
        long,
        env = "MILLSTREAM_REGISTRATION",
        default_value = "open",
        global = true
    )]
    pub(crate) registration: Registration,
    /// A Postgres server, 15 or newer. Without it, an embedded one runs in the data folder.
    #[arg(
        long,
        env = "DATABASE_URL",
        global = true,
        value_name = "URL",
        hide_env_values = true
    )]
    pub(crate) database_url: Option<String>,
    /// The database's owner, for migrations, when the role of `DATABASE_URL` lacks the right to change the schema.
    #[arg(
        long,
        env = "MIGRATE_DATABASE_URL",
        global = true,
        value_name = "URL",
        hide_env_values = true
    )]
    pub(crate) migrate_database_url: Option<String>,
    /// Where pipelines read the event log.
    #[arg(long, env = "EVENT_LOG", default_value = "postgres")]
    pub(crate) event_log: EventLog,
    /// Proxies that are believed where requests come from (X-Forwarded-For, Forwarded): networks, separated by commas.
    #[arg(
        long,
        env = "MILLSTREAM_TRUSTED_PROXIES",
        value_delimiter = ',',
        value_name = "CIDR"
    )]
    pub(crate) trusted_proxies: Vec<String>,
    /// Whether people who ask too often are told to wait.
    #[arg(long, env = "RATE_LIMIT")]
    pub(crate) rate_limit: Option<RateLimit>,
    /// The same under the name that all other settings of ours begin with.
    #[arg(long, env = "MILLSTREAM_RATE_LIMIT", hide = true)]
    pub(crate) millstream_rate_limit: Option<RateLimit>,
    /// Requests a minute of a person who is logged in. Without it, 1200.
    #[arg(long, env = "MILLSTREAM_RATE_LIMIT_PERSON", value_name = "NUMBER")]
    pub(crate) rate_limit_person: Option<NonZeroU32>,
    /// Requests a minute from an address (of IPv6: a network of 64 bits) by those who are not logged in. Without it, 600.
    #[arg(long, env = "MILLSTREAM_RATE_LIMIT_ADDRESS", value_name = "NUMBER")]
    pub(crate) rate_limit_address: Option<NonZeroU32>,
    /// Log-ins and registrations a minute from an address. Without it, 30.
    #[arg(long, env = "MILLSTREAM_RATE_LIMIT_LOG_IN", value_name = "NUMBER")]
    pub(crate) rate_limit_log_in: Option<NonZeroU32>,
    /// Live connections (open pages, event streams) that one person may have. Without it, 200.
    #[arg(long, env = "MILLSTREAM_LIVE_PERSON", value_name = "NUMBER")]
    pub(crate) live_person: Option<NonZeroUsize>,
    /// Live connections from an address (of IPv6: a network of 64 bits); the machine's own is not limited. Without it, 1000.
    #[arg(long, env = "MILLSTREAM_LIVE_ADDRESS", value_name = "NUMBER")]
    pub(crate) live_address: Option<NonZeroUsize>,
    /// Other sites whose scripts may use the API, such as `https://tools.example.org`, separated by commas. None without it.
    #[arg(
        long,
        env = "MILLSTREAM_CORS_ORIGINS",
        value_delimiter = ',',
        value_name = "ORIGIN"
    )]
    pub(crate) cors_origins: Vec<String>,
    /// The mail server: `smtps://user:password@mail.example.org`, or `smtp://…` for STARTTLS. Without one, mails are printed to
    /// the log.
    #[arg(long, env = "SMTP_URL", value_name = "URL", hide_env_values = true)]
    pub(crate) smtp_url: Option<String>,
    /// The same under the name that all other settings of ours begin with.
    #[arg(
        long,
        env = "MILLSTREAM_SMTP_URL",
        value_name = "URL",
        hide_env_values = true,
        hide = true
    )]
    pub(crate) millstream_smtp_url: Option<String>,
    /// Whom mails come from, such as `Millstream <millstream@example.org>`. Without it, an address at the host of the public
    /// URL.
    #[arg(long, env = "MILLSTREAM_MAIL_FROM", value_name = "ADDRESS")]
    pub(crate) mail_from: Option<String>,
    /// The form of log lines: readable text on a terminal and JSON elsewhere, or always one of them.
    #[arg(long, env = "LOG_FORMAT", default_value = "auto", global = true)]
    pub(crate) log_format: LogFormat,
    /// A file that log lines are added to, instead of standard error.
    #[arg(long, env = "LOG_FILE", global = true, value_name = "FILE")]
    pub(crate) log_file: Option<PathBuf>,
    /// What is logged, such as `info` or `warn,millstream_pipelines=debug`. Usually `info`; `warn` for commands.
    #[arg(long = "log", env = "RUST_LOG", global = true, value_name = "FILTER")]
    pub(crate) log: Option<String>,
}

/// Whether people may register by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Registration {
    /// Everybody who reaches the address.
    Open,
    /// Nobody but the first.
    Closed,
}

/// Whether people who ask too often are told to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RateLimit {
    /// They are.
    On,
    /// Nobody is.
    Off,
}

/// Where pipelines read the event log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventLog {
    /// In Postgres, where it is always written.
    Postgres,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object per line.
    Json,
    /// Text for people.
    Text,
}

/// What to do instead of running.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Bring the database's schema up to date, and nothing else.
    Migrate,
    /// The audit: prove that nobody tampered with it.
    #[command(subcommand)]
    Audit(crate::commands::audit::AuditCommand),
    /// The keys of access tokens: make a new one, retire an old one, show them.
    #[command(subcommand)]
    Keys(crate::commands::keys::KeysCommand),
    /// Import tasks from a CSV file, such as the export of another tracker.
    ///
    /// The whole file is checked first, and nothing is written if a row is bad. Each row comes in once, however often the
    /// import is repeated. Titles are made one line; one of more than 200 characters is cut, and stands in full at the top
    /// of the description.
    Import(crate::commands::import::ImportArgs),
}
