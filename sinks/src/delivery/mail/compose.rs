//! What a mail says. Some are written down as they are to be sent; others are made here of a template, at the moment that
//! they are sent: above all one that carries a secret, so that the secret is kept nowhere.

use super::post::PostError;
use crate::email::{WorkMails, email_changed};
use futures::future::BoxFuture;
use millstream_domain::cause::in_full;
use millstream_domain::ids::{MailId, UserId};
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
    pub(super) work: Option<WorkMails>,
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
        let made = match content {
            MailContent::Composed(composed) => return Ok(composed),
            MailContent::EmailChanged { username } => email_changed::words(&username).map(Some),
            MailContent::PasswordReset { user_id } => {
                let maker = known(self.password_reset.as_ref(), "for new passwords")?;
                maker.compose(mail.id, user_id, &mail.to).await
            }
            MailContent::TaskNews(about) => {
                let maker = known(self.work.as_ref(), "about tasks")?;
                maker.task_news(&about, &mail.to).await
            }
            MailContent::DailySummary(span) => {
                let maker = known(self.work.as_ref(), "about days")?;
                maker.daily_summary(&span, &mail.to).await
            }
        };
        match made {
            Ok(Some(composed)) => Ok(composed),
            Ok(None) => Err(PostError::NotWanted),
            // The database, or our own templates, which a later version may mend.
            Err(error) => Err(PostError::Later(in_full(&*error))),
        }
    }
}

/// What makes these mails, where this process has it.
fn known<'a, M: ?Sized>(maker: Option<&'a M>, what: &str) -> Result<&'a M, PostError> {
    maker.ok_or_else(|| PostError::Later(format!("this process makes no mails {what}")))
}
