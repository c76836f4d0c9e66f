//! What a pipeline refused, and what an admin can do about each record.

use super::pipelines::url;
use crate::api::pipelines::{PipelineName, RecordSeq};
use crate::error::ApiError;
use crate::extract::params::{CURSOR_CHARACTERS_MAX, bounded};
use crate::extract::{Id, IdIn, Params};
use crate::pages::form::{PageForm, Wrong, sent};
use crate::pages::shell::{Section, Shell};
use crate::pages::show::{Choice, Moment, pretty};
use crate::pages::texts::Texts;
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::policy::Action;
use millstream_store::pipeline::letter::{
    DeadLetter, DiscardDeadLetter, LetterState, RetryDeadLetter,
};
use millstream_store::{PageRequest, StoreError};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

#[derive(Template)]
#[template(path = "pages/admin_letters.html")]
struct LettersPage {
    shell: Shell,
    name: String,
    url: String,
    choices: Vec<Choice>,
    counts: Vec<i64>,
    rows: Vec<LetterRow>,
    next: Option<String>,
    wrong: Wrong,
}

struct LetterRow {
    seq: i64,
    state: &'static str,
    /// The colour of its dot.
    dot: &'static str,
    kind: String,
    subject: String,
    error: String,
    tries: i32,
    at: Moment,
    /// What the record says.
    data: Option<String>,
    reason: Option<String>,
    may_retry: bool,
    may_discard: bool,
}

fn state_text(state: LetterState, t: &Texts) -> (&'static str, &'static str) {
    match state {
        LetterState::Waiting => (t.letter_waiting, "bad"),
        LetterState::Retrying => (t.letter_retrying, "warn"),
        LetterState::Taken => (t.letter_taken, "good"),
        LetterState::Discarded => (t.letter_discarded, ""),
    }
}

impl LetterRow {
    fn of(letter: DeadLetter, shell: &Shell) -> Self {
        let (state, dot) = state_text(letter.state, shell.t);
        let record = letter.record;
        let data = record.as_ref().map(|record| pretty(record.data.get()));
        Self {
            seq: letter.seq,
            state,
            dot,
            kind: record.as_ref().map_or_else(String::new, |r| r.kind.clone()),
            subject: record.map_or(letter.key, |r| r.subject),
            error: letter.error,
            tries: letter.tries,
            at: Moment::of(letter.at, shell.now, shell.zone),
            data,
            reason: letter.reason,
            may_retry: matches!(letter.state, LetterState::Waiting | LetterState::Discarded),
            may_discard: letter.state == LetterState::Waiting,
        }
    }
}

/// The states behind the choices of the list.
fn states(show: &str) -> Vec<LetterState> {
    match show.parse() {
        Ok(state) => vec![state],
        Err(_) if show == "all" => Vec::new(),
        Err(_) => vec![LetterState::Waiting, LetterState::Retrying],
    }
}

fn choices(url: &str, show: &str, t: &Texts) -> Vec<Choice> {
    let choices = [
        ("open", t.letters_open),
        ("taken", t.letter_taken),
        ("discarded", t.letter_discarded),
        ("all", t.all_tasks),
    ];
    let choice = |(name, text)| Choice {
        text,
        url: format!("{url}?show={name}"),
        is_chosen: show == name,
    };
    choices.map(choice).into()
}

/// What is asked of the page.
struct Asked {
    show: String,
    page: PageRequest,
}

/// Shows them.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    Id(PipelineName(name)): Id<PipelineName>,
    mut params: Params,
) -> Result<Response, ApiError> {
    let show = sent(&mut params, "show").filter(|show| !show.is_empty());
    let asked = Asked {
        show: show.unwrap_or_else(|| "open".to_owned()),
        page: PageRequest {
            cursor: params.one("cursor", |text| bounded(text, CURSOR_CHARACTERS_MAX)),
            ..PageRequest::default()
        },
    };
    params.finish(|| Some(()))?;
    page(&app, viewer, name, asked, Wrong::default()).await
}

async fn page(
    app: &AppState,
    viewer: Viewer,
    name: String,
    Asked { show, page }: Asked,
    wrong: Wrong,
) -> Result<Response, ApiError> {
    viewer.caller.may(Action::OperatePipelines)?;
    let letters = app
        .store()
        .dead_letters(&viewer.caller.actor, &name, &states(&show), &page)
        .await?;
    let counts = app.store().dead_letter_counts(&name).await?;
    let count = |wanted: &[LetterState]| {
        let counted = counts.iter().filter(|(state, _)| wanted.contains(state));
        counted.map(|(_, count)| count).sum()
    };
    let counts = ["open", "taken", "discarded"].map(|show| count(&states(show)));
    let counts = counts.into_iter().chain([count(&LetterState::ALL)]);
    let shell = Shell::of(app, viewer, Section::Admin).await?;
    let url = url(&name);
    let status = wrong.status();
    let rows = letters
        .items
        .into_iter()
        .map(|letter| LetterRow::of(letter, &shell));
    let page = LettersPage {
        rows: rows.collect(),
        choices: choices(&url, &show, shell.t),
        counts: counts.collect(),
        next: letters.next_cursor.map(|cursor| {
            let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            format!("{url}?show={}&cursor={}", encoded(&show), encoded(&cursor))
        }),
        name,
        url,
        wrong,
        shell,
    };
    let mut response = crate::pages::render(&page)?;
    *response.status_mut() = status;
    Ok(response)
}

/// Tries one again.
pub(crate) async fn retry(
    State(app): State<AppState>,
    IdIn(PipelineName(pipeline), RecordSeq(seq)): IdIn<PipelineName, RecordSeq>,
    PageForm { viewer, params }: PageForm,
) -> Result<Response, ApiError> {
    params.finish(|| Some(()))?;
    viewer.caller.may(Action::OperatePipelines)?;
    let change = RetryDeadLetter {
        actor: viewer.caller.actor.clone(),
        pipeline: pipeline.clone(),
        seq,
    };
    let done = app.store().write(&viewer.caller.origin, change).await;
    answer(&app, viewer, pipeline, done).await
}

/// Leaves one out.
pub(crate) async fn discard(
    State(app): State<AppState>,
    IdIn(PipelineName(pipeline), RecordSeq(seq)): IdIn<PipelineName, RecordSeq>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let reason = sent(&mut params, "reason").unwrap_or_default();
    params.finish(|| Some(()))?;
    viewer.caller.may(Action::OperatePipelines)?;
    let change = DiscardDeadLetter {
        actor: viewer.caller.actor.clone(),
        pipeline: pipeline.clone(),
        seq,
        reason,
    };
    let done = app.store().write(&viewer.caller.origin, change).await;
    answer(&app, viewer, pipeline, done).await
}

async fn answer<T>(
    app: &AppState,
    viewer: Viewer,
    name: String,
    done: Result<T, StoreError>,
) -> Result<Response, ApiError> {
    match done {
        Ok(_) => Ok(Redirect::to(&url(&name)).into_response()),
        Err(error) => {
            let asked = Asked {
                show: "open".to_owned(),
                page: PageRequest::default(),
            };
            page(app, viewer, name, asked, Wrong::of(error.into())?).await
        }
    }
}
