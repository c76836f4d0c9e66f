//! Somebody at a browser: a cookie, and what every form of theirs carries.

use super::{Answer, PASSWORD, Request, TestApp};
use axum::http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// A browser that somebody is logged in with.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    cookie: String,
    csrf: String,
}

impl TestApp {
    /// Somebody logs in as the page does it.
    pub(crate) async fn browser(&self, name: &str) -> Browser {
        let fields = [("login", name), ("password", PASSWORD)];
        let answer = form(self.request(Method::POST, "/login"), &fields);
        let answer = answer.send().await.expect(303);
        let cookie = answer.header("set-cookie").unwrap().split(';').next();
        let mut browser = Browser {
            cookie: cookie.unwrap().to_owned(),
            csrf: String::new(),
        };
        let home = browser.get(self, "/").await.expect(200).text();
        let (_, rest) = home.split_once("data-csrf=\"").unwrap();
        rest.split('"')
            .next()
            .unwrap()
            .clone_into(&mut browser.csrf);
        browser
    }
}

impl Browser {
    /// The same, with another cookie.
    pub(crate) fn also(&self, cookie: &str) -> Self {
        Self {
            cookie: format!("{}; {cookie}", self.cookie),
            csrf: self.csrf.clone(),
        }
    }

    /// The same request, from this browser.
    pub(crate) fn with<'a>(&self, request: Request<'a>) -> Request<'a> {
        let request = request.header("accept", "text/html");
        request.header("cookie", &self.cookie)
    }

    /// A page.
    pub(crate) async fn get(&self, app: &TestApp, path: &str) -> Answer {
        self.with(app.request(Method::GET, path)).send().await
    }

    /// A page that is there, as text.
    pub(crate) async fn page(&self, app: &TestApp, path: &str) -> String {
        self.get(app, path).await.expect(200).text()
    }

    /// A form of one of our pages.
    pub(crate) async fn post(&self, app: &TestApp, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.filled(app.request(Method::POST, path), fields)
            .send()
            .await
    }

    /// The request of a form of one of our pages.
    pub(crate) fn filled<'a>(&self, request: Request<'a>, fields: &[(&str, &str)]) -> Request<'a> {
        let fields: Vec<_> = fields
            .iter()
            .copied()
            .chain([("csrf", self.csrf.as_str())])
            .collect();
        form(self.with(request), &fields)
    }
}

/// A form, sent as browsers do.
pub(crate) fn form<'a>(request: Request<'a>, fields: &[(&str, &str)]) -> Request<'a> {
    let pairs: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
        .collect();
    request.body("application/x-www-form-urlencoded", pairs.join("&"))
}
