//! Everything in one process: what `millstream` runs without a command.

use super::engine::Engine;
use super::nodes::Nodes;
use super::{http, workers};
use crate::checkpoints::ForReaders;
use crate::config::{Registration, Settings, check_setup_secret};
use crate::control::server::AdminSocket;
use crate::data_dir::DataDir;
use crate::lifecycle::Group;
use crate::usage::Usage;
use crate::{demo, open_files, telemetry};
use anyhow::{Context, Result};
use axum::Router;
use millstream_ingest_api::settings::Secret;
use millstream_ingest_api::{AppState, Parts};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Runs until asked to stop.
pub(crate) async fn run(settings: &Settings, with_demo: bool) -> Result<ExitCode> {
    let metrics = telemetry::start_metrics()?;
    open_files::raise_limit();
    // Before anything is changed: an address in use is the most common reason not to start.
    let (listener, admin) = (
        listen(settings.listen).await?,
        listen(settings.admin_listen).await?,
    );
    let data = DataDir::open(&settings.data_dir)?;
    let http = http(settings, &data, listener.local_addr()?)?;
    let post = workers::post(settings, &http.public_url)?;
    let mut engine = Engine::open(settings, data).await?;
    engine.start().await?;
    let demo = if with_demo {
        Some(tell_demo(&engine).await?)
    } else {
        None
    };
    let working = workers::start(
        engine.handle(),
        engine.data().node()?,
        post,
        &http.public_url,
    );
    engine.add(working);
    let handle = engine.handle().clone();
    let mut nodes = Nodes::new(&handle, engine.data().node()?, http.public_url.clone());
    let warnings = nodes.look().await?;
    let mut greeting = Greeting::of(settings, &engine, listener.local_addr()?, demo).await?;
    greeting.warnings = warnings;

    let state = AppState::new(Parts {
        node: engine.data().node()?,
        store: handle.store.clone(),
        log: handle.log.clone(),
        signals: handle.signals.clone(),
        search: engine.search(),
        checkpoints: Arc::new(ForReaders(handle.checkpoints.clone())),
        keys: handle.keys.clone(),
        settings: http,
    });
    let mut serving = Group::new("servers");
    serving.spawn(state.hub().clone().run(state.clone(), serving.stop_token()));
    // Whoever listens before is let go when that begins.
    state.hub().begun().await;
    let app = millstream_ingest_api::router(state.clone());
    serve(&mut serving, listener, app);
    let operators = millstream_ingest_api::admin(state, metrics);
    serve(&mut serving, admin, operators);
    serving.spawn(handle.keys.clone().run(serving.stop_token()));
    serving.spawn(nodes.run(serving.stop_token()));
    let socket = AdminSocket::bind(engine.data())?;
    serving.spawn(socket.serve(handle, serving.stop_token()));
    greeting.print();
    engine.run(serving).await.map(|()| ExitCode::SUCCESS)
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
    data: &DataDir,
    address: SocketAddr,
) -> Result<millstream_ingest_api::Settings> {
    let setup_secret = match &settings.setup_secret {
        Some(secret) => {
            check_setup_secret(secret).map_err(Usage::because)?;
            secret.clone()
        }
        None => data.setup_secret()?,
    };
    Ok(millstream_ingest_api::Settings {
        public_url: match &settings.public_url {
            Some(url) => url.clone(),
            None => format!("http://{address}"),
        },
        public_url_given: settings.public_url.is_some(),
        setup_secret: Secret::new(setup_secret),
        registration_open: settings.registration == Registration::Open,
        trusted_proxies: http::trusted_proxies(settings)?,
        rate_limits: http::rate_limits(settings),
        live: http::live_limits(settings),
        cors_origins: http::cors_origins(settings)?,
    })
}

/// Tells the story of the demo, unless somebody works here already.
async fn tell_demo(engine: &Engine) -> Result<Demo> {
    let (store, data) = (&engine.handle().store, engine.data());
    let is_fresh = !store.has_users().await?;
    if is_fresh {
        demo::fill(store, data).await?;
        data.note_whole_demo()?;
    }
    if data.has_whole_demo() {
        return Ok(Demo::There(data.demo_password()?));
    }
    Ok(if data.has_demo() {
        Demo::CutOff
    } else {
        Demo::Refused
    })
}

/// What became of `--demo`.
enum Demo {
    /// The demo is there; everybody's password.
    There(String),
    /// The process ended while it was told. It cannot be told on, and is not told twice.
    CutOff,
    /// Somebody works here; they would not want it.
    Refused,
}

/// What is said on the terminal once everything runs.
struct Greeting {
    address: SocketAddr,
    /// The set-up secret, while it is needed.
    setup_secret: Option<String>,
    database: &'static str,
    data: String,
    demo: Option<Demo>,
    /// What does not fit other nodes.
    warnings: Vec<String>,
}

impl Greeting {
    async fn of(
        settings: &Settings,
        engine: &Engine,
        address: SocketAddr,
        demo: Option<Demo>,
    ) -> Result<Self> {
        let has_users = engine.handle().store.has_users().await?;
        let setup_secret = match (&settings.setup_secret, has_users) {
            (_, true) => None,
            // Who set it knows it, and it should not stand in a log.
            (Some(_), false) => Some("the one of MILLSTREAM_SETUP_SECRET".to_owned()),
            (None, false) => Some(engine.data().setup_secret()?),
        };
        Ok(Self {
            address,
            setup_secret,
            database: if engine.database().is_embedded() {
                "embedded Postgres (for trying, and small teams)"
            } else {
                "Postgres"
            },
            data: engine.data().path().display().to_string(),
            demo,
            warnings: Vec::new(),
        })
    }

    /// Shows it on standard output: standard error is the log's, which may be read by programs, a line of JSON each.
    fn print(&self) {
        let mut out = io::stdout().lock();
        // Where nobody listens any more, it is served all the same.
        let _ = self.write_to(&mut out).and_then(|()| out.flush());
    }

    fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out)?;
        writeln!(out, "  Millstream runs at  http://{}", self.address)?;
        writeln!(
            out,
            "  API documentation   http://{}/api/docs",
            self.address
        )?;
        writeln!(out, "  Database            {}", self.database)?;
        writeln!(out, "  Data folder         {}", self.data)?;
        match &self.demo {
            Some(Demo::There(password)) => {
                writeln!(
                    out,
                    "  Demo                log in as {}, password {password}",
                    demo::ADMIN
                )?;
            }
            Some(Demo::CutOff) => {
                writeln!(
                    out,
                    "  Demo                cut off while it was told: start anew on an empty data folder and database"
                )?;
            }
            Some(Demo::Refused) => {
                writeln!(
                    out,
                    "  Demo                not told: somebody works here already"
                )?;
            }
            None => {}
        }
        for warning in &self.warnings {
            writeln!(out)?;
            writeln!(out, "  Warning: {warning}.")?;
        }
        if let Some(secret) = &self.setup_secret {
            writeln!(out)?;
            writeln!(
                out,
                "  Nobody has registered yet. The first to do so becomes admin, with this set-up secret:"
            )?;
            writeln!(out, "  {secret}")?;
        }
        writeln!(out)?;
        writeln!(out, "  Ctrl-C stops it.")?;
        writeln!(out)
    }
}
