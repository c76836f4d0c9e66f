//! Every page: found by following links as a person would, so that a new page is looked at without being told of.
//!
//! Of pages that differ only in what they show (a task, a project, a search) the first is enough: they have one form. Pages
//! to which no link leads stand in [`HIDDEN`].

use crate::chromium::Chromium;
use anyhow::{Result, ensure};
use std::collections::{BTreeSet, VecDeque};

/// Pages that people come to without a link: errors.
const HIDDEN: [&str; 1] = ["/nowhere"];
/// Where no page of ours is: the documentation of the API is another's work, and files are no pages.
const FOREIGN: [&str; 4] = ["/api/", "/static/", "/calendar/", "/files/"];
/// More forms than this are no forms, but a page whose address varies in a way that [`form`] does not know.
const FORMS_MAX: usize = 120;
/// Parts of a query whose value chooses another form of the page.
const CHOICES: [&str; 4] = ["view", "show", "tab", "by"];

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What it is called in names of files.
    pub name: String,
    /// The path, with what follows it.
    pub path: String,
}

/// All pages that links lead to from these, and those that no link leads to.
pub async fn every(browser: &Chromium, starts: &[&str]) -> Result<Vec<Page>> {
    let mut known = BTreeSet::new();
    let mut next: VecDeque<Page> = VecDeque::new();
    let mut found = Vec::new();
    let first = starts.iter().chain(&HIDDEN).map(|path| (*path).to_owned());
    let mut links: Vec<_> = first.collect();
    loop {
        for path in links.drain(..) {
            let form = form(&path);
            if known.insert(form.clone()) {
                next.push_back(Page { name: form, path });
            }
        }
        ensure!(known.len() <= FORMS_MAX, "too many forms: {known:#?}");
        let Some(page) = next.pop_front() else {
            return Ok(found);
        };
        browser.visit(&page.path).await?;
        if browser.ask("return document.contentType").await? == "text/html" {
            links = links_of(browser).await?;
            found.push(page);
        }
    }
}

async fn links_of(browser: &Chromium) -> Result<Vec<String>> {
    let links = browser
        .ask(
            "return [...document.querySelectorAll('a[href]')]
                 .filter((link) => link.origin === location.origin && !link.hasAttribute('download'))
                 .map((link) => link.pathname + link.search)",
        )
        .await?;
    let links: Vec<String> = serde_json::from_value(links)?;
    let ours = |path: &String| !FOREIGN.iter().any(|start| path.starts_with(start));
    Ok(links.into_iter().filter(ours).collect())
}

/// What pages have in common that differ only in what they show, as a name: `projects-KEY-view-board`.
fn form(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut parts: Vec<_> = path
        .split('/')
        .filter(|part| !part.is_empty())
        .map(segment)
        .collect();
    // The explanations of all problems have one form.
    if let [first, code] = &mut parts[..]
        && first == "problems"
    {
        *code = "CODE".into();
    }
    if parts.is_empty() {
        parts.push("home".into());
    }
    let mut queries: Vec<_> = query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            if CHOICES.contains(&name) {
                format!("{name}-{value}")
            } else {
                name.to_owned()
            }
        })
        .collect();
    queries.sort();
    queries.dedup();
    parts.extend(queries);
    parts.join("-")
}

/// What stands for all parts of a path of its kind.
fn segment(part: &str) -> String {
    let is_id = part.len() == 36 && part.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let is_key = part.starts_with(|c: char| c.is_ascii_uppercase())
        && part
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    let is_task = part.rsplit_once('-').is_some_and(|(key, number)| {
        segment(key) == "KEY" && number.chars().all(|c| c.is_ascii_digit())
    });
    let is_number = part.chars().all(|c| c.is_ascii_digit());
    match () {
        () if is_id => "ID".into(),
        () if is_key => "KEY".into(),
        () if is_task => "TASK".into(),
        () if is_number => "N".into(),
        () => part.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::form;

    #[test]
    fn pages_that_differ_only_in_what_they_show_have_one_form() {
        let check = |path, expected| assert_eq!(form(path), expected);
        check("/", "home");
        check("/problems/not-found", "problems-CODE");
        check("/tasks/ENG-12/edit", "tasks-TASK-edit");
        check("/projects/ENG?view=board&q=x", "projects-KEY-q-view-board");
        check(
            "/teams/0197a3c0-0000-7000-8000-000000000001?after=2",
            "teams-ID-after",
        );
        assert_eq!(form("/search?q=a"), form("/search?q=b"));
    }
}
