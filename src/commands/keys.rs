//! `millstream keys`: the keys that access tokens are signed with are changed while everything runs.

use super::Request;
use crate::control::message::Report;
use crate::roles::engine::Handle;
use crate::usage::Usage;
use anyhow::{Context, Result};
use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, Subcommand};
use millstream_domain::clock::{Clock, SystemClock};
use millstream_event_log::Origin;
use millstream_event_log::events::KeyEvent;
use millstream_event_log::events::key::{PublishedKey, RetiredKey};
use millstream_ingest_api::auth::keys::{KeyError, KeyLine, KeyState};
use millstream_store::key::TellOfKey;
use serde::{Deserialize, Serialize};

/// What can be done with the keys of access tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a new key. It is published at once, and signs 90 seconds later, when everybody who checks tokens knows it.
    ///
    /// The key before it goes on being believed, so nobody is logged out. Retire it when its last token has expired.
    Rotate(RotateArgs),
    /// Retire a key: what it signed is not believed any more, within five seconds and on every node.
    ///
    /// The key that signs, and one whose tokens may still be good, are refused.
    Retire(RetireArgs),
    /// Show the keys: id, when each was made, what it does, and when it can be retired.
    List,
}

/// How to rotate.
#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// Sign with it at once, instead of the key that signs and of those that are published and do not yet: when they may be in
    /// other hands. Others who check tokens and keep our public keys
    /// for a minute may refuse tokens until then; the nodes of this installation do not.
    #[arg(long)]
    at_once: bool,
}

/// What to retire.
#[derive(Debug, Args)]
pub(crate) struct RetireArgs {
    /// The key's id, as `keys list` shows it. One in 64 begins with a hyphen.
    #[arg(allow_hyphen_values = true)]
    kid: String,
    /// Whatever it still does. Whoever holds a token that it signed has to renew it.
    #[arg(long)]
    force: bool,
}

/// What is to be done with the keys.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeysRequest {
    /// Make one.
    Rotate { at_once: bool },
    /// Retire one.
    Retire { kid: String, force: bool },
    /// Show them.
    List,
}

/// The request of a command line.
pub(crate) fn request(command: KeysCommand) -> Request {
    Request::Keys(match command {
        KeysCommand::Rotate(RotateArgs { at_once }) => KeysRequest::Rotate { at_once },
        KeysCommand::Retire(RetireArgs { kid, force }) => KeysRequest::Retire { kid, force },
        KeysCommand::List => KeysRequest::List,
    })
}

/// Does it.
pub(crate) async fn run(handle: &Handle, request: KeysRequest, report: &Report) -> Result<bool> {
    match request {
        KeysRequest::Rotate { at_once } => rotate(handle, at_once, report).await?,
        KeysRequest::Retire { kid, force } => retire(handle, &kid, force, report).await?,
        KeysRequest::List => list(handle, report).await?,
    }
    Ok(true)
}

async fn rotate(handle: &Handle, at_once: bool, report: &Report) -> Result<()> {
    let made = handle.keys.rotate(at_once).await.map_err(explained)?;
    let (signs_from, said) = match made.state {
        KeyState::Published { signs_from } => (
            signs_from,
            format!("is published, and signs from {} on", text(signs_from)),
        ),
        _ => (made.made, "signs from now on".to_owned()),
    };
    report.line(format!("{} {said}", made.kid)).await?;
    let kid = made.kid;
    tell(
        handle,
        KeyEvent::Published(PublishedKey { kid, signs_from }),
    )
    .await
}

async fn retire(handle: &Handle, kid: &str, force: bool, report: &Report) -> Result<()> {
    let retired = handle.keys.retire(kid, force).await.map_err(explained)?;
    report.line(format!("{} is retired", retired.kid)).await?;
    let kid = retired.kid;
    tell(handle, KeyEvent::Retired(RetiredKey { kid, forced: force })).await
}

/// Tells the audit. The files come first: a key that is there and not told does less harm than one told and not there.
async fn tell(handle: &Handle, event: KeyEvent) -> Result<()> {
    let told = handle
        .store
        .write(&Origin::default(), TellOfKey(event))
        .await;
    told.context("the key is changed, and the audit could not be told")?;
    Ok(())
}

async fn list(handle: &Handle, report: &Report) -> Result<()> {
    let listing = handle.keys.list().await.context("the keys of tokens")?;
    let now = SystemClock.now();
    let head = line("KID", "MADE", "STATE", "CAN BE RETIRED");
    report.line(head).await?;
    for key in &listing.keys {
        report.line(shown(key, now)).await?;
    }
    for odd in listing.odd {
        report.line(format!("note: {odd}")).await?;
    }
    Ok(())
}

fn shown(key: &KeyLine, now: DateTime<Utc>) -> String {
    let (state, retirable) = match key.state {
        KeyState::Published { signs_from } => {
            ("published", format!("no: signs from {}", text(signs_from)))
        }
        KeyState::Signing => ("signing", "no: it signs".to_owned()),
        KeyState::Verifying { until } if until > now => {
            ("verifying", format!("from {}", text(until)))
        }
        KeyState::Verifying { .. } => ("verifying", "now".to_owned()),
        KeyState::Superseded => ("superseded", "now".to_owned()),
        KeyState::Retired { at } => ("retired", format!("since {}", text(at))),
    };
    line(&key.kid, &text(key.made), state, &retirable)
}

/// Ids have 43 characters, times 20, and the longest state 10.
fn line(kid: &str, made: &str, state: &str, retirable: &str) -> String {
    format!("{kid:43}  {made:20}  {state:10}  {retirable}")
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What the caller could have known is wrong usage; what went wrong is a failure.
fn explained(error: KeyError) -> anyhow::Error {
    match error {
        error @ KeyError::Unknown(_) => Usage::because(error.to_string()),
        error => anyhow::Error::new(error).context("the keys of tokens"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Cli, Command};
    use clap::Parser;

    fn check(args: &[&str], expected_kid: &str, expected_force: bool) {
        let args = ["millstream", "keys", "retire"].iter().chain(args);
        let cli = Cli::try_parse_from(args).expect("a command");
        match cli.command {
            Some(Command::Keys(KeysCommand::Retire(args))) => {
                assert_eq!((&*args.kid, args.force), (expected_kid, expected_force));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ids_may_begin_with_hyphens() {
        check(&["-1qY6zSb"], "-1qY6zSb", false);
        check(&["--qY6zSb", "--force"], "--qY6zSb", true);
        check(&["--force", "-1qY6zSb"], "-1qY6zSb", true);
        check(&["h3Kd91Zq", "--force"], "h3Kd91Zq", true);
    }
}
