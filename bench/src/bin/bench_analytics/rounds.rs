//! The rounds of one question: ours, the peer, ours again.

use crate::asked::Asked;
use crate::peer::Peer;
use millstream_analytics_engine::Engine;
use millstream_bench::numbers::{median, spread};
use serde_json::Value;
use std::time::{Duration, Instant};

/// The two of ours in a round may differ by this share.
const NOISE_MAX: f64 = 0.25;
/// A round that was too noisy is done again, so many times for each that counts.
const ATTEMPTS: usize = 3;

/// Measures and prints. Both have answered before, and the same.
pub(crate) async fn measure(asked: &Asked, engine: &Engine, peer: &mut Peer, rounds: usize) {
    let (ours, _) = ask(asked, engine).await;
    let theirs = asked.theirs(peer.ask(&asked.statements()).answers);
    assert_eq!(ours, theirs, "{}: ours, and theirs", asked.name);
    let (mut calm, mut noisy) = (Vec::new(), 0);
    while calm.len() < rounds && noisy < rounds * ATTEMPTS {
        let (_, before) = ask(asked, engine).await;
        let theirs = peer.ask(&asked.statements()).seconds;
        let (_, after) = ask(asked, engine).await;
        if rounds > 1 && (before - after).abs() > before.max(after) * NOISE_MAX {
            noisy += 1;
        } else {
            calm.push((f64::midpoint(before, after), theirs));
        }
    }
    print(&asked.name, &calm, noisy);
}

/// Asks ours alone, for so many seconds.
pub(crate) async fn again_and_again(asked: &Asked, engine: &Engine, seconds: u64) {
    let (until, mut times) = (Instant::now() + Duration::from_secs(seconds), Vec::new());
    while Instant::now() < until {
        times.push(ask(asked, engine).await.1 * 1e3);
    }
    println!("{:<40} {} ms", asked.name, spread(&times));
}

async fn ask(asked: &Asked, engine: &Engine) -> (Value, f64) {
    let begun = Instant::now();
    let answer = asked.ours(engine).await;
    (answer, begun.elapsed().as_secs_f64())
}

fn print(name: &str, rounds: &[(f64, f64)], noisy: usize) {
    if rounds.is_empty() {
        println!("{name:<40} too noisy to say, {noisy} rounds discarded");
        return;
    }
    let ratios: Vec<_> = rounds.iter().map(|(ours, peer)| ours / peer).collect();
    let ms = |of: fn(&(f64, f64)) -> f64| median(rounds.iter().map(of).collect()) * 1e3;
    println!(
        "{name:<40} ratio={} ours={:.1} ms peer={:.1} ms limit=1.0 rounds={} discarded={noisy}",
        spread(&ratios),
        ms(|it| it.0),
        ms(|it| it.1),
        rounds.len(),
    );
}
