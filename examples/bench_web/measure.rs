//! The rounds: ours, pgbench, ours again.

use crate::database::Database;
use crate::load::{Answered, Load};
use crate::operation::Operation;
use crate::pgbench::{Ran, Scripts};
use crate::record::{RECORDED, Recording, Stage};
use crate::script::{Chosen, script};
use crate::server::Server;
use crate::world::World;
use crate::{Extent, machine, median};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// The two parts of ours in a round may differ by this share.
const NOISE_MAX: f64 = 0.25;
/// A round that was too noisy is done again, so many times for each that counts.
const ATTEMPTS: usize = 3;

/// Everything that is needed.
pub(crate) struct Bench {
    database: Database,
    world: World,
    server: Server,
    pgbench: PathBuf,
    runs: AtomicU64,
}

impl Bench {
    /// Measures on what was recorded, with a server that nobody listens to.
    pub(crate) async fn on(stage: Stage, pgbench: PathBuf) -> Self {
        let (database, world) = stage.end();
        let server = Server::start(&database.url(), database.folder()).await;
        Self {
            database,
            world,
            server,
            pgbench,
            runs: AtomicU64::new(1),
        }
    }

    /// Stops the server and removes the data.
    pub(crate) async fn end(self) {
        drop(self.server);
        self.database.remove().await;
    }

    /// Measures and prints.
    pub(crate) async fn measure(
        &self,
        operation: Operation,
        recording: &Recording,
        connections: usize,
        extent: Extent,
    ) {
        let credential = self.world.log_in(&self.server, operation).await;
        let scripts = self.scripts(operation, recording);
        let load = |seed| Load {
            address: self.server.address(),
            credential: &credential,
            operation,
            connections,
            time: extent.part,
            seed,
        };
        // Every connection of the server's pool has prepared its statements then, and pgbench has the data in memory as well.
        self.ours(&load).await;
        let mut rounds = Vec::new();
        let mut noisy = 0;
        while rounds.len() < extent.rounds && noisy < extent.rounds * ATTEMPTS {
            let round = self.round(&load, &scripts, connections, extent).await;
            if round.is_calm() || extent.rounds == 1 {
                rounds.push(round);
            } else {
                noisy += 1;
            }
        }
        print(operation, connections, &rounds, noisy);
    }

    async fn round<'a>(
        &self,
        load: &impl Fn(u64) -> Load<'a>,
        scripts: &Scripts,
        connections: usize,
        extent: Extent,
    ) -> Round {
        let before = self.ours(load).await;
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let postgres = self.postgres().await;
        let cpu = machine::cpu_us_of_family(postgres);
        // Stopped, so that its pipelines neither take pgbench's time nor follow what it writes.
        self.server.signal("STOP");
        let url = self.database.url();
        let peer = scripts.run(&self.pgbench, &url, connections, extent.part, run);
        let peer_postgres_us = machine::cpu_us_of_family(postgres) - cpu;
        self.forget_theirs().await;
        self.server.signal("CONT");
        let after = self.ours(load).await;
        Round {
            ours: [before, after],
            peer,
            peer_postgres_us,
        }
    }

    async fn ours<'a>(&self, load: &impl Fn(u64) -> Load<'a>) -> Ours {
        self.server.caught_up().await;
        let postgres = self.postgres().await;
        let cpu = || {
            let server = machine::cpu_us(self.server.pid());
            (
                server,
                machine::cpu_us_of_family(postgres),
                machine::own_us(std::process::id()),
            )
        };
        let (server, database, client) = cpu();
        let answered = load(self.runs.fetch_add(1, Ordering::Relaxed))
            .run(&self.world)
            .await;
        let after = cpu();
        Ours {
            answered,
            server_us: after.0 - server,
            postgres_us: after.1 - database,
            client_us: after.2 - client,
        }
    }

    /// The scripts of an operation.
    fn scripts(&self, operation: Operation, recording: &Recording) -> Scripts {
        let scripts = recording.requests.iter().enumerate();
        let scripts = scripts.map(|(number, (n, sent))| {
            let chosen = match operation {
                _ if operation.is_of_many() => Chosen::Same,
                Operation::PostTask => Chosen::Project(*n),
                _ => Chosen::Task(*n),
            };
            script(&self.world, number, sent, chosen)
        });
        Scripts::write(scripts.collect())
    }

    /// The process of Postgres that all others of it descend from.
    async fn postgres(&self) -> u32 {
        let pid: i32 = sqlx::query_scalar("select pg_backend_pid()")
            .fetch_one(self.database.pool())
            .await
            .unwrap();
        machine::parent(u32::try_from(pid).unwrap())
    }

    /// Removes what pgbench has put into the outbox: the server would have more to do than what it was asked. But for what
    /// the mover has just taken hold of.
    async fn forget_theirs(&self) {
        let forget = "delete from stream.outbox where id in
                      (select id from stream.outbox where request_id = $1 for update skip locked)";
        sqlx::query(forget)
            .bind(RECORDED)
            .execute(self.database.pool())
            .await
            .unwrap();
    }
}

