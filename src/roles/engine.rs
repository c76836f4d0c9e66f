//! What every role stands on, and what those have beside it that are trusted with keys.
//!
//! [`Ground`] is the database, the log and the groups that run; `search` and `analytics` have nothing else. [`Engine`] is the
//! same with the keys, for `web`, `pipelines` and the commands.

use super::between::Between;
use super::views;
use crate::checkpoints;
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::database::Database;
use crate::lifecycle::{self, Group};
use anyhow::{Context, Result};
use millstream_domain::clock::{SystemClock, SystemIds};
use millstream_event_log::Position;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::mover::{Mover, Poke, Tail};
use millstream_event_log::signals::Signals;
use millstream_ingest_api::auth::keys::Keys;
use millstream_sinks::audit::checkpoints::Checkpoints;
use millstream_sinks::audit::key::SigningKey;
use millstream_store::Store;
use millstream_store::pipeline::PipelineStatus;
use std::sync::Arc;

/// The database, the log in it, and what runs. Every role has this much.
#[derive(Debug)]
pub(crate) struct Ground {
    data: DataDir,
    database: Database,
    node: String,
    store: Store,
    log: PostgresLog,
    between: Between,
    mover: Option<Mover>,
    /// Stopped one after the other, the first one first.
    groups: Vec<Group>,
}

impl Ground {
    /// On a database whose schema is up to date. Nothing runs yet but the database itself.
    async fn new(
        settings: &Settings,
        data: DataDir,
        database: Database,
        mover: Option<Mover>,
    ) -> Result<Self> {
        let pool = database.pool().clone();
        // Who has no mover writes nothing that would have to be moved.
        let poke = mover.as_ref().map_or_else(Poke::default, Mover::poke);
        let tail = mover.as_ref().map_or_else(Tail::default, Mover::tail);
        let between = Between::of(settings, &database, tail.clone()).await?;
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
        let store = Store::new(pool.clone(), poke, clock, ids);
        Ok(Self {
            node: data.node()?,
            store: store.with_signals(between.signals().clone()),
            log: PostgresLog::new(pool, Some(tail)),
            between,
            mover,
            groups: Vec::new(),
            data,
            database,
        })
    }

    /// For services that only read what happened: they neither change the schema nor move what was written.
    pub(crate) async fn of_reader(settings: &Settings, data: DataDir) -> Result<Self> {
        let database = Database::open_to_read(settings).await?;
        Self::new(settings, data, database, None).await
    }

    /// Starts to move what is written into the log. Does nothing the second time.
    pub(crate) fn move_writes(&mut self) {
        if let Some(mover) = self.mover.take() {
            let mut moving = Group::new("mover");
            moving.spawn(mover.run(moving.stop_token()));
            self.then(moving);
        }
    }

    /// What pipelines are made of.
    pub(crate) fn parts(&self) -> views::Parts {
        views::Parts {
            pool: self.database.pool().clone(),
            log: self.between.log(&self.log),
            truth: self.log.clone(),
            mirror: self.between.mirror().cloned(),
            kafka: self.between.kafka().cloned(),
            clock: Arc::clone(self.store.clock()),
            signals: self.signals().clone(),
            node: self.node.clone(),
            store: self.store.clone(),
        }
    }

    /// Runs more, which is stopped before everything that runs by now.
    pub(crate) fn first(&mut self, group: Group) {
        self.groups.insert(0, group);
    }

    /// Runs more, which is stopped after everything that runs by now.
    pub(crate) fn then(&mut self, group: Group) {
        self.groups.push(group);
    }

    /// What this process is called in leases.
    pub(crate) fn node(&self) -> &str {
        &self.node
    }

    /// The data folder.
    pub(crate) fn data(&self) -> &DataDir {
        &self.data
    }

    /// The database.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The store.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// The log.
    pub(crate) fn log(&self) -> &PostgresLog {
        &self.log
    }

    /// What tells that a view has moved on.
    pub(crate) fn signals(&self) -> &Signals {
        self.between.signals()
    }

    /// What this process has in common with others.
    pub(crate) fn between(&self) -> &Between {
        &self.between
    }

    /// Runs, with `serving` in front, until somebody asks to stop or something breaks; then stops everything.
    pub(crate) async fn run(self, serving: Group) -> Result<()> {
        let signals = self.between.start(&self.store, &self.database, &self.node);
        let mut groups = vec![serving];
        groups.extend(self.groups);
        groups.push(signals);
        let ended = lifecycle::run(groups).await;
        self.database.close().await;
        ended
    }

