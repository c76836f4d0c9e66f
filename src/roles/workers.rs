//! What is done later: jobs and mails. Only servers do it; a command that runs for a moment would leave it half done.
//!
//! To add a kind of job: its handler in [`handlers`].

use super::engine::Handle;
use crate::config::Settings;
use crate::lifecycle::Group;
use crate::usage::Usage;
use anyhow::{Context, Result};
use millstream_sinks::delivery::mail::MailDelivery;
use millstream_sinks::delivery::mail::post::Post;
use millstream_sinks::delivery::mail::smtp::SmtpServer;
use millstream_sinks::email::{ResetMails, WorkMails};
use millstream_sinks::jobs::clean::{CleanArchiveJob, EmptyTrashJob};
use millstream_sinks::jobs::daily_summary::DailySummaryJob;
use millstream_sinks::jobs::expire_artefacts::ExpireArtefactsJob;
use millstream_sinks::jobs::{Handlers, JobRunner};
use millstream_store::Store;
use std::net::IpAddr;
use std::sync::Arc;

/// Starts them; `node` is what leases know this installation by, `public_url` where links in mails lead to.
pub(crate) async fn start(
    handle: &Handle,
    node: String,
    post: Post,
    public_url: &str,
) -> Result<Group> {
    let store = &handle.store;
    let shipped = store.ship_schedules().await;
    shipped.context("the schedules that come along")?;
    let mut group = Group::new("workers");
    let runner = JobRunner::new(store.clone(), node, handlers(store));
    group.spawn(runner.run(group.stop_token()));
    let resets = ResetMails::new(store.clone(), public_url);
    let delivery = MailDelivery::new(store.clone(), post)
        .with_password_reset(Arc::new(resets))
        .with_work(WorkMails::new(store.clone(), public_url));
    group.spawn(delivery.run(group.stop_token()));
    Ok(group)
}

/// What does the work of each kind of job.
fn handlers(store: &Store) -> Handlers {
    Handlers::default()
        .with(DailySummaryJob(store.clone()))
        .with(EmptyTrashJob(store.clone()))
        .with(CleanArchiveJob(store.clone()))
        .with(ExpireArtefactsJob(store.clone()))
}

/// The way of mails that the settings name; `public_url` is how people reach Millstream.
pub(crate) fn post(settings: &Settings, public_url: &str) -> Result<Post> {
    let url = settings.millstream_smtp_url.as_ref();
    // Compose files give what nobody has set as nothing.
    let url = url
        .or(settings.smtp_url.as_ref())
        .filter(|url| !url.trim().is_empty());
    let Some(url) = url else {
        return Ok(Post::log());
    };
    // The URL itself may hold a password, and is not told.
    let server =
        SmtpServer::from_url(url).map_err(|error| Usage::because(format!("SMTP_URL: {error}")))?;
    let from = settings
        .mail_from
        .as_ref()
        .filter(|from| !from.trim().is_empty());
    let from = match from {
        Some(from) => from.clone(),
        None => sender_at(public_url),
    };
    Post::to_server(server, &from)
        .map_err(|error| Usage::because(format!("MILLSTREAM_MAIL_FROM: {error}")))
}

/// A sender at the host that people know, where it has a name.
fn sender_at(public_url: &str) -> String {
    let rest = public_url
        .split_once("://")
        .map_or(public_url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = match authority.rsplit_once(':') {
        // What stands behind the last colon of an IPv6 address without a port is no port.
        Some((host, port)) if !port.ends_with(']') => host,
        Some(_) | None => authority,
    };
    let is_number = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let host = if is_number { "localhost" } else { host };
    format!("Millstream <millstream@{host}>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sender_is_at_the_host_of_the_public_url() {
        for (url, host) in [
            ("https://tasks.example.org", "tasks.example.org"),
            ("https://tasks.example.org:8443/", "tasks.example.org"),
            ("http://127.0.0.1:8080", "localhost"),
            ("http://[::1]", "localhost"),
            ("http://[::1]:8080/a", "localhost"),
        ] {
            let expected = format!("Millstream <millstream@{host}>");
            assert_eq!(sender_at(url), expected);
            let server = SmtpServer::from_url("smtp://127.0.0.1?tls=none").expect("a server");
            assert!(Post::to_server(server, &expected).is_ok(), "{url}");
        }
    }
}
