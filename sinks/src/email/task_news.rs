//! The mail that tells somebody what happened to a task.

use super::{SETTINGS, Words, when};
use askama::Template;
use millstream_domain::mail::{MailReason, MailText, Subject};
use millstream_domain::task::Status;
use millstream_store::mail::Composed;
use millstream_store::mail::news::{News, Reference};

/// Most characters of a title in the subject: leaves room for the rest.
const TITLE_CHARS_MAX: usize = 160;
/// Most characters of a comment in the mail; the rest is behind the link.
const COMMENT_CHARS_MAX: usize = 4_000;

/// The words, with links to this address.
pub(super) fn words(about: &Reference, news: &News, url: &str) -> Words {
    let (status, priority) = (status(news.status), news.priority.as_str());
    let link = format!("{url}/tasks/{}", news.name);
    let settings = format!("{url}{SETTINGS}");
    let sentence = sentence(about.reason, news, status);
    let because = because(about.reason);
    let due = news.due_at.map(|at| when(at, &news.time_zone));
    let comment = news.comment.as_deref().map(shortened);
    let (due, comment) = (due.as_deref(), comment.as_deref());
    let (link, settings) = (link.as_str(), settings.as_str());
    let title: String = news.title.chars().take(TITLE_CHARS_MAX).collect();
    let subject = SubjectLine {
        name: &news.name,
        title: &title,
        what: what(about.reason),
    };
    let sentence = sentence.as_str();
    #[rustfmt::skip]
    let text = Text { sentence, news, status, priority, due, comment, link, because, settings };
    #[rustfmt::skip]
    let html = Html { sentence, news, status, priority, due, comment, link, because, settings };
    Ok(Composed {
        subject: Subject::new(&subject.render()?)?,
        text: MailText::new(&text.render()?)?,
        html: Some(MailText::new(&html.render()?)?),
    })
}

fn sentence(reason: MailReason, news: &News, status: &str) -> String {
    let name = &news.name;
    let who = news.actor.as_deref();
    let by = who.unwrap_or("Millstream");
    match reason {
        MailReason::Assigned => match who {
            Some(who) => format!("{who} assigned {name} to you."),
            None => format!("{name} was assigned to you."),
        },
        MailReason::Mentioned => format!("{by} mentioned you in a comment on {name}."),
        MailReason::Commented => format!("{by} commented on {name}."),
        MailReason::StatusChanged => {
            format!("{by} changed the status of {name}. It is {status} now.")
        }
        MailReason::Overdue | MailReason::DailySummary => {
            format!("{name} was not done when it was due.")
        }
    }
}

fn what(reason: MailReason) -> &'static str {
    match reason {
        MailReason::Assigned => "assigned to you",
        MailReason::Mentioned => "you were mentioned",
        MailReason::Commented => "a comment",
        MailReason::StatusChanged => "another status",
        MailReason::Overdue | MailReason::DailySummary => "overdue",
    }
}

fn because(reason: MailReason) -> &'static str {
    match reason {
        MailReason::Assigned => "you were given this task",
        MailReason::Mentioned => "a comment mentions you",
        MailReason::Commented | MailReason::StatusChanged => "you take part in this task",
        MailReason::Overdue | MailReason::DailySummary => "you work on this task or watch it",
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Todo => "to do",
        Status::InProgress => "in progress",
        Status::Blocked => "blocked",
        Status::Done => "done",
    }
}

fn shortened(comment: &str) -> String {
    let mut short: String = comment.chars().take(COMMENT_CHARS_MAX).collect();
    if short.len() < comment.len() {
        short.push('…');
    }
    short
}

#[derive(Template)]
#[template(path = "emails/task_news/subject.txt")]
struct SubjectLine<'a> {
    name: &'a str,
    title: &'a str,
    what: &'a str,
}

#[derive(Template)]
#[template(path = "emails/task_news/body.txt")]
struct Text<'a> {
    sentence: &'a str,
    news: &'a News,
    status: &'a str,
    priority: &'a str,
    due: Option<&'a str>,
    comment: Option<&'a str>,
    link: &'a str,
    because: &'a str,
    settings: &'a str,
}

#[derive(Template)]
#[template(path = "emails/task_news/body.html")]
struct Html<'a> {
    sentence: &'a str,
    news: &'a News,
    status: &'a str,
    priority: &'a str,
    due: Option<&'a str>,
    comment: Option<&'a str>,
    link: &'a str,
    because: &'a str,
    settings: &'a str,
}
