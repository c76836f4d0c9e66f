//! What each form of the language means, and that every mistake is told with its place.

use super::*;
use crate::task::{Priority, Status};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

fn parse(text: &str) -> Node {
    Query::parse(text)
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .root
        .unwrap_or_else(|| panic!("{text} asks for everything"))
}

fn text(text: &str, kind: TextKind) -> Node {
    Node::Text(Texts {
        text: text.into(),
        kind,
    })
}

fn word(w: &str) -> Node {
    text(w, TextKind::Word)
}

fn prefix(w: &str) -> Node {
    text(w, TextKind::Prefix)
}

/// The message and the text at the place that an error names.
fn mistake(query: &str) -> (String, String) {
    let error = Query::parse(query).expect_err(query);
    assert_eq!(
        query.chars().take(error.position).collect::<String>(),
        query[..error.at.start],
        "{query}"
    );
    (error.message, query[error.at].to_owned())
}

#[test]
fn a_blank_query_asks_for_everything() {
    for blank in ["", "  ", "\t\n", "\u{3000}"] {
        assert_eq!(Query::parse(blank), Ok(Query::default()));
    }
}

#[test]
fn words_are_joined_by_and_and_the_last_one_is_still_being_typed() {
    assert_eq!(
        parse("mill whe"),
        Node::All(vec![word("mill"), prefix("whe")])
    );
    assert_eq!(
        parse("mill whe "),
        Node::All(vec![word("mill"), word("whe")])
    );
    assert_eq!(
        parse("mi* wheel "),
        Node::All(vec![prefix("mi"), word("wheel")])
    );
    assert_eq!(parse("a AND b "), Node::All(vec![word("a"), word("b")]));
}

#[test]
fn phrases_stand_in_quotes_of_any_keyboard() {
    for query in ["\"mill wheel\"", "“mill wheel”", "„mill wheel“"] {
        assert_eq!(
            parse(query),
            text("mill wheel", TextKind::Phrase),
            "{query}"
        );
    }
}

#[test]
fn or_binds_weaker_than_and() {
    let expected = Node::Any(vec![Node::All(vec![word("a"), word("b")]), word("c")]);
    assert_eq!(parse("a b OR c "), expected);
    let expected = Node::All(vec![word("a"), Node::Any(vec![word("b"), word("c")])]);
    assert_eq!(parse("a (b OR c)"), expected);
}

#[test]
fn a_minus_denies_what_follows_and_nothing_else() {
    let not = |node| Node::Not(Box::new(node));
    assert_eq!(parse("-rust"), not(word("rust")));
    assert_eq!(
        parse("-ru* x "),
        Node::All(vec![not(prefix("ru")), word("x")])
    );
    assert_eq!(parse("-(a b) "), not(Node::All(vec![word("a"), word("b")])));
    assert_eq!(
        parse("-status:done"),
        not(Node::Filter(Filter::Status(vec![Status::Done])))
    );
    assert_eq!(
        parse("well-known --verbose - "),
        Node::All(vec![word("well-known"), word("--verbose"), word("-")])
    );
}

#[test]
fn what_people_paste_is_text() {
    for pasted in [
        "std::string",
        "https://example.org/a?b=c",
        "12:30",
        "main.cpp:17",
        "f(x)",
        "Error:",
        "a\"b",
        "OR",
        "AND",
    ] {
        assert_eq!(parse(pasted), prefix(pasted), "{pasted}");
    }
}

