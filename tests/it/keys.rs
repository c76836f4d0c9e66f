//! `millstream keys`: on a running server and without one; and nobody is refused while keys change, on two servers that share
//! them, one of which is killed.

use crate::api::{Api, PASSWORD};
use crate::installation::{Ended, Installation, PATIENCE, ended};
use crate::server::Server;
use futures::future::{join, join_all};
use millstream_store::testing::TestDatabase;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How many people work at once.
const CLIENTS: usize = 4;
/// How many requests are answered after each change before the next one comes.
const ANSWERED: usize = 40;

/// The keys, as `keys list` shows them: id and state.
async fn listed(installation: &Installation) -> Vec<(String, String)> {
    let list = installation.run(&["keys", "list"]).await.expect(0);
    let lines = list
        .out
        .lines()
        .skip(1)
        .filter(|line| !line.starts_with("note"));
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let kid = words.next().unwrap().to_owned();
            (kid, words.nth(1).unwrap().to_owned())
        })
        .collect()
}

/// The id of the key that a command speaks of first.
fn kid_in(ended: &Ended) -> String {
    ended.out.split_whitespace().next().unwrap().to_owned()
}

#[expect(clippy::too_many_lines, reason = "one story")]
#[tokio::test]
async fn keys_are_made_shown_and_retired_while_the_server_runs_and_without_it() {
    let installation = Installation::embedded();
    let nowhere = installation.run(&["keys", "list"]).await;
    nowhere.expect(2).complains("there is no folder of keys");
    let server = installation.start().await;
    let ada = server.found().await;
    let [(first, state)] = &listed(&installation).await[..] else {
        panic!("one key");
    };
    assert_eq!(state, "signing");
    let only = installation
        .run(&["keys", "retire", first, "--force"])
        .await;
    only.expect(1).complains("is the only key");

    let second = installation.run(&["keys", "rotate"]).await.expect(0);
    let second = kid_in(&second.says("is published, and signs from"));
    let third = installation.run(&["keys", "rotate", "--at-once"]).await;
    let third = kid_in(&third.expect(0).says("signs from now on"));
    let published = server.api().get("/.well-known/jwks.json").await.expect(200);
    let published = published.json()["keys"].as_array().unwrap().len();
    assert_eq!(published, 3);
    let states = listed(&installation).await;
    assert!(
        states.contains(&(third.clone(), "signing".into())),
        "{states:?}"
    );
    assert!(
        states.contains(&(second.clone(), "superseded".into())),
        "{states:?}"
    );
    assert!(
        states.contains(&(first.clone(), "verifying".into())),
        "{states:?}"
    );
    ada.get("/auth/me").await.expect(200);

    let signs = installation.run(&["keys", "retire", &third]).await;
    signs.expect(1).complains("signs tokens");
    let needed = installation.run(&["keys", "retire", first]).await;
    needed.expect(1).complains("are good until");
    let unknown = installation.run(&["keys", "retire", "nonsense"]).await;
    unknown.expect(2).complains("there is no key \"nonsense\"");
    let retired = installation
        .run(&["keys", "retire", first, "--force"])
        .await;
    retired.expect(0).says("is retired");
    ada.get("/auth/me").await.expect(401);
    let ada = server.api().log_in("ada").await;
    let position = ada.team("Millers").await;
    assert!(!position.is_empty());
    assert_eq!(server.stop().await.code(), Some(0));

    let fourth = installation.run(&["keys", "rotate", "--at-once"]).await;
    let fourth = kid_in(&fourth.expect(0));
    let states = listed(&installation).await;
    assert!(
        states.contains(&(first.clone(), "retired".into())),
        "{states:?}"
    );
    assert!(
        states.contains(&(fourth.clone(), "signing".into())),
        "{states:?}"
    );

    let server = installation.start().await;
    let ada = server.api().log_in("ada").await;
    let written = ada.project("ENG").await;
    let last = ada.task(&written, "Grind").await.position();
    let audit = ada.get_after("/audit?entity=key", &last).await.expect(200);
    let told: Vec<_> = audit.data().as_array().unwrap().iter().map(entry).collect();
    let expected = [&fourth, first, &third, &second];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|kid| {
            let action = if kid == first {
                "key.retired"
            } else {
                "key.published"
            };
            (action.to_owned(), kid.clone())
        })
        .collect();
    assert_eq!(told, expected);
}

fn entry(entry: &Value) -> (String, String) {
    let text = |name: &str| entry[name].as_str().unwrap().to_owned();
    (text("action"), text("entity_name"))
}

/// A server that shares its database and its keys with others.
struct Node {
    installation: Installation,
    keys: String,
}

