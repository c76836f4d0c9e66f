//! The mails that arrived at a real mail server.

use super::counted::{Counted, among};
use super::house::House;
use super::ledger::{Ledger, Sheet, Who};
use crate::installation::until;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What stands at the end of a subject, and the reason in the inbox that it belongs to.
const SUBJECTS: [(&str, &str); 5] = [
    ("assigned", "assigned to you"),
    ("mentioned", "you were mentioned"),
    ("commented", "a comment"),
    ("status_changed", "another status"),
    ("overdue", "overdue"),
];

/// What a killed process had in hand is tried again by another, after some minutes. Here the clock is moved instead: its lease
/// has run out.
const LET_GO: &str = "update app.mail set leased_until = now() where state = 'sending'";
/// And the pause before the next try is over.
const HURRY: &str = "update app.mail set next_at = now() where state = 'waiting' and attempts > 0";

fn server() -> (String, PathBuf) {
    let address = std::env::var("TEST_SMTP_URL")
        .expect("TEST_SMTP_URL names a mail server; `cargo xtask test` starts one");
    let (url, folder) = address.split_once('#').expect("a folder behind the #");
    (url.to_owned(), folder.into())
}

/// Where mails are sent.
pub(super) fn server_url() -> String {
    server().0
}

/// Each person gets a mail for everything that they are told, once. What was in the trash when its mail was to be sent, and a
/// comment that was deleted by then, is not mailed.
pub(super) async fn check(house: &House, keys: &[String; 2], ledger: &Ledger) {
    let pool = house.database().pool();
    let are_left = async |states: &str| {
        let left =
            "select exists (select from app.mail where state = any(string_to_array($1, ' ')))";
        let left = sqlx::query_scalar::<_, bool>(left).bind(states);
        left.fetch_one(pool).await.unwrap()
    };
    if house.has_lost_one() {
        until("no mail waits", async || !are_left("waiting").await).await;
        sqlx::query(LET_GO).execute(pool).await.unwrap();
    }
    let all_sent = async || {
        if house.has_lost_one() {
            sqlx::query(HURRY).execute(pool).await.unwrap();
        }
        !are_left("waiting sending").await
    };
    until("all mails are sent", all_sent).await;
    let sheets: BTreeMap<_, _> = ledger.sheets.iter().map(|it| (&*it.word, it)).collect();
    let (mut expected, mut perhaps) = (Counted::default(), Counted::default());
    for (who, told) in &ledger.told {
        expected.add_all(told.named(|told| mail(*who, told, &sheets, false)));
        perhaps.add_all(told.named(|told| mail(*who, told, &sheets, true)));
    }
    among("mails", &expected, &perhaps, &arrived(keys));
}

/// The mail that follows from what somebody is told, of those that come for certain, or of the others.
fn mail(
    who: Who,
    told: &str,
    sheets: &BTreeMap<&str, &Sheet>,
    of_uncertain: bool,
) -> Option<String> {
    let (reason, rest) = told.split_once(' ').unwrap();
    let (_, word) = rest.split_once(": ").unwrap();
    let (_, subject) = SUBJECTS.iter().find(|(known, _)| *known == reason).unwrap();
    let is_uncertain = sheets[word].was_gone;
    (is_uncertain == of_uncertain)
        .then(|| format!("to {}@example.org: {word}: {subject}", who.name()))
}

/// Every mail about a task of these projects. One that came again has the same id, by which receivers know it.
fn arrived(keys: &[String; 2]) -> Counted {
    let mails = std::fs::read_dir(server().1.join("new")).unwrap();
    let mails = mails.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let ours = mails.filter_map(|mail| {
        let header = |name: &str| mail.lines().find_map(|line| line.strip_prefix(name));
        let subject = header("Subject: ")?;
        let (name, title) = subject.split_once(' ')?;
        let is_ours = keys.iter().any(|key| name.starts_with(&format!("{key}-")));
        let title = title.trim_start_matches("Mend ");
        let to = header("X-RcptTo: ").unwrap_or_default();
        let id = header("Message-ID: ").unwrap_or_default();
        is_ours.then(|| (id.to_owned(), format!("to {to}: {title}")))
    });
    let by_id: BTreeMap<_, _> = ours.collect();
    by_id.into_values().collect()
}
