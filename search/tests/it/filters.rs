//! Fields of the query language, on tasks that differ in them.

use crate::world::{
    ADA, GRACE, ROOT, World, assigned, comment, id, names, now, tags, task, task_with,
};
use chrono::TimeDelta;
use millstream_domain::task::{Priority, Status};
use millstream_search::Change;

fn world() -> World {
    let mut world = World::with([
        task_with(1, "one", |t| {
            (t.status, t.priority) = (Status::Todo, Priority::Low);
            t.due_at = Some(now() - TimeDelta::hours(1));
            t.assignees = assigned(ADA, "ada");
            t.tags = tags(&["Needs Review", "api"]);
        }),
        task_with(2, "two", |t| {
            (t.status, t.priority) = (Status::Blocked, Priority::High);
            t.due_at = Some(now() + TimeDelta::days(3));
            t.assignees = assigned(GRACE, "grace");
            t.created_by = Some(ADA);
            t.tags = tags(&["api docs"]);
        }),
        task_with(3, "three", |t| {
            (t.status, t.priority) = (Status::Done, Priority::Urgent);
            t.due_at = Some(now() - TimeDelta::days(1));
            t.updated_at = now() - TimeDelta::days(2);
            t.created_by = None;
        }),
        task(4, "four"),
    ]);
    world.write([comment(4, 1, "hello")]);
    world
}

#[test]
fn status_and_priority_take_alternatives_and_comparisons() {
    let world = world();
    world.check("status:todo", &["ENG-1", "ENG-4"]);
    world.check("status:blocked,done", &["ENG-2", "ENG-3"]);
    world.check("-status:todo", &["ENG-2", "ENG-3"]);
    world.check("priority:>=high", &["ENG-2", "ENG-3"]);
    world.check("priority:<medium", &["ENG-1"]);
    world.check("priority:<low", &[]);
    world.check("-priority:<low", &["ENG-1", "ENG-2", "ENG-3", "ENG-4"]);
}

#[test]
fn people_are_named_by_username_or_id_or_as_me_or_nobody() {
    let world = world();
    world.check("assignee:me", &["ENG-1"]);
    world.check("assignee:Grace", &["ENG-2"]);
    world.check("assignee:@ada,grace", &["ENG-1", "ENG-2"]);
    world.check(&format!("assignee:{GRACE}"), &["ENG-2"]);
    world.check("assignee:none", &["ENG-3", "ENG-4"]);
    world.check("assignee:none,me", &["ENG-1", "ENG-3", "ENG-4"]);
    world.check("-assignee:none", &["ENG-1", "ENG-2"]);
    world.check("assignee:somebody", &[]);
    world.check("-assignee:somebody", &["ENG-1", "ENG-2", "ENG-3", "ENG-4"]);
    world.check("created_by:me", &["ENG-2"]);
    world.check("created_by:grace", &["ENG-1", "ENG-4"]);
    assert_eq!(names(&world.ask(ROOT, "assignee:me").hits), [""; 0]);
}

#[test]
fn a_person_is_found_by_the_name_that_they_have_now() {
    let mut world = world();
    let renamed = crate::world::person(GRACE, "hopper", millstream_domain::user::Role::Member);
    world.write([Change::PutPerson(renamed)]);
    world.check("assignee:hopper", &["ENG-2"]);
    world.check("assignee:grace", &[]);
    // Their teams stayed theirs.
    assert_eq!(world.ask(GRACE, "").total, 4);
}

#[test]
fn projects_and_teams_are_named_by_key_name_or_id() {
    let world = world();
    let all = &["ENG-1", "ENG-2", "ENG-3", "ENG-4"];
    world.check("project:eng", all);
    world.check("project:\"mill engine\"", all);
    world.check(&format!("project:{}", crate::world::ENGINE), all);
    world.check("project:oven", &[]);
    world.check("project:oven,eng", all);
    world.check("-project:eng", &[]);
    world.check("team:millers", all);
    world.check("team:bakers", &[]);
}

#[test]
fn tags_are_compared_as_a_whole() {
    let world = world();
    world.check("tag:\"needs review\"", &["ENG-1"]);
    world.check("tag:API", &["ENG-1"]);
    world.check("tag:needs", &[]);
    world.check("tag:api,\"api docs\"", &["ENG-1", "ENG-2"]);
    world.check("tag:api -tag:\"needs review\"", &[]);
}

#[test]
fn times_are_compared_in_the_callers_days() {
    let world = world();
    world.check("due:today", &["ENG-1"]);
    world.check("due:yesterday", &["ENG-3"]);
    world.check("due:<2026-06-15", &["ENG-3"]);
    world.check("due:<=2026-06-15", &["ENG-1", "ENG-3"]);
    world.check("due:>+2d", &["ENG-2"]);
    world.check("due:none", &["ENG-4"]);
    world.check("-due:none", &["ENG-1", "ENG-2", "ENG-3"]);
    world.check("updated:>-7d", &["ENG-3"]);
    world.check("created:<-1w", &["ENG-1", "ENG-2", "ENG-3", "ENG-4"]);
}

#[test]
fn what_is_done_is_not_overdue() {
    let world = world();
    world.check("is:overdue", &["ENG-1"]);
    world.check("-is:overdue", &["ENG-2", "ENG-3", "ENG-4"]);
}

#[test]
fn what_has_comments_is_known() {
    let mut world = world();
    world.check("has:comment", &["ENG-4"]);
    world.check("-has:comment", &["ENG-1", "ENG-2", "ENG-3"]);
    world.write([Change::RemoveComment(id(4), crate::world::comment_id(1))]);
    world.check("has:comment", &[]);
}

#[test]
fn words_and_fields_hold_together() {
    let world = world();
    world.check("two status:blocked", &["ENG-2"]);
    world.check("two status:todo", &[]);
    world.check("(two OR status:done) priority:>=high", &["ENG-2", "ENG-3"]);
}

#[test]
fn an_empty_query_lists_what_changed_last() {
    let world = world();
    world.check_order("", &["ENG-3", "ENG-4", "ENG-2", "ENG-1"]);
    world.check_order("status:todo", &["ENG-4", "ENG-1"]);
}