impl Node {
    fn new(database: &TestDatabase, keys: &Path) -> Self {
        Self {
            installation: Installation::on(database),
            keys: keys.to_str().unwrap().to_owned(),
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.installation.command(args);
        // Whoever serves one installation is known by one address.
        command
            .env("MILLSTREAM_PUBLIC_URL", "http://millstream.test")
            .env("MILLSTREAM_KEYS_DIR", &self.keys)
            .env("RATE_LIMIT", "off");
        command
    }

    async fn start(&self) -> Server {
        Server::start(self.command(&[])).await
    }

    async fn rotate(&self) -> String {
        let rotate = self.command(&["keys", "rotate", "--at-once"]);
        kid_in(&ended(rotate).await.expect(0))
    }
}

/// What the clients work on, and how they are told to end.
struct Load {
    /// The servers that are up, or were a moment ago.
    nodes: Mutex<Vec<Api>>,
    answered: AtomicUsize,
    done: AtomicBool,
}

impl Load {
    fn new(nodes: Vec<Api>) -> Self {
        Self {
            nodes: Mutex::new(nodes),
            answered: AtomicUsize::new(0),
            done: AtomicBool::new(false),
        }
    }

    fn set(&self, node: usize, api: &Api) {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)[node] = api.clone();
    }

    /// Asks one server after the other, beginning with the `n`th, until one answers. None may refuse.
    async fn ask(&self, n: usize, path: &str, token: Option<&str>, body: Option<&Value>) -> Value {
        let deadline = Instant::now() + PATIENCE;
        for n in n.. {
            assert!(Instant::now() < deadline, "nobody answers");
            let nodes = self
                .nodes
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            let node = &nodes[n % nodes.len()];
            if let Some(answer) = node.attempt(path, token, body).await {
                self.answered.fetch_add(1, Ordering::Relaxed);
                return answer.expect(200).data();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        unreachable!("the numbers do not end")
    }

    /// Somebody who logs in, renews and reads, now on this server, now on that.
    async fn work(&self, client: usize) {
        let text = |data: &Value, name: &str| data[name].as_str().unwrap().to_owned();
        for round in client.. {
            let body = json!({"login": "ada", "password": PASSWORD});
            let mut tokens = self.ask(round, "/auth/login", None, Some(&body)).await;
            for n in 0..5 {
                let token = text(&tokens, "access_token");
                for node in 0..2 {
                    self.ask(n + node, "/auth/me", Some(&token), None).await;
                }
                let body = json!({"refresh_token": text(&tokens, "refresh_token")});
                tokens = self
                    .ask(round + n, "/auth/refresh", None, Some(&body))
                    .await;
            }
            if self.done.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    /// Returns when so many more requests were answered.
    async fn goes_on(&self, answered: usize) {
        let (before, deadline) = (
            self.answered.load(Ordering::Relaxed),
            Instant::now() + PATIENCE,
        );
        while self.answered.load(Ordering::Relaxed) < before + answered {
            assert!(Instant::now() < deadline, "nothing is answered");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test]
async fn nobody_is_refused_while_keys_rotate_and_one_of_two_servers_is_killed() {
    let database = TestDatabase::new().await;
    let shared = tempfile::tempdir().unwrap();
    let keys = shared.path().join("keys");
    let (here, there) = (Node::new(&database, &keys), Node::new(&database, &keys));
    let stays = here.start().await;
    stays.found().await;
    let dies = there.start().await;
    let load = Load::new(vec![stays.api().clone(), dies.api().clone()]);

    let changing = async {
        let mut dies = dies;
        let mut made = Vec::new();
        load.goes_on(ANSWERED).await;
        for wait in [0, 1, 10] {
            made.push(here.rotate().await);
            load.goes_on(ANSWERED).await;
            // One that is cut off, each time at another moment.
            let mut rotate = there.command(&["keys", "rotate", "--at-once"]);
            let mut rotate = rotate.stderr(Stdio::null()).spawn().unwrap();
            load.goes_on(wait).await;
            dies.kill();
            load.goes_on(ANSWERED).await;
            rotate.wait().unwrap();
            dies = there.start().await;
            load.set(1, dies.api());
            made.push(there.rotate().await);
            load.goes_on(ANSWERED).await;
        }
        load.done.store(true, Ordering::Relaxed);
        (dies, made)
    };
    let working = join_all((0..CLIENTS).map(|client| load.work(client)));
    let ((dies, made), _) = join(changing, working).await;

    // Both know the same keys, and the newest signs on both.
    let newest = made.last().unwrap();
    for (node, server) in [(&here, &stays), (&there, &dies)] {
        let list = ended(node.command(&["keys", "list"])).await.expect(0);
        for kid in &made {
            let state = if kid == newest {
                "signing"
            } else {
                "verifying"
            };
            let line = list.out.lines().find(|line| line.starts_with(kid.as_str()));
            assert!(
                line.is_some_and(|line| line.contains(state)),
                "{}",
                list.out
            );
        }
        let jwks = server.api().get("/.well-known/jwks.json").await.expect(200);
        assert_eq!(jwks.json()["keys"][0]["kid"], **newest);
    }

    // What is retired on one is soon not believed on the other either, which looks by itself.
    let ada = dies.api().log_in("ada").await;
    here.rotate().await;
    ended(here.command(&["keys", "retire", newest, "--force"]))
        .await
        .expect(0);
    let deadline = Instant::now() + PATIENCE;
    while ada.get("/auth/me").await.status() != 401 {
        assert!(Instant::now() < deadline, "it is believed for ever");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    dies.api().log_in("ada").await;
}
