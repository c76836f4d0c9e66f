//! That somebody had a statement answered, for the audit. Nothing is kept of it but the event.

use crate::{Change, Changed, Changing, StoreError};
use millstream_event_log::events::StatementEvent;

/// What became of a statement.
#[derive(Debug)]
pub struct RecordStatement(pub StatementEvent);

impl Change for RecordStatement {
    type Output = ();

    async fn apply(self, _: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        Ok(Changed::because((), self.0))
    }
}
