//! What is said on the terminal once everything runs.

use super::engine::Engine;
use crate::config::Settings;
use crate::demo;
use anyhow::Result;
use std::io::{self, Write};
use std::net::SocketAddr;

/// What became of `--demo`.
pub(crate) enum Demo {
    /// The demo is there; everybody's password.
    There(String),
    /// The process ended while it was told. It cannot be told on, and is not told twice.
    CutOff,
    /// Somebody works here; they would not want it.
    Refused,
}

/// The greeting of a process that people come to.
pub(crate) struct Greeting {
    address: SocketAddr,
    /// The set-up secret, while it is needed.
    setup_secret: Option<String>,
    database: &'static str,
    data: String,
    demo: Option<Demo>,
    /// What does not fit other nodes.
    warnings: Vec<String>,
}

impl Greeting {
    /// For those who come to this address.
    pub(crate) async fn of(
        settings: &Settings,
        engine: &Engine,
        address: SocketAddr,
        warnings: Vec<String>,
    ) -> Result<Self> {
        let (data, database) = (engine.ground().data(), engine.ground().database());
        let has_users = engine.handle().store.has_users().await?;
        let setup_secret = match (&settings.setup_secret, has_users) {
            (_, true) => None,
            // Who set it knows it, and it should not stand in a log.
            (Some(_), false) => Some("the one of MILLSTREAM_SETUP_SECRET".to_owned()),
            (None, false) => Some(data.setup_secret()?),
        };
        Ok(Self {
            address,
            setup_secret,
            database: if database.is_embedded() {
                "embedded Postgres (for trying, and small teams)"
            } else {
                "Postgres"
            },
            data: data.path().display().to_string(),
            demo: None,
            warnings,
        })
    }

    /// With what became of the demo.
    pub(crate) fn with_demo(self, demo: Option<Demo>) -> Self {
        Self { demo, ..self }
    }

    /// Shows it on standard output: standard error is the log's, which may be read by programs, a line of JSON each.
    pub(crate) fn print(&self) {
        show(|out| self.write_to(out));
    }

    fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        let address = self.address;
        writeln!(out)?;
        writeln!(out, "  Millstream runs at  http://{address}")?;
        writeln!(out, "  API documentation   http://{address}/api/docs")?;
        writeln!(out, "  Database            {}", self.database)?;
        writeln!(out, "  Data folder         {}", self.data)?;
        if let Some(demo) = &self.demo {
            writeln!(out, "  Demo                {}", told(demo))?;
        }
        for warning in &self.warnings {
            writeln!(out)?;
            writeln!(out, "  Warning: {warning}.")?;
        }
        if let Some(secret) = &self.setup_secret {
            writeln!(out)?;
            writeln!(
                out,
                "  Nobody has registered yet. The first to do so becomes admin, with this set-up secret:"
            )?;
            writeln!(out, "  {secret}")?;
        }
        writeln!(out)?;
        writeln!(out, "  Ctrl-C stops it.")?;
        writeln!(out)
    }
}

/// What became of the demo, in words.
pub(crate) fn told(demo: &Demo) -> String {
    match demo {
        Demo::There(password) => format!("log in as {}, password {password}", demo::ADMIN),
        Demo::CutOff => {
            "cut off while it was told: start anew on an empty data folder and database".to_owned()
        }
        Demo::Refused => "not told: somebody works here already".to_owned(),
    }
}

/// The greeting of a process that people do not come to: what it is, and where operators and other processes find it.
pub(crate) fn print_of_part(what: &str, places: &[(&str, SocketAddr)], warnings: &[String]) {
    show(|out| {
        writeln!(out)?;
        writeln!(out, "  Millstream runs     {what}")?;
        for (name, address) in places {
            writeln!(out, "  {name:18}  http://{address}")?;
        }
        for warning in warnings {
            writeln!(out)?;
            writeln!(out, "  Warning: {warning}.")?;
        }
        writeln!(out)?;
        writeln!(out, "  Ctrl-C stops it.")?;
        writeln!(out)
    });
}

fn show(write: impl FnOnce(&mut io::StdoutLock<'static>) -> io::Result<()>) {
    let mut out = io::stdout().lock();
    // Where nobody listens any more, it is served all the same.
    let _ = write(&mut out).and_then(|()| out.flush());
}
