//! The public keys that `web` publishes (`/.well-known/jwks.json`), fetched and kept.
//!
//! They are fetched every [`LOOK_EVERY`], and at once when a token names a key that is not among them; looks are
//! [`LOOK_PAUSE`] apart, so that made-up ids make nobody ask `web` for more. *Invariant:* a key that `web` did not publish
//! within the last [`KEPT_MAX`] lets nobody in.

use crate::auth::keys::{KEYS_MAX, Verifier, may_be_id};
use crate::auth::token::LIFETIME;
use crate::error::ApiError;
use http_body_util::{BodyExt, Limited};
use jsonwebtoken::jwk::JwkSet;
use reqwest::redirect;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// How often they are fetched. A key that is retired is believed for that long at most: half of what caches may keep.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How often they are fetched while they could not be.
const RETRY_EVERY: Duration = Duration::from_secs(2);
/// How far looks are apart when tokens name keys that nobody knows.
const LOOK_PAUSE: Duration = Duration::from_secs(1);
/// How long one fetch may take, and the connection it begins with.
const FETCH_TIME_MAX: Duration = Duration::from_secs(5);
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);
/// Most bytes of a set; one of [`KEYS_MAX`] keys of 3,072 bits has 22 KiB.
const SET_BYTES_MAX: usize = 64 * 1024;
/// How long keys are believed while `web` is away: no access token is good for longer.
const KEPT_MAX: Duration = Duration::from_secs(LIFETIME.num_seconds().unsigned_abs());

/// The public keys of `web`. Cheap to clone.
#[derive(Clone)]
pub struct PublishedKeys(Arc<Shared>);

struct Shared {
    url: String,
    client: reqwest::Client,
    known: RwLock<Known>,
    /// When the last look began.
    looked: tokio::sync::Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Known {
    keys: Vec<Arc<Verifier>>,
    /// When they were fetched; never, at first.
    at: Option<Instant>,
}

/// Why the keys could not be fetched.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("it does not answer")]
    Http(#[from] reqwest::Error),
    #[error("it answers with {0}")]
    Status(u16),
    #[error("the answer breaks off, or has more than {SET_BYTES_MAX} bytes")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the answer is no set of keys")]
    Form(#[from] serde_json::Error),
    #[error("there are no keys for RS256 in it")]
    Empty,
}

impl fmt::Debug for PublishedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishedKeys")
            .field("url", &self.0.url)
            .finish_non_exhaustive()
    }
}

