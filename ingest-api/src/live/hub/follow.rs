//! What stands in the log, told as it comes.

use super::Hub;
use crate::live::told::Told;
use crate::live::topic::{Topic, comment, concerned, stirs, unsettled};
use crate::state::AppState;
use millstream_domain::cause::in_full;
use millstream_event_log::events::comment::CommentState;
use millstream_event_log::{Budget, Cut, Event, LogError, Record};
use std::time::Duration;

/// Most records read at once.
const BUDGET: Budget = Budget {
    records: 500,
    bytes: 4 * 1024 * 1024,
};
/// Pause after the log could not be read.
const PAUSE: Duration = Duration::from_millis(500);

impl Hub {
    /// Reads the log from its end on, for ever.
    pub(super) async fn follow(&self, app: &AppState) {
        let mut cut = loop {
            match app.log().bounds().await {
                Ok(bounds) => break Cut::at(bounds.tail),
                Err(error) => pause(&error).await,
            }
        };
        self.ears().begin(cut.seq);
        self.0.begun.send_replace(true);
        loop {
            match app.log().read(cut, BUDGET).await {
                Ok(batch) if batch.records.is_empty() => {
                    cut = batch.cut;
                    app.log().wait(cut).await;
                }
                Ok(batch) => {
                    cut = batch.cut;
                    for record in &batch.records {
                        self.tell(app, record).await;
                    }
                }
                Err(error) => pause(&error).await,
            }
        }
    }

    async fn tell(&self, app: &AppState, record: &Record) {
        let seq = record.seq;
        let Ok(event) = record.event() else {
            // What this version cannot read it cannot show either.
            return self.ears().tell(None, seq, false);
        };
        let said = comment(&event);
        let mut told = Told::of(seq, &event);
        // Whoever begins to listen while a name is looked up is to hear the comment, too.
        while !self.tell_if_whole(&event, said, &mut told) {
            if let Some(comment) = said {
                told.say(app, comment).await;
            }
        }
        if stirs(&event) {
            self.0.stirred.send_replace(seq);
        }
    }

    /// Tells of a record, unless somebody hears its comment and that was not added yet: then nothing, and `false`.
    fn tell_if_whole(&self, event: &Event, said: Option<&CommentState>, told: &mut Told) -> bool {
        let mut ears = self.ears();
        let is_wanted = |comment: &CommentState| ears.is_heard(Topic::Task(comment.task.id));
        if !told.has_said() && said.is_some_and(is_wanted) {
            return false;
        }
        // First who may still hear of it, so that nobody is told what was taken from them.
        if let Some(person) = concerned(event) {
            ears.ask_again(person);
        }
        if let Some(topic) = unsettled(event) {
            ears.check(topic);
        }
        if let Event::Notification(event) = event {
            ears.has_read(event.user_id(), told.seq);
        }
        let seq = told.seq;
        ears.tell(Some(std::mem::take(told)), seq, stirs(event));
        true
    }
}

async fn pause(error: &LogError) {
    tracing::warn!(
        error = in_full(error),
        "live connections cannot follow the log; trying again"
    );
    tokio::time::sleep(PAUSE).await;
}
