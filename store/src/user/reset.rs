//! A password that was forgotten is reset: somebody asks for it with an e-mail address ([`AskReset`]), a link is mailed
//! ([`Store::new_reset_token`] makes its token when the mail is sent, so that it stands in no row), and whoever has the link sets a new password
//! ([`ResetPassword`]).
//!
//! *Invariant:* the good links of an account are those of one mail, the newest. One of them is used, once; all are void when a
//! newer mail is sent, and when password or e-mail address have changed since.

mod ask;

pub use ask::{AskReset, Asked};

use crate::api_token::revoke_all;
use crate::attempt::login::remember_address;
use crate::housekeeping::PRUNED_PER_ROUND;
use crate::session::TokenHash;
use crate::{Change, Changed, Changing, Store, StoreError, session};
use aws_lc_rs::rand;
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::field::FieldCode;
use millstream_domain::ids::{MailId, UserId};
use millstream_event_log::events::session::EndReason;
use millstream_event_log::events::user::{UserEvent, UserOnly};
use sqlx::PgConnection;
use std::fmt;

/// How long a link is good: time enough to find the mail, and little for whoever finds it later.
pub const LINK_GOOD_FOR: TimeDelta = TimeDelta::minutes(30);
/// What a token begins with, so that people and secret scanners know one when they see it. The rest are hexadecimal digits:
/// programs that make links of texts end some at other signs.
const PREFIX: &str = "msp_";
/// What the mail is called.
const KIND: &str = "password_reset";
/// Random bytes of a token: more than anybody can try.
const BYTES: usize = 32;

/// The secret of a link. Never printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct ResetToken {
    /// The text at the end of the link.
    pub secret: String,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

impl fmt::Debug for ResetToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResetToken(until {})", self.expires_at)
    }
}

/// Whose password a link resets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetOf {
    /// Who.
    pub user_id: UserId,
    /// Their name.
    pub username: String,
    /// Their address.
    pub email: String,
}

impl Store {
    /// A new link's token for a mail to this address; it makes the links of older mails void. `None` when the account is not
    /// active, or has another address by now, or a newer such mail was asked for: then there is nothing to send.
    pub async fn new_reset_token(
        &self,
        mail: MailId,
        user: UserId,
        recipient: &str,
    ) -> Result<Option<ResetToken>, StoreError> {
        let mut bytes = [0; BYTES];
        rand::fill(&mut bytes).expect("the operating system gives random bytes");
        let token = ResetToken {
            secret: format!("{PREFIX}{}", hex::encode(bytes)),
            expires_at: self.clock.now() + LINK_GOOD_FOR,
        };
        let mut tx = self.pool.begin().await?;
        // The account is locked, as by those who change its password or address: neither is missed, nor a newer mail.
        let account = sqlx::query!(
            "select id from app.user where id = $1 and email = $2 and active for no key update",
            user.0,
            recipient,
        )
        .fetch_optional(&mut *tx)
        .await?;
        if account.is_none() || has_newer(&mut tx, mail, recipient).await? {
            tx.rollback().await?;
            return Ok(None);
        }
        sqlx::query!(
            "delete from app.password_reset where user_id = $1 and mail_id <> $2",
            user.0,
            mail.0,
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "insert into app.password_reset (hash, user_id, mail_id, expires_at) values ($1, $2, $3, $4)",
            &TokenHash::of(&token.secret).0,
            user.0,
            mail.0,
            token.expires_at,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Some(token))
    }

    /// Whose password a link resets, as long as it is good.
    pub async fn reset_of(&self, token: TokenHash) -> Result<Option<ResetOf>, StoreError> {
        let row = sqlx::query!(
            "select u.id, u.username, u.email from app.password_reset r join app.user u on u.id = r.user_id
             where r.hash = $1 and r.expires_at > $2 and u.active",
            &token.0,
            self.clock.now(),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| ResetOf {
            user_id: UserId(row.id),
            username: row.username,
            email: row.email,
        }))
    }

    /// Forgets links that nobody used.
    pub(crate) async fn prune_resets(&self) -> Result<u64, StoreError> {
        let pruned = sqlx::query!(
            "delete from app.password_reset where hash in (
                 select hash from app.password_reset where expires_at < $1 limit $2 for update skip locked)",
            self.clock.now(),
            PRUNED_PER_ROUND,
        )
        .execute(&self.pool)
        .await?;
        Ok(pruned.rows_affected())
    }
}

/// Whether a newer link than this mail's was asked for. A mail that is tried again after hours must not make the link void
/// that arrived meanwhile.
async fn has_newer(
    db: &mut PgConnection,
    mail: MailId,
    recipient: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (
               select from app.mail this join app.mail newer on newer.created_at > this.created_at
               where this.id = $1 and newer.recipient = $2 and newer.kind = $3
           ) as "newer!""#,
        mail.0,
        recipient,
        KIND,
    )
    .fetch_one(db)
    .await
}

/// What is said of a link's token that is not good: whether it ever was, nobody learns.
pub const VOID_LINK: &str = "is not good any more: ask for a new link";

fn void_link() -> StoreError {
    StoreError::field("token", FieldCode::Invalid, VOID_LINK)
}

/// Somebody sets a new password by a link.
#[derive(Debug)]
pub struct ResetPassword {
    /// The link's token.
    pub token: TokenHash,
    /// The new password's hash, in PHC form.
    pub new_hash: String,
    /// Whether the API tokens go too.
    pub revoke_api_tokens: bool,
}

impl Change for ResetPassword {
    type Output = UserId;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<UserId>, StoreError> {
        let user_id = self.redeem(cx).await?;
        sqlx::query!(
            "update app.user set password_hash = $2 where id = $1",
            user_id.0,
            self.new_hash,
        )
        .execute(cx.db())
        .await?;
        let mut events = vec![UserEvent::PasswordReset(UserOnly { user_id }).into()];
        events.extend(session::end_all(cx, user_id, None, EndReason::PasswordReset).await?);
        if self.revoke_api_tokens {
            events.extend(revoke_all(cx, user_id).await?);
        }
        // Whoever has the mailbox has shown who they are: no flood of tries keeps them from logging in now.
        remember_address(cx, user_id).await?;
        Ok(Changed {
            output: user_id,
            events,
        })
    }
}

impl ResetPassword {
    /// Uses the link up. The account is locked first, as it is by those who make links void.
    async fn redeem(&self, cx: &mut Changing<'_>) -> Result<UserId, StoreError> {
        let now = cx.now;
        let user_id = sqlx::query_scalar!(
            "select id from app.user
             where id = (select user_id from app.password_reset where hash = $1) and active for no key update",
            &self.token.0,
        )
        .fetch_optional(cx.db())
        .await?
        .ok_or_else(void_link)?;
        // Read after the lock: another request with the same link may just have used it.
        let is_good = sqlx::query_scalar!(
            r#"select exists (select from app.password_reset where hash = $1 and user_id = $2 and expires_at > $3)
               as "good!""#,
            &self.token.0,
            user_id,
            now,
        )
        .fetch_one(cx.db())
        .await?;
        if !is_good {
            return Err(void_link());
        }
        let user_id = UserId(user_id);
        void_links(cx, user_id).await?;
        Ok(user_id)
    }
}

/// Makes the links of an account void, which is locked.
pub(crate) async fn void_links(cx: &mut Changing<'_>, user_id: UserId) -> Result<(), StoreError> {
    sqlx::query!(
        "delete from app.password_reset where user_id = $1",
        user_id.0
    )
    .execute(cx.db())
    .await?;
    Ok(())
}
