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

mod freshness;
mod replay;
mod world;

use clap::Parser;

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
                freshness::run(rate, args.seconds).await;
            }
        }
    });
}

/// The middle of some numbers.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The value below which this share of the numbers lies.
fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index within the slice"
    )]
    let index = ((values.len() - 1) as f64 * share).round() as usize;
    values[index]
}
