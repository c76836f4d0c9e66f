//! The signal bus: who wants to know at once that a view has moved on asks here. Within a process; between processes
//! the pipeline's row in Postgres says the same a little later.

use crate::cut::{Cut, Seq};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// How far each view of this process has come. Cheap to clone; all clones are one bus.
#[derive(Debug, Clone, Default)]
pub struct Signals(Arc<Mutex<BTreeMap<String, watch::Sender<Option<Cut>>>>>);

impl Signals {
    /// A view has committed this cut. Never moves a view back, except for a view that starts anew
    /// (see [`Signals::restarted`]).
    pub fn committed(&self, view: &str, cut: Cut) {
        self.sender(view).send_if_modified(|known| {
            let moved = *known < Some(cut);
            *known = (*known).max(Some(cut));
            moved
        });
    }

    /// A view was opened at this cut, which may be behind the one it had: it was rebuilt.
    pub fn restarted(&self, view: &str, cut: Cut) {
        self.sender(view).send_replace(Some(cut));
    }

    /// How far the view is; `None` when no pipeline of this process keeps it.
    #[must_use]
    pub fn cut(&self, view: &str) -> Option<Cut> {
        *self.sender(view).borrow()
    }

    /// Waits until the view has seen `seq` and says how far it is. Waits for ever if it never does. Cancel-safe.
    pub async fn reached(&self, view: &str, seq: Seq) -> Cut {
        let mut cut = self.sender(view).subscribe();
        let reached = cut
            .wait_for(|cut| cut.is_some_and(|cut| cut.seq >= seq))
            .await;
        match reached.as_deref() {
            Ok(Some(cut)) => *cut,
            // The sender lives as long as `self`, and the condition asks for a cut.
            Ok(None) | Err(_) => Cut::at(seq),
        }
    }

    fn sender(&self, view: &str) -> watch::Sender<Option<Cut>> {
        let mut views = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        views
            .entry(view.to_owned())
            .or_insert_with(|| watch::Sender::new(None))
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_for_a_seq_is_told_when_the_view_reaches_it() {
        let signals = Signals::default();
        let (reached, ()) = tokio::join!(signals.reached("activity", 7), async {
            signals.committed("activity", Cut::at(6));
            signals.committed("search", Cut::at(9));
            signals.committed("activity", Cut::at(8));
        });
        assert_eq!(reached, Cut::at(8));
    }

    #[test]
    fn a_late_signal_moves_no_view_back() {
        let signals = Signals::default();
        assert_eq!(signals.cut("activity"), None);
        signals.committed("activity", Cut::at(8));
        signals.committed("activity", Cut::at(6));
        assert_eq!(signals.cut("activity"), Some(Cut::at(8)));
        signals.restarted("activity", Cut::START);
        assert_eq!(signals.cut("activity"), Some(Cut::START));
    }
}
