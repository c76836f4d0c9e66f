//! What somebody typed into a form that was not taken: its page was made for another log-in, or the session has ended. It is
//! shown once more, to be sent with the token of the session that is now. Nothing of it is written before that, and nothing
//! of it stays with us: the pages carry it, the log-in in between as well.
//!
//! Only what a page of ours sent, by the word of the browser, comes back; and never a form that holds a password.

use crate::error::ApiError;
use crate::extract::Params;
use crate::own_site;
use crate::pages::cookie::CookieSecret;
use crate::pages::form::sent;
use crate::pages::texts::{ENGLISH, Texts};
use crate::pages::viewer::inside;
use crate::settings::Settings;
use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

/// What stands before the names of its fields while the log-in carries them.
const PREFIX: &str = "kept.";
/// Where it was sent to, in the form of the log-in.
const TO: &str = "kept_to";

/// A form that was not taken.
pub(crate) struct Kept {
    /// Where it was sent to.
    pub(crate) to: String,
    /// Names and values, without the token.
    pub(crate) fields: Vec<(String, String)>,
}

/// A field of it, to be read again.
pub(crate) struct TypedField<'a> {
    label: &'static str,
    name: &'a str,
    value: &'a str,
    is_long: bool,
}

#[derive(Template)]
#[template(path = "pages/kept.html")]
struct KeptPage<'a> {
    t: &'static Texts,
    kept: &'a Kept,
    csrf: String,
    back: &'a str,
}

impl Kept {
    /// A form that was sent to a path; `None` if nothing was typed that would be lost, or if it may not come back.
    pub(crate) fn of(
        settings: &Settings,
        headers: &HeaderMap,
        to: String,
        mut params: Params,
    ) -> Option<Self> {
        Self::proven(settings, headers, to, params.below(""))
    }

    /// The form that the log-in carried.
    pub(crate) fn carried(
        settings: &Settings,
        headers: &HeaderMap,
        params: &mut Params,
    ) -> Option<Self> {
        let (to, fields) = (sent(params, TO), params.below(PREFIX));
        Self::proven(settings, headers, inside(Some(to?)), fields)
    }

    fn proven(
        settings: &Settings,
        headers: &HeaderMap,
        to: String,
        fields: Vec<(String, String)>,
    ) -> Option<Self> {
        let is_secret = |name: &String| name.contains("password") || name.contains("secret");
        if !own_site::is_proven(settings, headers) || fields.iter().any(|(n, _)| is_secret(n)) {
            return None;
        }
        let kept = Self { to, fields };
        let typed = kept.typed();
        let is_worth_it = typed.iter().any(|field| !field.value.trim().is_empty());
        is_worth_it.then_some(kept)
    }

    /// What people type.
    fn typed(&self) -> Vec<TypedField<'_>> {
        let typed = self.fields.iter().filter_map(|(name, value)| {
            let (label, is_long) = label(name)?;
            Some(TypedField {
                label,
                name,
                value,
                is_long,
            })
        });
        typed.collect()
    }

    /// What goes along: choices, the version that it was begun on.
    fn silent(&self) -> impl Iterator<Item = &(String, String)> {
        self.fields.iter().filter(|(name, _)| label(name).is_none())
    }

    /// The page that shows it, for a session.
    pub(crate) fn page(
        &self,
        status: StatusCode,
        secret: &CookieSecret,
        back: &str,
    ) -> Result<Response, ApiError> {
        let page = super::render(&KeptPage {
            t: &ENGLISH,
            kept: self,
            csrf: secret.form_token(),
            back,
        })?;
        Ok((status, page).into_response())
    }
}

/// What a field is called that people type text into, and whether it may have lines.
fn label(name: &str) -> Option<(&'static str, bool)> {
    match name {
        "title" => Some((ENGLISH.title, false)),
        "name" => Some((ENGLISH.name, false)),
        "description" => Some((ENGLISH.description, true)),
        "body" => Some((ENGLISH.comment, true)),
        _ => None,
    }
}