#[test]
fn fields_take_alternatives() {
    let filter = |query| match parse(query) {
        Node::Filter(filter) => filter,
        other => panic!("{query}: {other:?}"),
    };
    assert_eq!(
        filter("status:todo,blocked"),
        Filter::Status(vec![Status::Todo, Status::Blocked])
    );
    assert_eq!(filter("Status:TODO"), Filter::Status(vec![Status::Todo]));
    assert_eq!(
        filter("priority:>=high"),
        Filter::Priority(vec![Priority::High, Priority::Urgent])
    );
    assert_eq!(
        filter("priority:<medium,urgent"),
        Filter::Priority(vec![Priority::Low, Priority::Urgent])
    );
    assert_eq!(
        filter("assignee:me,@ada,none"),
        Filter::Assignee(vec![Who::Me, Who::Named("ada".into()), Who::Nobody])
    );
    assert_eq!(
        filter("tag:\"needs review\",api"),
        Filter::Tag(vec!["needs review".into(), "api".into()])
    );
    assert_eq!(filter("project:ENG"), Filter::Project(vec!["ENG".into()]));
    assert_eq!(
        filter("parent:ENG-42,None"),
        Filter::Parent(vec![Parent::Task("ENG-42".into()), Parent::Nothing])
    );
    assert_eq!(filter("is:trashed"), Filter::Is(Flag::Trashed));
    assert_eq!(filter("is:archived"), Filter::Is(Flag::Archived));
    assert_eq!(filter("has:attachment"), Filter::Has(Feature::Attachment));
}

#[test]
fn places_hold_for_the_words_beside_them() {
    let expected = Node::Within(vec![Place::Comments], Box::new(word("oil")));
    assert_eq!(parse("oil in:comments"), expected);
    let expected = Node::Any(vec![
        Node::Within(
            vec![Place::Title, Place::Tags],
            Box::new(Node::All(vec![word("a"), word("b")])),
        ),
        word("c"),
    ]);
    assert_eq!(parse("a in:title,tags b OR c "), expected);
}

#[test]
fn a_flag_is_found_wherever_it_is_mentioned() {
    for query in ["is:archived", "-is:archived", "a (b OR is:archived)"] {
        assert!(
            Query::parse(query).is_ok_and(|query| query.mentions(Flag::Archived)),
            "{query}"
        );
    }
    assert!(Query::parse("archived").is_ok_and(|query| !query.mentions(Flag::Archived)));
}

#[test]
fn mistakes_are_told_with_their_place() {
    let place = |query| mistake(query).1;
    assert_eq!(place("ä asignee:me"), "asignee");
    assert_eq!(place("status:todo,dome"), "dome");
    assert_eq!(place("priority:=>high"), "=>high");
    assert_eq!(place("due:soon"), "soon");
    assert_eq!(place("tag: x"), "");
    assert_eq!(place("tag:a,,b"), "");
    assert_eq!(place("a \"b c"), "\"b c");
    assert_eq!(place("tag:\"b c"), "\"b c");
    assert_eq!(place("(a"), "(");
    assert_eq!(place("a)"), ")");
    assert_eq!(place("()"), ")");
    assert_eq!(place("("), "");
    assert_eq!(place("a OR"), "");
    assert_eq!(place("OR a"), "OR");
    assert_eq!(place("a OR OR b"), "OR");
    assert_eq!(place("(a OR)"), ")");
    assert_eq!(place("-OR"), "-");
    assert_eq!(place("in:comments"), "in:comments");
    assert_eq!(place("a in:attic"), "attic");
    assert_eq!(place("a -in:title"), "in:title");
    assert_eq!(place("is:fine"), "fine");
}

#[test]
fn a_query_is_bounded_in_length_depth_and_terms() {
    assert!(
        mistake(&"x".repeat(QUERY_BYTES_MAX + 1))
            .0
            .contains("bytes")
    );
    let nested = |depth| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Query::parse(&nested(DEPTH_MAX)).is_ok());
    assert!(mistake(&nested(DEPTH_MAX + 1)).0.contains("parentheses"));
    assert!(Query::parse(&"a ".repeat(TERMS_MAX)).is_ok());
    assert!(mistake(&"a ".repeat(TERMS_MAX + 1)).0.contains("at most"));
    let beginnings = TERMS_MAX / BEGINNING_TERMS;
    assert!(Query::parse(&"a* ".repeat(beginnings)).is_ok());
    assert!(mistake(&"a* ".repeat(beginnings + 1)).0.contains("at most"));
    assert!(
        mistake(&format!("tag:{}a", "a,".repeat(TERMS_MAX)))
            .0
            .contains("at most")
    );
}

