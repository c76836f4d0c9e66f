//! `docs/PERMISSIONS_ROUTES.md`: made of what was found, and compared with what is on file.

use super::trial::Row;
use super::who::Who;
use std::fmt::Write;
use std::path::Path;

const HEAD: &str = "# Permissions, route by route\n\n\
    Found by asking every route as everybody, by a test; written by `cargo xtask accept`, do not edit. The rules behind \
    it are in [PERMISSIONS.md](PERMISSIONS.md).\n\n\
    The first row of a route is the request as it should be: the ids in it are of the team in which **viewer**, \
    **member**, **maintainer** and **owner** have their roles. The rows below it have one id swapped for one of another \
    team, which the **stranger** owns. **Manager** and **admin** have those roles in the system and none in a team. \
    What is personal (sessions, notifications) is one's own, and in a swapped row somebody else's. Filters in a query \
    have a row only where they change an answer's status.\n\n\
    The signs are HTTP statuses: 401 not logged in, 403 seen but not allowed, 404 not to be seen or not there, 422 a \
    reference that is not to be seen or not there, 409 allowed, but the state of things is against it. \
    Of pages, 303 is a form that went well and leads on, and 401 stands for being led to the log-in.\n";

/// The heading of what does not stand below `/api/v1`.
const BESIDE: &str = "Beside the API";
/// The heading of pages.
const PAGES: &str = "Pages";

/// Compares, or writes when it was asked to.
pub(super) fn compare(rows: &[Row]) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/PERMISSIONS_ROUTES.md");
    let text = document(rows);
    if std::env::var_os("MILLSTREAM_ACCEPT").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let stored = std::fs::read_to_string(&file).unwrap_or_default();
    let mut changed = text
        .lines()
        .filter(|line| !stored.lines().any(|l| l == *line));
    assert!(
        stored == text,
        "docs/PERMISSIONS_ROUTES.md is stale: run `cargo xtask accept -p millstream-ingest-api permission` and read \
         what changed; the first new line is: {:?}",
        changed.next()
    );
}

fn document(rows: &[Row]) -> String {
    let mut text = HEAD.to_owned();
    let mut collection = String::new();
    let rank = |row: &&Row| match &*collection_of(row) {
        BESIDE => 1,
        PAGES => 2,
        _ => 0,
    };
    let mut rows: Vec<_> = rows.iter().collect();
    rows.sort_by_key(rank);
    let mut plain: &[u16] = &[];
    for row in rows {
        if row.about.is_empty() {
            plain = &row.statuses;
        } else if row.is_filter && row.statuses == plain {
            continue;
        }
        if collection_of(row) != collection {
            collection = collection_of(row);
            write!(text, "\n## {collection}\n\n| |").unwrap();
            for who in Who::ALL {
                write!(text, " {} |", who.as_str()).unwrap();
            }
            text.push_str("\n| ---");
            text.push_str(&" | ---".repeat(Who::ALL.len()));
            text.push_str(" |\n");
        }
        match &*row.about {
            "" => write!(text, "| **{}** |", row.route.replacen("/api/v1", "", 1)).unwrap(),
            about => write!(text, "| — {about} |").unwrap(),
        }
        for status in &row.statuses {
            write!(text, " {status} |").unwrap();
        }
        text.push('\n');
    }
    text
}

/// What a route is about: the first part of its path.
fn collection_of(row: &Row) -> String {
    let path = row.route.split(' ').nth(1).unwrap();
    match path.strip_prefix("/api/v1/") {
        _ if row.is_page => PAGES.to_owned(),
        Some(rest) => rest.split('/').next().unwrap().to_owned(),
        None => BESIDE.to_owned(),
    }
}
