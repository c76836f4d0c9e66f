//! Names of tasks: their own, those that they had, and those of the tracker that they came from.

use crate::world::{ADA, ENGINE, World, put, task, task_with};
use millstream_search::Change;

fn world() -> World {
    World::with([
        task(4, "Sharpen the stones"),
        task(42, "Replace the belt"),
        task_with(43, "See ENG-42", |t| t.description = "eng 42".into()),
        task_with(44, "From the old tracker", |t| {
            t.imported_from = Some("MESOS-1234".into());
        }),
    ])
}

#[test]
fn a_name_finds_its_task_first_in_any_case() {
    let world = world();
    for query in ["ENG-42 ", "eng-42 ", "\"Eng-42\"", "ENG-42"] {
        world.check_order(query, &["ENG-42", "ENG-43"]);
    }
}

#[test]
fn a_name_is_found_by_its_beginning_once_the_number_has_begun() {
    let world = world();
    world.check("ENG-4", &["ENG-4", "ENG-42", "ENG-43", "ENG-44"]);
    assert_eq!(world.finds("ENG-4")[0], "ENG-4");
    world.check("ENG-4 ", &["ENG-4"]);
    world.check("ENG-", &["ENG-43"]);
    world.check("EN", &["ENG-43"]);
}

#[test]
fn a_name_of_another_tracker_finds_the_task_too() {
    let world = world();
    world.check("mesos-1234 ", &["ENG-44"]);
    world.check("MESOS-12", &["ENG-44"]);
    world.check("MESOS-12 ", &[]);
}

#[test]
fn a_name_can_be_denied() {
    world().check("the -ENG-42", &["ENG-4", "ENG-44"]);
}

#[test]
fn a_task_that_moved_is_found_by_the_names_that_it_had() {
    let mut world = world();
    let moved = |name: &str| task_with(4, "Sharpen the stones", |t| t.name = name.into());
    world.write([Change::PutTask(
        Box::new(moved("OPS-1")),
        Some("ENG-4".into()),
    )]);
    world.write([Change::PutTask(
        Box::new(moved("WEB-7")),
        Some("OPS-1".into()),
    )]);
    for name in ["ENG-4 ", "OPS-1 ", "web-7 "] {
        world.check(name, &["WEB-7"]);
    }
    // An edit in between forgets none of them.
    world.write([put(moved("WEB-7"))]);
    world.check("ops-1 ", &["WEB-7"]);
    // Back home it has its own name, once.
    world.write([Change::PutTask(
        Box::new(moved("ENG-4")),
        Some("WEB-7".into()),
    )]);
    world.check("eng-4 ", &["ENG-4"]);
    world.check("web-7 ", &["ENG-4"]);
    assert_eq!(world.ask(ADA, "web-7 ").hits[0].task.project_id, ENGINE);
}

#[test]
fn of_very_many_former_names_the_newest_are_kept() {
    let mut world = World::new();
    for n in 0..30 {
        let task = task_with(1, "wanderer", |t| t.name = format!("P{}-1", n + 1));
        world.write([Change::PutTask(Box::new(task), Some(format!("P{n}-1")))]);
    }
    world.check("p30-1 ", &["P30-1"]);
    world.check("p29-1 ", &["P30-1"]);
    world.check("p10-1 ", &["P30-1"]);
    world.check("p9-1 ", &[]);
}
