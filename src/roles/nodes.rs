//! Other processes on the same database: they have to hold the same keys, or each refuses what the others give out; and one
//! without a mail server leaves mails to one that has it. Whoever starts a second one should hear of that, and not find out by people who are logged out at every other request.

use crate::roles::engine::Handle;
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::cause::in_full;
use millstream_ingest_api::auth::keys::Keys;
use millstream_store::mail::deliver::SERVED_FOR;
use millstream_store::node::{Node, OtherNode};
use millstream_store::{Store, StoreError};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often a process says that it is there, and looks who else is.
const EVERY: Duration = Duration::from_mins(1);
/// How long ago another one may have said so to count as running: it may have missed a turn.
const SILENT_MAX: TimeDelta = TimeDelta::minutes(3);

/// What this process knows of the others.
#[derive(Debug)]
pub(crate) struct Nodes {
    store: Store,
    keys: Keys,
    me: Node,
    /// What is to be told where others run, too.
    of_others: Option<String>,
    /// What was told already.
    told: BTreeSet<String>,
}

impl Nodes {
    /// This process, under the name that leases know it by, with tokens from `issuer`.
    pub(crate) fn new(handle: &Handle, name: String, issuer: String) -> Self {
        let me = Node {
            name,
            issuer,
            token_keys: Vec::new(),
            audit_key: handle.audit_key.verifier().to_string(),
            mail_server: None,
        };
        Self {
            store: handle.store.clone(),
            keys: handle.keys.clone(),
            me,
            of_others: None,
            told: BTreeSet::new(),
        }
    }

    /// Says that mails are delivered here, with a mail server or without.
    pub(crate) fn delivering_mails(mut self, has_server: bool) -> Self {
        self.me.mail_server = Some(has_server);
        self
    }

    /// Tells this as well, once others run.
    pub(crate) fn telling_of_others(self, warning: Option<String>) -> Self {
        Self {
            of_others: warning,
            ..self
        }
    }

    /// Looks who else is there; what is wrong about them is told to the log, once, and answered with.
    pub(crate) async fn look(&mut self) -> Result<Vec<String>, StoreError> {
        self.me.token_keys = self.keys.ids();
        let others = self.store.meet_nodes(&self.me).await?;
        let now = self.store.clock().now();
        let mut fresh = differences(&self.me, &others, now);
        if others.iter().any(|other| runs(other, now)) {
            fresh.extend(self.of_others.clone());
        }
        fresh.retain(|warning| self.told.insert(warning.clone()));
        for warning in &fresh {
            tracing::warn!(
                warning,
                "something is to be seen to, because another node runs"
            );
        }
        Ok(fresh)
    }

    /// Looks again and again until told to stop: the other one may start later.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stop.cancelled() => break,
            }
            if let Err(error) = self.look().await {
                tracing::warn!(
                    error = in_full(&error),
                    "other nodes could not be looked for"
                );
            }
        }
        if let Err(error) = self.store.leave_nodes(&self.me.name).await {
            // The others find out by its silence.
            tracing::warn!(
                error = in_full(&error),
                "other nodes could not be told of the stop"
            );
        }
    }
}

/// Whether it has said so lately.
fn runs(other: &OtherNode, now: DateTime<Utc>) -> bool {
    !other.stopped && other.seen_at >= now - SILENT_MAX
}

/// What is wrong about the others, in sentences.
fn differences(me: &Node, others: &[OtherNode], now: DateTime<Utc>) -> Vec<String> {
    let mut wrong = Vec::new();
    let (running, gone): (Vec<_>, Vec<_>) = others.iter().partition(|other| runs(other, now));
    for OtherNode { node, .. } in &running {
        let name = &node.name;
        if !node
            .token_keys
            .iter()
            .any(|key| me.token_keys.contains(key))
        {
            wrong.push(format!(
                "node \"{name}\" on this database signs access tokens with other keys: each refuses the other's; give all \
                 nodes one folder of keys (MILLSTREAM_KEYS_DIR)"
            ));
        } else if node.issuer != me.issuer {
            wrong.push(format!(
                "node \"{name}\" on this database gives out tokens from {}, this one from {}: each refuses the other's; give \
                 all nodes one MILLSTREAM_PUBLIC_URL",
                node.issuer, me.issuer
            ));
        }
        if node.audit_key != me.audit_key {
            wrong.push(format!(
                "node \"{name}\" on this database signs the audit with another key, so there are two series of checkpoints, and \
                 neither proves the other; give all nodes one folder of keys (MILLSTREAM_KEYS_DIR)"
            ));
        }
    }
    wrong.extend(server_elsewhere(me, others, now));
    // Only where nobody runs beside us: the newest of those who are gone is the one whose place we have taken.
    if let (true, Some(OtherNode { node, seen_at, .. })) = (running.is_empty(), gone.first())
        && node.audit_key != me.audit_key
    {
        wrong.push(format!(
            "until {} the audit of this database was signed with another key, that of node \"{}\": if its data folder was lost, \
             restore `keys` and `objects` from a backup, and keep the data folder on a volume from now on",
            seen_at.format("%Y-%m-%d %H:%M UTC"),
            node.name
        ));
    }
    wrong
}

