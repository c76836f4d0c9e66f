//! Highlights: what fits is marked, and everything else is spelled out.

use crate::world::{ADA, World, comment, comment_id, put, tags, task, task_with};
use millstream_search::results::Highlight;
use std::borrow::Cow;

fn shown(world: &World, query: &str) -> Vec<(Cow<'static, str>, String)> {
    let hits = world.ask(ADA, query).hits;
    assert_eq!(hits.len(), 1, "{query}");
    let show = |highlight: &Highlight| (highlight.field.clone(), highlight.html.clone());
    hits[0].highlights.iter().map(show).collect()
}

fn check(world: &World, query: &str, expected: &[(&'static str, &str)]) {
    let shown = shown(world, query);
    let shown: Vec<_> = shown
        .iter()
        .map(|(field, html)| (&**field, &**html))
        .collect();
    assert_eq!(shown, expected, "{query}");
}

#[test]
fn what_fits_is_marked_in_every_place_where_it_stands() {
    let mut world = World::with([task_with(1, "The Mill wheel", |t| {
        t.description = "A wheel, wheels and a cog.".into();
        t.tags = tags(&["wheel", "cog"]);
    })]);
    world.write([comment(1, 1, "No cog."), comment(1, 2, "WHEEL!")]);
    check(
        &world,
        "\"wheel\"",
        &[
            ("title", "The Mill <mark>wheel</mark>"),
            ("description", "A <mark>wheel</mark>, wheels and a cog."),
            ("tags", "<mark>wheel</mark>"),
            ("comments", "<mark>WHEEL</mark>!"),
        ],
    );
    check(
        &world,
        "cog in:comments",
        &[("comments", "No <mark>cog</mark>.")],
    );
    let hits = world.ask(ADA, "cog in:comments").hits;
    assert_eq!(hits[0].highlights[0].comment_id, Some(comment_id(1)));
}

#[test]
fn text_is_spelled_out_so_that_nothing_in_it_is_markup() {
    let evil = "<script>alert('mill')</script> & \"wheel\" <mark>not this</mark>";
    let mut world = World::with([task_with(1, evil, |t| {
        t.description = evil.into();
        t.tags = tags(&["<i>mill</i>"]);
    })]);
    world.write([comment(1, 1, evil)]);
    for query in [
        "mill ",
        "wheel ",
        "script ",
        "mark ",
        "lt",
        "\"alert mill script\"",
    ] {
        for hit in world.ask(ADA, query).hits {
            for highlight in hit.highlights {
                let bare = highlight.html.replace("<mark>", "").replace("</mark>", "");
                assert!(!bare.contains(['<', '>', '"', '\'']), "{bare}");
                assert_eq!(
                    highlight.html.matches("<mark>").count(),
                    highlight.html.matches("</mark>").count()
                );
            }
        }
    }
    check(
        &world,
        "alert in:title",
        &[(
            "title",
            "&lt;script&gt;<mark>alert</mark>(&#39;mill&#39;)&lt;/script&gt; &amp; &quot;wheel&quot; \
             &lt;mark&gt;not this&lt;/mark&gt;",
        )],
    );
    // The entities are no words.
    assert_eq!(world.ask(ADA, "quot ").total, 0);
}

#[test]
fn beginnings_typing_errors_and_accents_are_marked_as_they_were_found() {
    let world = World::with([task(1, "Cafe\u{301} near the millrace sluice")]);
    check(
        &world,
        "cafe mill",
        &[(
            "title",
            "<mark>Cafe\u{301}</mark> near the <mark>millrace</mark> sluice",
        )],
    );
    check(
        &world,
        "sluise ",
        &[("title", "Cafe\u{301} near the millrace <mark>sluice</mark>")],
    );
    check(
        &world,
        "\"near the\"",
        &[("title", "Cafe\u{301} <mark>near the</mark> millrace sluice")],
    );
}

#[test]
fn what_is_denied_is_not_marked() {
    let world = World::with([task(1, "mill wheel")]);
    check(
        &world,
        "mill -race",
        &[("title", "<mark>mill</mark> wheel")],
    );
    check(&world, "-race", &[]);
    check(&world, "status:todo", &[]);
    check(&world, "", &[]);
}

#[test]
fn names_are_marked_as_a_whole() {
    let world = World::with([task_with(42, "Belt", |t| {
        t.imported_from = Some("MESOS-<7>".into());
    })]);
    check(&world, "eng-42 ", &[("name", "<mark>ENG-42</mark>")]);
    check(&world, "ENG-4", &[("name", "<mark>ENG-42</mark>")]);
    check(
        &world,
        "\"mesos-<7>\"",
        &[("metadata.imported_from", "<mark>MESOS-&lt;7&gt;</mark>")],
    );
}

#[test]
fn of_a_long_text_the_piece_with_the_most_marks_is_shown() {
    let filler = "Lorem gypsum dolor sit amet. ".repeat(30);
    let text = format!("A wheel. {filler}The wheel of the mill, a wheel. {filler}");
    let world = World::with([task_with(1, "x", |t| t.description = text)]);
    let shown = shown(&world, "mill wheel ");
    let html = &shown[0].1;
    assert!(
        html.contains("The <mark>wheel</mark> of the <mark>mill</mark>, a <mark>wheel</mark>."),
        "{html}"
    );
    assert!(html.starts_with('…') && html.ends_with('…'), "{html}");
    assert!(html.chars().count() < 300, "{html}");
}

#[test]
fn a_text_without_blanks_is_cut_between_characters() {
    let text = "水".repeat(500) + "車" + &"水".repeat(500);
    let world = World::with([task_with(1, "x", |t| t.description = text)]);
    let shown = shown(&world, "車");
    assert!(shown[0].1.contains("<mark>車</mark>"), "{}", shown[0].1);
    assert!(shown[0].1.chars().count() < 300);
}

#[test]
fn a_few_comments_are_shown_the_newest_first() {
    let mut world = World::with([task(1, "x")]);
    for n in 1..=5 {
        world.write([comment(1, n, &format!("wheel {n}"))]);
    }
    world.write([put(task(1, "y"))]);
    let hits = world.ask(ADA, "wheel ").hits;
    let comments: Vec<_> = hits[0].highlights.iter().map(|h| h.comment_id).collect();
    assert_eq!(
        comments,
        [
            Some(comment_id(5)),
            Some(comment_id(4)),
            Some(comment_id(3))
        ]
    );
}
