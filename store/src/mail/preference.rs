//! Which mails people want. Without a word of theirs they get all of them.

use crate::{Change, Changed, Changing, Store, StoreError};
use millstream_domain::ids::UserId;
use millstream_domain::mail::MailReason;
use millstream_event_log::events::notification::{NotificationEvent, PreferencesChanged};
use std::collections::{BTreeMap, BTreeSet};

/// The reasons for which somebody wants no mail.
pub type MailOff = BTreeSet<MailReason>;

/// Somebody chooses which mails they want.
#[derive(Debug)]
pub struct ChoosePreferences {
    /// Who.
    pub user_id: UserId,
    /// Whether they want mails for these reasons; the others stay as they are.
    pub wanted: BTreeMap<MailReason, bool>,
}

impl Change for ChoosePreferences {
    type Output = MailOff;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<MailOff>, StoreError> {
        // The order of a person's choices is the order of this lock.
        sqlx::query!(
            "select id from app.user where id = $1 for no key update",
            self.user_id.0
        )
        .fetch_optional(cx.db())
        .await?
        .ok_or(StoreError::NotFound)?;
        let row = sqlx::query_scalar!(
            "select off from app.mail_preference where user_id = $1",
            self.user_id.0
        )
        .fetch_optional(cx.db())
        .await?;
        let before = known(&row.unwrap_or_default());
        let mut off = before.clone();
        for (reason, wanted) in self.wanted {
            if wanted {
                off.remove(&reason);
            } else {
                off.insert(reason);
            }
        }
        if off == before {
            return Ok(Changed::nothing(off));
        }
        let words: Vec<String> = off.iter().map(ToString::to_string).collect();
        let now = cx.now;
        sqlx::query!(
            "insert into app.mail_preference (user_id, off, updated_at) values ($1, $2, $3)
             on conflict (user_id) do update set off = $2, updated_at = $3",
            self.user_id.0,
            &words,
            now,
        )
        .execute(cx.db())
        .await?;
        let changed = PreferencesChanged {
            user_id: self.user_id,
            mail_off: words,
        };
        Ok(Changed::because(
            off,
            NotificationEvent::PreferencesChanged(changed),
        ))
    }
}

/// The reasons that this program knows; a newer one may have written others.
fn known(words: &[String]) -> MailOff {
    words.iter().filter_map(|word| word.parse().ok()).collect()
}

impl Store {
    /// The reasons for which somebody wants no mail.
    pub async fn mail_off(&self, user: UserId) -> Result<MailOff, StoreError> {
        let row = sqlx::query_scalar!(
            "select off from app.mail_preference where user_id = $1",
            user.0
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(known(&row.unwrap_or_default()))
    }
}
