//! Somebody asks for a link. The same is done and said whether there is an account of this address or not.

use super::KIND;
use crate::access::network_of;
use crate::attempt::{Count, Counter};
use crate::mail::{MailContent, NewMail};
use crate::{Change, Changed, Changing, StoreError};
use chrono::TimeDelta;
use millstream_domain::ids::UserId;
use millstream_domain::user::Email;
use millstream_event_log::events::AccessEvent;
use millstream_event_log::events::access::RefusedAccess;
use millstream_event_log::events::user::{UserEvent, UserOnly};

/// Mails per account and hour: enough for one that got lost, too few to fill a mailbox.
const ASKED_PER_ACCOUNT: i32 = 3;
/// Requests per address and hour: a whole office may share one.
const ASKED_PER_ADDRESS: i32 = 20;

/// Somebody asks for a link, for the account of this address.
#[derive(Debug)]
pub struct AskReset {
    /// The address, as it was typed.
    pub email: Email,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// If there is such an account, a mail is on its way. Nobody learns whether.
    Heard,
    /// Too many requests came from there.
    TooOften {
        /// When the next one will be heard.
        retry_after: TimeDelta,
    },
}

impl Change for AskReset {
    type Output = Asked;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Asked>, StoreError> {
        let now = cx.now;
        let network = network_of(cx.origin).unwrap_or_default();
        let row = sqlx::query!(
            r#"select u.id as "id?", u.active as "active?", app.attempt_bucket($1) as "bucket!",
                      app.attempt_bucket($2) as "from_bucket!"
               from (select) one left join app.user u on u.email = $1"#,
            self.email.as_str(),
            network,
        )
        .fetch_one(cx.db())
        .await?;
        let from = Counter {
            name: format!("reset:from#{}", row.from_bucket),
            max: ASKED_PER_ADDRESS,
        };
        if let Count::Beyond { retry_after } = from.count(cx.db(), now).await? {
            return Ok(Changed::nothing(Asked::TooOften { retry_after }));
        }
        let account = Counter {
            name: match row.id {
                Some(id) => format!("reset:user:{id}"),
                None => format!("reset:name#{}", row.bucket),
            },
            max: ASKED_PER_ACCOUNT,
        };
        if account.count(cx.db(), now).await? != Count::Within {
            return Ok(Changed::nothing(Asked::Heard));
        }
        match row.id.map(UserId) {
            Some(user_id) if row.active == Some(true) => self.send(cx, user_id).await,
            user_id => Ok(nobody(user_id)),
        }
    }
}

impl AskReset {
    async fn send(
        self,
        cx: &mut Changing<'_>,
        user_id: UserId,
    ) -> Result<Changed<Asked>, StoreError> {
        let mail = NewMail {
            event_id: cx.event_id(0),
            kind: KIND,
            to: self.email,
            content: MailContent::PasswordReset { user_id },
            at: cx.now,
        };
        cx.intend_mail(&mail).await?;
        let event = UserEvent::PasswordResetAsked(UserOnly { user_id });
        Ok(Changed::because(Asked::Heard, event))
    }
}

/// The audit knows that somebody asked for what there is not.
fn nobody(user_id: Option<UserId>) -> Changed<Asked> {
    let refused = RefusedAccess {
        user_id,
        attempted: "to reset the password of no active account".into(),
        entity: String::new(),
        entity_id: None,
        suppressed: 0,
    };
    Changed::because(Asked::Heard, AccessEvent::Refused(refused))
}
