//! A Kafka for one command: one broker in `KRaft` mode in a temporary folder, on free ports, and a keeper that removes all of
//! it. Its jars come from Maven's registry, once.

pub(crate) mod jars;

use crate::process;
use crate::services::account::Account;
use crate::services::keeper::Keeper;
use crate::services::{Durability, Started, folder, free_port};
use anyhow::{Context, Result};
use jars::Jars;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// What its log says when it can be talked to, and when it gives up.
const READY: &str = "Kafka Server started";
const FAILED: &str = "Exiting Kafka";
/// It then closes its files and ends.
const SHUTDOWN: &str = "TERM";
/// It lives for minutes and holds little: the quick compiler and a small heap start soonest.
const JAVA: [&str; 3] = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
/// The id of the cluster, sixteen bytes as Kafka writes them. Nobody else is ever in it.
const CLUSTER: &str = "bWlsbHN0cmVhbXRlc3RzMA";

/// Starts one. What it has acknowledged is in the memory of the system, as with every Kafka; measuring changes nothing.
pub(crate) fn start(_: Durability) -> Result<Started> {
    let jars = Jars::find_or_fetch()?;
    let begin = Instant::now();
    let started = start_with(&jars).context("cannot start a Kafka")?;
    eprintln!(
        "Kafka: {} (ready in {:.1} s)",
        started.address,
        begin.elapsed().as_secs_f32()
    );
    Ok(started)
}

fn start_with(jars: &Jars) -> Result<Started> {
    // Under our own account, root's too: it hears nobody but this machine, and has a folder of its own.
    let account = Account::Own;
    let folder = folder::temporary(&account)?;
    let (port, controller) = (free_port()?, free_port()?);
    let settings = folder.path().join("server.properties");
    let mut server = account.server(&jars.java, SHUTDOWN);
    server.args(JAVA).arg("-cp").arg(jars.class_path());
    server.arg("kafka.Kafka").arg(&settings);
    let mut keeper = Keeper::new(folder, SHUTDOWN, &server)?;
    fs::write(&settings, properties(port, controller, keeper.folder()))?;
    let mut format = Command::new(&jars.java);
    format.args(JAVA).arg("-cp").arg(jars.class_path());
    format.args(["kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER]);
    process::output(format.arg("--config").arg(&settings))?;
    keeper.start(READY, FAILED)?;
    Ok(Started {
        address: format!("127.0.0.1:{port}"),
        keeper,
    })
}

fn properties(port: u16, controller: u16, folder: &Path) -> String {
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n\
         controller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         log.dirs={data}\n\
         auto.create.topics.enable=false\n\
         offsets.topic.num.partitions=1\n\
         offsets.topic.replication.factor=1\n\
         transaction.state.log.num.partitions=1\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n",
        data = folder.join("data").display()
    )
}
