//! Who looks at a page: the person behind the cookie. Whoever is not logged in is led to the log-in and back.

use crate::auth::Caller;
use crate::error::ApiError;
use crate::middleware::rate;
use crate::own_site;
use crate::pages::cookie::{self, CookieSecret};
use crate::pages::fresh::Fresh;
use crate::request::RequestContext;
use crate::state::AppState;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Redirect, Response};
use chrono_tz::Tz;
use millstream_store::session::Visitor;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// A person at a browser.
#[derive(Clone)]
pub(crate) struct Viewer {
    pub(crate) visitor: Visitor,
    /// The same, as handlers of the API know them.
    pub(crate) caller: Caller,
    pub(crate) secret: CookieSecret,
    /// The theme that this browser chose.
    pub(crate) theme: Option<&'static str>,
    /// Whether keys of one letter do something in it.
    pub(crate) has_keys: bool,
    /// The address of the page that they asked for, if they can ask for it again: a form that was sent has none.
    pub(crate) here: Option<String>,
    /// How new the page is that they look at.
    pub(crate) fresh: Fresh,
}

impl Viewer {
    /// Their time zone.
    pub(crate) fn zone(&self) -> Tz {
        self.visitor.time_zone.parse().unwrap_or(Tz::UTC)
    }

    /// Who it is, where nothing more is done than to show around them that something did not go: no visit, and counted before.
    pub(crate) async fn known(
        app: &AppState,
        headers: &HeaderMap,
    ) -> Result<Option<Self>, ApiError> {
        let Some(secret) = CookieSecret::of(headers, app.settings()) else {
            return Ok(None);
        };
        let visitor = app.store().visitor(secret.hash()).await?;
        Ok(visitor.map(|visitor| Self {
            caller: Caller::in_browser(visitor.person.clone(), visitor.session),
            visitor,
            secret,
            theme: cookie::theme(headers),
            has_keys: cookie::has_keys(headers),
            here: None,
            fresh: Fresh::default(),
        }))
    }

    async fn of(parts: &Parts, app: &AppState) -> Result<Option<Self>, ApiError> {
        if CookieSecret::of(&parts.headers, app.settings()).is_none() {
            return Ok(None);
        }
        let mut viewer = Self::known(app, &parts.headers).await?;
        rate::count_for(app, viewer.as_ref().map(|viewer| &viewer.caller)).await?;
        if let Some(viewer) = &viewer {
            RequestContext::current().is_asked_by(&viewer.caller);
        }
        if let Some(viewer) = viewer.as_mut().filter(|_| is_visit(&parts.headers)) {
            app.store().note_visit(&mut viewer.visitor).await?;
        }
        if let Some(viewer) = &mut viewer {
            viewer.fresh = Fresh::of(app, &parts.headers).await?;
            viewer.here = own_address(parts);
        }
        Ok(viewer)
    }
}

impl FromRequestParts<AppState> for Viewer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Response> {
        let viewer = Self::of(parts, app)
            .await
            .map_err(IntoResponse::into_response)?;
        viewer.ok_or_else(|| to_log_in(&place(parts, app)))
    }
}

/// The way to the log-in, and back from there.
pub(crate) fn to_log_in(place: &str) -> Response {
    let next = utf8_percent_encode(place, NON_ALPHANUMERIC);
    Redirect::to(&format!("/login?next={next}")).into_response()
}

impl OptionalFromRequestParts<AppState> for Viewer {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &AppState,
    ) -> Result<Option<Self>, ApiError> {
        Self::of(parts, app).await
    }
}

/// The address of a page, which can be asked for again; what answers a form has none.
fn own_address(parts: &Parts) -> Option<String> {
    let address = parts.uri.path_and_query().map(ToString::to_string);
    address.filter(|_| parts.method == Method::GET)
}

/// Where somebody is led back to: the page that they asked for, or the one that a form of theirs was sent from. What a form is
/// sent to is no page.
pub(crate) fn place(parts: &Parts, app: &AppState) -> String {
    let here = if parts.method == Method::GET {
        own_address(parts)
    } else {
        own_site::page_before(app.settings(), &parts.headers)
    };
    inside(here)
}

/// Whether somebody looks: a page that keeps itself up to date asks too, with nobody before it. Browsers that do not tell
/// are believed.
pub(crate) fn is_visit(headers: &HeaderMap) -> bool {
    let sought = headers.get("sec-fetch-dest");
    sought.is_none_or(|sought| sought == "document")
}

/// Where somebody wanted to go: a path of ours, or home. Anything else, such as `//elsewhere`, is somebody's trick.
pub(crate) fn inside(next: Option<String>) -> String {
    next.filter(|next| {
        let rest = next.strip_prefix('/');
        rest.is_some_and(|rest| !rest.starts_with(['/', '\\']))
            && next
                .bytes()
                .all(|b| (0x20..0x7f).contains(&b) && b != b'\\')
    })
    .unwrap_or_else(|| "/".to_owned())
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn nobody_is_led_to_another_site() {
        for good in ["/", "/projects/ENG?view=board", "/tasks/ENG-1#c"] {
            assert_eq!(inside(Some(good.into())), good);
        }
        for bad in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "evil",
            "",
            "/a\nb",
            "/\t/evil",
        ] {
            assert_eq!(inside(Some(bad.into())), "/", "{bad:?}");
        }
    }
}
