//! How one life of a pipeline is: what keeps its reader from reading, and what keeps its committer from committing.

use crate::sink::Health;
use tokio::sync::watch;

/// What is wrong at either end; nothing, while all is well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Vitals {
    reading: Option<String>,
    committing: Option<String>,
}

impl Vitals {
    /// What people are told.
    pub(super) fn health(&self) -> Health {
        // Who cannot commit soon stops reading too, so that end says more.
        match self.committing.as_ref().or(self.reading.as_ref()) {
            Some(error) => Health::Stalled(error.clone()),
            None => Health::Running,
        }
    }
}

/// Writes the vitals. Clones write the same.
#[derive(Debug, Clone)]
pub(super) struct Monitor(watch::Sender<Vitals>);

impl Monitor {
    /// A monitor of a pipeline that is well, and what it shows.
    pub(super) fn new() -> (Self, watch::Receiver<Vitals>) {
        let (sender, vitals) = watch::channel(Vitals::default());
        (Self(sender), vitals)
    }

    /// What keeps the reader from reading now.
    pub(super) fn reading(&self, error: Option<String>) {
        self.note(|vitals| &mut vitals.reading, error);
    }

    /// What keeps the committer from committing now.
    pub(super) fn committing(&self, error: Option<String>) {
        self.note(|vitals| &mut vitals.committing, error);
    }

    fn note(&self, end: impl FnOnce(&mut Vitals) -> &mut Option<String>, error: Option<String>) {
        self.0.send_if_modified(|vitals| {
            let end = end(vitals);
            let changed = *end != error;
            *end = error;
            changed
        });
    }
}