    /// Stops everything.
    async fn stop(self) {
        lifecycle::stop(self.groups).await;
        self.database.close().await;
    }
}

/// The parts that others work with. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    pub(crate) store: Store,
    pub(crate) log: PostgresLog,
    pub(crate) signals: Signals,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) audit_key: Arc<SigningKey>,
    pub(crate) keys: Keys,
    /// The rows of the pipelines that run here; those of all that nodes share, where none does.
    views: Vec<String>,
}

/// The ground, and the keys. Only who is trusted with them has one.
#[derive(Debug)]
pub(crate) struct Engine {
    ground: Ground,
    handle: Handle,
}

impl Engine {
    /// Opens the database of a data folder and brings its schema up to date. Nothing runs yet but the database itself.
    pub(crate) async fn open(settings: &Settings, data: DataDir) -> Result<Self> {
        // Before anything is changed: a file that others can read is a common reason not to start.
        let keys = Keys::open(
            &data.keys(settings.keys_dir.as_deref())?,
            Arc::new(SystemClock),
        )
        .context("the keys of tokens")?;
        let database = Database::open(settings, &data).await?;
        let mover = Mover::new(database.pool().clone());
        let checkpoints = checkpoints::kept(&data, settings.object_store.as_deref())?;
        let audit_key = checkpoints::key(
            &data,
            settings.keys_dir.as_deref(),
            settings.object_store.as_deref(),
        )?;
        let ground = Ground::new(settings, data, database, Some(mover)).await?;
        let handle = Handle {
            store: ground.store.clone(),
            log: ground.log.clone(),
            signals: ground.signals().clone(),
            checkpoints,
            audit_key,
            keys,
            views: Vec::new(),
        };
        Ok(Self { ground, handle })
    }

    /// Notes that pipelines run here, whose rows are called so.
    pub(crate) fn keeps(&mut self, views: impl IntoIterator<Item = String>) {
        self.handle.views.extend(views);
    }

    /// The parts.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// What it stands on.
    pub(crate) fn ground(&self) -> &Ground {
        &self.ground
    }

    /// The same, to run more on it.
    pub(crate) fn ground_mut(&mut self) -> &mut Ground {
        &mut self.ground
    }

    /// See [`Ground::run`].
    pub(crate) async fn run(self, serving: Group) -> Result<()> {
        self.ground.run(serving).await
    }

    /// Stops everything.
    pub(crate) async fn stop(self) {
        self.ground.stop().await;
    }
}

impl Handle {
    /// What keeps the views from showing a write. `None` while the write is still on its way into the log.
    pub(crate) async fn behind(&self, write: Position) -> Result<Option<Behind>> {
        let Position::Write(outbox_id) = write else {
            return Ok(Some(Behind::default()));
        };
        let Some(seq) = self.log.seq_of(outbox_id).await? else {
            return Ok(None);
        };
        let pipelines = self.store.pipelines().await?;
        let mut behind = Behind {
            seq,
            ..Behind::default()
        };
        for view in self.waited_for(&pipelines) {
            let row = pipelines.iter().find(|row| row.name == *view);
            let cut = row.map_or(0, |row| u64::try_from(row.cut).unwrap_or(0));
            match row {
                Some(_) if cut >= seq => {}
                Some(row) if row.state == "halted" => behind.halted.push(view.to_owned()),
                Some(_) | None => behind.cuts.push(cut),
            }
        }
        Ok(Some(behind))
    }

    /// The pipelines that run here; where none does, those that run elsewhere for everybody.
    fn waited_for<'a>(&'a self, pipelines: &'a [PipelineStatus]) -> Vec<&'a str> {
        if !self.views.is_empty() {
            return self.views.iter().map(String::as_str).collect();
        }
        let names = pipelines.iter().map(|row| row.name.as_str());
        names.filter(|name| !name.contains(['@', '~'])).collect()
    }
}

/// The views that have not seen a write.
#[derive(Debug, Default)]
pub(crate) struct Behind {
    /// The write's place in the log.
    pub(crate) seq: u64,
    /// How far those are that are on their way.
    cuts: Vec<u64>,
    /// Those that wait for a person, and will not get there by themselves.
    pub(crate) halted: Vec<String>,
}

impl Behind {
    /// How far the slowest of those is that will get there; `None` when all that can have.
    pub(crate) fn slowest(&self) -> Option<u64> {
        self.cuts.iter().min().copied()
    }
}
