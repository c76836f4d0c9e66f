//! `millstream health`: asks the process of this machine or container whether it can do its work. For those who watch over
//! containers in which there is no other program to ask with.

use crate::config::Settings;
use anyhow::{Context, Result, bail};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long the answer may take: the process itself gives its database two seconds.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(4);
/// Most bytes of an answer that are looked at: its first line is all that counts.
const ANSWER_BYTES_MAX: u64 = 64;

/// Asks; exit code 0 when it is ready.
pub(crate) async fn run(settings: &Settings) -> Result<ExitCode> {
    let address = reachable(settings.admin_listen);
    let asked = tokio::time::timeout(ANSWER_TIME_MAX, ask(address)).await;
    let line = asked
        .context("it does not answer in time")
        .and_then(|asked| asked)
        .with_context(|| format!("the process at {address} (--admin-listen)"))?;
    if line.split_whitespace().nth(1) == Some("200") {
        return Ok(ExitCode::SUCCESS);
    }
    bail!("the process at {address} is not ready: {line}");
}

/// The first line of the answer.
async fn ask(address: SocketAddr) -> Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request =
        format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream
        .take(ANSWER_BYTES_MAX)
        .read_to_end(&mut answer)
        .await?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

/// Who listens on all addresses of a machine is asked on its own.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, listen.port())
}
