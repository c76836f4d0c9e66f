//! The public keys that `web` publishes (`/.well-known/jwks.json`), fetched and kept.
//!
//! They are asked for every [`LOOK_EVERY`], and at once when a token names a key that is not among them; looks are
//! [`LOOK_PAUSE`] apart, so that made-up ids make nobody ask `web` for more, and bring nothing while nothing has changed.
//! *Invariant:* a key that `web` did not publish within the last [`KEPT_MAX`] lets nobody in.
//!
//! The set also says whom tokens are from. Where that is not whom we take them from, all of them are refused: told at once.

use crate::auth::keys::{KEYS_MAX, Verifier, may_be_id};
use crate::error::ApiError;
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderValue, StatusCode};
use http_body_util::{BodyExt, Limited};
use jsonwebtoken::jwk::JwkSet;
use millstream_domain::cause::in_full;
use reqwest::redirect;
use serde::Deserialize;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// How often they are asked for. `web` itself looks for retired keys every three seconds, and everything that is revoked has
/// to be so within five.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often they are fetched while they could not be.
const RETRY_EVERY: Duration = Duration::from_secs(2);
/// How far looks are apart when tokens name keys that nobody knows.
const LOOK_PAUSE: Duration = Duration::from_secs(1);
/// How long one fetch may take, and the connection it begins with.
const FETCH_TIME_MAX: Duration = Duration::from_secs(5);
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);
/// Most bytes of a set; one of [`KEYS_MAX`] keys of 3,072 bits has 22 KiB.
const SET_BYTES_MAX: usize = 64 * 1024;
/// How long keys are believed while `web` is away: longer than it takes to start it anew, and hardly longer than the tokens
/// that it makes for services are good. A key may be retired meanwhile because it was stolen, and whoever has it may be why
/// `web` cannot be reached.
const KEPT_MAX: Duration = Duration::from_mins(2);

/// The public keys of `web`. Cheap to clone.
#[derive(Clone)]
pub struct PublishedKeys(Arc<Shared>);

struct Shared {
    url: String,
    /// Whom we take tokens from.
    issuer: String,
    client: reqwest::Client,
    known: RwLock<Known>,
    looked: tokio::sync::Mutex<Looked>,
}

#[derive(Default)]
struct Looked {
    /// When the last look began.
    last: Option<Instant>,
    /// Whether it was told that looks fail.
    told: bool,
    /// The issuer that was told to be another one.
    told_issuer: Option<String>,
}

#[derive(Default)]
struct Known {
    keys: Vec<Arc<Verifier>>,
    /// When they were fetched; never, at first.
    at: Option<Instant>,
    /// What this very set is known by.
    tag: Option<HeaderValue>,
    /// Whom `web` says that tokens are from; one from before says nothing.
    issuer: Option<String>,
}

/// What is published.
#[derive(Deserialize)]
struct Published {
    #[serde(flatten)]
    set: JwkSet,
    issuer: Option<String>,
}

