//! The admin port: metrics and health, for the operator's own network.

use crate::api::system::health;
use crate::state::AppState;
use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;

#[derive(Clone)]
struct Admin {
    app: AppState,
    metrics: PrometheusHandle,
}

/// What the admin port answers.
pub fn admin(app: AppState, metrics: PrometheusHandle) -> Router {
    let health = Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .with_state(app.clone());
    Router::new()
        .route("/metrics", get(read_metrics))
        .with_state(Admin { app, metrics })
        .merge(health)
}

/// Prometheus' text format. How the pipelines are is looked up when it is asked for.
async fn read_metrics(State(Admin { app, metrics }): State<Admin>) -> Response {
    for pipeline in health::look(&app).await.pipelines {
        let labels = [("pipeline", pipeline.name)];
        gauge(
            "millstream_pipeline_lag_records",
            &labels,
            pipeline.lag_records,
        );
        gauge("millstream_pipeline_lag_ms", &labels, pipeline.lag_ms);
        gauge(
            "millstream_pipeline_dead_letters",
            &labels,
            pipeline.dead_letters,
        );
        gauge(
            "millstream_pipeline_running",
            &labels,
            i64::from(pipeline.state == "running"),
        );
    }
    metrics.run_upkeep();
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        metrics.render(),
    )
        .into_response()
}

fn gauge(name: &'static str, labels: &[(&'static str, String); 1], value: i64) {
    // A gauge is a float; what is beyond 2^31 records or milliseconds is an alert in any form.
    metrics::gauge!(name, labels).set(f64::from(i32::try_from(value).unwrap_or(i32::MAX)));
}
