//! Logs and metrics: where they go and what they look like.

use crate::config::{Cli, LogFormat};
use anyhow::{Context, Result};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::fs::OpenOptions;
use std::io::IsTerminal;
use std::sync::Arc;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Bounds of the buckets of everything that is measured in seconds, from half a millisecond to ten seconds.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// What is logged when nobody says: by a server (without what the database remarks at every start, such as that a table
/// exists, and without each step of the libraries that keep the lake), and by a command, which shows its results and is to
/// be read.
const SERVER: &str = "info,sqlx::postgres::notice=warn,buoyant_kernel=warn,\
                      buoyant_kernel_engine=warn,deltalake_core=warn,datafusion=warn";
const COMMAND: &str = "warn";

/// What is never logged, whoever asks for it: libraries that repeat the text that passes through them.
const SILENT: [&str; 1] = ["html5ever=off"];

/// What is told as a warning and is none. Tantivy remarks "couldn't find segment" when a merge in the background ends on
/// segments that the index no longer has: when we began anew from the last commit meanwhile, as a pipeline does that is started
/// or rebuilt. The merge is given up, nothing is lost, and the next one finds what there is then.
const HARMLESS: [&str; 1] = ["tantivy::indexer::segment_manager=error"];

/// Sends log lines to standard error, or to the file that was named.
pub(crate) fn start_logs(cli: &Cli) -> Result<()> {
    let settings = cli.settings();
    let usual = if cli.is_server() { SERVER } else { COMMAND };
    let text = settings.log.as_deref().unwrap_or(usual);
    let mut filter = EnvFilter::try_new(text).with_context(|| {
        format!("\"{text}\" is not a log filter such as `info` or `warn,millstream=debug`")
    })?;
    for silent in SILENT.into_iter().chain(HARMLESS) {
        filter = filter.add_directive(silent.parse().context("a directive is a constant")?);
    }
    match &settings.log_file {
        None => start(
            filter,
            settings.log_format,
            std::io::stderr,
            std::io::stderr().is_terminal(),
        ),
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            let file = file.with_context(|| format!("the log file \"{}\"", path.display()))?;
            start(filter, settings.log_format, Arc::new(file), false)
        }
    }
}

fn start<W>(filter: EnvFilter, format: LogFormat, writer: W, is_terminal: bool) -> Result<()>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let json = match format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !is_terminal,
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    let started = if json {
        lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .try_init()
    } else {
        lines
            .with_target(false)
            .compact()
            .with_ansi(is_terminal)
            .try_init()
    };
    started
        .map_err(|error| anyhow::anyhow!(error))
        .context("logging was started twice")
}

/// Begins to count and measure; the handle renders what was counted.
pub(crate) fn start_metrics() -> Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
        .context("the buckets are a constant")?
        .install_recorder()
        .context("metrics were started twice")
}
