//! What a test got.

use axum::http::HeaderMap;
use serde_json::Value;

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) what: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The same, if it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text());
        self
    }

    /// The same, if it is this error in the one form that all errors have.
    #[track_caller]
    pub(crate) fn expect_error(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        let body = answer.json();
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{body}"
        );
        assert_eq!(body["error"]["code"], code, "{body}");
        assert_eq!(
            body["type"],
            format!("/problems/{}", code.replace('_', "-"))
        );
        assert_eq!(body["status"], status);
        assert!(body["data"].is_null());
        assert_eq!(body["detail"], body["error"]["message"]);
        assert!(body["meta"]["request_id"].is_string() && body["meta"]["timestamp"].is_string());
        answer
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}: {}", self.what, self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn data(&self) -> Value {
        self.json()["data"].clone()
    }

    #[track_caller]
    pub(crate) fn id(&self) -> String {
        self.data()["id"].as_str().unwrap().to_owned()
    }

    /// A field of every item of a list.
    #[track_caller]
    pub(crate) fn each(&self, field: &str) -> Vec<String> {
        let data = self.data();
        let text = |item: &Value| {
            item[field]
                .as_str()
                .map_or_else(|| item[field].to_string(), str::to_owned)
        };
        data.as_array().unwrap().iter().map(text).collect()
    }

    /// Which fields were wrong, and how.
    #[track_caller]
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let body = self.json();
        let fields = body["error"]["fields"].as_array().unwrap();
        fields
            .iter()
            .map(|field| (text(&field["field"]), text(&field["code"])))
            .collect()
    }

    /// Asserts which fields were wrong, and how.
    #[track_caller]
    pub(crate) fn expect_fields(self, expected: &[(&str, &str)]) -> Self {
        let expected: Vec<_> = expected
            .iter()
            .map(|(f, c)| ((*f).to_owned(), (*c).to_owned()))
            .collect();
        assert_eq!(self.fields(), expected);
        self
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn position(&self) -> String {
        self.header("millstream-position").unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn next_cursor(&self) -> Option<String> {
        self.json()["meta"]["next_cursor"]
            .as_str()
            .map(str::to_owned)
    }
}
