//! Reading notifications: an act like any other. The view itself is kept by its pipeline (`views/notifications.rs`).

use crate::{Change, Changed, Changing, StoreError};
use millstream_domain::ids::UserId;
use millstream_event_log::events::notification::{NotificationEvent, NotificationsRead, Selection};

/// Somebody reads notifications of theirs.
#[derive(Debug)]
pub struct ReadNotifications {
    /// Whose inbox.
    pub user_id: UserId,
    /// Which of them.
    pub selection: Selection,
}

impl Change for ReadNotifications {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        // The order of a person's acts on their inbox is the order of this lock.
        sqlx::query!(
            "select id from app.user where id = $1 for no key update",
            self.user_id.0
        )
        .fetch_optional(cx.db())
        .await?;
        let read = NotificationsRead {
            user_id: self.user_id,
            selection: self.selection,
        };
        Ok(Changed::because((), NotificationEvent::Read(read)))
    }
}
