//! The processes that serve this database, each with a data folder of its own. They check each other's tokens and sign the
//! same audit; whether they can is seen by what each says of itself here.

use crate::housekeeping::PRUNED_PER_ROUND;
use crate::pipeline::UNOWNED_KEPT;
use crate::{Store, StoreError};
use chrono::{DateTime, Utc};

/// What a process says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What leases know it by.
    pub name: String,
    /// Who it says its tokens are from.
    pub issuer: String,
    /// The ids of the keys whose tokens it believes.
    pub token_keys: Vec<String>,
    /// The public half of the key that it signs checkpoints of the audit with.
    pub audit_key: String,
    /// Whether it has a mail server; nothing when it delivers no mails.
    pub mail_server: Option<bool>,
}

/// What another process said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherNode {
    /// What it said.
    pub node: Node,
    /// When it last did.
    pub seen_at: DateTime<Utc>,
    /// Whether it said that it is going.
    pub stopped: bool,
}

impl Store {
    /// Writes down what this process says of itself, and answers with the others; those first that were seen last.
    pub async fn meet_nodes(&self, me: &Node) -> Result<Vec<OtherNode>, StoreError> {
        let rows = sqlx::query!(
            r#"
            with me as (
                insert into app.node (name, issuer, token_keys, audit_key, mail_server, seen_at)
                values ($1, $2, $3, $4, $5, $6)
                on conflict (name) do update
                set issuer = $2, token_keys = $3, audit_key = $4, mail_server = $5, seen_at = $6, stopped = false
            )
            select name, issuer, token_keys, audit_key, mail_server, seen_at, stopped from app.node where name <> $1
            order by seen_at desc, name
            "#,
            me.name,
            me.issuer,
            &me.token_keys,
            me.audit_key,
            me.mail_server,
            self.clock.now(),
        )
        .fetch_all(&self.pool)
        .await?;
        let other = rows.into_iter().map(|row| OtherNode {
            node: Node {
                name: row.name,
                issuer: row.issuer,
                token_keys: row.token_keys,
                audit_key: row.audit_key,
                mail_server: row.mail_server,
            },
            seen_at: row.seen_at,
            stopped: row.stopped,
        });
        Ok(other.collect())
    }

    /// Writes down that this process is going.
    pub async fn leave_nodes(&self, name: &str) -> Result<(), StoreError> {
        sqlx::query!("update app.node set stopped = true where name = $1", name)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Forgets processes that have been gone for as long as their views are kept.
    pub(crate) async fn prune_nodes(&self) -> Result<u64, StoreError> {
        let before = self.clock.now() - UNOWNED_KEPT;
        let done = sqlx::query!(
            "delete from app.node where name in (
                 select name from app.node where seen_at < $1 limit $2 for update skip locked)",
            before,
            PRUNED_PER_ROUND,
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }
}