#[test]
fn no_text_makes_the_parser_panic() {
    use rand::{RngExt, SeedableRng};
    let parts = [
        "(", ")", "\"", "“", "-", "OR", "AND", " ", ":", ",", "*", "status", "due:", "<", "ä",
        "🦀", "in:", "a", "\u{0}",
    ];
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    for _ in 0..20_000 {
        let query: String = (0..rng.random_range(0..12))
            .map(|_| parts[rng.random_range(0..parts.len())])
            .collect();
        if let Err(error) = Query::parse(&query) {
            assert!(query.get(error.at.clone()).is_some(), "{query}: {error:?}");
        }
    }
}

fn range(query: &str, now: &str, zone: Tz) -> (String, String) {
    let (Node::Filter(Filter::Due(filter) | Filter::Updated(filter)), now) =
        (parse(query), now.parse::<DateTime<Utc>>())
    else {
        panic!("{query}")
    };
    let range = filter.range(now.expect("a time"), zone).expect("a range");
    let show =
        |at: Option<DateTime<Utc>>| at.map_or("…".into(), |at| at.format("%F %R").to_string());
    (show(range.from), show(range.until))
}

#[test]
fn days_are_days_of_the_reader() {
    // In Vienna it is already the 2nd.
    let now = "2026-12-01T23:30:00Z";
    let vienna = |query| range(query, now, Tz::Europe__Vienna);
    let is = |from: &str, until: &str| (from.to_owned(), until.to_owned());
    assert_eq!(
        vienna("due:today"),
        is("2026-12-01 23:00", "2026-12-02 23:00")
    );
    assert_eq!(
        vienna("due:yesterday"),
        is("2026-11-30 23:00", "2026-12-01 23:00")
    );
    assert_eq!(vienna("due:<2026-12-01"), is("…", "2026-11-30 23:00"));
    assert_eq!(vienna("due:<=2026-12-01"), is("…", "2026-12-01 23:00"));
    assert_eq!(vienna("due:>2026-12-01"), is("2026-12-01 23:00", "…"));
    assert_eq!(vienna("due:>=2026-12-01"), is("2026-11-30 23:00", "…"));
    assert_eq!(vienna("updated:>-7d"), is("2026-11-24 23:30", "…"));
    assert_eq!(vienna("due:<=+2w"), is("…", "2026-12-15 23:30"));
    assert_eq!(
        vienna("due:+1m"),
        is("2027-01-01 23:00", "2027-01-02 23:00")
    );
    assert_eq!(
        range("due:today", now, Tz::UTC),
        is("2026-12-01 00:00", "2026-12-02 00:00")
    );
    assert_eq!(
        parse("due:none"),
        Node::Filter(Filter::Due(TimeFilter::Never))
    );
}

#[test]
fn a_day_without_a_midnight_begins_when_the_clocks_go_on() {
    // Beirut skipped the first hour of the day.
    let day = range("due:2022-03-27", "2022-01-01T00:00:00Z", Tz::Asia__Beirut);
    assert_eq!(day, ("2022-03-26 22:00".into(), "2022-03-27 21:00".into()));
}

#[test]
fn far_times_stay_within_what_can_be_written_down() {
    for query in [
        "due:<+9999y",
        "due:>-9999y",
        "due:9998-12-31",
        "due:0001-01-01",
        "due:-9999h",
    ] {
        range(query, "2026-01-01T00:00:00Z", Tz::Asia__Tokyo);
    }
    for query in [
        "due:+10000d",
        "due:9999-01-01",
        "due:2026-02-30",
        "due:d",
        "due:+d",
        "due:7",
        "due:>",
        "due:-ä",
    ] {
        assert!(mistake(query).0.contains("must be a day"), "{query}");
    }
}
