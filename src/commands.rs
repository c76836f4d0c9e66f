//! The commands, a file each.
//!
//! A command is a [`Request`] that can be sent. If a server runs on the data folder, it does the work, and we show what
//! it says; if none does, this process opens the database itself, does the work, and closes it again.
//!
//! To add one: its file, a line here, a variant of [`Request`] and its arm in [`work`], a variant of `config::Command`.

pub(crate) mod audit;
pub(crate) mod catch_up;
mod health;
pub(crate) mod import;
pub(crate) mod keys;
pub(crate) mod migrate;
pub(crate) mod rebuild;
mod seed;

use crate::config::{Command, Settings};
use crate::control::client;
use crate::control::message::Report;
use crate::data_dir::{DataDir, Taken};
use crate::import::ImportRequest;
use crate::roles::engine::{Engine, Handle};
use crate::usage::Usage;
use crate::{roles, terminal};
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::process::ExitCode;

/// The exit code of something that went wrong.
pub(crate) const FAILED: u8 = 1;
/// The exit code of wrong usage or settings.
pub(crate) const USAGE: u8 = 2;

/// What is to be done.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    /// Bring the schema up to date.
    Migrate,
    /// Prove that nobody tampered with the audit. With the text of a checkpoint that was kept elsewhere.
    VerifyAudit { checkpoint: Option<String> },
    /// See to the keys of access tokens.
    Keys(keys::KeysRequest),
    /// Import the file that comes with the request.
    Import(ImportRequest),
    /// Make a view anew.
    Rebuild(rebuild::RebuildRequest),
}

impl Request {
    /// Refuses what makes sense only where Millstream has run before: a check of nothing would be passed by anybody.
    fn is_in_place(&self, settings: &Settings) -> Result<()> {
        let data = &settings.data_dir;
        let (what, folder, and_how) = match self {
            // New keys can be made before there is anybody to use them.
            Self::Migrate | Self::Keys(keys::KeysRequest::Rotate { .. }) => return Ok(()),
            Self::VerifyAudit { .. } | Self::Import(_) | Self::Rebuild(_) => {
                ("data folder", data.clone(), "")
            }
            Self::Keys(_) => {
                let keys = settings.keys_dir.clone();
                let keys = keys.unwrap_or_else(|| data.join("keys"));
                let and_how = ", or the folder of its keys with MILLSTREAM_KEYS_DIR";
                ("folder of keys", keys, and_how)
            }
        };
        if folder.is_dir() {
            return Ok(());
        }
        Err(Usage::because(format!(
            "there is no {what} \"{}\": name the data folder of your installation with --data-dir or MILLSTREAM_DATA_DIR{and_how}",
            folder.display()
        )))
    }

    /// Whether the pipelines that keep the views have a part in it.
    fn needs_views(&self) -> bool {
        match self {
            Self::Migrate | Self::VerifyAudit { .. } | Self::Keys(_) => false,
            Self::Import(_) | Self::Rebuild(_) => true,
        }
    }
}

/// Runs a command of the command line.
pub(crate) async fn run(settings: &Settings, command: Command) -> Result<ExitCode> {
    let (request, body) = match command {
        Command::Run(role) => return roles::run(&role).await,
        Command::Health => return health::run(settings).await,
        Command::Seed => return seed::run(settings).await,
        // A server of its own has all that it takes. The embedded one is in the data folder.
        Command::Migrate if settings.database_url.is_some() => {
            return migrate::alone(settings).await;
        }
        Command::Migrate => (Request::Migrate, Vec::new()),
        Command::Audit(command) => (audit::request(command)?, Vec::new()),
        Command::Keys(command) => (keys::request(command), Vec::new()),
        Command::Import(args) => import::request(args)?,
        Command::Rebuild(args) => (rebuild::request(args), Vec::new()),
    };
    request.is_in_place(settings)?;
    match DataDir::try_open(&settings.data_dir)? {
        Taken::Ours(data) => alone(settings, data, request, body).await,
        Taken::InUse(folder) => {
            let (replies, shown) = tokio::sync::mpsc::channel(crate::control::message::REPLIES_MAX);
            let (asked, code) = tokio::join!(
                client::ask(&folder, request, &body, replies),
                terminal::show(shown)
            );
            asked.map(|()| code)
        }
    }
}

/// Does it in this process.
async fn alone(
    settings: &Settings,
    data: DataDir,
    request: Request,
    body: Vec<u8>,
) -> Result<ExitCode> {
    let mut engine = Engine::open(settings, data).await?;
    if request.needs_views() {
        roles::all::start(&mut engine).await?;
    }
    let (report, replies) = Report::new();
    let ((), code) = tokio::join!(
        perform(engine.handle(), request, body, report),
        terminal::show(replies)
    );
    engine.stop().await;
    Ok(code)
}

/// Does what is asked, and says how it ended.
pub(crate) async fn perform(handle: &Handle, request: Request, body: Vec<u8>, report: Report) {
    match work(handle, request, body, &report).await {
        Ok(true) => report.end(0, None).await,
        Ok(false) => report.end(FAILED, None).await,
        Err(error) => {
            let code = if error.is::<Usage>() { USAGE } else { FAILED };
            report.end(code, Some(format!("{error:#}"))).await;
        }
    }
}

/// Whether it went well. What is wrong has been told, then; an error is something that kept us from doing it.
async fn work(handle: &Handle, request: Request, body: Vec<u8>, report: &Report) -> Result<bool> {
    match request {
        Request::Migrate => migrate::run(report).await,
        Request::VerifyAudit { checkpoint } => audit::run(handle, checkpoint, report).await,
        Request::Keys(request) => keys::run(handle, request, report).await,
        Request::Import(request) => import::run(handle, &request, &body, report).await,
        Request::Rebuild(request) => rebuild::run(handle, &request, report).await,
    }
}
