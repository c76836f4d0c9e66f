//! What becomes of rows: read, bent into shape, or refused.

use super::super::table::Table;
use super::*;

/// What becomes of the rows of a file.
fn read(file: &[u8], null: Option<&str>) -> Vec<Result<Row, Vec<String>>> {
    let (table, head) = Table::open(file).expect("a table");
    let columns = Columns::of(&head, &[]).expect("good columns");
    let mut reader = RowReader::new(&columns, null);
    table.rows().map(|raw| reader.read(&raw)).collect()
}

fn one(file: &str) -> Row {
    let row = read(file.as_bytes(), Some("NULL")).pop().expect("a row");
    row.unwrap_or_else(|wrong| panic!("a good row: {wrong:?}"))
}

fn wrong(file: &[u8]) -> Vec<String> {
    read(file, None)
        .pop()
        .expect("a row")
        .expect_err("a bad row")
}

#[test]
fn a_row_becomes_a_task_that_knows_where_it_came_from() {
    let row = one(
        "issuekey,title,description,storypoint,status,tags\nX-1, A  title ,Text,5,In Progress,a; b\n",
    );
    assert_eq!(row.source, "X-1");
    assert_eq!(row.task.title.as_str(), "A title");
    assert_eq!(
        row.task.description.as_ref().map(Description::as_str),
        Some("Text")
    );
    assert_eq!(row.task.estimated_hours.map(Hours::get), Some(5.0));
    assert_eq!(row.task.status, Status::InProgress);
    assert_eq!(row.task.tags.len(), 2);
    assert_eq!(row.task.metadata.as_map()["imported_from"], "X-1");
}

#[test]
fn hours_that_others_counted_more_exactly_are_rounded() {
    let row = one("title,storypoint\nA,0.1256\n");
    assert_eq!(row.task.estimated_hours.map(Hours::get), Some(0.13));
}

#[test]
fn the_text_that_means_nothing_is_nothing() {
    let row = one("issuekey,title,description,storypoint\nX-1,A,NULL,NULL\n");
    assert_eq!(
        row.task.description.as_ref().map(Description::as_str),
        Some("")
    );
    assert_eq!(row.task.estimated_hours, None);
}

#[test]
fn odd_characters_in_a_title_become_spaces_and_a_nul_stays_visible() {
    let row = one("title,description\n\"a\tb\r\nc\u{7}d\u{202e}e\",x\0y\n");
    assert_eq!(row.task.title.as_str(), "a b c d e");
    assert_eq!(
        row.task.description.as_ref().map(Description::as_str),
        Some("x\u{fffd}y")
    );
}

#[test]
fn a_title_that_is_too_long_is_cut_and_stands_in_full_in_the_description() {
    let long = "ä".repeat(201);
    let row = one(&format!("title,description\n{long},Text\n"));
    assert!(row.title_was_cut);
    assert_eq!(row.task.title.as_str(), "ä".repeat(199) + "…");
    assert_eq!(
        row.task.description.as_ref().map(Description::as_str),
        Some(&*format!("{long}\n\nText"))
    );
}

#[test]
fn everything_that_is_wrong_with_a_row_is_told_at_once() {
    let told = wrong(b"title,storypoint,status,due_at\n ,many,open,tomorrow\n");
    assert_eq!(told.len(), 4, "{told:?}");
    assert_eq!(told[0], "storypoint: \"many\" is not a number");
    assert!(told[3].starts_with("title: must not be empty"), "{told:?}");
    assert!(wrong(b"title\ncaf\xe9\n")[0].contains("not UTF-8"));
    assert!(wrong(b"title,tags\nx\n")[0].contains("has 1 columns, the first line has 2"));
    assert!(wrong(b"title,storypoint\nx,NaN\n")[0].contains("between 0 and"));
    assert!(wrong(b"title,storypoint\nx,-1\n")[0].contains("between 0 and"));
}

#[test]
fn an_id_counts_once() {
    let rows = read(b"issuekey,title\nX-1,a\nX-1,b\n", None);
    assert!(rows[0].is_ok());
    let told = rows[1].as_ref().expect_err("bad");
    assert_eq!(told[0], "\"X-1\" stands in line 2 already");
}

#[test]
fn rows_without_an_id_are_known_by_what_is_in_them_and_equal_ones_by_their_order() {
    let sources = |file: &[u8]| -> Vec<String> {
        read(file, None)
            .into_iter()
            .map(|row| row.expect("good").source)
            .collect()
    };
    let first = sources(b"title\na\nb\na\n");
    assert_eq!(first, sources(b"title\na\nb\na\n"));
    assert_eq!(
        first
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        3
    );
    assert!(first[2].ends_with("#2"), "{first:?}");
}

#[test]
fn days_and_times_are_read() {
    assert_eq!(
        time("2026-11-21").map(|t| t.to_rfc3339()),
        Ok("2026-11-21T00:00:00+00:00".into())
    );
    assert_eq!(
        time("2026-11-21T10:00:00+01:00").map(|t| t.to_rfc3339()),
        Ok("2026-11-21T09:00:00+00:00".into())
    );
    assert_eq!(
        time("2026-11-21T09:00:00.123456789Z").map(|t| t.timestamp_subsec_nanos()),
        Ok(123_456_000),
        "what the database keeps"
    );
    for odd in [
        "9999-12-31T23:59:59-01:00",
        "-5000-01-01",
        "+99999-01-01",
        "2026-02-30",
        "soon",
        "",
    ] {
        assert!(time(odd).is_err(), "{odd}");
    }
}
