//! `cargo xtask bench analytics`: how fast the lake answers and is written, as ratios in one run on one machine.
//!
//! - Reports and SQL: ours, `DuckDB` over the same Parquet files, ours again, with the same answers; times, so less is better.
//! - Writing: events a second into the lake, against a plain Parquet writer of the same rows.
//!
//! The lake is made once, by the code that makes every lake, from a history that follows from its seed, and kept in the
//! folder `target/bench-lake`.

#![expect(
    clippy::print_stdout,
    reason = "a measuring program prints what it measured"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot be made ends the program"
)]

mod asked;
mod history;
mod made;
mod peer;
mod reports;
mod rounds;
mod statements;
mod writing;

use crate::made::Made;
use crate::peer::Peer;
use clap::Parser;
use millstream_analytics_engine::Engine;
use std::path::PathBuf;

// As in the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the lake.
#[derive(Debug, Parser)]
struct Args {
    /// Whether everything works, in some seconds: few events and one round, whose numbers say nothing.
    #[arg(long)]
    quick: bool,
    /// Events in the lake.
    #[arg(long, default_value_t = 5_000_000)]
    events: u64,
    /// Rounds of each measurement; the median counts.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Only what has this in its name.
    #[arg(long, default_value = "")]
    only: String,
    /// Events of the measurement of writing.
    #[arg(long, default_value_t = 200_000)]
    written: u64,
    /// Ask ours alone, again and again for so many seconds, and measure nothing: for a profiler.
    #[arg(long)]
    profile: Option<u64>,
    /// A Python that has `duckdb` and `deltalake`.
    #[arg(long, env = "TEST_DUCKDB_PYTHON")]
    python: PathBuf,
}

fn main() {
    let mut args = Args::parse();
    if args.quick {
        (args.events, args.rounds, args.written) = (20_000, 1, 5_000);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(run(args));
}

async fn run(args: Args) {
    let made = made::lake(args.events).await;
    let engine = Engine::new(made.lake.clone()).unwrap().with_sql(program());
    let asked = asked::all(&made);
    let chosen = || asked.iter().filter(|it| it.name.contains(&args.only));
    if let Some(seconds) = args.profile {
        for asked in chosen() {
            rounds::again_and_again(asked, &engine, seconds).await;
        }
        return;
    }
    let mut peer = Peer::start(&args.python, &made.folder);
    println!("{}; {}", made.describe(), peer.describe());
    for asked in chosen() {
        rounds::measure(asked, &engine, &mut peer, args.rounds).await;
    }
    if "written".contains(&args.only) {
        writing::measure(args.written, args.rounds).await;
    }
}

/// The product, which answers SQL in processes of its own.
fn program() -> PathBuf {
    let ours = std::env::current_exe().unwrap();
    ours.parent().unwrap().join("millstream")
}

impl Made {
    fn describe(&self) -> String {
        format!(
            "{} events until {}, {} files",
            self.lake_events(),
            self.now,
            self.lake.files()
        )
    }
}
