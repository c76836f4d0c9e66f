//! The delivery of mails, as the database sees it: who sends which one, and how that ended.
//!
//! A mail is claimed by one statement, sent while no connection is held, and its end is written down under the fence of
//! the claim: an end that comes after somebody else has taken the mail over is refused.

use super::MailContent;
use crate::housekeeping::PRUNED_PER_ROUND;
use crate::{Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::MailId;
use millstream_event_log::signals::{Wake, Work};
use serde_json::value::RawValue;
use sqlx::types::Json;

/// How long one try may take before others think that its process is gone. Far more than the time limit of a try.
pub const LEASE: TimeDelta = TimeDelta::minutes(5);
/// Tries, after which a mail is given up. With the pauses between them that is about a day, the time that a server which is
/// being repaired is commonly given.
pub const ATTEMPTS_MAX: i32 = 12;
/// How long mails are kept that were delivered, without what they said, because their events may be worked on again; and
/// those that failed, for somebody to look at.
const ENDED_KEPT: TimeDelta = TimeDelta::days(30);
/// How long mails are left to a process that had a mail server when it was last heard of, by those who could only print them.
/// It may be restarting, or its machine being repaired: about a day is what its mails are tried for, too.
pub const SERVED_FOR: TimeDelta = TimeDelta::days(1);
/// Mails of lost processes that one look takes back.
const TAKEN_BACK_MAX: i64 = 1_000;

/// A mail that is to be sent now.
#[derive(Debug)]
pub struct Outgoing {
    /// Which.
    pub id: MailId,
    /// What its end is written down under.
    pub fence: i64,
    /// Which try this is, from 1.
    pub attempt: i32,
    /// What it is.
    pub kind: String,
    /// To whom.
    pub to: String,
    /// The same at every try.
    pub message_id: String,
    /// As it is stored.
    content: Option<Json<Box<RawValue>>>,
}

impl Outgoing {
    /// What it says. Fails where a newer program has written down what this one does not know.
    pub fn content(&self) -> Result<MailContent, serde_json::Error> {
        let content = self.content.as_ref().map_or("null", |json| json.get());
        serde_json::from_str(content)
    }

    /// Whether there will be no other try.
    #[must_use]
    pub fn is_last_attempt(&self) -> bool {
        self.attempt >= ATTEMPTS_MAX
    }
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The server has it.
    Delivered,
    /// It will be tried again.
    PutOff {
        /// When.
        until: DateTime<Utc>,
        /// What went wrong.
        error: String,
    },
    /// Nobody wants it any more, and it was not sent.
    NotWanted,
    /// It will not be tried again.
    Failed {
        /// Why.
        error: String,
    },
}

impl Store {
    /// What wakes the delivery of mails.
    #[must_use]
    pub fn mail_wake(&self) -> Wake {
        self.signals.wake(Work::Mail).clone()
    }

    /// Takes mails that are due, the oldest first; `host` is what their message ids end with.
    pub async fn claim_mails(&self, host: &str, limit: i64) -> Result<Vec<Outgoing>, StoreError> {
        self.claim(host, limit, None).await
    }

    /// The same for somebody who has no mail server: none, while another process has one, or had one when it was last heard of
    /// within [`SERVED_FOR`]. What could be sent is not printed.
    pub async fn claim_mails_to_print(
        &self,
        host: &str,
        limit: i64,
    ) -> Result<Vec<Outgoing>, StoreError> {
        let served_since = self.clock.now() - SERVED_FOR;
        self.claim(host, limit, Some(served_since)).await
    }

    async fn claim(
        &self,
        host: &str,
        limit: i64,
        unless_served_since: Option<DateTime<Utc>>,
    ) -> Result<Vec<Outgoing>, StoreError> {
        let now = self.clock.now();
        self.take_back_mails(now).await?;
        let rows = sqlx::query!(
            r#"
            with next as (
                select id from app.mail where state = 'waiting' and next_at <= $1
                    -- Null, and so nobody's, for who has a server.
                    and not exists (select from app.node where mail_server and seen_at >= $5)
                order by next_at, id limit $2
                for update skip locked
            )
            update app.mail m
            set state = 'sending', attempts = attempts + 1, fence = fence + 1, leased_until = $3,
                message_id = coalesce(message_id, m.id || '@' || $4)
            from next where m.id = next.id
            returning m.id, m.kind, m.recipient, m.message_id as "message_id!", m.attempts, m.fence,
                      m.content as "content: Json<Box<RawValue>>"
            "#,
            now,
            limit,
            now + LEASE,
            host,
            unless_served_since,
        )
        .fetch_all(&self.pool)
        .await?;
        let mails = rows.into_iter().map(|row| Outgoing {
            id: MailId(row.id),
            fence: row.fence,
            attempt: row.attempts,
            kind: row.kind,
            to: row.recipient,
            message_id: row.message_id,
            content: row.content,
        });
        Ok(mails.collect())
    }

    /// Mails whose sender has not been heard of for longer than a try may take are tried by somebody else.
    async fn take_back_mails(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        sqlx::query!(
            "update app.mail
             set state = case when attempts < $2 then 'waiting' else 'failed' end,
                 finished_at = case when attempts < $2 then null else $1::timestamptz end,
                 error = 'the process that sent it ended', next_at = $1, leased_until = null
             where id in (select id from app.mail where state = 'sending' and leased_until < $1
                          order by leased_until limit $3 for update skip locked)",
            now,
            ATTEMPTS_MAX,
            TAKEN_BACK_MAX,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Writes down how a try ended; `false` when somebody else has taken the mail over. Of a mail that was delivered
    /// nothing is kept but that it was.
    pub async fn end_mail(&self, mail: &Outgoing, end: &Delivery) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let (state, until, error) = match end {
            Delivery::Delivered => ("delivered", None, None),
            Delivery::NotWanted => ("not_wanted", None, None),
            Delivery::PutOff { until, error } => ("waiting", Some(*until), Some(error)),
            Delivery::Failed { error } => ("failed", None, Some(error)),
        };
        let done = sqlx::query!(
            "update app.mail
             set state = $3, next_at = coalesce($4, next_at), error = $5, leased_until = null,
                 finished_at = case when $3 = 'waiting' then null else $6::timestamptz end,
                 content = case when $3 in ('delivered', 'not_wanted') then null else content end
             where id = $1 and fence = $2 and state = 'sending'",
            mail.id.0,
            mail.fence,
            state,
            until,
            error.map(|error| error.replace('\0', "\u{fffd}")),
            now,
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Forgets mails that have had their time.
    pub(crate) async fn prune_mails(&self) -> Result<u64, StoreError> {
        let done = sqlx::query!(
            "delete from app.mail where id in (select id from app.mail where finished_at < $1 limit $2)",
            self.clock.now() - ENDED_KEPT,
            PRUNED_PER_ROUND,
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }
}
