//! Who finds what: never more than they may see.

use crate::world::{
    ADA, BAKERS, GRACE, MILLERS, ROOT, World, names, person, put, secret, task, task_with,
};
use chrono_tz::Tz;
use millstream_domain::ids::UserId;
use millstream_domain::policy::Visible;
use millstream_domain::query::Query;
use millstream_domain::team::TeamRole;
use millstream_domain::user::Role;
use millstream_search::{Change, SearchRequest};
use uuid::Uuid;

fn world() -> World {
    World::with([task(1, "bread and stones"), secret(2, "bread and butter")])
}

fn found(world: &World, caller: UserId, query: &str) -> Vec<String> {
    let mut found = names(&world.ask(caller, query).hits);
    found.sort_unstable();
    found
}

#[test]
fn members_find_what_belongs_to_their_teams() {
    let world = world();
    assert_eq!(found(&world, ADA, "bread "), ["ENG-1"]);
    assert_eq!(found(&world, GRACE, "bread "), ["ENG-1", "OVEN-2"]);
    assert_eq!(found(&world, ROOT, "bread "), ["ENG-1", "OVEN-2"]);
}

#[test]
fn no_query_leads_around_the_rights() {
    let world = world();
    for query in [
        "",
        "OVEN-2 ",
        "oven-2",
        "\"bread and butter\"",
        "butter",
        "project:oven",
        "team:bakers",
        "-bread",
        "-(-butter)",
        "bread OR butter",
        "is:archived OR -is:archived",
        "created_by:grace",
    ] {
        let results = world.ask(ADA, query);
        let leaked = results.hits.iter().any(|hit| hit.task.name == "OVEN-2");
        assert!(!leaked && results.total <= 1, "{query}");
        let counted: u64 = results
            .facets
            .status
            .iter()
            .map(|status| status.count)
            .sum();
        assert_eq!(counted, results.total, "{query}");
        let projects = results.facets.project.iter().map(|project| project.value);
        assert!(projects.eq(results.hits.iter().map(|hit| hit.task.project_id)));
    }
}

#[test]
fn who_left_a_team_finds_nothing_of_it_any_more() {
    let mut world = world();
    world.write([Change::RemoveMember(GRACE, BAKERS)]);
    assert_eq!(found(&world, GRACE, ""), ["ENG-1"]);
    assert_eq!(found(&world, GRACE, "OVEN-2 "), [""; 0]);
    world.write([Change::RemoveMember(GRACE, MILLERS)]);
    assert_eq!(found(&world, GRACE, ""), [""; 0]);
    world.write([Change::PutMember(GRACE, BAKERS, TeamRole::Viewer)]);
    assert_eq!(found(&world, GRACE, ""), ["OVEN-2"]);
}

#[test]
fn a_task_that_moved_to_another_team_is_found_by_that_team() {
    let mut world = world();
    world.write([put(task_with(1, "bread and stones", |t| {
        t.team_id = BAKERS;
    }))]);
    assert_eq!(found(&world, ADA, "bread "), [""; 0]);
    assert_eq!(found(&world, GRACE, "bread "), ["ENG-1", "OVEN-2"]);
}

#[test]
fn whoever_is_unknown_or_deactivated_finds_nothing() {
    let mut world = world();
    let stranger = UserId(Uuid::from_u128(0x99));
    assert_eq!(world.ask(stranger, "").total, 0);
    // A membership that comes before the person does not make them known.
    world.write([Change::PutMember(stranger, MILLERS, TeamRole::Owner)]);
    assert_eq!(world.ask(stranger, "").total, 0);
    world.write([Change::PutPerson(person(stranger, "alan", Role::Member))]);
    assert_eq!(world.ask(stranger, "").total, 1);
    let mut gone = person(ROOT, "root", Role::Admin);
    gone.active = false;
    world.write([Change::PutPerson(gone)]);
    assert_eq!(world.ask(ROOT, "").total, 0);
}

#[test]
fn managers_see_every_team_until_they_are_members_again() {
    let mut world = world();
    world.write([Change::PutPerson(person(ADA, "ada", Role::Manager))]);
    assert_eq!(found(&world, ADA, "bread "), ["ENG-1", "OVEN-2"]);
    world.write([Change::PutPerson(person(ADA, "ada", Role::Member))]);
    assert_eq!(found(&world, ADA, "bread "), ["ENG-1"]);
}

#[test]
fn rights_that_are_known_better_narrow_those_of_the_index() {
    let world = world();
    let query = Query::parse("bread ").unwrap();
    let within = |caller, visible: &Visible| {
        let request = SearchRequest {
            caller,
            query: &query,
            now: crate::world::now(),
            zone: Tz::UTC,
            limit: 10,
            cursor: None,
        };
        let results = world.index.search_within(&request, visible).unwrap();
        names(&results.hits)
    };
    assert_eq!(within(GRACE, &Visible::Teams(vec![BAKERS])), ["OVEN-2"]);
    assert_eq!(within(GRACE, &Visible::Teams(Vec::new())), [""; 0]);
    assert_eq!(within(ROOT, &Visible::Teams(vec![MILLERS])), ["ENG-1"]);
    // They never widen them.
    assert_eq!(within(ADA, &Visible::Teams(vec![BAKERS])), [""; 0]);
    assert_eq!(within(ADA, &Visible::All), ["ENG-1"]);
}
