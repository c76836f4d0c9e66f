//! What both the server and the commands run on: the database and everything between a write and the views it shows in.

use super::views;
use crate::checkpoints;
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::database::Database;
use crate::lifecycle::{self, Group};
use anyhow::{Context, Result};
use millstream_domain::clock::{SystemClock, SystemIds};
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::mover::Mover;
use millstream_event_log::signals::Signals;
use millstream_event_log::{Log, Position};
use millstream_ingest_api::auth::keys::Keys;
use millstream_search::Index;
use millstream_sinks::audit::checkpointer::Checkpointer;
use millstream_sinks::audit::checkpoints::Checkpoints;
use millstream_sinks::audit::key::SigningKey;
use millstream_store::Store;
use std::path::PathBuf;
use std::sync::Arc;

/// The parts that others work with. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    pub(crate) store: Store,
    pub(crate) log: PostgresLog,
    pub(crate) signals: Signals,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) audit_key: Arc<SigningKey>,
    pub(crate) keys: Keys,
    /// The rows of the pipelines that run here.
    views: Vec<String>,
}

/// The database, the mover and, once started, the pipelines.
#[derive(Debug)]
pub(crate) struct Engine {
    data: DataDir,
    database: Database,
    handle: Handle,
    mover: Option<Mover>,
    search: Option<Index>,
    groups: Vec<Group>,
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
        let pool = database.pool().clone();
        let mover = Mover::new(pool.clone());
        let store = Store::new(
            pool.clone(),
            mover.poke(),
            Arc::new(SystemClock),
            Arc::new(SystemIds),
        );
        let handle = Handle {
            store,
            log: PostgresLog::new(pool, Some(mover.tail())),
            signals: Signals::default(),
            checkpoints: checkpoints::kept(&data)?,
            audit_key: checkpoints::key(&data, settings.keys_dir.as_deref())?,
            keys,
            views: Vec::new(),
        };
        Ok(Self {
            data,
            database,
            handle,
            mover: Some(mover),
            search: None,
            groups: Vec::new(),
        })
    }

    /// Starts the mover and the pipelines. Does nothing the second time.
    pub(crate) async fn start(&mut self) -> Result<()> {
        let Some(mover) = self.mover.take() else {
            return Ok(());
        };
        let search = open_index(self.data.folder("search")?).await?;
        let handle = &self.handle;
        let mut moving = Group::new("mover");
        moving.spawn(mover.run(moving.stop_token()));
        let mut pipelines = Group::new("pipelines");
        let parts = views::Parts {
            pool: self.database.pool().clone(),
            log: Log::Postgres(handle.log.clone()),
            clock: Arc::clone(handle.store.clock()),
            signals: handle.signals.clone(),
            node: self.data.node()?,
            search: search.clone(),
        };
        let views = views::spawn(&mut pipelines, &parts);
        let mut signing = Group::new("checkpoints");
        let checkpointer = Checkpointer::new(
            self.database.pool().clone(),
            handle.checkpoints.clone(),
            Arc::clone(&handle.audit_key),
        );
        signing.spawn(checkpointer.run(signing.stop_token()));
        let mut keeping = Group::new("upkeep");
        keeping.spawn(handle.store.clone().keep_house(keeping.stop_token()));
        self.database.keep(&mut keeping);
        self.handle.views = views;
        self.search = Some(search);
        self.groups = vec![moving, pipelines, signing, keeping];
        Ok(())
    }

    /// Runs more, which is stopped before everything that runs by now.
    pub(crate) fn add(&mut self, group: Group) {
        self.groups.insert(0, group);
    }

    /// The parts.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The data folder.
    pub(crate) fn data(&self) -> &DataDir {
        &self.data
    }

    /// The search index, once started.
    pub(crate) fn search(&self) -> Option<Index> {
        self.search.clone()
    }

    /// The database.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Runs, with `serving` in front, until somebody asks to stop or something breaks; then stops everything.
    pub(crate) async fn run(self, serving: Group) -> Result<()> {
        let mut groups = vec![serving];
        groups.extend(self.groups);
        let ended = lifecycle::run(groups).await;
        self.database.close().await;
        ended
    }

    /// Stops everything.
    pub(crate) async fn stop(self) {
        lifecycle::stop(self.groups).await;
        self.database.close().await;
    }
}

/// Opens the search index, which reads files.
async fn open_index(folder: PathBuf) -> Result<Index> {
    let named = format!("the search index \"{}\"", folder.display());
    tokio::task::spawn_blocking(move || Index::open(&folder))
        .await?
        .context(named)
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
        for view in &self.views {
            let row = pipelines.iter().find(|row| row.name == *view);
            let cut = row.map_or(0, |row| u64::try_from(row.cut).unwrap_or(0));
            match row {
                Some(_) if cut >= seq => {}
                Some(row) if row.state == "halted" => behind.halted.push(view.clone()),
                Some(_) | None => behind.cuts.push(cut),
            }
        }
        Ok(Some(behind))
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
