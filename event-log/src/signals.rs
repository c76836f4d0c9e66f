//! The signal bus: who wants to know at once that a view has moved on, or that there is work to do, asks here.
//!
//! Within a process, signals are all there is to it. Between processes they travel over Redis ([`exchange`]); where that is
//! away, or was never there, the rows of the pipelines in Postgres say the same a little later. *Invariant:* a signal is a
//! hint. Whoever waits for one also looks by itself now and then, so that a lost signal costs time and nothing else.

#[cfg(feature = "redis")]
pub mod exchange;
mod wake;
mod word;

use crate::cut::{Cut, Seq};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, watch};
pub use wake::{Wake, Work};
pub use word::Word;

/// How far each view has come, as far as this process knows, and who waits for work. Cheap to clone; all clones are one
/// bus.
#[derive(Debug, Clone, Default)]
pub struct Signals(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    views: Mutex<BTreeMap<String, watch::Sender<Option<Cut>>>>,
    jobs: Wake,
    mail: Wake,
    /// What other processes are to be told; `None` where nobody tells them.
    outgoing: Mutex<Option<Outgoing>>,
    said: Notify,
    /// Whether this process hears what others say as they say it.
    hears: watch::Sender<bool>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            views: Mutex::default(),
            jobs: Wake::default(),
            mail: Wake::default(),
            outgoing: Mutex::default(),
            said: Notify::new(),
            hears: watch::Sender::new(false),
        }
    }
}

/// What is to be told, the newest only: as long as nobody takes it, it grows with the number of views and not with time.
#[derive(Debug, Default)]
struct Outgoing {
    views: BTreeMap<String, (Cut, IsRestart)>,
    work: BTreeSet<Work>,
}

type IsRestart = bool;

impl Signals {
    /// A view has committed this cut. Never moves a view back, except for a view that starts anew
    /// (see [`Signals::restarted`]).
    pub fn committed(&self, view: &str, cut: Cut) {
        if self.moved(view, cut) {
            self.tell(|outgoing| {
                let entry = outgoing.views.entry(view.to_owned());
                let (known, _) = entry.or_insert((cut, false));
                *known = cut;
            });
        }
    }

    /// A view was opened at this cut, which may be behind the one it had: it was rebuilt.
    pub fn restarted(&self, view: &str, cut: Cut) {
        self.sender(view).send_replace(Some(cut));
        self.tell(|outgoing| {
            outgoing.views.insert(view.to_owned(), (cut, true));
        });
    }

    /// There is work, committed.
    pub fn wanted(&self, work: Work) {
        self.wake(work).wake();
        self.tell(|outgoing| {
            outgoing.work.insert(work);
        });
    }

    /// What wakes those who do this work.
    #[must_use]
    pub fn wake(&self, work: Work) -> &Wake {
        match work {
            Work::Jobs => &self.0.jobs,
            Work::Mail => &self.0.mail,
        }
    }

    /// Another process says this. What the log's end is about is not kept here ([`crate::mover::Tail::heard`]).
    pub fn heard(&self, word: &Word) {
        match word {
            Word::Log(_) => {}
            Word::Committed(view, cut) => {
                self.moved(view, *cut);
            }
            Word::Restarted(view, cut) => {
                self.sender(view).send_replace(Some(*cut));
            }
            Word::Wanted(what) => self.wake(*what).wake(),
        }
    }

    /// How far the view is, as far as this process has heard; `None` where it has not.
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

    /// Whether this process hears what others say as they say it. Where it does not, somebody has to look.
    #[must_use]
    pub fn hears(&self) -> watch::Receiver<bool> {
        self.0.hears.subscribe()
    }

    fn moved(&self, view: &str, cut: Cut) -> bool {
        self.sender(view).send_if_modified(|known| {
            let moved = *known < Some(cut);
            *known = (*known).max(Some(cut));
            moved
        })
    }

    fn tell(&self, what: impl FnOnce(&mut Outgoing)) {
        let mut outgoing = self
            .0
            .outgoing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(outgoing) = outgoing.as_mut() {
            what(outgoing);
            self.0.said.notify_one();
        }
    }

    /// From now on what is said here is kept for whoever tells other processes.
    #[cfg(feature = "redis")]
    fn keep_outgoing(&self) {
        let mut outgoing = self
            .0
            .outgoing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        outgoing.get_or_insert_default();
    }

    /// What other processes are to be told, oldest concerns first.
    #[cfg(feature = "redis")]
    fn take_outgoing(&self) -> Vec<Word> {
        let mut outgoing = self
            .0
            .outgoing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(taken) = outgoing.as_mut().map(std::mem::take) else {
            return Vec::new();
        };
        let views = taken.views.into_iter().map(|(view, (cut, is_restart))| {
            if is_restart {
                Word::Restarted(view, cut)
            } else {
                Word::Committed(view, cut)
            }
        });
        views
            .chain(taken.work.into_iter().map(Word::Wanted))
            .collect()
    }

    fn sender(&self, view: &str) -> watch::Sender<Option<Cut>> {
        let mut views = self.0.views.lock().unwrap_or_else(PoisonError::into_inner);
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

    #[tokio::test]
    async fn what_another_process_says_counts_like_what_this_one_says() {
        let signals = Signals::default();
        signals.heard(&Word::Committed("activity".into(), Cut::at(8)));
        signals.heard(&Word::Committed("activity".into(), Cut::at(6)));
        assert_eq!(signals.cut("activity"), Some(Cut::at(8)));
        signals.heard(&Word::Restarted("activity".into(), Cut::at(2)));
        assert_eq!(signals.cut("activity"), Some(Cut::at(2)));
        signals.heard(&Word::Wanted(Work::Mail));
        signals.wake(Work::Mail).woken().await;
    }

    #[cfg(feature = "redis")]
    #[test]
    fn only_the_newest_of_each_view_is_told_to_others_and_nothing_that_was_heard() {
        let signals = Signals::default();
        signals.committed("activity", Cut::at(1));
        signals.keep_outgoing();
        signals.restarted("search", Cut::at(1));
        signals.committed("activity", Cut::at(2));
        signals.committed("activity", Cut::at(3));
        signals.committed("search", Cut::at(4));
        signals.wanted(Work::Jobs);
        signals.heard(&Word::Committed("audit".into(), Cut::at(9)));
        let expected = [
            Word::Committed("activity".into(), Cut::at(3)),
            Word::Restarted("search".into(), Cut::at(4)),
            Word::Wanted(Work::Jobs),
        ];
        assert_eq!(signals.take_outgoing(), expected);
        assert_eq!(signals.take_outgoing(), []);
    }
}
