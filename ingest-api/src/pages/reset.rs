//! `/reset`: a new password for whoever forgot theirs, without scripts or with them.
//!
//! The link in the mail ends with `#` and the code: browsers send that to no server. A script puts it into the form; without
//! one, people copy the code from the mail.

use crate::api::auth::reset;
use crate::error::ApiError;
use crate::extract::{Fields, NoParams};
use crate::pages::form::{OpenForm, Wrong, members, sent};
use crate::pages::texts::{ENGLISH, Texts};
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

#[derive(Template)]
#[template(path = "pages/reset.html")]
struct ResetPage {
    t: &'static Texts,
    /// How far somebody has come.
    step: Step,
    wrong_ask: Wrong,
    wrong_set: Wrong,
    email: String,
    token: String,
}

/// How far somebody has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// They may ask for a link, or have one.
    Open,
    /// They asked, and a mail may be on its way.
    Asked,
    /// The new password is set.
    Done,
}

impl ResetPage {
    fn at(step: Step) -> Self {
        Self {
            t: &ENGLISH,
            step,
            wrong_ask: Wrong::default(),
            wrong_set: Wrong::default(),
            email: String::new(),
            token: String::new(),
        }
    }
}

/// The two forms.
pub(crate) async fn show(_: NoParams) -> Result<Response, ApiError> {
    super::render(&ResetPage::at(Step::Open))
}

/// Asks for a link.
pub(crate) async fn ask(
    State(app): State<AppState>,
    OpenForm(mut params): OpenForm,
) -> Result<Response, ApiError> {
    let fields = members(&mut params, &["email"]);
    params.finish(|| Some(()))?;
    let email = text(fields.get("email"));
    match reset::ask(&app, Fields::new(fields)).await {
        Ok(()) => super::render(&ResetPage::at(Step::Asked)),
        Err(error) => {
            let page = ResetPage {
                wrong_ask: Wrong::of(error)?,
                email,
                ..ResetPage::at(Step::Open)
            };
            Ok((page.wrong_ask.status(), super::render(&page)?).into_response())
        }
    }
}

/// Sets the new password.
pub(crate) async fn set(
    State(app): State<AppState>,
    OpenForm(mut params): OpenForm,
) -> Result<Response, ApiError> {
    let mut fields = members(&mut params, &["token", "new_password"]);
    if sent(&mut params, "revoke_api_tokens").is_some() {
        fields.insert("revoke_api_tokens".into(), Value::Bool(true));
    }
    params.finish(|| Some(()))?;
    // As it is copied from a mail.
    let token = text(fields.get("token")).trim().to_owned();
    fields.insert("token".into(), Value::String(token.clone()));
    match reset::confirm(&app, Fields::new(fields)).await {
        Ok(_) => super::render(&ResetPage::at(Step::Done)),
        Err(error) => {
            let page = ResetPage {
                wrong_set: Wrong::of(error)?,
                token,
                ..ResetPage::at(Step::Open)
            };
            Ok((page.wrong_set.status(), super::render(&page)?).into_response())
        }
    }
}

fn text(value: Option<&Value>) -> String {
    let text = value.and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}