impl PublishedKeys {
    /// The keys that are published at this URL. Nothing is fetched yet.
    pub fn at(url: impl Into<String>) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIME_MAX)
            .timeout(FETCH_TIME_MAX)
            // Whoever may say where keys are is told in the settings, and by nobody else.
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self(Arc::new(Shared {
            url: url.into(),
            client,
            known: RwLock::default(),
            looked: tokio::sync::Mutex::default(),
        })))
    }

    /// Fetches them again and again until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut told = false;
        while !stop.is_cancelled() {
            let looked = self.look_since(Instant::now()).await;
            let pause = if looked { LOOK_EVERY } else { RETRY_EVERY };
            if looked != told {
                told = looked;
                let url = &self.0.url;
                if looked {
                    tracing::info!(url, "the public keys of tokens are known");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Whether any were fetched that still count.
    pub(crate) fn is_known(&self) -> bool {
        self.known().at.is_some_and(|at| at.elapsed() < KEPT_MAX)
    }

    /// The key of this id. One that is not known may have been published since the last look.
    pub(crate) async fn find(&self, id: &str) -> Result<Option<Arc<Verifier>>, ApiError> {
        if !may_be_id(id) {
            return Ok(None);
        }
        if let Some(key) = self.kept(id) {
            return Ok(Some(key));
        }
        self.look_since(Instant::now()).await;
        if !self.is_known() {
            return Err(ApiError::unavailable(
                "the public keys of tokens cannot be fetched just now",
            ));
        }
        Ok(self.kept(id))
    }

    fn kept(&self, id: &str) -> Option<Arc<Verifier>> {
        if !self.is_known() {
            return None;
        }
        self.known().keys.iter().find(|key| key.id == id).cloned()
    }

    fn known(&self) -> std::sync::RwLockReadGuard<'_, Known> {
        self.0.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns after a look that began after `asked`; whether keys are known then, as they are.
    async fn look_since(&self, asked: Instant) -> bool {
        let mut looked = self.0.looked.lock().await;
        if let Some(last) = *looked {
            if last >= asked {
                return self.known().at.is_some_and(|at| at >= asked);
            }
            sleep_until(last + LOOK_PAUSE).await;
        }
        let begun = Instant::now();
        *looked = Some(begun);
        match self.fetch().await {
            Ok(keys) => {
                self.keep(keys, begun);
                true
            }
            Err(error) => {
                tracing::warn!(
                    url = self.0.url,
                    error = &error as &dyn std::error::Error,
                    "the public keys of tokens cannot be fetched"
                );
                false
            }
        }
    }

    /// Those that stay the same keep what they remember.
    fn keep(&self, fetched: Vec<Verifier>, at: Instant) {
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut known.keys);
        let same = |key: &Verifier| before.iter().find(|old| old.id == key.id).cloned();
        // An id is the thumbprint of its key with us; whoever publishes another key under it has published another set.
        known.keys = fetched
            .into_iter()
            .map(|key| match same(&key) {
                Some(old) if old.is_same(&key) => old,
                Some(_) | None => Arc::new(key),
            })
            .collect();
        known.at = Some(at);
    }

    async fn fetch(&self) -> Result<Vec<Verifier>, FetchError> {
        let asked = self.0.client.get(&self.0.url);
        let answer = asked.send().await?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(FetchError::Status(answer.status().as_u16()));
        }
        let body = axum::http::Response::from(answer).into_body();
        let body = Limited::new(body, SET_BYTES_MAX).collect().await;
        let body = body.map_err(FetchError::Body)?.to_bytes();
        let set: JwkSet = serde_json::from_slice(&body)?;
        let keys = set.keys.iter().filter_map(Verifier::published);
        let keys: Vec<_> = keys.take(KEYS_MAX).collect();
        if keys.is_empty() {
            return Err(FetchError::Empty);
        }
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::keys::Keys;
    use axum::Router;
    use axum::http::StatusCode;
    use axum::routing::get;
    use millstream_domain::clock::SystemClock;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tempfile::TempDir;
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;

    /// An id as ours are, of no key.
    const NOBODYS: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    /// Publishes an answer; how often it was asked for.
    struct Publisher {
        url: String,
        asked: Arc<AtomicUsize>,
        _serving: JoinSet<()>,
    }

    impl Publisher {
        async fn of(status: StatusCode, body: String) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let url = format!("http://{}/", listener.local_addr().expect("an address"));
            let asked = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&asked);
            let answer = move || async move {
                counted.fetch_add(1, Ordering::SeqCst);
                (status, body)
            };
            let router = Router::new().route("/", get(answer));
            let mut serving = JoinSet::new();
            serving.spawn(async move {
                let _ = axum::serve(listener, router).await;
            });
            Self {
                url,
                asked,
                _serving: serving,
            }
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::SeqCst)
        }
    }

    /// A set of one key, and its id.
    fn set() -> (String, String) {
        let folder = TempDir::new().expect("a folder");
        let keys = Keys::open(&folder.path().join("keys"), Arc::new(SystemClock));
        let keys = keys.expect("keys");
        let set = serde_json::to_string(&keys.set().jwks()).expect("JSON");
        (set, keys.ids().remove(0))
    }

    #[tokio::test]
    async fn a_key_is_fetched_when_it_is_needed_and_then_known() {
        let (set, id) = set();
        let publisher = Publisher::of(StatusCode::OK, set).await;
        let keys = PublishedKeys::at(&publisher.url).expect("a client");
        assert!(!keys.is_known());
        for _ in 0..3 {
            assert!(keys.find(&id).await.expect("known").is_some());
        }
        assert_eq!(publisher.asked(), 1);
        assert!(keys.is_known());
    }

    #[tokio::test]
    async fn made_up_ids_share_their_looks() {
        let (set, id) = set();
        let publisher = Publisher::of(StatusCode::OK, set).await;
        let keys = PublishedKeys::at(&publisher.url).expect("a client");
        let asking = (0..20).map(|_| keys.find(NOBODYS));
        for found in futures::future::join_all(asking).await {
            assert!(found.expect("known").is_none());
        }
        assert!(publisher.asked() <= 2, "{}", publisher.asked());
        // What cannot be an id at all is not looked for.
        let before = publisher.asked();
        assert!(
            keys.find("../../etc/passwd")
                .await
                .expect("no id")
                .is_none()
        );
        assert!(keys.find(&id).await.expect("known").is_some());
        assert_eq!(publisher.asked(), before);
    }

    #[tokio::test]
    async fn what_is_no_set_of_keys_lets_nobody_in() {
        let (good, id) = set();
        let shared = r#"{"keys": [{"kty": "oct", "kid": "k", "k": "c2VjcmV0", "alg": "HS256"}]}"#;
        let small = format!(
            r#"{{"keys": [{{"kty": "RSA", "kid": "{id}", "e": "AQAB", "n": "{}"}}]}}"#,
            "A".repeat(171)
        );
        let other = good
            .replace("\"RS256\"", "\"PS256\"")
            .replace("\"sig\"", "\"enc\"");
        let long = format!("{good}{}", " ".repeat(SET_BYTES_MAX));
        for (status, body) in [
            (StatusCode::OK, String::new()),
            (StatusCode::OK, r#"{"keys": []}"#.to_owned()),
            (StatusCode::OK, shared.to_owned()),
            (StatusCode::OK, small),
            (StatusCode::OK, other),
            (StatusCode::OK, long),
            (StatusCode::NOT_FOUND, good),
        ] {
            let publisher = Publisher::of(status, body.clone()).await;
            let keys = PublishedKeys::at(&publisher.url).expect("a client");
            let refused = keys.find(&id).await.map(|found| found.is_some());
            let refused = refused.expect_err(&body);
            assert_eq!(refused.code, crate::problem::Code::Unavailable);
        }
    }
}
