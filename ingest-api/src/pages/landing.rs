//! `/`: what runs here, how it is, and where to go.

use crate::api::system::health::{Ready, ReadyPipeline, look};
use crate::error::ApiError;
use crate::pages::show::pipeline::{lag, mood};
use crate::pages::texts::{ENGLISH, Texts};
use crate::state::AppState;
use askama::Template;
use axum::response::Response;

/// The page.
#[derive(Template)]
#[template(path = "pages/landing.html")]
pub(crate) struct LandingPage {
    t: &'static Texts,
    /// Of the program.
    version: &'static str,
    /// Whether somebody has registered.
    is_set_up: bool,
    /// Under which address people reach it.
    public_url: String,
    ready: Ready,
}

impl LandingPage {
    fn is_ready(&self) -> bool {
        self.ready.status == "ready"
    }

    /// What the server is made of: its name, its state, the colour of its dot.
    fn parts(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        let (t, parts) = (self.t, &self.ready.parts);
        let states = [
            (t.database, parts.database),
            (t.schema, parts.schema),
            (t.keys, parts.keys),
        ];
        let color = |state| if state == "ok" { "good" } else { "bad" };
        states
            .map(|(name, state)| (name, state, color(state)))
            .into()
    }
}

/// The colour of a pipeline's dot.
fn dot(pipeline: &ReadyPipeline, all: &[ReadyPipeline]) -> &'static str {
    let all = all.iter().map(|other| (&*other.name, &*other.state));
    mood(&pipeline.name, &pipeline.state, all)
}

/// Shows it.
pub(crate) async fn show(app: &AppState) -> Result<Response, ApiError> {
    let ready = look(app).await;
    let is_set_up = ready.parts.database != "ok" || app.store().has_users().await?;
    let page = LandingPage {
        t: &ENGLISH,
        version: env!("CARGO_PKG_VERSION"),
        is_set_up,
        public_url: app.settings().public_url.trim_end_matches('/').to_owned(),
        ready,
    };
    page.render().map(super::page).map_err(ApiError::internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::system::health::ReadyParts;

    fn pipeline(name: &str, state: &str, lag_records: i64) -> ReadyPipeline {
        ReadyPipeline {
            name: name.into(),
            state: state.into(),
            lag_records,
            lag_ms: lag_records * 700,
            dead_letters: i64::from(state == "halted"),
        }
    }

    fn sample(is_set_up: bool, database: &'static str) -> String {
        let pipelines = vec![
            pipeline("activity", "running", 0),
            pipeline("<search>", "halted", 3),
            pipeline("search@gone", "stopped", 3),
            pipeline("search@here", "running", 0),
            pipeline("timers", "stopped", 3),
        ];
        let status = if database == "ok" {
            "ready"
        } else {
            "unavailable"
        };
        let parts = ReadyParts {
            database,
            schema: "ok",
            keys: "ok",
            redis: None,
        };
        let ready = Ready {
            status,
            parts,
            pipelines,
        };
        let page = LandingPage {
            t: &ENGLISH,
            version: "0.0.0",
            is_set_up,
            public_url: "http://localhost".into(),
            ready,
        };
        page.render().unwrap_or_default()
    }

    #[test]
    fn every_state_of_the_page_is_on_file() {
        // A style that changes changes its address, and nothing else of the page.
        insta::with_settings!({filters => vec![("/static/[0-9a-f]{16}/", "/static/[hash]/")]}, {
            insta::assert_snapshot!("landing_ready", sample(true, "ok"));
            insta::assert_snapshot!("landing_first_start", sample(false, "unavailable"));
        });
    }
}
