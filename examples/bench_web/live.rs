//! Live connections: what an idle one takes, and how fast one change reaches all who watch.
//!
//! - Idle: connections that have subscribed and hear nothing. What the server's memory grew by, for each.
//! - Fan-out: so many watch one task, which is changed at a steady pace. The time begins before the change is sent and ends
//!   when a watcher has the signal: commit, log and hub are in it.
//! - Deliveries: the same task changed as fast as the server answers, against the smallest axum server that broadcasts a
//!   message of the same length to as many sockets, in a process of its own, with the same clients (`bare`).

pub(crate) mod bare;
mod watcher;

use crate::database::Database;
use crate::load::Connection;
use crate::operation::{Operation, Request};
use crate::server::Server;
use crate::world::{Credential, SMALL, World};
use crate::{machine, median};
use bare::Bare;
use clap::Args;
use std::time::{Duration, Instant};
use watcher::{Heard, Watcher, Watchers};

/// How long the server is left alone before its memory is read.
const SETTLE: Duration = Duration::from_secs(3);
/// How long after the last change signals are waited for.
const LAST_WAIT: Duration = Duration::from_secs(10);

/// What can be chosen.
#[derive(Debug, Clone, Args)]
pub(crate) struct LiveArgs {
    /// Idle connections.
    #[arg(long, default_value_t = 10_000)]
    idle: usize,
    /// Watchers of the task that changes.
    #[arg(long, default_value_t = 1_000)]
    watchers: usize,
    /// Changes, so many a second.
    #[arg(long, default_value_t = 10)]
    pace: u32,
    /// Changes of the steady pace.
    #[arg(long, default_value_t = 50)]
    changes: u32,
    /// Rounds of deliveries: ours, the bare one's; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Whether everything works, in some seconds.
    #[arg(long)]
    quick: bool,
}

/// Runs it and prints.
pub(crate) async fn run(mut args: LiveArgs) {
    if args.quick {
        args = LiveArgs {
            idle: 100,
            watchers: 20,
            changes: 10,
            rounds: 1,
            ..args
        };
    }
    let database = Database::create().await;
    let server = Server::start(&database.url(), database.folder()).await;
    let world = World::make(database.pool(), &server, SMALL).await;
    println!("{}\n", machine::describe());
    let bench = Bench {
        args,
        server,
        world,
    };
    bench.idle().await;
    bench.fan_out().await;
    bench.deliveries().await;
    println!("\n{}", machine::describe());
    drop(bench);
    database.remove().await;
}

struct Bench {
    args: LiveArgs,
    server: Server,
    world: World,
}

impl Bench {
    async fn idle(&self) {
        let token = self.token().await;
        tokio::time::sleep(SETTLE).await;
        let before = machine::resident_kib(self.server.pid());
        let mut open = Vec::new();
        for n in 0..self.args.idle {
            let task = u32::try_from(n).unwrap() % SMALL.tasks() + 1;
            open.push(Watcher::ours(self.server.address(), &token, self.world.task(task)).await);
        }
        tokio::time::sleep(SETTLE).await;
        let after = machine::resident_kib(self.server.pid());
        #[expect(clippy::cast_precision_loss, reason = "kibibytes of a process")]
        let each = after.saturating_sub(before) as f64 / self.args.idle as f64;
        println!(
            "idle       connections={} each={each:.1} KiB server={before}..{after} KiB",
            self.args.idle
        );
    }

    async fn fan_out(&self) {
        let (mut watchers, mut writer) = (self.watchers().await, self.writer().await);
        let every = Duration::from_secs(1) / self.args.pace;
        let mut took_us = Vec::new();
        let mut lost = 0;
        for n in 0..self.args.changes {
            let sent = Instant::now();
            writer.send(&self.change(n), None).await;
            let heard = watchers.first_of_each(LAST_WAIT).await;
            lost += self.args.watchers - heard.len();
            took_us.extend(heard.iter().map(|at| micros(at.duration_since(sent))));
            tokio::time::sleep_until((sent + every).into()).await;
            watchers.forget();
        }
        took_us.sort_unstable();
        let ms = |share: usize| took_us.get((took_us.len() - 1) * share / 1_000).copied();
        #[expect(clippy::cast_precision_loss, reason = "microseconds")]
        let ms = |share| ms(share).unwrap_or_default() as f64 / 1e3;
        println!(
            "fan-out    watchers={} changes={} at {}/s p50={:.1} ms p99={:.1} ms max={:.1} ms lost={lost}",
            self.args.watchers,
            self.args.changes,
            self.args.pace,
            ms(500),
            ms(990),
            ms(1_000),
        );
    }

    async fn deliveries(&self) {
        let bare = Bare::start();
        let mut ours = self.watchers().await;
        let mut writer = self.writer().await;
        let length = self.length_of_a_signal(&mut ours, &mut writer).await;
        let mut theirs = Watchers::of(self.args.watchers, || bare.watcher()).await;
        let mut their_writer = Connection::open(bare.address(), &Credential::None).await;
        let mut rates = Vec::new();
        for round in 0..self.args.rounds {
            let mut number = u32::try_from(round).unwrap() * 1_000_000;
            let a = heard_per_second(&mut ours, &mut writer, || {
                number += 1;
                self.change(number)
            });
            let a = a.await;
            let b = heard_per_second(&mut theirs, &mut their_writer, || bare.tell(length)).await;
            rates.push((a, b));
        }
        let of = |of: fn(&(f64, f64)) -> f64| median(rates.iter().map(of).collect());
        println!(
            "deliveries watchers={} ratio={:.2} ours={:.0}/s bare={:.0}/s rounds={}",
            self.args.watchers,
            of(|(a, b)| a / b),
            of(|(a, _)| *a),
            of(|(_, b)| *b),
            rates.len()
        );
    }

    async fn token(&self) -> String {
        let credential = self.world.log_in(&self.server, Operation::GetTask).await;
        match credential {
            Credential::Bearer(token) => token,
            Credential::Cookie(_) | Credential::None => unreachable!("a program logs in by token"),
        }
    }

    async fn watchers(&self) -> Watchers {
        let (token, task) = (self.token().await, self.world.task(1));
        let address = self.server.address();
        Watchers::of(self.args.watchers, || Watcher::ours(address, &token, task)).await
    }

    async fn writer(&self) -> Connection {
        let credential = Credential::Bearer(self.token().await);
        Connection::open(self.server.address(), &credential).await
    }

    fn change(&self, number: u32) -> Request {
        Operation::PatchTask.request(&self.world, 1, number)
    }

    async fn length_of_a_signal(&self, ours: &mut Watchers, writer: &mut Connection) -> usize {
        writer.send(&self.change(u32::MAX), None).await;
        ours.first_of_each(LAST_WAIT).await;
        let length = ours.last_length();
        ours.forget();
        length
    }
}

/// Changes as fast as they are answered, for a while; what all watchers heard of it, in a second.
async fn heard_per_second(
    watchers: &mut Watchers,
    writer: &mut Connection,
    mut change: impl FnMut() -> Request,
) -> f64 {
    const TIME: Duration = Duration::from_secs(3);
    watchers.forget();
    let begun = Instant::now();
    while begun.elapsed() < TIME {
        writer.send(&change(), None).await;
    }
    let Heard { count, last } = watchers.until_quiet().await;
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    let count = count as f64;
    count / last.duration_since(begun).as_secs_f64()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap()
}