/// What a look brought.
enum Fetched {
    /// Nothing new.
    Same,
    New {
        keys: Vec<Verifier>,
        tag: Option<HeaderValue>,
        issuer: Option<String>,
    },
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
    /// The keys that are published at this URL, of tokens that we take from this issuer. Nothing is fetched yet.
    pub fn at(url: impl Into<String>, issuer: impl Into<String>) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIME_MAX)
            .timeout(FETCH_TIME_MAX)
            // Whoever may say where keys are is told in the settings, and by nobody else.
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self(Arc::new(Shared {
            url: url.into(),
            issuer: issuer.into(),
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

    /// Looks, and answers with what is wrong about whom tokens are from, if anything is.
    pub async fn odd_issuer(&self) -> Option<String> {
        self.look_since(Instant::now()).await;
        self.other_issuer().map(|theirs| self.told_of(&theirs))
    }

    /// Whom tokens are from, if that is not whom we take them from.
    fn other_issuer(&self) -> Option<String> {
        let issuer = self.known().issuer.clone();
        issuer.filter(|theirs| *theirs != self.0.issuer)
    }

    fn told_of(&self, theirs: &str) -> String {
        format!(
            "`web` gives out tokens from {theirs}, and this process takes those from {} alone, so it refuses everybody who \
             asks: give all processes one MILLSTREAM_PUBLIC_URL",
            self.0.issuer
        )
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
        if let Some(last) = looked.last {
            if last >= asked {
                return self.known().at.is_some_and(|at| at >= asked);
            }
            sleep_until(last + LOOK_PAUSE).await;
        }
        let begun = Instant::now();
        looked.last = Some(begun);
        let fetched = self.fetch().await;
        let told = std::mem::replace(&mut looked.told, fetched.is_err());
        match fetched {
            Ok(fetched) => {
                self.keep(fetched, begun);
                let other = self.other_issuer();
                if let Some(theirs) = &other
                    && looked.told_issuer != other
                {
                    let warning = self.told_of(theirs);
                    tracing::warn!(warning, "tokens are from somebody else");
                }
                looked.told_issuer = other;
                true
            }
            Err(error) => {
                if !told {
                    tracing::warn!(
                        url = self.0.url,
                        error = in_full(&error),
                        "the public keys of tokens cannot be fetched; trying again"
                    );
                }
                false
            }
        }
    }

    /// Those that stay the same keep what they remember.
    fn keep(&self, fetched: Fetched, at: Instant) {
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        known.at = Some(at);
        let Fetched::New { keys, tag, issuer } = fetched else {
            return;
        };
        let before = std::mem::take(&mut known.keys);
        let same = |key: &Verifier| before.iter().find(|old| old.id == key.id).cloned();
        // An id is the thumbprint of its key with us; whoever publishes another key under it has published another set.
        known.keys = keys
            .into_iter()
            .map(|key| match same(&key) {
                Some(old) if old.is_same(&key) => old,
                Some(_) | None => Arc::new(key),
            })
            .collect();
        (known.tag, known.issuer) = (tag, issuer);
    }

    async fn fetch(&self) -> Result<Fetched, FetchError> {
        // Of what may stand between us and `web`, nothing may answer for it: a key may be gone since.
        let mut asked = (self.0.client.get(&self.0.url)).header(CACHE_CONTROL, "no-cache");
        let tag = self.known().tag.clone();
        if let Some(tag) = &tag {
            asked = asked.header(IF_NONE_MATCH, tag);
        }
        let answer = asked.send().await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED if tag.is_some() => return Ok(Fetched::Same),
            other => return Err(FetchError::Status(other.as_u16())),
        }
        let tag = answer.headers().get(ETAG).cloned();
        let body = axum::http::Response::from(answer).into_body();
        let body = Limited::new(body, SET_BYTES_MAX).collect().await;
        let body = body.map_err(FetchError::Body)?.to_bytes();
        let Published { set, issuer } = serde_json::from_slice(&body)?;
        let keys = set.keys.iter().filter_map(Verifier::published);
        let keys: Vec<_> = keys.take(KEYS_MAX).collect();
        if keys.is_empty() {
            return Err(FetchError::Empty);
        }
        Ok(Fetched::New { keys, tag, issuer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::keys::Keys;
    use axum::Router;
    use axum::http::HeaderMap;
    use axum::routing::get;
    use millstream_domain::clock::SystemClock;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tempfile::TempDir;
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;

    const ISSUER: &str = "https://tasks.example.org";
    /// What the set of a publisher is known by.
    const TAG: &str = "\"7\"";

    /// An id as ours are, of no key.
    const NOBODYS: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    /// Publishes an answer; how often it was asked for.
    struct Publisher {
        url: String,
        asked: Arc<AtomicUsize>,
        /// How often that brought a set.
        brought: Arc<AtomicUsize>,
        _serving: JoinSet<()>,
    }

    impl Publisher {
        async fn of(status: StatusCode, body: String) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let url = format!("http://{}/", listener.local_addr().expect("an address"));
            let asked = Arc::new(AtomicUsize::new(0));
            let brought = Arc::new(AtomicUsize::new(0));
            let counted = (Arc::clone(&asked), Arc::clone(&brought));
            let answer = move |headers: HeaderMap| async move {
                counted.0.fetch_add(1, Ordering::SeqCst);
                if headers.get(IF_NONE_MATCH).is_some_and(|tag| tag == TAG) {
                    return (StatusCode::NOT_MODIFIED, [(ETAG, TAG)], String::new());
                }
                counted.1.fetch_add(1, Ordering::SeqCst);
                (status, [(ETAG, TAG)], body)
            };
            let router = Router::new().route("/", get(answer));
            let mut serving = JoinSet::new();
            serving.spawn(async move {
                let _ = axum::serve(listener, router).await;
            });
            Self {
                url,
                asked,
                brought,
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
        let keys = PublishedKeys::at(&publisher.url, ISSUER).expect("a client");
        assert!(!keys.is_known());
        for _ in 0..3 {
            assert!(keys.find(&id).await.expect("known").is_some());
        }
        assert_eq!(publisher.asked(), 1);
        assert!(keys.is_known());
    }

    #[tokio::test]
    async fn a_set_that_has_not_changed_is_not_brought_again_and_goes_on_to_count() {
        let (set, id) = set();
        let publisher = Publisher::of(StatusCode::OK, set).await;
        let keys = PublishedKeys::at(&publisher.url, ISSUER).expect("a client");
        for _ in 0..3 {
            assert!(keys.look_since(Instant::now()).await);
        }
        assert_eq!(publisher.asked(), 3);
        assert_eq!(publisher.brought.load(Ordering::SeqCst), 1);
        assert!(keys.find(&id).await.expect("known").is_some());
    }

    #[tokio::test]
    async fn tokens_of_another_issuer_are_told_of_with_the_setting() {
        let (set, _) = set();
        for (issuer, told) in [
            (Some(ISSUER), false),
            (None, false),
            (Some("http://127.0.0.1:8080"), true),
        ] {
            let mut set: serde_json::Value = serde_json::from_str(&set).expect("JSON");
            if let Some(issuer) = issuer {
                set["issuer"] = issuer.into();
            }
            let publisher = Publisher::of(StatusCode::OK, set.to_string()).await;
            let keys = PublishedKeys::at(&publisher.url, ISSUER).expect("a client");
            let odd = keys.odd_issuer().await;
            assert_eq!(odd.is_some(), told, "{odd:?}");
            for part in issuer.into_iter().chain(["MILLSTREAM_PUBLIC_URL"]) {
                assert!(odd.as_ref().is_none_or(|odd| odd.contains(part)), "{odd:?}");
            }
        }
    }

    #[tokio::test]
    async fn made_up_ids_share_their_looks() {
        let (set, id) = set();
        let publisher = Publisher::of(StatusCode::OK, set).await;
        let keys = PublishedKeys::at(&publisher.url, ISSUER).expect("a client");
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
            let keys = PublishedKeys::at(&publisher.url, ISSUER).expect("a client");
            let refused = keys.find(&id).await.map(|found| found.is_some());
            let refused = refused.expect_err(&body);
            assert_eq!(refused.code, crate::problem::Code::Unavailable);
        }
    }
}
