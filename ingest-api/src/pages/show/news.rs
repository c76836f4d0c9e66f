//! What happened, as lines that people read.

use super::{Avatar, Moment};
use crate::api::activity::text::sentence;
use crate::pages::shell::Shell;
use crate::pages::task::comment_url;
use millstream_store::views::activity::ActivityLine;

/// Something that happened.
pub(crate) struct NewsLine {
    pub(crate) who: Option<Avatar>,
    pub(crate) text: String,
    pub(crate) url: Option<String>,
    pub(crate) at: Moment,
    /// Whether somebody else did it since the viewer was last here.
    pub(crate) is_new: bool,
    /// Whether it is the first that happened before the viewer was last here, below others that are new.
    pub(crate) begins_old: bool,
}

/// Lines of news, with the place where those begin that the viewer may have seen.
pub(crate) fn news_lines(lines: &[ActivityLine], shell: &Shell) -> Vec<NewsLine> {
    let mut news: Vec<_> = lines.iter().map(|line| NewsLine::of(line, shell)).collect();
    let line = shell.viewer.visitor.visit_before;
    let first_old = lines
        .iter()
        .position(|l| line.is_none_or(|line| l.at <= line));
    if let Some(at) = first_old.filter(|at| news[..*at].iter().any(|line| line.is_new)) {
        news[at].begins_old = true;
    }
    news
}

impl NewsLine {
    /// How a line of the activity looks to this viewer.
    pub(crate) fn of(line: &ActivityLine, shell: &Shell) -> Self {
        let task = line.task.as_ref().map(|(_, name, _)| name);
        let url = match (task, line.comment_id) {
            (Some(name), Some(comment)) => Some(comment_url(name, comment)),
            (Some(name), None) => Some(format!("/tasks/{name}")),
            (None, _) => None,
        };
        Self {
            who: line
                .actor
                .as_ref()
                .map(|actor| Avatar::of(actor.id, &actor.display_name)),
            text: sentence(line, shell.viewer.visitor.locale),
            url,
            is_new: shell.is_news(line),
            begins_old: false,
            at: Moment::of(line.at, shell.now, shell.zone),
        }
    }
}
