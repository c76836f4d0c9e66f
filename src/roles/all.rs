//! Everything in one process: what `millstream` runs without a command.

use super::views;
use crate::checkpoints::{self, ForReaders};
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::database::Database;
use crate::lifecycle::{self, Group};
use crate::telemetry;
use anyhow::{Context, Result};
use axum::Router;
use millstream_domain::clock::{Clock, IdSource, SystemClock, SystemIds};
use millstream_event_log::Log;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::mover::Mover;
use millstream_event_log::signals::Signals;
use millstream_ingest_api::auth::keys::KeySet;
use millstream_ingest_api::settings::Secret;
use millstream_ingest_api::{AppState, Parts};
use millstream_sinks::audit::checkpointer::Checkpointer;
use millstream_store::Store;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Runs until asked to stop.
pub(crate) async fn run(settings: &Settings, demo: bool) -> Result<ExitCode> {
    let metrics = telemetry::start_metrics()?;
    let data = DataDir::open(&settings.data_dir)?;
    // Before anything is changed: an address in use is the most common reason not to start.
    let (listener, admin) = (
        listen(settings.listen).await?,
        listen(settings.admin_listen).await?,
    );
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids: Arc<dyn IdSource> = Arc::new(SystemIds);
    let database = Database::open(settings, &data).await?;
    let pool = database.pool().clone();

    let mover = Mover::new(pool.clone());
    let store = Store::new(pool.clone(), mover.poke(), Arc::clone(&clock), ids);
    let log = PostgresLog::new(pool.clone(), Some(mover.tail()));
    let signals = Signals::default();
    let (key, kept) = (checkpoints::key(&data)?, checkpoints::kept(&data)?);

    let (mut moving, mut keeping, mut serving) = (
        Group::new("mover"),
        Group::new("pipelines"),
        Group::new("servers"),
    );
    moving.spawn(mover.run(moving.stop_token()));
    let parts = views::Parts {
        pool: pool.clone(),
        log: Log::Postgres(log.clone()),
        clock: Arc::clone(&clock),
        signals: signals.clone(),
        owner: format!("{}-{}", std::process::id(), clock.now().timestamp_micros()),
    };
    views::spawn(&mut keeping, &parts);
    keeping.spawn(Checkpointer::new(pool, kept.clone(), key).run(keeping.stop_token()));

    let greeting = Greeting::of(settings, &data, &database, &store, listener.local_addr()?).await?;
    let keys = KeySet::load_or_create(&data.path().join("keys"), clock.now())
        .context("the keys of tokens")?;
    let state = AppState::new(Parts {
        store,
        log,
        signals,
        search: None,
        checkpoints: Arc::new(ForReaders(kept)),
        keys,
        settings: http(settings, greeting.address, greeting.setup_secret.clone())?,
    });
    serve(
        &mut serving,
        listener,
        millstream_ingest_api::router(state.clone()),
    );
    serve(
        &mut serving,
        admin,
        millstream_ingest_api::admin(state, metrics),
    );
    let _ = demo;
    greeting.print();
    let ended = lifecycle::run(vec![serving, moving, keeping]).await;
    database.close().await;
    ended.map(|()| ExitCode::SUCCESS)
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("the address {address} cannot be listened on: is something else running there? --listen and --admin-listen choose others")
    })
}

fn serve(group: &mut Group, listener: TcpListener, router: Router) {
    let stop = group.stop_token();
    group.spawn(async move {
        if let Err(error) = millstream_ingest_api::serve(listener, router, stop).await {
            tracing::error!(error = &error as &dyn std::error::Error, "a server broke");
        }
    });
}

fn http(
    settings: &Settings,
    address: SocketAddr,
    setup_secret: String,
) -> Result<millstream_ingest_api::Settings> {
    let trusted_proxies = settings
        .trusted_proxies
        .iter()
        .map(|net| {
            net.trim()
                .parse()
                .with_context(|| format!("\"{net}\" is not a network such as 10.0.0.0/8"))
        })
        .collect::<Result<_>>()?;
    Ok(millstream_ingest_api::Settings {
        public_url: settings
            .public_url
            .clone()
            .unwrap_or_else(|| format!("http://{address}")),
        setup_secret: Secret::new(setup_secret),
        registration_open: true,
        trusted_proxies,
    })
}

/// What is said on the terminal once everything runs.
struct Greeting {
    address: SocketAddr,
    setup_secret: String,
    has_users: bool,
    database: &'static str,
    data: String,
}

impl Greeting {
    async fn of(
        settings: &Settings,
        data: &DataDir,
        database: &Database,
        store: &Store,
        address: SocketAddr,
    ) -> Result<Self> {
        let setup_secret = match &settings.setup_secret {
            Some(secret) => secret.clone(),
            None => data.setup_secret()?,
        };
        Ok(Self {
            address,
            setup_secret,
            has_users: store.has_users().await?,
            database: if database.is_embedded() {
                "embedded Postgres (for trying, and small teams)"
            } else {
                "Postgres"
            },
            data: data.path().display().to_string(),
        })
    }

    fn print(&self) {
        eprintln!();
        eprintln!("  Millstream runs at  http://{}", self.address);
        eprintln!("  API documentation   http://{}/api/docs", self.address);
        eprintln!("  Data                {} in {}", self.database, self.data);
        if !self.has_users {
            eprintln!();
            eprintln!(
                "  Nobody has registered yet. The first to do so becomes admin, with this set-up secret:"
            );
            eprintln!("  {}", self.setup_secret);
        }
        eprintln!();
        eprintln!("  Ctrl-C stops it.");
        eprintln!();
    }
}