/// One part of ours.
struct Ours {
    answered: Answered,
    server_us: u64,
    postgres_us: u64,
    client_us: u64,
}

/// Ours, theirs, ours.
struct Round {
    ours: [Ours; 2],
    peer: Ran,
    peer_postgres_us: u64,
}

impl Round {
    fn per_second(&self) -> f64 {
        let [a, b] = &self.ours;
        f64::midpoint(a.answered.per_second, b.answered.per_second)
    }

    fn ratio(&self) -> f64 {
        self.per_second() / self.peer.per_second
    }

    fn is_calm(&self) -> bool {
        let [a, b] = &self.ours;
        let (a, b) = (a.answered.per_second, b.answered.per_second);
        (a - b).abs() <= a.max(b) * NOISE_MAX
    }

    /// Microseconds of a processor for each request: of the server, of Postgres, of the client.
    #[expect(clippy::cast_precision_loss, reason = "microseconds of some seconds")]
    fn cpu(&self) -> [f64; 3] {
        let count: usize = self.ours.iter().map(|it| it.answered.took_us.len()).sum();
        let each =
            |of: fn(&Ours) -> u64| self.ours.iter().map(of).sum::<u64>() as f64 / count as f64;
        [
            each(|it| it.server_us),
            each(|it| it.postgres_us),
            each(|it| it.client_us),
        ]
    }

    /// The same of Postgres and of pgbench.
    #[expect(clippy::cast_precision_loss, reason = "microseconds of some seconds")]
    fn peer_cpu(&self) -> [f64; 2] {
        let count = self.peer.transactions.max(1) as f64;
        [
            self.peer_postgres_us as f64 / count,
            self.peer.cpu_us as f64 / count,
        ]
    }
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of a request")]
fn print(operation: Operation, connections: usize, rounds: &[Round], noisy: usize) {
    if rounds.is_empty() {
        println!("{operation} c={connections}: too noisy to say, {noisy} rounds discarded");
        return;
    }
    let of = |value: &dyn Fn(&Round) -> f64| median(rounds.iter().map(value).collect());
    let ratios = || rounds.iter().map(Round::ratio);
    let (least, most) = (
        ratios().fold(f64::MAX, f64::min),
        ratios().fold(0.0, f64::max),
    );
    let ms = |share| of(&|round: &Round| round.ours[0].answered.percentile(share) as f64 / 1e3);
    println!(
        "{operation:<10} c={connections:<2} ratio={:.2} ({least:.2}..{most:.2}) ours={:.0}/s p50={:.2} ms p99={:.2} ms \
         peer={:.0}/s avg={:.2} ms rounds={} discarded={noisy}",
        of(&Round::ratio),
        of(&Round::per_second),
        ms(0.5),
        ms(0.99),
        of(&|round| round.peer.per_second),
        of(&|round| round.peer.average_ms),
        rounds.len(),
    );
    println!(
        "           CPU us each: ours = server {:.0} + postgres {:.0} + client {:.0}; peer = postgres {:.0} + pgbench {:.0}",
        of(&|round| round.cpu()[0]),
        of(&|round| round.cpu()[1]),
        of(&|round| round.cpu()[2]),
        of(&|round| round.peer_cpu()[0]),
        of(&|round| round.peer_cpu()[1]),
    );
}
