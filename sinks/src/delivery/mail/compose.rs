//! What a mail says. Some are written down as they are to be sent; others are made here of a template, at the moment that
//! they are sent: above all one that carries a secret, so that the secret is kept nowhere.

use super::post::PostError;
use crate::email::email_changed;
use futures::future::BoxFuture;
use millstream_domain::ids::{MailId, UserId};
use millstream_pipelines::sink::in_full;
use millstream_store::mail::deliver::Outgoing;
use millstream_store::mail::{Composed, MailContent};
use std::fmt::Debug;
use std::sync::Arc;

/// Makes the mail with which somebody sets a new password.
///
/// It draws a token, keeps the token's hash, and answers with the words around the link. It is asked once for each try: a
/// try whose end nobody knows may have reached its reader, so tokens that it gave out for this mail before must stay valid
/// until one is used or they expire.
pub trait PasswordResetMail: Debug + Send + Sync {
    /// The mail for this person, to this address; `None` when it is not wanted any more, because the account is not active
    /// or has another address by now.
    fn compose<'a>(
        &'a self,
        mail: MailId,
        user: UserId,
        recipient: &'a str,
    ) -> BoxFuture<'a, Result<Option<Composed>, Box<dyn std::error::Error + Send + Sync>>>;
}

/// Makes mails.
#[derive(Debug, Clone, Default)]
pub(super) struct Composer {
    pub(super) password_reset: Option<Arc<dyn PasswordResetMail>>,
}

impl Composer {
    /// The words of a mail.
    pub(super) async fn compose(&self, mail: &Outgoing) -> Result<Composed, PostError> {
        // A newer program may know it, and share this database.
        let content = mail.content().map_err(|error| {
            PostError::Later(format!(
                "its content is not known here: {}",
                in_full(&error)
            ))
        })?;
        let user = match content {
            MailContent::Composed(composed) => return Ok(composed),
            MailContent::EmailChanged { username } => {
                // Nothing but our own templates can be wrong, which a later version may mend.
                return email_changed::words(&username)
                    .map_err(|error| PostError::Later(in_full(&*error)));
            }
            MailContent::PasswordReset { user_id } => user_id,
        };
        let Some(maker) = &self.password_reset else {
            return Err(PostError::Later(
                "this process makes no mails for new passwords".into(),
            ));
        };
        match maker.compose(mail.id, user, &mail.to).await {
            Ok(Some(composed)) => Ok(composed),
            Ok(None) => Err(PostError::Refused("it is not wanted any more".into())),
            Err(error) => Err(PostError::Later(in_full(&*error))),
        }
    }
}
