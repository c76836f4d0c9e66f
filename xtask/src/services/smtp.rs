//! A mail server for one command: aiosmtpd from `PyPI`, which takes every mail and keeps it in a folder, so that tests read
//! what somebody else's program has made of it.

use crate::python::{Python, Tool};
use crate::services::account::Account;
use crate::services::keeper::Keeper;
use crate::services::{Durability, Started, folder, free_port};
use anyhow::{Context, Result};
use std::path::Path;
use std::time::Instant;

const AIOSMTPD: Tool = Tool {
    name: "aiosmtpd",
    requirements: include_str!("smtp/requirements.txt"),
    options: &["--require-hashes", "--no-deps"],
};
/// What it says when it can be talked to, and when it gives up.
const READY: &str = "Server is listening on";
const FAILED: &str = "Traceback";
const SHUTDOWN: &str = "TERM";

/// Starts one. What it takes is in the memory of the system until it is read.
pub(crate) fn start(_: Durability) -> Result<Started> {
    let python = Python::find_or_install(&AIOSMTPD)?;
    let begin = Instant::now();
    let started = start_with(&python).context("cannot start a mail server")?;
    eprintln!(
        "Mail server: {} (ready in {:.1} s)",
        started.address,
        begin.elapsed().as_secs_f32()
    );
    Ok(started)
}

fn start_with(python: &Python) -> Result<Started> {
    // Under our own account, root's too: it hears nobody but this machine, and has a folder of its own.
    let account = Account::Own;
    let folder = folder::temporary(&account)?;
    let mailbox = folder.path().join("mailbox");
    let port = free_port()?;
    let python = python.command("python");
    let mut server = account.server(Path::new("env"), SHUTDOWN);
    server.arg("PYTHONDONTWRITEBYTECODE=1");
    server.arg(python.get_program());
    server.args(["-m", "aiosmtpd", "--nosetuid", "--debug", "--listen"]);
    server.arg(format!("127.0.0.1:{port}"));
    server.args(["--class", "aiosmtpd.handlers.Mailbox"]);
    server.arg(&mailbox);
    let mut keeper = Keeper::new(folder, SHUTDOWN, &server)?;
    keeper.start(READY, FAILED)?;
    // Behind the `#`, where its mails are.
    let mailbox = mailbox.display();
    Ok(Started {
        address: format!("smtp://127.0.0.1:{port}?tls=none#{mailbox}"),
        keeper,
    })
}
