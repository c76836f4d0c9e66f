//! The API, as a client uses it.

use crate::installation::PATIENCE;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::time::Instant;
use url::form_urlencoded;

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Somebody who is not logged in.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    http: Client,
    base: String,
}

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    api: Api,
    token: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    what: String,
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Api {
    /// The API of the server at this address.
    pub(crate) fn new(base: &str) -> Self {
        Self {
            http: Client::builder().timeout(PATIENCE).build().unwrap(),
            base: base.to_owned(),
        }
    }

    /// The status that a path answers with; 0 when nobody answers.
    pub(crate) async fn status(&self, path: &str) -> u16 {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await;
        answer.map_or(0, |answer| answer.status().as_u16())
    }

    /// Somebody logs in as the page does it, opens a page, and sends its form.
    pub(crate) async fn send_form(&self, name: &str, path: &str, field: (&str, &str)) -> Answer {
        let http = Client::builder().redirect(Policy::none()).timeout(PATIENCE);
        let http = http.build().unwrap();
        let form = |path: &str, fields: &[(&str, &str)]| {
            let mut body = form_urlencoded::Serializer::new(String::new());
            let body = body.extend_pairs(fields).finish();
            http.post(format!("{}{path}", self.base))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body)
        };
        let log_in = form("/login", &[("login", name), ("password", PASSWORD)]);
        let answer = send(log_in).await.unwrap().expect(303);
        let cookie = answer.header("set-cookie").unwrap().split(';').next();
        let cookie = cookie.unwrap();
        let page = http
            .get(format!("{}{path}", self.base))
            .header("cookie", cookie);
        let page = send(page).await.unwrap().expect(200);
        let (_, rest) = page.text().split_once("data-csrf=\"").unwrap();
        let csrf = rest.split('"').next().unwrap();
        let filled = form(path, &[("csrf", csrf), field]).header("cookie", cookie);
        send(filled).await.unwrap()
    }

    /// What stands at a path that is not below `/api/v1`.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", self.base));
        send(request).await.unwrap()
    }

    /// Somebody registers.
    pub(crate) async fn register(&self, name: &str, secret: Option<&str>) -> Answer {
        let mut body = json!({
            "username": name, "email": format!("{name}@example.org"), "password": PASSWORD,
        });
        if let Some(secret) = secret {
            body["setup_secret"] = secret.into();
        }
        self.post("/auth/register", body).await
    }

    /// Somebody who has logged in elsewhere.
    pub(crate) fn with_token(&self, token: &str) -> Session {
        Session {
            api: self.clone(),
            token: token.to_owned(),
        }
    }

    /// Somebody who has registered logs in.
    pub(crate) async fn log_in(&self, name: &str) -> Session {
        self.log_in_with(name, PASSWORD).await
    }

    /// Somebody whose password is another one logs in.
    pub(crate) async fn log_in_with(&self, name: &str, password: &str) -> Session {
        let body = json!({"login": name, "password": password});
        let data = self.post("/auth/login", body).await.expect(200).data();
        Session {
            api: self.clone(),
            token: data["access_token"].as_str().unwrap().to_owned(),
        }
    }

    /// Somebody mistypes their password.
    pub(crate) async fn refused_log_in(&self, login: &str, password: &str) {
        let body = json!({"login": login, "password": password});
        self.post("/auth/login", body).await.expect(401);
    }

    /// Reads, or sends a body, to a server that may be killed meanwhile: `None` if so.
    pub(crate) async fn attempt(
        &self,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Option<Answer> {
        let url = format!("{}/api/v1{path}", self.base);
        let request = match body {
            Some(body) => self.http.post(url).json(body),
            None => self.http.get(url),
        };
        send(match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
        .await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        let request = self.http.post(format!("{}/api/v1{path}", self.base));
        send(request.json(&body)).await.unwrap()
    }
}

impl Session {
    /// What proves who it is.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// What stands at a path.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.asking(path)).await.unwrap()
    }

    /// The same for one who does not wait for the write.
    pub(crate) async fn get_without_patience(&self, path: &str, position: &str) -> Answer {
        let request = self.asking(path).header("millstream-wait-for", position);
        send(request.header("millstream-wait-ms", "0"))
            .await
            .unwrap()
    }

    /// The same as a view shows it that has seen the write at this position. The server waits for ten seconds at most,
    /// so it is asked again.
    pub(crate) async fn get_after(&self, path: &str, position: &str) -> Answer {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let request = self.asking(path).header("millstream-wait-for", position);
            let answer = send(request.header("millstream-wait-ms", "10000"))
                .await
                .unwrap();
            if answer.status != 504 || Instant::now() > deadline {
                return answer;
            }
        }
    }

    /// What a path answers with that can be listened to: lines as they come, until one has this in it.
    pub(crate) async fn hear(&self, path: &str, text: &str) -> String {
        let mut answer = self.asking(path).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let mut heard = String::new();
        while !heard.contains(text) {
            let chunk = answer.chunk().await.unwrap();
            let chunk = chunk.unwrap_or_else(|| panic!("it ended: {heard}"));
            heard.push_str(&String::from_utf8_lossy(&chunk));
        }
        heard
    }

    /// The same person at another server.
    pub(crate) fn at(&self, api: &Api) -> Self {
        api.with_token(&self.token)
    }

    /// Sends a body.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.posting(path, body)).await.unwrap()
    }

    /// Sends a body by another method.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let url = format!("{}/api/v1{path}", self.api.base);
        let request = self.api.http.request(method, url).bearer_auth(&self.token);
        send(request.json(body)).await.unwrap()
    }

    /// Removes what stands at a path.
    pub(crate) async fn delete(&self, path: &str) -> Answer {
        let url = format!("{}/api/v1{path}", self.api.base);
        let request = self.api.http.delete(url).bearer_auth(&self.token);
        send(request).await.unwrap()
    }

    /// Sends a body that counts once, however often it is sent, to a server that may be killed meanwhile: `None` if so.
    pub(crate) async fn post_once(&self, path: &str, body: &Value, key: &str) -> Option<Answer> {
        send(self.posting(path, body).header("idempotency-key", key)).await
    }

    /// All items of a list, page after page. `path` has a query already.
    pub(crate) async fn all(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut next = format!("{path}&limit=100");
        loop {
            let page: Value = self.get(&next).await.expect(200).json();
            items.extend(page["data"].as_array().unwrap().iter().cloned());
            match page["meta"]["next_cursor"].as_str() {
                Some(cursor) => next = format!("{path}&limit=100&cursor={cursor}"),
                None => return items,
            }
        }
    }

    /// A team.
    pub(crate) async fn team(&self, name: &str) -> String {
        let team = self.post("/teams", &json!({"name": name})).await;
        team.expect(201).id()
    }

    /// A project in a team of its own; its id.
    pub(crate) async fn project(&self, key: &str) -> String {
        let team = self.team("Millers").await;
        self.project_in(&team, key).await
    }

    /// A project in a team; its id.
    pub(crate) async fn project_in(&self, team: &str, key: &str) -> String {
        let body = json!({"team_id": team, "key": key, "name": key});
        self.post("/projects", &body).await.expect(201).id()
    }

    /// Somebody becomes a member of a team; their id.
    pub(crate) async fn join(&self, team: &str, user: &Answer) -> String {
        self.join_as(team, user, "member").await
    }

    /// The same in another role.
    pub(crate) async fn join_as(&self, team: &str, user: &Answer, role: &str) -> String {
        let (id, body) = (user.id(), json!({"role": role}));
        let path = format!("{}/api/v1/teams/{team}/members/{id}", self.api.base);
        let request = self.api.http.put(path).bearer_auth(&self.token);
        send(request.json(&body)).await.unwrap().expect(201);
        id
    }

    /// A task.
    pub(crate) async fn task(&self, project: &str, title: &str) -> Answer {
        let body = json!({"project_id": project, "title": title});
        self.post("/tasks", &body).await.expect(201)
    }

    fn posting(&self, path: &str, body: &Value) -> RequestBuilder {
        let request = self
            .api
            .http
            .post(format!("{}/api/v1{path}", self.api.base));
        request.bearer_auth(&self.token).json(body)
    }

    fn asking(&self, path: &str) -> RequestBuilder {
        let request = self.api.http.get(format!("{}/api/v1{path}", self.api.base));
        request.bearer_auth(&self.token)
    }
}

/// `None` when the answer does not come, or not to its end.
async fn send(request: RequestBuilder) -> Option<Answer> {
    let what = format!("{request:?}");
    let answer = request.send().await.ok()?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = answer.text().await.ok()?;
    Some(Answer {
        what,
        status,
        headers,
        body,
    })
}

impl Answer {
    /// The same, if it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.what, self.body);
        self
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn text(&self) -> &str {
        &self.body
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn data(&self) -> Value {
        self.json()["data"].clone()
    }

    #[track_caller]
    pub(crate) fn id(&self) -> String {
        self.data()["id"].as_str().unwrap().to_owned()
    }

    /// A header, if it is there.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Where the write stands in the stream.
    #[track_caller]
    pub(crate) fn position(&self) -> String {
        let position = self.headers.get("millstream-position");
        position
            .and_then(|text: &HeaderValue| text.to_str().ok())
            .unwrap()
            .to_owned()
    }
}
