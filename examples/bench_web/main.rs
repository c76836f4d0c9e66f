//! How fast the web layer is: `requests` for `cargo xtask bench api` and `bench pages`, `live` for `bench live`.
//!
//! Requests and pages are told as ratios to pgbench running the same statements on the same database, in turns, in one run on
//! one machine.
//!
//! - The statements are those that the server sends: a recorder between it and Postgres reads them off the wire. The form
//!   on file (`statements/*.sql`) is what a test holds them against.
//! - A round is ours, pgbench, ours again; it counts when the two of ours differ by no more than a quarter. While pgbench
//!   runs, the server is stopped (SIGSTOP): its pipelines must not take pgbench's time, nor follow what it writes.
//! - Both are closed loops with the same number of connections, and the same durability: fsync on.

#![expect(
    clippy::print_stdout,
    reason = "a measuring program prints what it measured"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot be made ends the program"
)]

mod database;
mod live;
mod load;
mod machine;
mod measure;
mod operation;
mod pgbench;
mod record;
mod recorder;
mod script;
mod server;
#[cfg(test)]
mod statements;
mod world;

use crate::live::LiveArgs;
use crate::measure::Bench;
use crate::operation::Operation;
use crate::record::Stage;
use clap::Parser;
use std::path::PathBuf;
use std::time::Duration;

/// Measures the web layer.
#[derive(Debug, Parser)]
enum Args {
    /// Requests of the API, and pages.
    Requests(RequestArgs),
    /// Live connections.
    Live(LiveArgs),
    /// What live connections are measured against; started by `live`.
    #[command(hide = true)]
    Bare,
}

/// What can be chosen.
#[derive(Debug, clap::Args)]
struct RequestArgs {
    /// Whether everything works, in some seconds: one short round each, whose numbers say nothing.
    #[arg(long)]
    quick: bool,
    /// Rounds of each measurement; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each of the three parts of a round.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Connections.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 32])]
    connections: Vec<usize>,
    /// Which operations.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Operation::API)]
    operations: Vec<Operation>,
    /// The two pages, and the requests of the API that answer the same.
    #[arg(long, conflicts_with = "operations")]
    pages: bool,
    /// Where pgbench is.
    #[arg(long, env = "PGBENCH", default_value = "pgbench")]
    pgbench: PathBuf,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Extent {
    rounds: usize,
    part: Duration,
}

fn main() {
    // One thread, as the client of a measurement should take little of the machine.
    let one = || tokio::runtime::Builder::new_current_thread();
    match Args::parse() {
        Args::Requests(args) => one().enable_all().build().unwrap().block_on(requests(args)),
        Args::Live(args) => one()
            .enable_all()
            .build()
            .unwrap()
            .block_on(live::run(args)),
        // As many as the product's.
        Args::Bare => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(live::bare::serve()),
    }
}

async fn requests(mut args: RequestArgs) {
    if args.pages {
        args.operations = Operation::PAGES.to_vec();
    }
    let mut extent = Extent {
        rounds: args.rounds,
        part: Duration::from_secs_f64(args.seconds),
    };
    if args.quick {
        extent = Extent {
            rounds: 1,
            part: Duration::from_millis(500),
        };
        args.connections = vec![1, 8];
    }
    let size = if args.quick {
        world::SMALL
    } else {
        world::LARGE
    };
    let stage = Stage::prepare(size).await;
    let mut recordings = Vec::new();
    for &operation in &args.operations {
        recordings.push((operation, stage.record(operation).await));
    }
    let bench = Bench::on(stage, args.pgbench.clone()).await;
    println!("{}", machine::describe());
    for (operation, recording) in &recordings {
        println!("\n{operation}: {}", recording.summary());
        for &connections in &args.connections {
            bench
                .measure(*operation, recording, connections, extent)
                .await;
        }
    }
    println!("\n{}", machine::describe());
    bench.end().await;
}

/// The middle of some numbers.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
