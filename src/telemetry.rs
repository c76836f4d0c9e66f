//! Logs and metrics: where they go and what they look like.

use crate::config::{LogFormat, Settings};
use anyhow::{Context, Result};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Bounds of the buckets of everything that is measured in seconds, from half a millisecond to ten seconds.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Sends log lines to standard error.
pub(crate) fn start_logs(settings: &Settings) -> Result<()> {
    let filter = EnvFilter::try_new(&settings.log).with_context(|| {
        format!(
            "\"{}\" is not a log filter such as `info` or `warn,millstream=debug`",
            settings.log
        )
    })?;
    let json = match settings.log_format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
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
            .with_ansi(std::io::stderr().is_terminal())
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
