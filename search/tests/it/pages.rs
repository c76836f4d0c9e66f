//! Pages behind a cursor, totals and facets.

use crate::world::{ADA, GRACE, World, assigned, names, put, task, task_with};
use millstream_domain::task::{Priority, Status};
use millstream_search::SearchError;

fn all_pages(world: &World, query: &str, limit: usize) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = world.page(ADA, query, limit, cursor.as_deref()).unwrap();
        assert!(page.hits.len() <= limit);
        found.extend(names(&page.hits));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return found;
        }
        assert_eq!(page.hits.len(), limit);
    }
}

/// Forty tasks over several segments, many of them alike.
fn many() -> World {
    let mut world = World::new();
    for n in 1..=40 {
        let title = "wheel ".repeat(usize::try_from(n % 5).unwrap()) + "and gear";
        world.write([put(task_with(n, &title, |t| {
            // Several of the same time.
            t.updated_at = task(n / 7, "").updated_at;
        }))]);
    }
    world
}

#[test]
fn pages_of_any_size_hold_every_hit_once_and_in_order() {
    let world = many();
    for query in ["", "wheel ", "gear", "wheel OR gear ", "status:todo"] {
        let whole = world.finds(query);
        for limit in [1, 3, 8, 10, 39, 40] {
            assert_eq!(all_pages(&world, query, limit), whole, "{query} by {limit}");
        }
    }
    assert_eq!(world.finds("gear ").len(), 40);
    assert_eq!(world.finds("wheel ").len(), 32);
}

#[test]
fn totals_and_facets_are_of_all_pages() {
    let world = many();
    let first = world.page(ADA, "wheel ", 5, None).unwrap();
    let cursor = first.next_cursor.as_deref();
    let second = world.page(ADA, "wheel ", 5, cursor).unwrap();
    assert_eq!((first.total, second.total), (32, 32));
    assert_eq!(first.facets, second.facets);
}

#[test]
fn what_changes_between_two_pages_does_not_disturb_the_rest() {
    let mut world = many();
    let first = world.page(ADA, "", 10, None).unwrap();
    let whole = world.finds("");
    // One of the first page goes, one of the last changes and comes to the top.
    let changed = task_with(1, "changed", |t| t.updated_at = crate::world::now());
    world.write([
        millstream_search::Change::RemoveTask(first.hits[0].task.id),
        put(changed),
    ]);
    let cursor = first.next_cursor.as_deref();
    let rest = world.page(ADA, "", 100, cursor).unwrap();
    let expected: Vec<_> = whole[10..].iter().filter(|name| *name != "ENG-1").collect();
    assert_eq!(names(&rest.hits).iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_cursor_that_was_made_up_is_refused() {
    let world = many();
    let given = world.page(ADA, "", 1, None).unwrap().next_cursor.unwrap();
    for cursor in [
        "",
        "x",
        "2",
        &given[1..],
        &format!("{given}0"),
        &"é".repeat(20),
    ] {
        let refused = world.page(ADA, "", 1, Some(cursor));
        assert!(matches!(refused, Err(SearchError::Cursor)), "{cursor}");
    }
    // Any number is a place, if an unlikely one.
    let odd = format!("1{}", "f".repeat(40));
    assert!(world.page(ADA, "", 1, Some(&odd)).is_ok());
}

#[test]
fn a_page_has_at_least_one_and_at_most_a_hundred_hits() {
    let world = World::with((1..=130).map(|n| task(n, "wheel")));
    assert_eq!(world.page(ADA, "", 0, None).unwrap().hits.len(), 1);
    assert_eq!(world.page(ADA, "", 1_000, None).unwrap().hits.len(), 100);
}

#[test]
fn facets_count_all_hits_by_field_the_most_frequent_first() {
    let world = World::with([
        task_with(1, "wheel", |t| {
            t.assignees = [assigned(ADA, "ada"), assigned(GRACE, "grace")].concat();
        }),
        task_with(2, "wheel", |t| {
            t.status = Status::Done;
            t.assignees = assigned(GRACE, "grace");
        }),
        task_with(3, "wheel", |t| {
            (t.status, t.priority) = (Status::Done, Priority::Urgent);
        }),
        task(4, "gear"),
    ]);
    let facets = world.ask(ADA, "wheel ").facets;
    let status: Vec<_> = facets.status.iter().map(|c| (c.value, c.count)).collect();
    assert_eq!(status, [(Status::Done, 2), (Status::Todo, 1)]);
    let priority: Vec<_> = facets.priority.iter().map(|c| (c.value, c.count)).collect();
    assert_eq!(priority, [(Priority::Medium, 2), (Priority::Urgent, 1)]);
    let assignee: Vec<_> = facets.assignee.iter().map(|c| (c.value, c.count)).collect();
    assert_eq!(assignee, [(GRACE, 2), (ADA, 1)]);
    assert_eq!(facets.project.len(), 1);
    assert_eq!(facets.project[0].count, 3);
}

#[test]
fn an_index_without_tasks_answers_with_nothing() {
    let world = World::new();
    for query in [
        "",
        "wheel",
        "assignee:none",
        "due:none",
        "is:overdue",
        "has:comment",
    ] {
        let results = world.ask(ADA, query);
        assert_eq!((results.total, results.next_cursor), (0, None), "{query}");
        assert_eq!(results.facets, millstream_search::Facets::default());
    }
}
