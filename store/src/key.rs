//! Keys of access tokens. They are files, not rows: what is kept here is that they changed, for the audit.

use crate::{Change, Changed, Changing, StoreError};
use millstream_event_log::events::KeyEvent;

/// An operator has changed a key; the audit is told.
#[derive(Debug)]
pub struct TellOfKey(pub KeyEvent);

impl Change for TellOfKey {
    type Output = ();

    async fn apply(self, _: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        Ok(Changed::because((), self.0))
    }
}
