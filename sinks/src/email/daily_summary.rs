//! The mail with the summary of the day.

use super::{SETTINGS, Words, when};
use askama::Template;
use millstream_domain::mail::{MailText, Subject};
use millstream_store::mail::Composed;
use millstream_store::summary::{Span, Summary, SummaryTasks};

/// The words, with links to this address.
pub(super) fn words(span: &Span, summary: &Summary, url: &str) -> Words {
    let day = span.day.format("%A, %-d %B %Y").to_string();
    let settings = format!("{url}{SETTINGS}");
    let sections = [
        ("Overdue", "overdue", &summary.overdue),
        ("New for you", "new", &summary.assigned),
        ("Completed", "completed", &summary.completed),
        ("To do", "to do", &summary.pending),
    ];
    let counts = sections.iter().filter(|(_, _, tasks)| tasks.count > 0);
    let counts: Vec<_> = counts
        .map(|(_, word, tasks)| format!("{} {word}", tasks.count))
        .collect();
    let sections: Vec<_> = sections
        .iter()
        .filter(|(_, _, tasks)| tasks.count > 0)
        .map(|(title, _, tasks)| Section::of(title, tasks, &summary.time_zone, url))
        .collect();
    let (day, sections, settings) = (day.as_str(), sections.as_slice(), settings.as_str());
    let counts = counts.join(", ");
    let subject = SubjectLine {
        day,
        counts: &counts,
    };
    #[rustfmt::skip]
    let text = Text { day, summary, sections, settings };
    #[rustfmt::skip]
    let html = Html { day, summary, sections, settings };
    Ok(Composed {
        subject: Subject::new(&subject.render()?)?,
        text: MailText::new(&text.render()?)?,
        html: Some(MailText::new(&html.render()?)?),
    })
}

/// Some tasks under a heading.
struct Section {
    title: &'static str,
    count: i64,
    tasks: Vec<Line>,
    /// How many are not named.
    more: i64,
}

struct Line {
    name: String,
    title: String,
    due: Option<String>,
    link: String,
}

impl Section {
    fn of(title: &'static str, tasks: &SummaryTasks, zone: &str, url: &str) -> Self {
        let lines: Vec<_> = tasks
            .named
            .iter()
            .map(|task| Line {
                name: task.name.clone(),
                title: task.title.clone(),
                due: task.due_at.map(|at| when(at, zone)),
                link: format!("{url}/tasks/{}", task.name),
            })
            .collect();
        Self {
            title,
            count: tasks.count,
            more: tasks.count - i64::try_from(lines.len()).unwrap_or(tasks.count),
            tasks: lines,
        }
    }
}

#[derive(Template)]
#[template(path = "emails/daily_summary/subject.txt")]
struct SubjectLine<'a> {
    day: &'a str,
    counts: &'a str,
}

#[derive(Template)]
#[template(path = "emails/daily_summary/body.txt")]
struct Text<'a> {
    day: &'a str,
    summary: &'a Summary,
    sections: &'a [Section],
    settings: &'a str,
}

#[derive(Template)]
#[template(path = "emails/daily_summary/body.html")]
struct Html<'a> {
    day: &'a str,
    summary: &'a Summary,
    sections: &'a [Section],
    settings: &'a str,
}