/// That mails wait for another one, whether it runs or is away for a while: this one has no server, and could only print them.
fn server_elsewhere(me: &Node, others: &[OtherNode], now: DateTime<Utc>) -> Option<String> {
    let has_server = |other: &&OtherNode| {
        other.node.mail_server == Some(true) && other.seen_at >= now - SERVED_FOR
    };
    let other = others.iter().find(has_server)?;
    (me.mail_server == Some(false)).then(|| {
        format!(
            "node \"{}\" on this database has a mail server, this one has none: it leaves all mails to that one; give all nodes \
             that deliver mails the same SMTP_URL and MILLSTREAM_MAIL_FROM",
            other.node.name
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, token_keys: &[&str], audit_key: &str) -> Node {
        Node {
            name: name.into(),
            issuer: "https://tasks.example.org".into(),
            token_keys: token_keys.iter().map(ToString::to_string).collect(),
            audit_key: audit_key.into(),
            mail_server: None,
        }
    }

    fn check(node: Node, minutes_ago: i64, expected: &[&str]) {
        let seen_at = DateTime::default() - TimeDelta::minutes(minutes_ago);
        let stopped = false;
        check_other(
            OtherNode {
                node,
                seen_at,
                stopped,
            },
            expected,
        );
    }

    fn check_other(other: OtherNode, expected: &[&str]) {
        let me = node("here", &["k1", "k2"], "a");
        let told = differences(&me, &[other], DateTime::default());
        assert_eq!(told.len(), expected.len(), "{told:?}");
        for (told, part) in told.iter().zip(expected) {
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn nodes_that_share_their_keys_fit() {
        check(node("there", &["k2", "k3"], "a"), 1, &[]);
    }

    #[test]
    fn nodes_with_other_keys_are_told_by_what_comes_of_it() {
        let other = node("there", &["k9"], "b");
        check(other.clone(), 1, &["access tokens", "checkpoints"]);
        // Its tokens are gone with it; the audit goes on.
        check(other, 10, &["until 1969-12-31 23:50 UTC the audit"]);
        check(node("there", &["k9"], "a"), 10, &[]);
        // It said that it goes, a moment ago: this one has taken its place.
        let replaced = OtherNode {
            node: node("there", &["k9"], "b"),
            seen_at: DateTime::default(),
            stopped: true,
        };
        check_other(replaced, &["until 1970-01-01 00:00 UTC the audit"]);
    }

    #[test]
    fn a_node_without_a_mail_server_is_told_that_another_has_one() {
        let mut here = node("here", &["k1"], "a");
        let mut there = OtherNode {
            node: node("there", &["k1"], "a"),
            seen_at: DateTime::default(),
            stopped: true,
        };
        let mut told = |here_has, there_has, after: TimeDelta| {
            (here.mail_server, there.node.mail_server) = (here_has, there_has);
            let told = differences(&here, &[there.clone()], DateTime::<Utc>::default() + after);
            told.iter().any(|warning| warning.contains("SMTP_URL"))
        };
        let soon = TimeDelta::hours(23);
        assert!(told(Some(false), Some(true), soon));
        assert!(!told(Some(false), Some(true), TimeDelta::hours(25)));
        assert!(!told(Some(false), Some(false), soon));
        assert!(!told(Some(true), Some(true), soon));
        // One that delivers none needs none.
        assert!(!told(None, Some(true), soon));
    }

    #[test]
    fn nodes_with_another_address_are_told_too() {
        let mut other = node("there", &["k1"], "a");
        other.issuer = "http://127.0.0.1:8080".into();
        check(other, 1, &["MILLSTREAM_PUBLIC_URL"]);
    }
}
