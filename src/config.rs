//! Settings: environment variables, each with a flag of the same meaning. Flags win.
//!
//! To add one: a field below, or in [`between`], with its `long` and `env` names; `--help` and the check for mistyped names follow. It is `global`
//! when commands use it, too; the others are settings of the server alone, and the help of commands is without them.

mod between;
mod environment;
mod values;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

pub(crate) use between::Between;
pub(crate) use environment::check_names;
pub(crate) use values::check_setup_secret;

/// The variable of the database.
const DATABASE_URL: &str = "DATABASE_URL";

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

/// The parts that can run in a process of their own, several of them on one Postgres server.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// Run what people talk to: pages, the API, live connections.
    Web(Part),
    /// Run what follows from it: activity, notifications, the audit, timers, jobs, mail.
    Pipelines(Part),
    /// Run a search index of its own, and answer searches from it.
    Search(Part),
    /// Run a lake of its own, and answer reports from it.
    Analytics(Part),
}

/// A part's settings.
#[derive(Debug, Args)]
pub(crate) struct Part {
    #[command(flatten)]
    pub(crate) settings: Box<Settings>,
}

impl Cli {
    /// What the command line and the environment say. Answers `--help`, and wrong usage with exit code 2, by itself.
    pub(crate) fn read() -> Self {
        let mut command = without_empty(Self::command());
        let matches = command.get_matches_mut();
        let cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        if let Some(Command::Run(_)) = cli.command {
            // A part has settings of its own: what stands before its name would be left unheard.
            let misplaced = command.get_arguments().find(|argument| {
                let given = matches.value_source(argument.get_id().as_str());
                !argument.is_global_set() && given == Some(ValueSource::CommandLine)
            });
            if let Some(flag) = misplaced.and_then(clap::Arg::get_long) {
                let role = matches.subcommand_name().unwrap_or_default();
                let told = format!(
                    "--{flag} is a setting of `millstream` without a part: give those of a part behind its name, as in \
                     `millstream {role} --listen 127.0.0.1:8081`\n"
                );
                command.error(ErrorKind::ArgumentConflict, told).exit();
            }
        }
        cli
    }

    /// The settings of what is to be run: those of a part stand behind its name.
    pub(crate) fn settings(&self) -> &Settings {
        match &self.command {
            Some(Command::Run(
                Role::Web(part)
                | Role::Pipelines(part)
                | Role::Search(part)
                | Role::Analytics(part),
            )) => &part.settings,
            Some(_) | None => &self.settings,
        }
    }

    /// Whether it runs until it is stopped.
    pub(crate) fn is_server(&self) -> bool {
        matches!(self.command, None | Some(Command::Run(_)))
    }
}

/// The same, to which variables that are set to nothing are not set: compose files give so what nobody has set. But for the
/// database's: who lost it on the way would find an empty installation, on an embedded one.
fn without_empty(command: clap::Command) -> clap::Command {
    let is_empty = |arg: &clap::Arg| {
        let name = arg.get_env()?;
        let value = std::env::var_os(name)?;
        Some(name != DATABASE_URL && value.to_string_lossy().trim().is_empty())
    };
    command
        .mut_args(|arg| match is_empty(&arg) {
            Some(true) => arg.env(None::<&'static str>),
            Some(false) | None => arg,
        })
        .mut_subcommands(without_empty)
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
    #[command(flatten)]
    pub(crate) between: Between,
    /// Where `millstream search` runs, such as `http://search:8080`, when it is a process of its own: searches are passed on to
    /// it.
    #[arg(long, env = "SEARCH_URL", value_parser = values::service_url, value_name = "URL")]
    pub(crate) search_url: Option<String>,
    /// The same of `millstream analytics`.
    #[arg(long, env = "ANALYTICS_URL", value_parser = values::service_url, value_name = "URL")]
    pub(crate) analytics_url: Option<String>,
    /// Where `millstream search` and `analytics` fetch the public keys of tokens. Without it, from `web` by the public URL.
    #[arg(
        long,
        env = "MILLSTREAM_JWKS_URL",
        value_parser = values::jwks_url,
        value_name = "URL"
    )]
    pub(crate) jwks_url: Option<String>,
    /// Where the audit's checkpoints are kept, outside the database: a folder that all nodes have in common, such as
    /// `file:///srv/millstream/objects`. Without it, `objects` in the data folder.
    #[arg(
        long,
        env = "OBJECT_STORE_URL",
        value_parser = values::object_store,
        global = true,
        value_name = "URL"
    )]
    pub(crate) object_store: Option<PathBuf>,
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
    /// In Kafka, where it is mirrored; in Postgres what Kafka lacks.
    Kafka,
    /// In Redis, where it is mirrored; in Postgres what Redis lacks.
    Redis,
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
    /// Run a part of Millstream.
    #[command(flatten)]
    Run(Role),
    /// Bring the database's schema up to date, and nothing else.
    Migrate,
    /// Fill a fresh installation with a team, projects, tasks and comments to look at, and end.
    Seed,
    /// Ask the process that runs on this machine whether it can do its work: exit code 0 if so.
    Health,
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
    /// Make a view anew from the event log: search, activity or notifications.
    ///
    /// It is made beside the one that people see, who read and write meanwhile; then the two are compared, and the new one takes
    /// the other one's place at once. What people did to a view, such as reading notifications, is kept. Interrupted, it changes
    /// nothing, and can be begun again.
    ///
    /// Exit code 0: it is done; what differed is told. 1: it is not, and nothing was changed; with --compare-only also when
    /// something differs.
    Rebuild(crate::commands::rebuild::RebuildArgs),
}
