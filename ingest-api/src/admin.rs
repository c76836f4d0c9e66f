//! The admin port: metrics and health, for the operator's own network.

use crate::api::system::health;
use crate::state::AppState;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use millstream_store::pipeline::PipelineStatus;
use std::fmt::Write as _;

#[derive(Clone)]
struct Admin {
    app: AppState,
    metrics: PrometheusHandle,
}

/// What a process is there for, and what it must therefore be able to do to be ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// It answers requests. How pipelines are decides nothing: one record that a pipeline cannot take must not take the site
    /// down.
    Web,
    /// It runs pipelines: none of those that it owns may have halted.
    Pipelines,
}

/// What the admin port answers.
pub fn admin(app: AppState, metrics: PrometheusHandle, duty: Duty) -> Router {
    let ready = match duty {
        Duty::Web => get(health::ready),
        Duty::Pipelines => get(health::at_work),
    };
    let health = Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", ready)
        .with_state(app.clone());
    Router::new()
        .route("/metrics", get(read_metrics))
        .with_state(Admin { app, metrics })
        .merge(health)
}

/// What a process answers that waits for its database, at each of its doors: that it lives, and is not ready.
pub fn waiting() -> Router {
    Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::not_yet))
        .fallback(|| async { StatusCode::SERVICE_UNAVAILABLE })
}

/// Prometheus' text format. How the pipelines are is looked up when it is asked for.
async fn read_metrics(State(Admin { app, metrics }): State<Admin>) -> Response {
    let ours: Vec<_> = health::pipelines(&app)
        .await
        .into_iter()
        .filter(|pipeline| pipeline.owner.as_deref() == Some(app.node()))
        .collect();
    metrics.run_upkeep();
    let text = metrics.render() + &gauges(&ours);
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    ([(CONTENT_TYPE, content_type)], text).into_response()
}

/// What is asked of each pipeline.
type Gauge = (&'static str, fn(&PipelineStatus) -> i64);

const GAUGES: [Gauge; 4] = [
    ("millstream_pipeline_lag_records", |p| p.lag_records),
    ("millstream_pipeline_lag_ms", |p| p.lag_ms),
    ("millstream_pipeline_dead_letters", |p| p.dead_letters),
    ("millstream_pipeline_running", |p| {
        i64::from(p.state == "running")
    }),
];

/// The pipelines of this process. Not by way of the recorder, which would go on showing those that another node has taken
/// over.
fn gauges(pipelines: &[PipelineStatus]) -> String {
    let mut text = String::new();
    for (name, of) in GAUGES {
        if !pipelines.is_empty() {
            let _ = writeln!(text, "# TYPE {name} gauge");
        }
        for pipeline in pipelines {
            // Names of pipelines and nodes are made of letters, digits, `_`, `-` and `@`: nothing to be escaped.
            let (label, value) = (&pipeline.name, of(pipeline));
            let _ = writeln!(text, "{name}{{pipeline=\"{label}\"}} {value}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pipelines_of_this_process_stand_in_the_text_format() {
        let pipeline = PipelineStatus {
            name: "search@here".into(),
            version: 1,
            cut: 7,
            lag_records: 2,
            lag_ms: 1_500,
            state: "stalled".into(),
            error: Some("the disk is full".into()),
            owner: Some("here".into()),
            generation: 1,
            dead_letters: 3,
            committed_at: None,
        };
        insta::assert_snapshot!(gauges(&[pipeline]), @r#"
        # TYPE millstream_pipeline_lag_records gauge
        millstream_pipeline_lag_records{pipeline="search@here"} 2
        # TYPE millstream_pipeline_lag_ms gauge
        millstream_pipeline_lag_ms{pipeline="search@here"} 1500
        # TYPE millstream_pipeline_dead_letters gauge
        millstream_pipeline_dead_letters{pipeline="search@here"} 3
        # TYPE millstream_pipeline_running gauge
        millstream_pipeline_running{pipeline="search@here"} 0
        "#);
        assert_eq!(gauges(&[]), "");
    }
}
