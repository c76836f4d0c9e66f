//! `cargo xtask bench stream`: how fast the stream core is, as ratios to what it is made of, in one run on one machine.
//!
//! - mover: events per second from the outbox into the log;
//! - readers: `COPY (select …) TO STDOUT`, and the bare log reader with decoding;
//! - replay: each pipeline from the start of the log into its own sink, as a ratio to both readers;
//! - freshness: from the 201 to the first answer that contains the task, through the API of a real process.

#![expect(
    clippy::print_stdout,
    reason = "a measuring program prints what it measured"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot be made ends the program"
)]

mod replay;
mod world;

use clap::Parser;
use millstream_bench::freshness::{self, Load};
use millstream_bench::server::Server;

/// Measures the stream core.
#[derive(Debug, Parser)]
struct Args {
    /// Events in the log.
    #[arg(long, default_value_t = 200_000)]
    events: u64,
    /// Rounds of each measurement; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Leave the freshness out.
    #[arg(long)]
    no_freshness: bool,
    /// Seconds of each freshness measurement.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
}

fn main() {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        Box::pin(replay::run(args.events, args.rounds)).await;
        if !args.no_freshness {
            for rate in [50, 500] {
                seen(rate, args.seconds).await;
            }
        }
    });
}

/// One task in so many is followed; the rest is load.
const FOLLOWED: u64 = 10;
/// The views that are asked.
const VIEWS: [&str; 3] = ["search", "activity", "notifications"];

async fn seen(rate: u64, seconds: u64) {
    let database = world::database().await;
    let server = Server::start(&database.url(), &[]).await;
    let load = Load {
        rate,
        warm_up_s: 0,
        seconds,
        followed: FOLLOWED,
    };
    for seen in freshness::measure(&server, &VIEWS, load).await {
        println!(
            "201 to {:<14} at {rate:>3} writes/s  p50={:.1} ms  p99={:.1} ms  tasks={}  late={}",
            seen.view, seen.p50_ms, seen.p99_ms, seen.tasks, seen.late
        );
    }
}
