//! Somebody sets a new password.

use super::Credentials;
use super::reset::void_links;
use crate::{Change, Changed, Changing, Store, StoreError, session};
use millstream_domain::ids::{SessionId, UserId};
use millstream_event_log::events::session::EndReason;
use millstream_event_log::events::user::{UserEvent, UserOnly};

/// Somebody sets a new password. Every other session of theirs ends: whoever knew the old one is out.
#[derive(Debug)]
pub struct ChangePassword {
    /// Whose.
    pub user_id: UserId,
    /// The session that goes on; `None` ends all.
    pub kept_session: Option<SessionId>,
    /// The hash that was there when the old password was checked: another change meanwhile makes this one void.
    pub old_hash: String,
    /// The new password's hash, in PHC form.
    pub new_hash: String,
}

impl Change for ChangePassword {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        let changed = sqlx::query!(
            "update app.user set password_hash = $3 where id = $1 and password_hash = $2",
            self.user_id.0,
            self.old_hash,
            self.new_hash,
        )
        .execute(cx.db())
        .await?;
        if changed.rows_affected() == 0 {
            return Err(StoreError::Conflict(
                "the password was changed meanwhile".into(),
            ));
        }
        void_links(cx, self.user_id).await?;
        let mut events = vec![
            UserEvent::PasswordChanged(UserOnly {
                user_id: self.user_id,
            })
            .into(),
        ];
        events.extend(
            session::end_all(
                cx,
                self.user_id,
                self.kept_session,
                EndReason::PasswordChanged,
            )
            .await?,
        );
        Ok(Changed { output: (), events })
    }
}

impl Store {
    /// Keeps another hash of the same password, which nobody but the database learns. Nothing happens when the password was
    /// changed meanwhile.
    pub async fn renew_password_hash(
        &self,
        of: &Credentials,
        new_hash: &str,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "update app.user set password_hash = $3 where id = $1 and password_hash = $2",
            of.user_id.0,
            of.password_hash,
            new_hash,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
