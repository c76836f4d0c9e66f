//! Words, phrases, beginnings and typing errors, and which hit comes first.

use crate::world::{World, comment, tags, task, task_with};

fn mill() -> World {
    let mut world = World::with([
        task(1, "Repair the water wheel"),
        task_with(2, "Grease the gears", |t| {
            t.description = "Under the wheel, where the water runs.".into();
        }),
        task_with(3, "Order millstones", |t| {
            t.tags = tags(&["needs review"]);
        }),
        task_with(4, "Café au lait for the visitors", |t| {
            t.description = "ПРИВЕТ 水車の修理 🚀".into();
        }),
    ]);
    world.write([comment(
        3,
        1,
        "Ask about the wheel as well: TASK_FAILED at gear.rs:17",
    )]);
    world
}

#[test]
fn every_word_has_to_stand_somewhere_in_the_task() {
    let world = mill();
    world.check("wheel ", &["ENG-1", "ENG-2", "ENG-3"]);
    world.check("water wheel ", &["ENG-1", "ENG-2"]);
    world.check("grease water ", &["ENG-2"]);
    world.check("order wheel ", &["ENG-3"]);
    world.check("grease lait ", &[]);
    world.check("review ", &["ENG-3"]);
}

#[test]
fn words_of_a_phrase_stand_next_to_each_other_in_one_place() {
    let world = mill();
    world.check("\"water wheel\"", &["ENG-1"]);
    world.check("\"wheel water\"", &[]);
    world.check("\"wheel where the water\"", &["ENG-2"]);
    world.check("\"needs review\"", &["ENG-3"]);
    // A title's end and a description's beginning are not next to each other.
    world.check("\"gears under\"", &[]);
}

#[test]
fn a_phrase_does_not_reach_from_one_comment_or_tag_into_the_next() {
    let mut world = World::with([task_with(1, "x", |t| {
        t.tags = tags(&["needs", "review"]);
    })]);
    world.write([comment(1, 1, "mill"), comment(1, 2, "wheel")]);
    world.check("\"mill wheel\"", &[]);
    world.check("\"needs review\"", &[]);
    world.check("mill needs wheel ", &["ENG-1"]);
}

#[test]
fn the_last_word_is_a_beginning_while_it_is_typed() {
    let world = mill();
    world.check("whe", &["ENG-1", "ENG-2", "ENG-3"]);
    world.check("whe ", &[]);
    world.check("mil", &["ENG-3"]);
    world.check("water whe", &["ENG-1", "ENG-2"]);
    world.check("mil* order ", &["ENG-3"]);
    world.check("\"whe\"", &[]);
    // What is several words is a beginning by its last one.
    world.check("task_fai", &["ENG-3"]);
    world.check("gear.rs:1", &["ENG-3"]);
    world.check("failed_task", &[]);
}

#[test]
fn case_accents_and_scripts_do_not_matter() {
    let world = mill();
    for query in [
        "CAFE ",
        "café ",
        "cafe\u{301} ",
        "привет ",
        "修理",
        "\"水車\"",
        "🚀",
    ] {
        world.check(query, &["ENG-4"]);
    }
    world.check("\"車水\"", &[]);
}

#[test]
fn one_typing_error_is_forgiven_in_long_words() {
    let world = World::with([task(1, "Repair the sluice"), task(2, "Mend the mill 10428")]);
    for query in ["sluise ", "slice ", "sluicee ", "slucie ", "sluise"] {
        world.check(query, &["ENG-1"]);
    }
    world.check("slcie ", &[]);
    world.check("\"sluise\"", &[]);
    world.check("mell ", &[]);
    world.check("10427 ", &[]);
    world.check("sluise in:title", &["ENG-1"]);
    world.check("sluise in:comments", &[]);
}

#[test]
fn what_is_denied_is_denied_as_it_stands() {
    let world = World::with([task(1, "Repair the sluice"), task(2, "Repair the slice")]);
    world.check("repair -sluice", &["ENG-2"]);
    world.check("repair -sluise", &["ENG-1", "ENG-2"]);
    world.check("-(repair -sluice) ", &["ENG-1"]);
    world.check("-repair", &[]);
    world.check("-\"the slice\"", &["ENG-1"]);
    world.check("repair -slu*", &["ENG-2"]);
}

#[test]
fn alternatives_and_parentheses_mean_what_they_say() {
    let world = mill();
    world.check("grease OR order ", &["ENG-2", "ENG-3"]);
    world.check("wheel (grease OR order) ", &["ENG-2", "ENG-3"]);
    world.check("wheel -(grease OR order) ", &["ENG-1"]);
    world.check("-wheel OR -water ", &["ENG-3", "ENG-4"]);
}

#[test]
fn punctuation_alone_finds_nothing_and_beside_words_says_nothing() {
    let world = mill();
    world.check("&&", &[]);
    world.check("wheel && repair ", &["ENG-1"]);
    world.check("wheel -& repair ", &["ENG-1"]);
    world.check("… OR repair ", &["ENG-1"]);
}

#[test]
fn texts_are_looked_for_where_the_query_says() {
    let world = mill();
    world.check("wheel in:title", &["ENG-1"]);
    world.check("wheel in:comments,title", &["ENG-1", "ENG-3"]);
    world.check("review in:tags", &["ENG-3"]);
    world.check("review in:description", &[]);
    world.check("eng-1 in:title", &[]);
    world.check(
        "(wheel in:title) OR (wheel in:comments)",
        &["ENG-1", "ENG-3"],
    );
}

#[test]
fn exact_words_come_before_beginnings_and_those_before_typing_errors() {
    let world = World::with([
        task(1, "wheel"),
        task(2, "wheelwright"),
        task(3, "whee1 wheal"),
        task(4, "nothing"),
    ]);
    // The later ones would come first if they were equal.
    world.check_order("wheel", &["ENG-1", "ENG-2", "ENG-3"]);
    world.check_order("wheel ", &["ENG-1", "ENG-3"]);
}

#[test]
fn an_exact_word_in_a_comment_comes_before_a_beginning_in_a_title() {
    let mut world = World::with([
        task(1, "a"),
        task(2, "wheels and wheelwrights"),
        task(3, "b"),
    ]);
    world.write([comment(1, 1, "the wheel ".repeat(200).as_str())]);
    world.check_order("wheel", &["ENG-1", "ENG-2"]);
}

#[test]
fn a_title_counts_for_more_than_a_comment() {
    let mut world = World::with([task(1, "sluice"), task(2, "weir"), task(3, "dam")]);
    world.write([comment(2, 1, "sluice")]);
    world.check_order("sluice ", &["ENG-1", "ENG-2"]);
}

#[test]
fn long_words_are_found_whole_and_by_their_beginning() {
    let key = format!("sha256{}", "0123456789abcdef".repeat(40));
    let other = format!("{key}0");
    let world = World::with([task_with(1, "keys", |t| t.description = key.clone())]);
    world.check(&format!("{key} "), &["ENG-1"]);
    world.check(&key[..100], &["ENG-1"]);
    world.check(&format!("{other} "), &[]);
}
