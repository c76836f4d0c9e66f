//! Delivers mails that were intended (`store::mail`): takes those that are due, makes each ([`compose`]), hands it to the
//! mail server ([`smtp`]) or, where no process on the database has one, to the log ([`post`]), and writes down how that ended.
//!
//! *Invariant:* no database connection is held while a mail is made or sent. A mail whose process dies is sent by another
//! one after its lease; under the same Message-ID, because nobody knows whether it had been accepted.

pub mod compose;
mod message;
pub mod post;
pub mod smtp;

use crate::backoff::{Backoff, draw};
use crate::email::WorkMails;
use chrono::TimeDelta;
use compose::{Composer, PasswordResetMail};
use futures::future::join_all;
use millstream_domain::cause::in_full;
use millstream_store::mail::deliver::{Delivery, Outgoing};
use millstream_store::{Store, StoreError};
use post::{Post, PostError};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Mails that are under way at once: a mail server that has to be asked politely takes about as many connections from one
/// address.
const AT_ONCE: i64 = 4;
/// Pause between two looks for mails, when nothing wakes it before: mails of other processes, and those that are tried
/// again.
const POLL: Duration = Duration::from_secs(2);
/// Pause after the database did not answer.
const RETRY: Duration = Duration::from_secs(5);
/// How often it is tried to write down how a mail ended, while the database does not answer.
const END_TRIES: u32 = 3;
/// How long a stop waits for mails that are under way. What is cut off is sent again after its lease.
const DRAIN: Duration = Duration::from_secs(10);
/// Between tries. A server that greylists wants a first pause of a minute or more; all tries together take about a day.
const BACKOFF: Backoff = Backoff {
    shortest: TimeDelta::minutes(1),
    first: TimeDelta::minutes(5),
    longest: TimeDelta::hours(8),
};

/// The delivery of mails. Any number may run on one database.
#[derive(Debug)]
pub struct MailDelivery {
    store: Store,
    post: Post,
    composer: Composer,
}

impl MailDelivery {
    /// A delivery of this store's mails by this post.
    #[must_use]
    pub fn new(store: Store, post: Post) -> Self {
        Self {
            store,
            post,
            composer: Composer::default(),
        }
    }

    /// The same, which can also make the mails with which passwords are set anew.
    #[must_use]
    pub fn with_password_reset(mut self, maker: Arc<dyn PasswordResetMail>) -> Self {
        self.composer.password_reset = Some(maker);
        self
    }

    /// The same, which can also make the mails about the work.
    #[must_use]
    pub fn with_work(mut self, maker: WorkMails) -> Self {
        self.composer.work = Some(maker);
        self
    }

    /// Delivers until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let wake = self.store.mail_wake();
        while !stop.is_cancelled() {
            let pause = match self.deliver_or_stop(&stop).await {
                // There may be more.
                Ok(count) if count >= AT_ONCE => continue,
                Ok(_) => POLL,
                Err(error) => {
                    let error = in_full(&error);
                    tracing::warn!(error, "mails have to wait");
                    RETRY
                }
            };
            tokio::select! {
                () = wake.woken() => {}
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn deliver_or_stop(&self, stop: &CancellationToken) -> Result<i64, StoreError> {
        let patience = async {
            stop.cancelled().await;
            tokio::time::sleep(DRAIN).await;
        };
        tokio::select! {
            delivered = self.deliver_due() => delivered,
            () = patience => Ok(0),
        }
    }

    /// Tries the mails that are due, as many as go at once. How many they were.
    pub async fn deliver_due(&self) -> Result<i64, StoreError> {
        let mails = self.claim().await?;
        let ends = join_all(mails.iter().map(|mail| self.deliver(mail))).await;
        for end in ends {
            end?;
        }
        Ok(i64::try_from(mails.len()).unwrap_or(AT_ONCE))
    }

    /// What another process has a server for is not printed by this one.
    async fn claim(&self) -> Result<Vec<Outgoing>, StoreError> {
        let host = self.post.host();
        if self.post.has_server() {
            self.store.claim_mails(host, AT_ONCE).await
        } else {
            self.store.claim_mails_to_print(host, AT_ONCE).await
        }
    }

    async fn deliver(&self, mail: &Outgoing) -> Result<(), StoreError> {
        let end = match self.try_once(mail).await {
            Ok(()) => Delivery::Delivered,
            Err(PostError::Refused(error)) => Delivery::Failed { error },
            Err(PostError::NotWanted) => Delivery::NotWanted,
            Err(PostError::Later(error)) => self.put_off(mail, error),
            Err(PostError::Away { reason, code }) => {
                // Its words are kept with the mail. They may name somebody, and do not go to the log.
                tracing::warn!(
                    mail = %mail.id,
                    code,
                    "the mail server is not there, or does not let us in; app.mail says why"
                );
                self.put_off(mail, reason)
            }
        };
        tell(mail, &end);
        self.end(mail, &end).await
    }

    /// Another try, if there is one left.
    fn put_off(&self, mail: &Outgoing, error: String) -> Delivery {
        if mail.is_last_attempt() {
            return Delivery::Failed { error };
        }
        let pause = BACKOFF.pause(mail.attempt, draw(self.store.ids().next()));
        let until = self.store.clock().now() + pause;
        Delivery::PutOff { until, error }
    }

    /// Writes down how a try ended. Tried more than once: what is not written down is sent again.
    async fn end(&self, mail: &Outgoing, end: &Delivery) -> Result<(), StoreError> {
        for _ in 1..END_TRIES {
            if let Ok(is_ours) = self.store.end_mail(mail, end).await {
                note_loss(mail, is_ours);
                return Ok(());
            }
            tokio::time::sleep(RETRY).await;
        }
        note_loss(mail, self.store.end_mail(mail, end).await?);
        Ok(())
    }

    async fn try_once(&self, mail: &Outgoing) -> Result<(), PostError> {
        let words = self.composer.compose(mail).await?;
        self.post.send(mail, &words, self.store.clock().now()).await
    }
}

fn note_loss(mail: &Outgoing, is_ours: bool) {
    if !is_ours {
        tracing::warn!(
            mail = %mail.id,
            "a mail took longer than its lease, and was taken over: it may arrive twice"
        );
    }
}

/// Says and counts how a try ended. Never to whom.
fn tell(mail: &Outgoing, end: &Delivery) {
    let outcome = match end {
        Delivery::Delivered => "delivered",
        Delivery::PutOff { .. } => "put_off",
        Delivery::Failed { .. } => "failed",
        Delivery::NotWanted => "not_wanted",
    };
    metrics::counter!("millstream_mails_total", "outcome" => outcome).increment(1);
    match end {
        Delivery::Delivered | Delivery::NotWanted => {}
        Delivery::PutOff { .. } => {
            tracing::info!(mail = %mail.id, kind = mail.kind, attempt = mail.attempt, "a mail has to wait");
        }
        Delivery::Failed { .. } => tracing::warn!(
            mail = %mail.id,
            kind = mail.kind,
            attempt = mail.attempt,
            "a mail was given up; app.mail says why"
        ),
    }
}
