//! Mails about tasks: a row of `app.mail` for each person who is to be told, written in the commit. They are made when they
//! are sent, by what their readers may see then.

use crate::postgres::View;
use chrono::TimeDelta;
use millstream_domain::clock::Clock;
use millstream_domain::mail::MailReason;
use millstream_pipelines::operators::notify::{NotificationItem, Reason, Told};
use millstream_pipelines::sink::{Commit, Effect};
use millstream_store::mail::news::{Intent, Reference, intend_all};
use sqlx::{Postgres, Transaction};
use std::sync::Arc;

/// How old news may be. Older ones are what this pipeline reads when it begins on an installation that is there already;
/// whoever comes back after a weekend without a server has an inbox.
const FRESH: TimeDelta = TimeDelta::days(1);

/// Intends mails.
#[derive(Debug, Clone)]
pub struct MailsView {
    clock: Arc<dyn Clock>,
}

impl MailsView {
    /// One that goes by this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

impl View for MailsView {
    type Item = NotificationItem;

    async fn apply(
        &mut self,
        tx: &mut Transaction<'_, Postgres>,
        commit: &Commit<NotificationItem>,
    ) -> Result<(), sqlx::Error> {
        let now = self.clock.now();
        let fresh = commit.effects.iter().filter(|e| now - e.at <= FRESH);
        let intents: Vec<_> = fresh.filter_map(intent).collect();
        if intents.is_empty() {
            return Ok(());
        }
        intend_all(tx, &intents, now).await
    }
}

fn intent(effect: &Effect<NotificationItem>) -> Option<Intent> {
    match &effect.item {
        NotificationItem::Told(told) => Some(Intent {
            event_id: told.event_id,
            at: effect.at,
            about: about(told),
        }),
        NotificationItem::Read { .. } => None,
    }
}

fn about(told: &Told) -> Reference {
    Reference {
        user_id: told.user_id,
        reason: match told.reason {
            Reason::StatusChanged => MailReason::StatusChanged,
            Reason::Commented => MailReason::Commented,
            Reason::Mentioned => MailReason::Mentioned,
            Reason::Overdue => MailReason::Overdue,
            Reason::Assigned => MailReason::Assigned,
        },
        actor: told.actor,
        task_id: told.task.id,
        comment_id: told.comment_id,
    }
}
