//! Comments: written, edited, deleted, and too many of them.

use crate::world::{ADA, World, comment, comment_id, id, put, task};
use millstream_search::Change;
use millstream_search::document::COMMENTS_BYTES_MAX;

#[test]
fn a_task_is_found_by_what_was_said_about_it() {
    let mut world = World::with([task(1, "wheel"), task(2, "gear")]);
    world.write([comment(2, 1, "it squeaks")]);
    world.check("squeaks ", &["ENG-2"]);
    world.check("gear squeaks ", &["ENG-2"]);
}

#[test]
fn an_edited_comment_is_found_by_its_new_text_only() {
    let mut world = World::with([task(1, "wheel")]);
    world.write([comment(1, 1, "it squeaks"), comment(1, 2, "badly")]);
    world.write([comment(1, 1, "it hums")]);
    world.check("squeaks ", &[]);
    world.check("hums badly ", &["ENG-1"]);
    let highlights = &world.ask(ADA, "hums badly ").hits[0].highlights;
    let comments: Vec<_> = highlights.iter().map(|h| h.comment_id).collect();
    // The newest first, by when they were written.
    assert_eq!(comments, [Some(comment_id(2)), Some(comment_id(1))]);
}

#[test]
fn a_deleted_comment_is_not_found_and_not_kept() {
    let mut world = World::with([task(1, "wheel")]);
    world.write([comment(1, 1, "it squeaks"), comment(1, 2, "badly")]);
    world.write([Change::RemoveComment(id(1), comment_id(1))]);
    world.check("squeaks ", &[]);
    world.check("badly ", &["ENG-1"]);
    let sources = world.index.sources().unwrap();
    assert!(!sources.iter().any(|source| source.contains("squeaks")));
    // Again, and one that never was.
    world.write([
        Change::RemoveComment(id(1), comment_id(1)),
        Change::RemoveComment(id(9), comment_id(9)),
    ]);
    world.check("badly ", &["ENG-1"]);
}

#[test]
fn comments_stay_when_the_task_is_edited() {
    let mut world = World::with([task(1, "wheel")]);
    world.write([comment(1, 1, "it squeaks")]);
    world.write([put(task(1, "gear"))]);
    world.check("gear squeaks ", &["ENG-1"]);
}

#[test]
fn beyond_the_limit_the_oldest_comments_are_left_out() {
    let mut world = World::with([task(1, "wheel")]);
    let long = "tick ".repeat(COMMENTS_BYTES_MAX / 5 / 4);
    for n in 1..=5 {
        world.write([comment(1, n, &format!("word{n} {long}"))]);
    }
    world.check("word1 ", &[]);
    world.check("word2 ", &[]);
    world.check("word3 word4 word5 ", &["ENG-1"]);
    // An edit of one that was left out does not push a newer one out.
    world.write([comment(1, 1, &format!("edited {long}"))]);
    world.check("edited ", &[]);
    world.check("word3 ", &["ENG-1"]);
}
