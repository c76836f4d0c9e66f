//! The lease of a pipeline: its row in `stream.pipeline`.

use crate::postgres::fault;
use chrono::TimeDelta;
use millstream_domain::cause::in_full;
use millstream_domain::clock::Clock;
use millstream_pipelines::sink::{Fault, Generation, Health, LEASE_TTL, Lease};
use millstream_store::pipeline::{self, share};
use sqlx::PgPool;
use std::sync::Arc;

/// The lease of one pipeline for one owner.
#[derive(Debug)]
pub struct PostgresLease {
    pool: PgPool,
    clock: Arc<dyn Clock>,
    name: String,
    version: i32,
    owner: String,
    generation: i64,
    /// Whether others run the same, and may have it when they have less to do.
    shared: bool,
}

impl PostgresLease {
    /// The lease of the pipeline `name`, whose logic has this version, for `owner`: a name that is this process's alone.
    pub fn new(
        pool: PgPool,
        clock: Arc<dyn Clock>,
        name: impl Into<String>,
        version: u32,
        owner: impl Into<String>,
    ) -> Self {
        let version = i32::try_from(version).unwrap_or(i32::MAX);
        Self {
            pool,
            clock,
            name: name.into(),
            version,
            owner: owner.into(),
            generation: 0,
            shared: false,
        }
    }

    /// The same of a pipeline that several processes share.
    #[must_use]
    pub fn shared(self) -> Self {
        Self {
            shared: true,
            ..self
        }
    }

    /// Gives the lease up if another process has so much less to do that both are better off.
    async fn hand_over(&self) -> Result<(), Fault> {
        let now = self.clock.now();
        let handed = share::hand_over(&self.pool, &self.name, self.generation, now).await;
        if !handed.map_err(fault)? {
            return Ok(());
        }
        tracing::info!(
            pipeline = self.name,
            "handed over to another process, which has fewer pipelines"
        );
        Err(Fault::Fenced)
    }

    fn ttl() -> TimeDelta {
        TimeDelta::from_std(LEASE_TTL).unwrap_or(TimeDelta::MAX)
    }
}

impl Lease for PostgresLease {
    async fn acquire(&mut self) -> Result<Option<Generation>, Fault> {
        let now = self.clock.now();
        let taken = pipeline::acquire(
            &self.pool,
            &self.name,
            self.version,
            &self.owner,
            now,
            Self::ttl(),
        )
        .await;
        let Some(generation) = taken.map_err(fault)? else {
            if self.shared {
                let wanted = share::want(&self.pool, &self.name, &self.owner, now).await;
                wanted.map_err(fault)?;
            }
            return Ok(None);
        };
        self.generation = generation;
        Ok(Some(Generation(generation)))
    }

    async fn renew(&mut self) -> Result<(), Fault> {
        let now = self.clock.now();
        match pipeline::renew(&self.pool, &self.name, self.generation, now, Self::ttl()).await {
            Ok(true) if self.shared => self.hand_over().await,
            Ok(true) => Ok(()),
            Ok(false) => Err(Fault::Fenced),
            Err(error) => Err(fault(error)),
        }
    }

    async fn release(&mut self) {
        if let Err(error) = pipeline::release(&self.pool, &self.name, self.generation).await {
            // Nothing is lost: the lease runs out.
            tracing::warn!(
                pipeline = self.name,
                error = in_full(&error),
                "the lease was not given up"
            );
        }
    }

    async fn report(&mut self, health: &Health) -> Result<(), Fault> {
        let (state, error) = match health {
            Health::Running => ("running", None),
            Health::Stalled(error) => ("stalled", Some(error.as_str())),
            Health::Halted(error) => ("halted", Some(error.as_str())),
        };
        let (generation, now) = (self.generation, self.clock.now());
        let written = pipeline::report(&self.pool, &self.name, generation, state, error, now).await;
        written.map_err(|error| {
            tracing::warn!(
                pipeline = self.name,
                error = in_full(&error),
                "health was not written down"
            );
            fault(error)
        })
    }

    async fn resumed(&mut self) -> Result<bool, Fault> {
        pipeline::resume::take_resume(&self.pool, &self.name)
            .await
            .map_err(fault)
    }
}
