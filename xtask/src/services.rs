//! The services that the product and its tests talk to: each private, on a free loopback port and a
//! socket and data folder of its own, so that nothing on the machine is in the way and nothing is
//! left behind.
//!
//! [`Private`] ones live as long as one command. The command `services` keeps others running in
//! `.services/`, for development. An address given in the environment is used instead of a service
//! of our own.
//!
//! To add a service: a file `services/<name>.rs` that can start it under a [`keeper`],
//! a [`Service`] here, a place in `test.rs` that asks for it, and, if developers want it to stay up,
//! its part in [`kept`].

mod account;
mod chromium;
mod database;
mod folder;
mod kafka;
mod keeper;
mod kept;
mod packages;
mod postgres;
mod redis;
mod smtp;

use crate::process;
use crate::repo::Repo;
pub(crate) use crate::services::database::Fresh;
use crate::services::keeper::Keeper;
pub(crate) use crate::services::postgres::free_port;
use crate::services::postgres::programs::Programs;
pub(crate) use crate::services::postgres::psql::Psql;
use anyhow::Result;
use clap::Subcommand;
use std::path::PathBuf;
use std::process::ExitCode;

/// The database.
pub(crate) const POSTGRES: &Service = &Service {
    name: "Postgres",
    variable: TEST_DATABASE_URL,
    start: postgres::private::start,
    stand_in: None,
};

/// Browsers.
pub(crate) const CHROMIUM: &Service = &Service {
    name: "Chromium",
    variable: TEST_CHROMEDRIVER_URL,
    start: chromium::start,
    stand_in: None,
};

/// Signals, quotas, the cache and a mirror of the log.
pub(crate) const REDIS: &Service = &Service {
    name: "Redis",
    variable: TEST_REDIS_URL,
    start: redis::start,
    stand_in: None,
};

/// A mirror of the log.
pub(crate) const KAFKA: &Service = &Service {
    name: "Kafka",
    variable: TEST_KAFKA_BROKERS,
    start: kafka::start,
    stand_in: Some(
        "librdkafka's mock cluster, inside the tests, stands in for it, and what it cannot do was left out: tests that kill \
         or wipe a broker, remove topics, or log in",
    ),
};

/// A mail server.
pub(crate) const SMTP: &Service = &Service {
    name: "Mail server",
    variable: TEST_SMTP_URL,
    start: smtp::start,
    stand_in: None,
};

/// The url of a database `postgres` whose user may create databases: every test clones one for
/// itself.
pub(crate) const TEST_DATABASE_URL: &str = "TEST_DATABASE_URL";

/// The url of a chromedriver: a test of pages opens its browsers through it.
pub(crate) const TEST_CHROMEDRIVER_URL: &str = "TEST_CHROMEDRIVER_URL";

/// The url of a mail server, and behind a `#` the folder in which it keeps what it takes.
pub(crate) const TEST_SMTP_URL: &str = "TEST_SMTP_URL";

/// The url of a Redis: every test has a prefix of its own there.
pub(crate) const TEST_REDIS_URL: &str = "TEST_REDIS_URL";

/// The address of a Kafka: every test has topics of its own there.
pub(crate) const TEST_KAFKA_BROKERS: &str = "TEST_KAFKA_BROKERS";

/// The folder of Kafka's jars: for tests that kill a broker, and so have one of their own.
pub(crate) const TEST_KAFKA_LIBRARIES: &str = "TEST_KAFKA_LIBRARIES";

/// Something that runs beside the product or its tests.
pub(crate) struct Service {
    name: &'static str,
    /// Carries its address; when it is set already, that one is used.
    variable: &'static str,
    start: fn(Durability) -> Result<Started>,
    /// What tests do with where it cannot be had.
    stand_in: Option<&'static str>,
}

/// A service that runs until its keeper is dropped.
struct Started {
    address: String,
    keeper: Keeper,
}

/// Whether what a service has acknowledged survives the loss of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// As in production; for measuring.
    Full,
    /// Fast; for data that nobody misses.
    None,
}

/// Services for one command: stopped when dropped, and also when this process dies without dropping
/// anything.
pub(crate) struct Private {
    running: Vec<(&'static Service, Keeper)>,
    env: Vec<(&'static str, String)>,
    missing: Vec<String>,
}

impl Private {
    /// Starts what is needed.
    pub(crate) fn start(needed: &[&'static Service], durability: Durability) -> Result<Self> {
        let mut services = Self {
            running: Vec::new(),
            env: Vec::new(),
            missing: Vec::new(),
        };
        for service in needed {
            services.add(service, durability)?;
        }
        Ok(services)
    }

    /// The variables that carry the addresses.
    pub(crate) fn env(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.env.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// What could not be had, and what stands in for it.
    pub(crate) fn missing(&self) -> &[String] {
        &self.missing
    }

    /// The address in one of them.
    pub(crate) fn address(&self, variable: &str) -> Option<&str> {
        self.env()
            .find(|(name, _)| *name == variable)
            .map(|(_, value)| value)
    }

    /// Makes Kafka's programs known to the tests that start a broker of their own; nothing where something stands in for it,
    /// because they are what is missing then.
    pub(crate) fn bring_kafkas_jars(&mut self) {
        if self.address(KAFKA.variable).is_none() {
            return;
        }
        match kafka::jars::Jars::find_or_fetch() {
            Ok(jars) => self.env.push((TEST_KAFKA_LIBRARIES, jars.folder())),
            Err(error) => self.miss(
                "Kafka's jars: tests with a broker of their own were left out",
                &error,
            ),
        }
    }

    /// Notes what is missing: in full now, and in a line at the end.
    fn miss(&mut self, what: &str, error: &anyhow::Error) {
        let why = format!("{error:#}");
        eprintln!("{what}.\n{why}");
        let first = why.lines().next().unwrap_or_default();
        self.missing.push(format!("{what} ({first})"));
    }

    fn add(&mut self, service: &'static Service, durability: Durability) -> Result<()> {
        let given = std::env::var(service.variable)
            .ok()
            .filter(|address| !address.is_empty());
        if let Some(address) = given {
            eprintln!("{}: the one that {} names", service.name, service.variable);
            self.env.push((service.variable, address));
            return Ok(());
        }
        let started = match ((service.start)(durability), service.stand_in) {
            (Ok(started), _) => started,
            (Err(error), Some(stand_in)) => {
                let what = format!("{} could not be had: {stand_in}", service.name);
                self.miss(&what, &error);
                return Ok(());
            }
            (Err(error), None) => return Err(error),
        };
        self.env.push((service.variable, started.address));
        self.running.push((service, started.keeper));
        Ok(())
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        while let Some((service, keeper)) = self.running.pop() {
            eprintln!("stopping {}", service.name);
            drop(keeper);
        }
    }
}

/// A program that comes with Postgres, if it is there.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let beside_server = Programs::find().map(|programs| programs.path(name));
    beside_server
        .filter(|file| file.is_file())
        .or_else(|| process::in_path(name))
}

/// What `services` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Start them, if they are not up, and print lines for the shell: eval "$(cargo xtask services
    /// up)".
    Up,
    /// Stop them. Their data stays in .services until you delete it.
    Down,
    /// Say which are up, and where.
    Status,
}

/// Runs it.
pub(crate) fn run(repo: &Repo, action: &Action) -> Result<ExitCode> {
    match action {
        Action::Up => kept::up(repo),
        Action::Down => kept::down(repo),
        Action::Status => kept::status(repo),
    }
}
