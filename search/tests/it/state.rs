//! Tasks that are put away, thrown away, brought back and removed.

use crate::world::{ADA, World, comment, id, put, tag_id, tags, task, task_with};
use millstream_search::{Change, Task};

fn archived(n: u32, title: &str) -> Task {
    task_with(n, title, |t| t.archived = true)
}

fn trashed(n: u32, title: &str) -> Task {
    task_with(n, title, |t| t.trashed = true)
}

#[test]
fn what_is_archived_is_found_when_the_query_speaks_of_it() {
    let world = World::with([task(1, "wheel"), archived(2, "wheel")]);
    world.check("wheel ", &["ENG-1"]);
    world.check("", &["ENG-1"]);
    world.check("ENG-2 ", &[]);
    world.check("wheel is:archived", &["ENG-2"]);
    world.check("wheel -is:archived", &["ENG-1"]);
    world.check("wheel (is:archived OR -is:archived)", &["ENG-1", "ENG-2"]);
    assert!(world.ask(ADA, "is:archived").hits[0].task.archived);
}

#[test]
fn what_is_in_the_trash_is_found_when_the_query_speaks_of_it() {
    let put_away = task_with(3, "gear", |t| (t.archived, t.trashed) = (true, true));
    let world = World::with([task(1, "wheel"), trashed(2, "wheel"), put_away]);
    for query in ["wheel ", "", "-nothing", "is:archived OR -is:archived"] {
        world.check(query, &["ENG-1"]);
    }
    world.check("ENG-2 ", &[]);
    assert_eq!(world.ask(ADA, "wheel ").total, 1);
    world.check("wheel is:trashed", &["ENG-2"]);
    world.check("is:trashed", &["ENG-2", "ENG-3"]);
    world.check("is:trashed is:archived", &["ENG-3"]);
    world.check("wheel (is:trashed OR -is:trashed)", &["ENG-1", "ENG-2"]);
}

#[test]
fn parts_are_found_by_any_name_of_what_they_are_parts_of() {
    let part = |n, of| task_with(n, "cog", |t| t.parent_id = Some(id(of)));
    let mut world = World::with([task(1, "wheel"), part(2, 1), part(3, 2), task(4, "gear")]);
    let moved = task_with(1, "wheel", |t| t.name = "OPS-1".into());
    world.write([Change::PutTask(Box::new(moved), Some("ENG-1".into()))]);
    for of in ["OPS-1", "ops-1", "ENG-1", &id(1).to_string()] {
        world.check(&format!("parent:{of}"), &["ENG-2"]);
    }
    world.check("parent:OPS-1,ENG-2", &["ENG-2", "ENG-3"]);
    world.check("parent:none", &["ENG-4", "OPS-1"]);
    world.check("-parent:none cog", &["ENG-2", "ENG-3"]);
    world.check("parent:ENG-4", &[]);
    world.check("parent:ENG-99", &[]);
}

#[test]
fn what_came_back_from_the_trash_is_found_with_its_comments_and_names() {
    let mut world = World::with([task(1, "wheel")]);
    let moved = task_with(1, "wheel", |t| t.name = "OPS-1".into());
    world.write([comment(1, 1, "squeaks")]);
    world.write([Change::PutTask(
        Box::new(moved.clone()),
        Some("ENG-1".into()),
    )]);
    let mut gone = moved.clone();
    gone.trashed = true;
    world.write([put(gone)]);
    world.check("squeaks ", &[]);
    // Nobody can comment on it there, but somebody's comment can be deleted.
    world.write([comment(1, 2, "still squeaks")]);
    world.write([put(moved)]);
    world.check("squeaks still ENG-1 ", &["OPS-1"]);
}

#[test]
fn what_is_removed_for_ever_is_gone_with_its_comments() {
    let mut world = World::with([task(1, "wheel"), task(2, "gear")]);
    world.write([comment(1, 1, "squeaks")]);
    world.write([Change::RemoveTask(id(1))]);
    world.check("", &["ENG-2"]);
    // A comment does not bring it back.
    world.write([comment(1, 2, "squeaks"), Change::RemoveTask(id(7))]);
    world.check("", &["ENG-2"]);
    let sources = world.index.sources().unwrap();
    assert!(!sources.iter().any(|source| source.contains("squeaks")));
}

#[test]
fn an_edit_replaces_all_of_the_task() {
    let mut world = World::with([task_with(1, "wheel", |t| t.tags = tags(&["api"]))]);
    world.write([put(task(1, "gear"))]);
    world.check("wheel ", &[]);
    world.check("tag:api", &[]);
    world.check("gear ", &["ENG-1"]);
    assert_eq!(world.ask(ADA, "").total, 1);
}

#[test]
fn many_changes_of_one_commit_become_the_last_state() {
    let mut world = World::new();
    world.write([
        put(task(1, "wheel")),
        comment(1, 1, "squeaks"),
        put(task(1, "gear")),
        put(task(2, "belt")),
        Change::RemoveTask(id(2)),
        put(task(2, "chain")),
    ]);
    world.check("gear squeaks ", &["ENG-1"]);
    world.check("wheel ", &[]);
    world.check("belt OR chain ", &["ENG-2"]);
    assert_eq!(world.ask(ADA, "").total, 2);
}

#[test]
fn a_renamed_tag_is_found_by_its_new_name_on_every_task() {
    let tagged = |n, names: &[&str]| task_with(n, "wheel", |t| t.tags = tags(names));
    let binned = task_with(3, "wheel", |t| {
        (t.tags, t.trashed) = (tags(&["api"]), true);
    });
    let mut world = World::with([tagged(1, &["api", "oil"]), tagged(2, &["oil"]), binned]);
    world.write([comment(1, 1, "squeaks")]);
    let rename = |from: &str, to: &str| Change::RenameTag(tag_id(from), to.into());
    world.write([rename("api", "Door Bell"), rename("oil", "grease")]);
    for (query, expected) in [
        ("tag:api", &[][..]),
        ("api in:tags", &[]),
        ("tag:\"door bell\"", &["ENG-1"]),
        ("bell in:tags", &["ENG-1"]),
        ("tag:grease", &["ENG-1", "ENG-2"]),
        ("squeaks ", &["ENG-1"]),
    ] {
        world.check(query, expected);
    }
    let back = task_with(3, "wheel", |t| t.tags = tags(&["api"]));
    // What follows in the same commit has the new name, and what came before it gets it.
    world.write([
        put(back),
        rename("api", "Door Bell"),
        comment(1, 2, "still"),
    ]);
    world.check("tag:\"door bell\"", &["ENG-1", "ENG-3"]);
    let sources = world.index.sources().unwrap();
    assert!(
        !sources.iter().any(|source| source.contains("\"api\"")),
        "{sources:?}"
    );
}

#[test]
fn a_tag_is_renamed_on_more_tasks_than_one_segment_holds() {
    let mut world = World::new();
    for n in 1..=120 {
        world.write([put(task_with(n, "wheel", |t| t.tags = tags(&["api"])))]);
    }
    world.write([Change::RenameTag(tag_id("api"), "bell".into())]);
    assert_eq!(world.ask(ADA, "tag:bell").total, 120);
    assert_eq!(world.ask(ADA, "").total, 120);
}
